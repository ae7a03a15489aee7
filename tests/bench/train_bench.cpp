// Our half of tests/bench/bench_train.py: rounds of `biji train`'s own loop on data made up here.
//
// usage: train_bench NETWORK DEVICE THREADS PRECISION BATCH SAMPLES   (auto, 0, auto as in `biji train`)
// The first line it prints is JSON: what was chosen, and the network as a list of nodes. Then it obeys stdin:
//   network N   N steps on prepared pixels, without augmentation
//   recorded N  the same by CUDA graphs
//   whole N     N steps with all that training does to its input: hanzi draws ink, all augment, some add non-characters
// Each is a session of train() of its own and answered by one line of JSON, [[input, whole], ...] in seconds.

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "native/base/device.h"
#include "native/base/waiting.h"
#include "native/data/class_table.h"
#include "native/data/pack.h"
#include "native/train/train.h"
#include "tests/core/samples.h"
#include "tests/native/temp_folder.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

using namespace biji;
using nlohmann::json;

const char* op_name(Op op) {
  switch (op) {
    case Op::kInput:
      return "input";
    case Op::kConv:
      return "conv";
    case Op::kBatchNorm:
      return "batch_norm";
    case Op::kRelu:
      return "relu";
    case Op::kMaxPool:
      return "max_pool";
    case Op::kGlobalAveragePool:
      return "global_average_pool";
    case Op::kLinear:
      return "linear";
    case Op::kDropout:
      return "dropout";
    case Op::kAdd:
      return "add";
    case Op::kRnn:
      return "rnn";
    case Op::kLstm:
      return "lstm";
  }
  return "?";
}

json to_json(const Network& network) {
  json nodes = json::array();
  for (const Node& node : network.nodes)
    nodes.push_back({{"op", op_name(node.op)},
                     {"a", node.a},
                     {"b", node.b},
                     {"channels", node.shape.channels},
                     {"height", node.shape.height},
                     {"width", node.shape.width},
                     {"kernel", node.kernel},
                     {"stride", node.stride},
                     {"pad", node.pad},
                     {"bias", node.bias},
                     {"rate", node.rate}});
  return nodes;
}

Labels classes_of(const std::string& network) {
  if (network == "hanzi") return gb2312_level1();
  Labels all;
  for (char c = '0'; c <= '9'; ++c) all.emplace_back(1, c);
  if (network_row(network).input.centring == Centring::kMass) return all;  // digits
  for (char c = 'A'; c <= 'Z'; ++c) all.emplace_back(1, c);
  for (char c = 'a'; c <= 'z'; ++c) all.emplace_back(1, c);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  wait_passively(argv);  // as main.cpp does
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as main.cpp does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 256 << 20);
#endif
  try {
    if (argc != 7)
      throw std::runtime_error("usage: train_bench NETWORK DEVICE THREADS PRECISION BATCH SAMPLES");
    const std::string name = argv[1];
    const NetworkRow& row = network_row(name);
    const at::Device device = choose_device(argv[2]);
    const int threads = set_threads(std::stoi(argv[3]));
    const int samples = std::stoi(argv[6]);

    TrainOptions options;
    options.network = name;
    const Recipe own = default_recipe(name);
    options.recipe = own;
    options.recipe.optimizer = "adamw";
    options.recipe.size_start = 0;
    options.recipe.batch = std::stoi(argv[5]);
    options.recipe.epochs = 1000000;  // stop_after ends each session
    options.device = device.str();
    options.threads = threads;
    options.precision = argv[4];
    options.quiet = true;

    const TempFolder folder;
    const Labels classes = classes_of(name);
    const InputSpec picture = row.input.picture();
    PackWriter pixels(folder / "pixels.bjp", PackKind::kPixels, picture);
    PackWriter strokes(folder / "strokes.bjp", PackKind::kStrokes);
    for (int i = 0; i < samples; ++i) {
      const Ink ink = random_ink(static_cast<uint64_t>(i));
      const auto label = static_cast<uint16_t>(static_cast<size_t>(i) * 7919 % classes.size());
      pixels.add(label, 0, normalize(ink, picture).value.pixels);
      strokes.add(label, 0, ink);
    }
    pixels.commit("pixels", classes);
    strokes.commit("strokes", classes);

    // What "auto" chooses is measured once, not in every session.
    options.data = {folder / "pixels.bjp"};
    options.out = folder / "choice";
    options.stop_after = 1;
    options.precision = train(options, nullptr).precision;

    const Network network = row.build(static_cast<int32_t>(classes.size()));
    std::cout << json{{"device", device.str()},
                      {"threads", threads},
                      {"precision", options.precision},
                      {"batch", options.recipe.batch},
                      {"samples", samples},
                      {"classes", classes.size()},
                      {"parameters", parameter_count(network)},
                      {"multiply_adds", multiply_adds(network)},
                      {"lr", options.recipe.lr},
                      {"weight_decay", options.recipe.weight_decay},
                      {"label_smoothing", options.recipe.label_smoothing},
                      {"pixels", (folder / "pixels.bjp").string()},
                      {"nodes", to_json(network)}}
              << std::endl;

    int session = 0;
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string what;
      std::vector<StepSeconds> timing;
      options.timing = &timing;
      words >> what >> options.stop_after;
      const bool whole = what == "whole";
      options.cuda_graphs = what == "recorded";
      options.recipe.augment = whole ? own.augment : 0;
      options.recipe.non_characters = whole ? own.non_characters : 0;
      options.recipe.skeletons = whole ? own.skeletons : 0;
      options.recipe.augment_end = -1;
      options.data = {folder / (whole && name == "hanzi" ? "strokes.bjp" : "pixels.bjp")};
      options.out = folder / std::to_string(session++);
      train(options, nullptr);
      std::filesystem::remove_all(options.out);
      json answer = json::array();
      for (const StepSeconds& step : timing) answer.push_back({step.input, step.whole});
      std::cout << answer << std::endl;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
