#include "native/train/export.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "native/base/commit.h"
#include "native/base/file.h"
#include "native/base/json.h"
#include "native/nets/model.h"
#include "native/nets/onnx_model.h"
#include "native/train/calibrate.h"
#include "native/train/card.h"
#include "native/train/eval.h"
#include "native/train/golden.h"
#include "native/train/run_model.h"
#include "native/train/sources.h"

namespace biji {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(const Labels& classes) {
  std::string text;
  for (const std::string& label : classes) text += label + "\n";
  return text;
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

// Models that ship are made by programs that anybody can build again.
void warn_of_commit(const std::string& commit) {
  if (reproducible(commit)) return;
  std::fprintf(
      stderr,
      "the program that trained these weights was built from %s: nobody else can build it. Commit, build "
      "and train again before you publish them.\n",
      commit == "unknown" || commit.empty() ? "sources without a git commit"
                                            : ("changed sources (" + commit + ")").c_str());
}

}  // namespace

void export_model(const ExportOptions& options) {
  const Stored stored = stored_of(options.precision);
  RunState state = read_run(options.run);
  find_again({&state.data, &state.validation}, options.data);
  const Net trained = run_net(options.run, state, options.last);
  Net net = fold(trained);
  round_to(net, stored);
  const std::string onnx = to_onnx(net, stored);

  const Calibration calibration = calibrate(net, state);
  const double temperature = calibration.temperature;
  json accuracy = json::object();
  std::string first;
  for (const fs::path& path : options.evaluate) {
    const Dataset data = load_test_data({path}, state.classes, state.input);
    const ReaderModel model{.input = state.input,
                            .labels = state.classes,
                            .temperature = static_cast<float>(temperature),
                            .look = network_row(state.network).look};
    const Metrics m = summarise(answers_of(model, net, data), net.network().classes());
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
      {"terms", state.terms.empty() ? Terms{kTermsUnknown} : state.terms},
      {"licence", licence_note(state.terms)},
  };
  if (const TestTimeAugmentation look = network_row(state.network).look; look.below > 0)
    card["look_again"] = {{"below", short_number(look.below)}, {"slant", short_number(look.shear)}};
  if (!state.mean_of.empty()) card["training"]["mean_of"] = state.mean_of;
  if (!options.quiet && fs::absolute(out).parent_path().filename() == "models")
    warn_of_commit(state.git_commit);
  const json check = golden(net, state, shareable(state.terms));
  write_file(out / "model.onnx", onnx);
  write_file(out / "labels.txt", text_of(state.classes));
  write_file(out / "golden.json", json_text(check) + "\n");
  write_file(out / "model.json", json_text(card, 2) + "\n");
  const bool described = fs::exists(out / "README.md");
  if (!described) write_file(out / "README.md", card_text(card, state));
  if (!options.quiet && !described)
    std::printf("wrote %s: a skeleton of the card, to be edited\n", (out / "README.md").c_str());
  if (!options.quiet)
    std::printf(
        "wrote %s: %.1f kB, %lld parameters, %.2f M multiply-adds, temperature %.3f, tolerance %.2g\n",
        (out / "model.onnx").c_str(), static_cast<double>(onnx.size()) / 1000,
        static_cast<long long>(parameter_count(net.network())),
        static_cast<double>(multiply_adds(net.network())) / 1e6, temperature,
        check.at("tolerance").get<double>());
}

}  // namespace biji
