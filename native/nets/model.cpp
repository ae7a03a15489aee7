#include "native/nets/model.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/data/dataset.h"
#include "native/nets/onnx_model.h"
#include "native/train/eval.h"
#include "native/train/run.h"
#include "native/vary/augment.h"
#include "native/vary/ink_augment.h"
#include "native/vary/scribble.h"

namespace biji {
namespace {

constexpr std::array kCentrings = {"mass", "box", "density"};  // in the order of Centring

namespace fs = std::filesystem;
using nlohmann::json;

// A float as people write it: 0.8, not 0.800000011920929.
double short_number(float value) {
  return std::round(value * 1e4) / 1e4;
}

json input_card(const InputSpec& input) {
  return {{"size", input.size_px},
          {"box", input.box_px},
          {"centring", kCentrings.at(static_cast<size_t>(input.centring))},
          {"pen", short_number(input.pen_px)},
          {"directions", input.directions},
          {"order", input.order},
          {"scale", 1. / 255},
          {"mean", 0},
          {"type", "u8"}};
}

Net run_net(const fs::path& folder, RunState& state) {
  check_input(folder, state);
  const FloatTensors tensors = load_best(folder, state);
  Net net(network_row(state.network).build(static_cast<int32_t>(state.classes.size())), at::kCPU);
  import_tensors(net, "average.", tensors);
  return net;
}

// The mean of the runs' weights. state: the first run's; its command becomes that of all.
Net mean_net(const std::vector<fs::path>& runs, RunState& state) {
  const at::NoGradGuard no_grad;
  Net net = run_net(runs[0], state);
  for (size_t i = 1; i < runs.size(); ++i) {
    RunState other = read_run(runs[i]);
    if (other.network != state.network || other.classes != state.classes)
      throw std::runtime_error(runs[i].string() + ": is a run of " + other.network + " with " +
                               std::to_string(other.classes.size()) + " classes, " + runs[0].string() +
                               " one of " + state.network + " with " + std::to_string(state.classes.size()) +
                               "; only weights of the same network can be averaged");
    net.state().add_(run_net(runs[i], other).state());
    state.command = joined_commands(std::move(state.command), other.command);
  }
  net.state().div_(static_cast<double>(runs.size()));
  return net;
}

std::string text_of(const Labels& classes) {
  std::string text;
  for (const std::string& label : classes) text += label + "\n";
  return text;
}

// Samples the network has not learned from, to fit the temperature on: what the run held out or, where it
// learned from everything, its training data under augmentation that it has not seen (harder than real data,
// so the fit errs to caution).
struct Calibration {
  double temperature;
  std::string from;
  Dataset samples;
  at::Tensor logits;  // of the samples, under augmentation where they are training data
  bool plain;         // not so
};
Calibration calibrate(Net& net, const RunState& state) {
  const auto fit = [&](const Dataset& data, const char* from) {
    const Dataset sample = data.select(temperature_sample(data.size()));
    const at::Tensor logits = logits_of(net, sample);
    return Calibration{fit_temperature(logits, sample.labels), from, sample, logits, true};
  };
  if (!state.validation.empty()) return fit(load_data(state.validation, state.input), "validation samples");
  Dataset data = load_data(state.data, state.input);
  if (state.held_out > 0) return fit(split(data, state.held_out).second, "held-out training samples");
  if (data.merged.defined())  // merged labels have no single right answer
    data = data.select(data.labels.lt(static_cast<int64_t>(data.classes.size())).nonzero().flatten());
  data = data.select(temperature_sample(data.size()));
  at::manual_seed(mix_seed(state.seed, 0xca11b8a7e));
  std::vector<at::Tensor> parts;
  constexpr int64_t kBatch = 500;
  for (int64_t i = 0; i < data.size(); i += kBatch)
    parts.push_back(net.forward(augment(inputs(data, i, i + kBatch), 1, data.drawn()), false));
  const at::Tensor logits = at::cat(parts);
  return {fit_temperature(logits, data.labels), "training samples under fresh augmentation", data, logits,
          false};
}

// The probability of the best class below which an answer had better be none: where it turns away as many
// scribbles and as few characters as it can, both counting alike.
json rejection(Net& net, const RunState& state, const Calibration& calibration) {
  const auto sure = [&](const at::Tensor& logits) {
    return std::get<0>(at::softmax(logits / calibration.temperature, 1).max(1)).contiguous();
  };
  constexpr int64_t kScribbles = 2000;
  const LookAgain look = network_row(state.network).look;
  const auto drawn = [&](float slant) {
    return scribbles(kScribbles, state.classes, state.input, 0x7e57, slant);
  };
  at::Tensor logits = logits_of(net, drawn(0)), of_real = calibration.logits.clone();
  look_again(net, logits, calibration.temperature, look,
             [&](const at::Tensor& which, float slant) { return drawn(slant).index_select(0, which); });
  const at::Tensor none = sure(logits);
  if (calibration.plain)
    look_again(net, of_real, calibration.temperature, look, leaning_inputs(calibration.samples, 0));
  const at::Tensor real = sure(of_real);
  const auto share = [](const at::Tensor& chosen) { return chosen.to(at::kDouble).mean().item<double>(); };
  json best;
  double least = 3;
  for (int percent = 1; percent < 100; ++percent) {
    const double threshold = percent / 100.;
    const double accepted = share(none >= threshold), rejected = share(real < threshold);
    if (accepted + rejected >= least) continue;
    least = accepted + rejected;
    best = {{"threshold", threshold},
            {"false_accept", std::round(accepted * 1e4) / 1e4},
            {"false_reject", std::round(rejected * 1e4) / 1e4},
            {"scribbles", kScribbles},
            {"characters", real.size(0)}};
  }
  return best;
}

// Share of right answers on the samples of the calibration, without augmentation, by what the weights are stored as.
json accuracy_by_precision(const Net& trained, const Dataset& samples) {
  json out;
  for (const char* precision : {"fp32", "fp16", "int8"}) {
    Net net = fold(trained);
    round_to(net, stored_of(precision));
    const at::Tensor right = logits_of(net, samples).argmax(1).eq(samples.labels);
    out[precision] = std::round(right.to(at::kDouble).mean().item<double>() * 1e6) / 1e6;
  }
  out["samples"] = samples.size();
  return out;
}

// Times through the data: the last epoch may have ended early.
double epochs_of(const RunState& state) {
  if (state.epochs.empty()) return 0;
  return std::round(100. * static_cast<double>(state.step) / static_cast<double>(state.epochs[0].step)) / 100;
}

// Whether any of the runs on the way to the weights learned from CASIA's data.
bool from_casia(const RunState& state) {
  for (const DataSource& source : state.data)
    if (source.name.find("hwdb") != std::string::npos) return true;
  return state.command.find("hwdb") != std::string::npos;
}

// Ten inputs and their logits. Of each class one sample, up to ten classes spread over the table; or scribbles, where
// the samples may not be passed on.
json golden(Net& net, const RunState& state) {
  const int64_t classes = net.network().classes();
  const bool own = from_casia(state);
  at::Tensor pixels;
  std::vector<std::string> labels;
  if (own) {
    pixels = scribbles(10, state.classes, state.input, 0x901d);
    labels.resize(10);
  } else {
    const Dataset data = load_data(state.data, state.input);
    std::vector<int64_t> chosen;
    for (int64_t k = 0; k < std::min<int64_t>(10, classes); ++k) {
      const int64_t label = k * classes / std::min<int64_t>(10, classes);
      const at::Tensor of_class = data.labels.eq(label).nonzero().flatten();
      if (of_class.numel() == 0) continue;
      chosen.push_back(of_class[0].item<int64_t>());
      labels.push_back(data.classes[static_cast<size_t>(label)]);
    }
    pixels = inputs(data.select(at::tensor(chosen)), 0, static_cast<int64_t>(chosen.size())).contiguous();
  }
  const at::Tensor logits = logits_of(net, pixels).contiguous();
  Net exact(net.network(), at::kCPU, at::kDouble);
  exact.state().copy_(net.state());
  const double rounding = (logits.to(at::kDouble) - logits_of(exact, pixels)).abs().max().item<double>();

  // Never below four units in the last place of the largest logit: some nets come out exact by luck.
  const double floor = 4 * 0x1p-24 * logits.abs().max().item<double>();
  const double tolerance = std::max(10 * rounding, floor);
  const double unit = std::pow(10, std::floor(std::log10(tolerance / 20)));  // digits beyond it say nothing

  json inputs = json::array();
  const int64_t size = pixels.size(-1), bytes = pixels[0].numel();
  for (int64_t i = 0; i < pixels.size(0); ++i) {
    const float* row = logits.data_ptr<float>() + i * classes;
    json values = json::array();
    for (int64_t k = 0; k < classes; ++k)
      values.push_back(std::round(static_cast<double>(row[k]) / unit) / std::round(1 / unit));
    json input = {{"pixels", base64({pixels.data_ptr<uint8_t>() + i * bytes, static_cast<size_t>(bytes)})},
                  {"logits", values}};
    if (!own) input["label"] = labels[static_cast<size_t>(i)];
    inputs.push_back(std::move(input));
  }
  return {
      {"input_version", state.input_version}, {"size", size}, {"tolerance", tolerance}, {"inputs", inputs}};
}

// What may be done with the weights, by the data they were made from.
std::string licence_of(const RunState& state) {
  if (from_casia(state))
    return "Weights: made from CASIA's handwriting databases, which are free for academic research on "
           "CASIA's "
           "terms; ask CASIA before any commercial use.";
  return "Weights: Apache-2.0. MNIST and EMNIST derive from NIST Special Database 19, a work of the US "
         "government.";
}

// The files of an exported model, checked against one another.
struct Exported {
  json card;
  std::string onnx;
  Labels classes;
};

std::runtime_error damaged(const fs::path& path, const json::exception& error) {
  return std::runtime_error(path.string() + ": is damaged (" + error.what() + "); export the model again");
}

Exported read_exported(const fs::path& folder) {
  const fs::path path = folder / "model.json";
  if (!fs::exists(path))
    throw std::runtime_error(folder.string() +
                             ": is neither a training run (state.json) nor an exported model (model.json)");
  json card = parse_json(read_file(path, 16 << 20));
  try {
    const fs::path file = folder / card.at("file").get<std::string>();
    std::string onnx = read_file(file);
    if (onnx.size() != card.at("bytes").get<uint64_t>() ||
        sha256(onnx) != card.at("sha256").get<std::string>())
      throw std::runtime_error(
          file.string() + ": is not the file that model.json describes (size or sha256); export it again");
    Result<Labels> classes = parse_labels(read_file(folder / card.at("labels").get<std::string>(), 16 << 20));
    if (!classes.ok() || classes.value.size() != card.at("classes").get<size_t>())
      throw std::runtime_error((folder / card.at("labels").get<std::string>()).string() +
                               ": is not the label table that model.json describes");
    return {std::move(card), std::move(onnx), std::move(classes.value)};
  } catch (const json::exception& error) {
    throw damaged(path, error);
  }
}

}  // namespace

Model load_model(const fs::path& folder) {
  if (fs::exists(folder / "state.json")) {
    RunState state = read_run(folder);
    const Net net = run_net(folder, state);
    return {fold(net), state.classes, 1, network_row(state.network).look};
  }
  Exported exported = read_exported(folder);
  const json& card = exported.card;
  const fs::path path = folder / "model.json";
  try {
    Net net(folded(network_row(card.at("network").get<std::string>())
                       .build(static_cast<int32_t>(exported.classes.size()))),
            at::kCPU);
    const json input = input_card(net.network().input);
    for (const auto& [key, value] : card.at("input").items())
      if (input.contains(key) && input.at(key) != value)
        throw std::runtime_error(path.string() + ": the model reads input with " + key + " " + value.dump() +
                                 ", " + net.network().name + " here has " + input.at(key).dump() +
                                 "; export a run of this version");
    const int32_t version = input_version(net.network().input);
    if (card.at("input_version") != version)
      throw std::runtime_error(path.string() + ": the model reads input of encoder version " +
                               card.at("input_version").dump() + ", this program makes " +
                               std::to_string(version) + "; train and export it again");
    try {
      from_onnx(exported.onnx, net);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error((folder / card.at("file").get<std::string>()).string() + ": " + error.what());
    }
    const auto temperature = card.at("temperature").get<double>();
    if (!usable_temperature(static_cast<float>(temperature)))
      throw std::runtime_error(path.string() + ": has a temperature of " + card.at("temperature").dump() +
                               "; export the model again");
    LookAgain look;
    if (card.contains("look_again"))
      look = {card.at("look_again").at("below").get<float>(), card.at("look_again").at("slant").get<float>()};
    return {std::move(net), std::move(exported.classes), temperature, look};
  } catch (const json::exception& error) {
    throw damaged(path, error);
  }
}

ExportedWeights load_exported_weights(const fs::path& folder) {
  Exported exported = read_exported(folder);
  try {
    return {unfolded(weights_of_onnx(exported.onnx)), exported.card.at("network"),
            std::move(exported.classes), exported.card.at("training").at("command")};
  } catch (const json::exception& error) {
    throw damaged(folder / "model.json", error);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error((folder / exported.card.at("file").get<std::string>()).string() + ": " +
                             error.what());
  }
}

void export_model(const ExportOptions& options) {
  const Stored stored = stored_of(options.precision);
  RunState state = read_run(options.runs.at(0));
  const Net trained = mean_net(options.runs, state);
  Net net = fold(trained);
  round_to(net, stored);
  const std::string onnx = to_onnx(net, stored);

  const Calibration calibration = calibrate(net, state);
  const double temperature = calibration.temperature;
  json accuracy = json::object();
  std::string first;
  for (const fs::path& path : options.evaluate) {
    const Dataset data = load_data(std::vector{path}, state.input);
    check_fits(data, state.classes, state.input);
    const Metrics m = summarise(answers_of(net, data, temperature, network_row(state.network).look),
                                net.network().classes());
    if (first.empty()) first = data.sources[0].name;
    accuracy[data.sources[0].name] = std::round(m.top1 * 1e6) / 1e6;
    if (!options.quiet)
      std::printf("%s: %.3f %% (%lld of %lld wrong), loss %.5f, calibration error %.4f\n",
                  data.sources[0].name.c_str(), 100 * m.top1, static_cast<long long>(m.errors),
                  static_cast<long long>(m.count), m.loss, m.calibration_error);
  }
  json sources = json::array();
  for (const DataSource& source : state.data)
    sources.push_back({{"name", source.name}, {"samples", source.samples}});

  const fs::path out = options.out.has_filename() ? options.out : options.out.parent_path();
  json card = {
      {"name", out.filename().string()},
      {"title", options.title.empty() ? out.filename().string() : options.title},
      {"network", state.network},
      {"version", options.version},
      {"input_version", state.input_version},
      {"input", input_card(state.input)},
      {"classes", state.classes.size()},
      {"labels", "labels.txt"},
      {"opset", kOpset},
      {"file", "model.onnx"},
      {"bytes", onnx.size()},
      {"sha256", sha256(onnx)},
      {"precision", options.precision},
      {"parameters", parameter_count(net.network())},
      {"multiply_adds", multiply_adds(net.network())},
      {"temperature", std::round(temperature * 1e4) / 1e4},
      {"temperature_from", calibration.from},
      {"rejection", rejection(net, state, calibration)},
      {"training",
       {{"command", state.command},
        {"seed", state.seed},
        {"epochs", epochs_of(state)},
        {"held_out", state.held_out},
        {"git_commit", state.git_commit},
        {"seconds", std::round(state.seconds)}}},
      {"data", sources},
      {"accuracy", accuracy},
      {"measured_on", first},
      {"precisions", accuracy_by_precision(trained, calibration.samples)},
      {"licence", licence_of(state)},
  };
  if (const LookAgain look = network_row(state.network).look; look.below > 0)
    card["look_again"] = {{"below", short_number(look.below)}, {"slant", short_number(look.slant)}};
  if (options.runs.size() > 1)
    for (const fs::path& run : options.runs) card["training"]["mean_of"].push_back(run.string());
  const json check = golden(net, state);
  write_file(out / "model.onnx", onnx);
  write_file(out / "labels.txt", text_of(state.classes));
  write_file(out / "golden.json", check.dump() + "\n");
  write_file(out / "model.json", card.dump(2) + "\n");
  if (!options.quiet)
    std::printf(
        "wrote %s: %.1f kB, %lld parameters, %.2f M multiply-adds, temperature %.3f, tolerance %.2g\n",
        (out / "model.onnx").c_str(), static_cast<double>(onnx.size()) / 1000,
        static_cast<long long>(parameter_count(net.network())),
        static_cast<double>(multiply_adds(net.network())) / 1e6, temperature,
        check.at("tolerance").get<double>());
}

}  // namespace biji
