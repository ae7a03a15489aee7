// Our half of tests/bench/bench_train.py: rounds of `biji train`'s own loop on data made up here.
//
// usage: train_bench NETWORK DEVICE THREADS PRECISION BATCH SAMPLES   (auto, 0, auto as in `biji train`)
// The first line it prints is JSON: what was chosen, and the network as a list of nodes. Then it obeys stdin:
//   network N   N steps on prepared pixels, without augmentation
//   recorded N  the same by CUDA graphs
//   whole N     N steps with all that training does to its input: hanzi draws ink, all augment, some add non-characters
// Each is a session of train() of its own and answered by one line of JSON, [[input, whole], ...] in seconds.
//   trace N FILE  N steps in fp32 without dropout; what went in and came out as safetensors, for tests/native/pytorch_parity.py

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "native/base/device.h"
#include "native/base/file.h"
#include "native/base/waiting.h"
#include "native/data/class_table.h"
#include "native/data/dataset.h"
#include "native/data/pack.h"
#include "native/train/batches.h"
#include "native/train/ranks.h"
#include "native/train/schedule.h"
#include "native/train/step.h"
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
                     {"name", node.name},
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

FloatTensor floats_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().cpu().to(at::kFloat).contiguous();
  return {values.sizes().vec(), {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
}

// Each step's weights before it, batch, learning rate and what it computed; the last step's weights after it.
FloatTensors traced(const TrainOptions& options, const Labels& classes, int steps) {
  const NetworkRow& row = network_row(options.network);
  const Dataset data = load_data(options.data, row.input);
  RunState state;
  state.network = options.network;
  state.recipe = options.recipe;
  state.precision = "fp32";
  state.total_steps = 4 * steps;
  Network network = row.build(static_cast<int32_t>(classes.size()));
  for (Node& node : network.nodes) node.rate = 0;
  Net fresh(network, at::kCPU);
  fresh.initialise(1);
  Ranks alone({}, at::kCPU);
  Step step(std::move(fresh), state, alone, at::kCPU, {}, false);
  step.begin();
  Batches batches(data, state, 0, 1);
  FloatTensors out;
  for (int i = 0; i < steps; ++i) {
    const Minibatch batch = batches.get(i);
    const std::string at = "step" + std::to_string(i) + ".";
    export_tensors(step.net(), at + "weights.", out);
    const double loss_before = step.loss_sum();
    out[at + "lr"] = {{1}, {static_cast<float>(learning_rate(state.recipe, i, state.total_steps))}};
    step.run(batch);
    out[at + "x"] = floats_of(batch.x);
    out[at + "labels"] = floats_of(batch.labels);
    out[at + "logits"] = floats_of(step.logits());
    out[at + "loss"] = {{1}, {static_cast<float>(step.loss_sum() - loss_before)}};
    for (const Net::Entry& entry : step.net().entries())
      if (entry.parameter.role != Role::kStatistic)
        out[at + "gradient." + entry.parameter.name] = floats_of(entry.tensor.grad());
  }
  export_tensors(step.net(), "step" + std::to_string(steps) + ".weights.", out);
  export_tensors(step.average(), "average.", out);
  return out;
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

    if (options.precision == "auto") {  // measured once, not in every session
      options.data = {folder / "pixels.bjp"};
      options.out = folder / "choice";
      options.stop_after = 1;
      options.precision = train(options, nullptr).precision;
    }

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
                      {"ema", options.recipe.ema},
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
      if (what == "trace") {
        std::string file;
        words >> file;
        options.data = {folder / "pixels.bjp"};
        options.recipe.augment = options.recipe.non_characters = options.recipe.skeletons = 0;
        write_file(file, to_safetensors(traced(options, classes, static_cast<int>(options.stop_after))));
        std::cout << "[]" << std::endl;
        continue;
      }
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
