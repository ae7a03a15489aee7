#include "native/train/train.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "native/base/device.h"
#include "native/base/lock.h"
#include "native/base/progress.h"
#include "native/base/random.h"
#include "native/data/dataset.h"
#include "native/nets/net.h"
#include "native/train/batches.h"
#include "native/train/cuda_graph.h"
#include "native/train/dry_run.h"
#include "native/train/eval.h"
#include "native/train/init.h"
#include "native/train/log.h"
#include "native/train/pace.h"
#include "native/train/precision.h"
#include "native/train/ranks.h"
#include "native/train/schedule.h"
#include "native/train/sources.h"
#include "native/train/step.h"

namespace biji {
namespace {

// Validating on more than this tells no more about an epoch, and takes long.
constexpr int64_t kValidationSamples = 10000;

// Several ranks must stop at the same step: they ask each other so often.
constexpr int64_t kStopSteps = 8;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// ---- setup
// ------------------------------------------------------------------------------------------------------------

at::Device device_of(const TrainOptions& options, const RankPlace& place) {
  const bool own = options.device == "auto" || options.device == "cuda";
  at::Device device(at::kCPU);
  if (place.size == 1 || !own)
    device = choose_device(options.device);
  else  // one device a rank
    device = choose_device(at::globalContext().hasCUDA() ? "cuda:" + std::to_string(place.local) : "cpu");
  if (options.cuda_graphs) {
    const Recorded possible(device);
    if (place.size > 1) throw std::runtime_error("--cuda-graphs does not go with several ranks");
  }
  return device;
}

// A new run, or one as far as it got.
RunState state_of(const TrainOptions& options, at::Device device, const RankPlace& place) {
  RunState state;
  if (options.resume) {
    state = read_run(options.out);
    if (state.made_by != "train")
      throw std::runtime_error(options.out.string() + ": was made by `biji " + state.made_by +
                               "`, not trained; begin another run with --init " + options.out.string());
    check_input(options.out, state);
    find_again({&state.data, &state.validation}, options.data);
    find_again({&state.data, &state.validation}, options.validation);
    return state;
  }
  if (!options.dry_run && std::filesystem::exists(options.out / "state.json"))
    throw std::runtime_error(options.out.string() +
                             ": holds a run already; go on with --resume or choose another folder");
  state.network = options.network;
  state.recipe = options.recipe;
  if (options.dry_run) state.recipe.size_start = 0;  // what steps of the full size take
  state.seed = options.seed;
  precisions(options.precision, device);  // throws
  state.precision = options.precision;    // "auto" until the data are there to measure it with
  state.threads = set_threads(options.threads, place.local_size);
  state.command = options.command;
  state.git_commit = options.git_commit;
  if (!options.init.empty()) state.init = std::filesystem::absolute(options.init).string();
  return state;
}

// Packs as options or, when it is resumed, the run names them.
Dataset load_packs(const TrainOptions& options, const InputSpec& input, std::vector<DataSource>& sources,
                   const std::vector<std::filesystem::path>& paths, const std::vector<RecipeData>& asked,
                   bool drawn = false, const Labels& classes = {}) {
  if (options.resume) return load_data(sources, input, drawn, classes);
  Dataset data = load_data(paths, input, drawn, classes);
  if (!asked.empty()) {
    std::vector<double> shares;
    std::string given, missing;
    for (const DataSource& source : data.sources) {
      given += (given.empty() ? "" : ", ") + source.name;
      for (const RecipeData& one : asked)
        if (one.name == source.name) shares.push_back(one.share);
    }
    for (const RecipeData& one : asked) missing += (missing.empty() ? "" : ", ") + one.name;
    if (shares.size() != data.sources.size() || asked.size() != data.sources.size())
      throw std::runtime_error("the recipe is for the packs " + missing + ", not for " + given +
                               "; give those, or leave its data out");
    data = with_shares(data, shares);
  }
  sources = data.sources;
  for (DataSource& source : sources) source.path = std::filesystem::absolute(source.path).string();
  return data;
}

struct TrainingData {
  Dataset samples, validation;
};

TrainingData load_training_data(const TrainOptions& options, RunState& state, at::Device device) {
  const InputSpec input =
      options.resume ? state.input : network_row(state.network).input_of(state.recipe.input_size);
  const bool drawn = state.recipe.skeletons > 0;
  Dataset data = load_packs(options, input, state.data, options.data, options.recipe_data, drawn), validation;
  const bool separate = options.resume ? !state.validation.empty() : !options.validation.empty();
  if (separate) {
    validation = load_packs(options, input, state.validation, options.validation, options.recipe_validation,
                            false, data.classes);
    check_fits(validation, data.classes, data.input);
    if (validation.merged.defined())
      throw std::runtime_error(validation.sources[0].path +
                               ": merges classes that the model tells apart; "
                               "validate on a set that does not");
  }
  if (!options.resume) {
    state.held_out = separate ? 0 : static_cast<int64_t>(options.held_out * static_cast<double>(data.size()));
    state.classes = data.classes;
    state.input = data.input;
    state.input_version = input_version(data.input);
    state.terms = data.terms;
  }
  check_fits(data, state.classes, input);
  if (state.held_out > 0) std::tie(data, validation) = split(data, state.held_out);
  if (validation.size() > kValidationSamples) validation = split(validation, kValidationSamples).second;
  data = data.on(device);
  if (validation.size() > 0) validation = validation.on(device);
  if (data.size() < 1) throw std::runtime_error("the training data are empty");
  return {std::move(data), std::move(validation)};
}

Net network_of(const RunState& state, at::Device device) {
  Net net(network_row(state.network).build(static_cast<int32_t>(state.classes.size()), state.input), device);
  const int32_t start = state.recipe.size_start;
  if (start > 0 && start < state.input.size_px && !fits_input(net.network(), start))
    throw std::runtime_error("size_start=" + std::to_string(start) + ": " + state.network +
                             " cannot read so small an input; try one nearer to its " +
                             std::to_string(state.input.size_px) + " px, or 0");
  net.initialise(mix_seed(state.seed, 0));
  return net;
}

FloatTensor floats_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.cpu();
  return {{values.numel()}, {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
}

// ---- the loop
// ------------------------------------------------------------------------------------------------------------

class Trainer {
 public:
  Trainer(const TrainOptions& options, const std::atomic<bool>* stop);
  RunState run();
  RunState rehearse();

 private:
  void begin_weights();
  void choose_precision();
  void print_beginning() const;
  double step();
  void log_step(double input_seconds);
  void watch_pace(double seconds, int64_t pixels);
  void show_progress();
  void end_epoch();
  EpochRow measure_epoch();
  void print_epoch(const EpochRow& row) const;
  bool full_size(const EpochRow& row) const;
  bool judge(const EpochRow& row);
  void share_statistics();
  void save(bool best);
  bool asked_to_stop(bool ended);
  bool several() const { return ranks_.size() > 1; }
  int64_t steps_per_epoch() const { return batches_->steps_per_epoch(); }
  int64_t done_in_epoch() const { return (state_.step - 1) % steps_per_epoch() + 1; }  // after a step
  double learning_rate_of(int64_t step) const {
    return learning_rate(state_.recipe, step, state_.total_steps);
  }

  const TrainOptions& options_;
  const std::atomic<bool>* stop_;
  const RankPlace place_ = rank_place();
  const at::Device device_;
  Ranks ranks_;
  const OwnStream stream_;
  const bool quiet_;  // one rank speaks for all, and writes
  const std::unique_ptr<FolderLock> lock_;
  RunState state_;
  TrainingData data_;
  std::optional<Step> step_;
  std::optional<Batches> batches_;
  std::optional<StepLog> log_;
  double seconds_before_ = 0;  // in earlier sessions
  int64_t first_step_ = 0;
  std::optional<Progress> progress_;
  Pace pace_;
  double saved_ = 0;  // when, by progress_
};

Trainer::Trainer(const TrainOptions& options, const std::atomic<bool>* stop)
    : options_(options),
      stop_(stop),
      device_(device_of(options, place_)),
      ranks_(place_, device_),
      stream_(device_),
      quiet_(options.quiet || !ranks_.first()),
      lock_(ranks_.first() && !options.dry_run ? std::make_unique<FolderLock>(options.out) : nullptr),
      state_(state_of(options, device_, place_)),
      data_(load_training_data(options, state_, device_)) {
  set_threads(state_.threads);
  // Averages and moments that decay to nothing would slow the CPU down.
  at::globalContext().setFlushDenormal(true);
  begin_weights();
  print_beginning();
  seconds_before_ = state_.seconds;
  first_step_ = state_.step;
  progress_.emplace("train", state_.total_steps, state_.step);
  if (options.dry_run) return;
  if (ranks_.first() && options.log_every > 0)
    log_.emplace(options.out, options.log_every, batches_->size(), state_);
  if (!options.resume) save(false);  // what cannot be written fails now, what is killed now resumes
}

void Trainer::begin_weights() {
  Net net = network_of(state_, device_);
  batches_.emplace(data_.samples, state_, ranks_.rank(), ranks_.size());
  if (!options_.resume) state_.total_steps = steps_per_epoch() * state_.recipe.epochs;
  if (!options_.resume && !options_.init.empty()) {
    const Origin origin = start_from(net, options_.init, state_, data_.samples, quiet_);
    state_.command = joined_commands("", origin.command) + " && " + state_.command;  // the whole way
    state_.terms = joined(std::move(state_.terms), origin.terms);
  }
  choose_precision();
  step_.emplace(std::move(net), state_, ranks_, device_, data_.samples.merged, options_.cuda_graphs);
  if (options_.resume) {
    const FloatTensors tensors = load_checkpoint(options_.out, state_);
    import_tensors(step_->net(), "model.", tensors);
    import_tensors(step_->average(), "average.", tensors);
    step_->m().copy_(tensor_of(tensors, "optimizer.m", {step_->m().numel()}));
    step_->v().copy_(tensor_of(tensors, "optimizer.v", {step_->v().numel()}));
  }
  step_->begin();
}

void Trainer::choose_precision() {
  if (state_.precision != "auto") return;
  // The last batch has the input's full size. A copy makes it, for steps must follow one another.
  Batches scratch(data_.samples, state_, ranks_.rank(), ranks_.size());
  const Minibatch batch = scratch.get(state_.total_steps - 1);
  const std::vector<TimedPrecision> timed =
      by_speed(precisions(state_.precision, device_), state_, batch, data_.samples.merged, device_, ranks_);
  state_.precision = precision_name(timed.front().type);
  if (quiet_ || timed.size() < 2) return;
  std::string text = "--precision auto: " + state_.precision + ", the fastest here (ms a step:";
  for (const TimedPrecision& each : timed) {
    char number[32];
    std::snprintf(number, sizeof number, " %s %.1f", precision_name(each.type).c_str(), 1e3 * each.seconds);
    text += number;
  }
  std::printf("%s)\n", text.c_str());
}

void Trainer::print_beginning() const {
  if (quiet_) return;
  std::printf(
      "%s: %lld parameters, %.2f M multiply-adds; %lld samples, %lld to validate, batch %lld, %d epochs, "
      "%s on %s\n",
      state_.network.c_str(), static_cast<long long>(parameter_count(step_->net().network())),
      static_cast<double>(multiply_adds(step_->net().network())) / 1e6,
      static_cast<long long>(data_.samples.size()), static_cast<long long>(data_.validation.size()),
      static_cast<long long>(batches_->size()), state_.recipe.epochs, state_.precision.c_str(),
      device_.str().c_str());
  if (!options_.dry_run)
    std::printf("epoch      loss  accuracy  val loss  val accuracy        lr      time\n");
  std::fflush(stdout);  // before what is said on standard error, where both go to one file
}

RunState Trainer::run() {
  while (!state_.finished()) {
    step();
    show_progress();
    const bool ended = done_in_epoch() == steps_per_epoch() || state_.finished();
    if (ended) end_epoch();
    if (state_.stopped_early || asked_to_stop(ended)) break;
  }
  return state_;
}

// What the first steps take, and a part of the validation.
RunState Trainer::rehearse() {
  const auto timed = [](const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return seconds_since(start);
  };
  const auto bytes = [](const at::Tensor& tensor) {
    return tensor.defined() ? static_cast<int64_t>(tensor.nbytes()) : 0;
  };
  Rehearsal r{.samples = data_.samples.size(),
              .validation = data_.validation.size(),
              .batch = batches_->size(),
              .steps_per_epoch = steps_per_epoch(),
              .total_steps = state_.total_steps};
  double input = 0;
  const auto one_step = [&] {
    return timed([&] {
      input = step();
      step_->loss_sum();  // waits for the device
    });
  };
  r.first_step = r.step = one_step();
  r.input = input;
  std::vector<std::pair<double, double>>
      steps;  // seconds, and of them input; the median tells of an idle machine
  for (double spent = 0; steps.size() < 20 && spent < 3 && !state_.finished(); spent += steps.back().first) {
    const double seconds = one_step();
    steps.emplace_back(seconds, input);
  }
  std::sort(steps.begin(), steps.end());
  if (!steps.empty()) std::tie(r.step, r.input) = steps[steps.size() / 2];
  if (const int64_t some = std::min<int64_t>(512, r.validation); some > 0) {
    const Dataset part = data_.validation.select(at::arange(some).to(device_));
    r.validating = timed([&] { answers_of(step_->average(), part); }) * static_cast<double>(r.validation) /
                   static_cast<double>(some);
  }
  for (const Dataset* data : {&data_.samples, &data_.validation})
    r.data_bytes += bytes(data->pixels) + bytes(data->labels);
  r.checkpoint_bytes = 2 * bytes(step_->net().state()) + bytes(step_->m()) + bytes(step_->v());
  r.state_bytes = r.checkpoint_bytes + bytes(step_->net().gradient());
  r.peak_bytes = peak_memory_bytes();
  if (!quiet_) print_rehearsal(step_->net().network(), r);
  return state_;
}

// Returns the seconds that it waited for its input.
double Trainer::step() {
  const auto start = std::chrono::steady_clock::now();
  if (log_) log_->begin_step();
  const Minibatch batch = batches_->get(state_.step);
  const double input_seconds = seconds_since(start);
  step_->run(batch);
  const double seconds = seconds_since(start);
  if (device_.is_cpu()) watch_pace(seconds - input_seconds, batch.x.numel());
  if (log_) log_step(input_seconds);
  if (!options_.timing) return input_seconds;
  if (device_.is_cuda() && state_.step - first_step_ == options_.stop_after)
    step_->loss_sum();  // wait for the device
  options_.timing->push_back({input_seconds, seconds_since(start)});
  return input_seconds;
}

void Trainer::log_step(double input_seconds) {
  log_->waited(input_seconds);
  if (log_->due(state_.step))
    log_->add(state_, done_in_epoch(), step_->loss_sum(), step_->correct_sum(), step_->gradient_norm(),
              learning_rate_of(state_.step - 1), seconds_before_ + progress_->seconds());
  log_->end_step();
}

void Trainer::watch_pace(double seconds, int64_t pixels) {
  const double times = pace_.slower(seconds, pixels);
  if (times == 0 || quiet_) return;
  progress_->clear();
  std::fprintf(stderr,
               "biji train: steps take %.1f times as long as the first ones did: other programs probably use "
               "the same cores; end them, or stop and go on with --resume when the machine is free\n",
               times);
}

void Trainer::show_progress() {
  if (quiet_ || !progress_->due(state_.step)) return;
  const auto done = static_cast<double>(done_in_epoch());
  char text[96];
  std::snprintf(text, sizeof text, "epoch %lld/%d  loss %.4f  accuracy %.2f %%",
                static_cast<long long>((state_.step - 1) / steps_per_epoch() + 1), state_.recipe.epochs,
                step_->loss_sum() / done,
                100 * step_->correct_sum() / (done * static_cast<double>(batches_->size())));
  progress_->show(state_.step, text, batches_->size(), "images");
}

void Trainer::end_epoch() {
  share_statistics();
  const EpochRow row = measure_epoch();
  if (!quiet_) {
    progress_->clear();
    print_epoch(row);
  }
  if (log_) log_->add_epoch(row);
  step_->begin_epoch();
  state_.epochs.push_back(row);
  save(judge(row));
}

EpochRow Trainer::measure_epoch() {
  const auto done = static_cast<double>(done_in_epoch());
  EpochRow row{static_cast<int32_t>((state_.step - 1) / steps_per_epoch() + 1),
               state_.step,
               step_->loss_sum() / done,
               step_->correct_sum() / (done * static_cast<double>(batches_->size())),
               -1,
               -1,
               learning_rate_of(state_.step - 1),
               seconds_before_ + progress_->seconds()};
  if (data_.validation.size() > 0 && ranks_.first()) {
    Dataset at_size = data_.validation;  // that the network has just been trained on
    const InputSpec& input = data_.samples.input;
    if (at_size.drawn())
      at_size.input =
          scaled(input, input_size(state_.recipe, input.size_px, state_.step - 1, state_.total_steps));
    const Metrics metrics =
        summarise(answers_of(step_->average(), at_size), step_->net().network().classes());
    row.val_loss = metrics.loss;
    row.val_accuracy = metrics.top1;
  }
  if (several()) {  // what was measured decides for all when to stop
    at::Tensor measured = at::tensor({row.val_loss, row.val_accuracy}, at::kDouble).to(device_);
    ranks_.broadcast(measured);
    row.val_loss = measured[0].item<double>();
    row.val_accuracy = measured[1].item<double>();
  }
  return row;
}

void Trainer::print_epoch(const EpochRow& row) const {
  std::printf("%5d  %8.4f  %7.2f %%", row.epoch, row.loss, 100 * row.accuracy);
  if (row.val_accuracy >= 0)
    std::printf("  %8.5f     %7.3f %%", row.val_loss, 100 * row.val_accuracy);
  else
    std::printf("         -             -");
  std::printf("  %8.2g  %s\n", row.lr, duration(row.seconds).c_str());
  std::fflush(stdout);
}

// Whether an epoch ended at the input's full size: at a smaller one the weights are those of another model.
bool Trainer::full_size(const EpochRow& row) const {
  const Dataset& data = data_.samples;
  return !data.drawn() || input_size(state_.recipe, data.input.size_px, row.step - 1, state_.total_steps) ==
                              data.input.size_px;
}

// Whether the epoch that row tells of, the last one of state_, is the best so far. Sets stopped_early where there has been
// no better one for as long as the recipe is patient.
bool Trainer::judge(const EpochRow& row) {
  const bool best = full_size(row) && row.val_accuracy > state_.best_accuracy;
  if (best) state_.best_accuracy = row.val_accuracy;
  int32_t best_epoch = row.epoch;
  double best_accuracy = -1;
  for (const EpochRow& past : state_.epochs)
    if (full_size(past) && past.val_accuracy > best_accuracy) {
      best_accuracy = past.val_accuracy;
      best_epoch = past.epoch;
    }
  const int32_t patience = state_.recipe.patience;
  state_.stopped_early = patience > 0 && row.val_accuracy >= 0 && row.epoch - best_epoch >= patience &&
                         state_.step < state_.total_steps;
  if (state_.stopped_early && !quiet_)
    std::printf("no better than epoch %d for %d epochs; that one is kept\n", best_epoch, patience);
  return best;
}

// Each rank has seen other samples; the statistics that are judged and kept are those of all.
void Trainer::share_statistics() {
  const at::NoGradGuard no_grad;
  for (Net* each : {&step_->net(), &step_->average()})
    ranks_.mean(each->state().slice(0, each->parameter_count()));
}

void Trainer::save(bool best) {
  saved_ = progress_->seconds();
  state_.seconds = seconds_before_ + progress_->seconds();
  state_.epoch_loss = step_->loss_sum();
  state_.epoch_correct = step_->correct_sum();
  if (state_.precision == "fp16") state_.loss_scale = step_->loss_scale();
  if (!std::isfinite(state_.epoch_loss))
    throw std::runtime_error("the loss diverged in epoch " +
                             std::to_string(state_.step / steps_per_epoch() + 1) + "; try a smaller --lr");
  if (!ranks_.first()) return;
  FloatTensors tensors;
  export_tensors(step_->net(), "model.", tensors);
  export_tensors(step_->average(), "average.", tensors);
  tensors["optimizer.m"] = floats_of(step_->m());
  tensors["optimizer.v"] = floats_of(step_->v());
  save_run(options_.out, state_, tensors, best);
}

// Saves within an epoch where it is time, for a crash or a power failure should cost minutes, not an epoch; returns
// whether to stop. ended: the epoch is over and saved.
bool Trainer::asked_to_stop(bool ended) {
  bool told = (stop_ && stop_->load()) ||
              (options_.stop_after >= 0 && state_.step - first_step_ >= options_.stop_after);
  bool overdue = options_.save_every > 0 && progress_->seconds() - saved_ >= options_.save_every;
  if (several()) {
    const bool asks = state_.step % kStopSteps == 0;
    if (asks) {
      at::Tensor wishes = at::tensor({told ? 1. : 0., overdue ? 1. : 0.}, at::kDouble).to(device_);
      ranks_.sum(wishes);
      told = wishes[0].item<double>() > 0;
      overdue = wishes[1].item<double>() > 0;
    }
    told = told && asks;
    overdue = overdue && asks;
  }
  if ((told || overdue) && !ended) {
    share_statistics();
    save(false);
  }
  return told;
}

}  // namespace

RunState train(const TrainOptions& options, const std::atomic<bool>* stop) {
  Trainer trainer(options, stop);
  return options.dry_run ? trainer.rehearse() : trainer.run();
}

}  // namespace biji
