#include "native/train/average.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "native/base/commit.h"
#include "native/base/device.h"
#include "native/base/random.h"
#include "native/data/dataset.h"
#include "native/nets/model.h"
#include "native/train/init.h"
#include "native/train/run_model.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

void check_new(const fs::path& out) {
  if (fs::exists(out / "state.json"))
    throw std::runtime_error(out.string() + ": holds a run already; choose another folder");
}

// net as the only checkpoint of a run that is state otherwise.
void save_as_run(const fs::path& out, RunState& state, const Net& net) {
  state.checkpoints.clear();
  state.best = {};
  state.best_accuracy = -1;
  FloatTensors tensors;
  export_tensors(net, "model.", tensors);
  export_tensors(net, "average.", tensors);
  save_run(out, state, tensors, false);
}

// What the other run's data and course add to what is told of this one.
void take_account(RunState& state, const RunState& other) {
  state.command = joined_commands(std::move(state.command), other.command);
  state.terms = joined(std::move(state.terms), other.terms);
  if (reproducible(state.git_commit) && !reproducible(other.git_commit)) state.git_commit = other.git_commit;
}

}  // namespace

WeightedRun weighted_run(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || fs::exists(fs::path(text) / "state.json")) return {text, 1};
  double weight = 0;
  const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
  const auto read = std::from_chars(begin, end, weight);
  if (read.ec != std::errc() || read.ptr != end || !(weight > 0) || !std::isfinite(weight))
    throw std::runtime_error("\"" + text + "\": write it as RUN or RUN:WEIGHT, with a weight above 0");
  return {text.substr(0, colon), weight};
}

RunState average(const AverageOptions& options) {
  const at::NoGradGuard no_grad;
  check_new(options.out);
  std::vector<RunState> states;
  for (const WeightedRun& each : options.runs) states.push_back(read_run(each.run));
  if (states.empty()) throw std::runtime_error("no runs to average");
  size_t chosen = 0;
  while (chosen + 1 < states.size() && states[chosen].made_by != "train") ++chosen;
  if (states[chosen].made_by != "train") chosen = 0;
  RunState state = states[chosen];
  const fs::path& named = options.runs[chosen].run;

  Net net(network_row(state.network).build(static_cast<int32_t>(state.classes.size()), state.input),
          at::kCPU);
  double sum = 0;
  std::vector<std::string> mean_of;
  for (size_t i = 0; i < states.size(); ++i) {
    const fs::path& run = options.runs[i].run;
    const double weight = options.runs[i].weight;
    if (states[i].network != state.network || states[i].classes != state.classes)
      throw std::runtime_error(run.string() + ": is a run of " + states[i].network + " with " +
                               std::to_string(states[i].classes.size()) + " classes, " + named.string() +
                               " one of " + state.network + " with " + std::to_string(state.classes.size()) +
                               "; only weights of the same network can be averaged");
    if (states[i].input != state.input)
      throw std::runtime_error(run.string() + ": reads another input than " + named.string() +
                               "; only weights of the same network can be averaged");
    if (states[i].unsettled && states.size() > 1)
      throw std::runtime_error(
          run.string() +
          ": was imported without data, so that its weights have other lengths than those of "
          "the other runs; import it again with --data");
    net.state().add_(run_net(run, states[i]).state(), weight);
    sum += weight;
    if (i != chosen) take_account(state, states[i]);
    char text[32];
    std::snprintf(text, sizeof text, ":%g", weight);
    mean_of.push_back(run.string() + text);
  }
  net.state().div_(sum);
  state.command = joined_commands(std::move(state.command), options.command);
  state.made_by = "average";
  state.mean_of = std::move(mean_of);
  save_as_run(options.out, state, net);
  return state;
}

RunState import_model(const ImportOptions& options) {
  const at::NoGradGuard no_grad;
  check_new(options.out);
  ExportedWeights model = load_exported_weights(options.model);
  const NetworkRow& row = network_row(model.network);
  RunState state;
  state.network = model.network;
  state.classes = model.classes;
  state.input = model.input;
  state.input_version = model.input_version;
  state.recipe = default_recipe(model.network);
  state.precision = "fp32";
  state.threads = set_threads(0);
  state.data = std::move(model.data);
  state.terms = std::move(model.terms);
  state.git_commit = std::move(model.git_commit);
  state.init = options.model.string();
  state.command = joined_commands(std::move(model.command), options.command);
  state.made_by = "import";
  state.step = state.total_steps = 1;  // it is finished

  Net net(row.build(static_cast<int32_t>(state.classes.size()), state.input), at::kCPU);
  net.initialise(0);
  try {
    import_smaller(net, "", model.tensors);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(options.model.string() + ": " + error.what());
  }
  state.unsettled = options.data.empty();
  if (!state.unsettled) {
    const Dataset data = load_data(options.data, state.input);
    check_fits(data, state.classes, state.input);
    settle(net, settling_samples(data, state.recipe, mix_seed(state.seed, 0x5e771e), state.threads));
  }
  save_as_run(options.out, state, net);
  return state;
}

}  // namespace biji
