#include "native/train.h"

#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <tuple>

#include "native/augment.h"
#include "native/dataset.h"
#include "native/device.h"
#include "native/eval.h"
#include "native/net.h"
#include "native/progress.h"

namespace biji {
namespace {

// Of augmentation: constant, then linear over the last quarter.
float strength(const Recipe& recipe, int64_t step, int64_t total) {
  const float x = (static_cast<float>(step) + 0.5f) / static_cast<float>(total);
  if (recipe.augment_end < 0 || x < 0.75f) return recipe.augment;
  return recipe.augment + (recipe.augment_end - recipe.augment) * (x - 0.75f) * 4;
}

// Linear rise over the first 15 %, then half a cosine down to nearly nothing (L. Smith, 2018).
double learning_rate(const Recipe& recipe, int64_t step, int64_t total) {
  const double x = (static_cast<double>(step) + 0.5) / static_cast<double>(total);
  constexpr double kRise = 0.15;
  const double shape = x < kRise ? x / kRise : 0.5 * (1 + std::cos(M_PI * (x - kRise) / (1 - kRise)));
  return recipe.lr * std::max(shape, 1e-3);
}

}  // namespace

void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, double lr, int64_t step) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = net.gradient();
  at::Tensor learned = net.state().slice(0, 0, net.parameter_count());
  at::Tensor weights = net.state().slice(0, 0, net.weight_count());
  if (recipe.sgd) {
    constexpr double kMomentum = 0.9;
    gradient.slice(0, 0, net.weight_count()).add_(weights, recipe.weight_decay);
    m.mul_(kMomentum).add_(gradient);
    learned.add_(gradient, -lr).add_(m, -lr * kMomentum);
    return;
  }
  constexpr double kBeta1 = 0.9, kBeta2 = 0.99, kEps = 1e-8;
  const auto t = static_cast<double>(step + 1);
  m.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  v.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  weights.mul_(1 - lr * recipe.weight_decay);
  const double correction2 = std::sqrt(1 - std::pow(kBeta2, t));
  learned.addcdiv_(m, v.sqrt().add_(kEps * correction2), -lr * correction2 / (1 - std::pow(kBeta1, t)));
}

RunState train(const TrainOptions& options, const std::atomic<bool>* stop) {
  const at::Device device = choose_device(options.device);
  at::globalContext().setFlushDenormal(
      true);  // averages and moments that decay to nothing would slow the CPU down

  // ---- the run: new, or as far as it got ----
  RunState state;
  if (options.resume) {
    state = read_run(options.out);
  } else {
    if (std::filesystem::exists(options.out / "state.json"))
      throw std::runtime_error(options.out.string() +
                               ": holds a run already; go on with --resume or choose another folder");
    state.network = options.network;
    state.recipe = options.recipe;
    state.seed = options.seed;
    state.precision = precision_name(choose_precision(options.precision, device));
    state.threads = set_threads(options.threads);
    state.command = options.command;
    state.git_commit = options.git_commit;
    state.init = options.init.string();
  }
  set_threads(state.threads);
  const Recipe& recipe = state.recipe;
  const at::ScalarType precision = choose_precision(state.precision, device);

  // ---- data, resident on the device ----
  const auto load = [&](std::vector<DataSource>& sources, const std::vector<std::filesystem::path>& paths) {
    Dataset loaded = options.resume ? load_data(sources) : load_data(paths);
    sources = loaded.sources;
    return loaded;
  };
  Dataset data = load(state.data, options.data), validation;
  const bool separate = options.resume ? !state.validation.empty() : !options.validation.empty();
  if (separate) {
    validation = load(state.validation, options.validation);
    check_fits(validation, data.classes, data.input);
  }
  if (!options.resume) {
    state.held_out =
        separate ? 0 : static_cast<int64_t>(options.held_out * static_cast<double>(data.labels.size(0)));
    state.classes = data.classes;
    state.input = data.input;
  }
  const NetworkRow& row = network_row(state.network);
  check_fits(data, state.classes, row.input);
  if (state.held_out > 0) std::tie(data, validation) = split(data, state.held_out);
  data = data.on(device);
  if (validation.pixels.defined()) validation = validation.on(device);
  const int64_t samples = data.labels.size(0);
  if (samples < 1) throw std::runtime_error("the training data are empty");

  // ---- network, its average, optimiser ----
  Net net(row.build(static_cast<int32_t>(data.classes.size())), device);
  Net average(net.network(), device);
  net.initialise(mix_seed(state.seed, 0));
  if (!options.resume && !options.init.empty()) {
    RunState before = read_run(options.init);
    if (before.network != state.network || before.classes != state.classes)
      throw std::runtime_error(options.init.string() + ": is a run of " + before.network + " with " +
                               std::to_string(before.classes.size()) +
                               " classes; --init takes one of the same network and classes");
    import_tensors(net, "average.", load_checkpoint(options.init, before));
    state.command = before.command + " && " + state.command;  // the whole way, for the card
  }
  average.state().copy_(net.state());
  net.enable_gradients();
  at::Tensor m = at::zeros_like(net.gradient()), v = at::zeros_like(net.gradient());

  const int64_t batch = std::min<int64_t>(recipe.batch, samples);
  const int64_t steps_per_epoch = samples / batch;
  state.total_steps = steps_per_epoch * recipe.epochs;
  if (options.resume) {
    const FloatTensors tensors = load_checkpoint(options.out, state);
    import_tensors(net, "model.", tensors);
    import_tensors(average, "average.", tensors);
    m.copy_(tensor_of(tensors, "optimizer.m", {m.numel()}));
    v.copy_(tensor_of(tensors, "optimizer.v", {v.numel()}));
  }
  if (!options.quiet)
    std::printf(
        "%s: %lld parameters, %.2f M multiply-adds; %lld samples, %lld held out, batch %lld, %d epochs, %s "
        "on %s\n",
        state.network.c_str(), static_cast<long long>(parameter_count(net.network())),
        static_cast<double>(multiply_adds(net.network())) / 1e6, static_cast<long long>(samples),
        static_cast<long long>(validation.labels.defined() ? validation.labels.size(0) : 0),
        static_cast<long long>(batch), recipe.epochs, state.precision.c_str(), device.str().c_str());

  at::Tensor order;  // of this epoch's samples
  at::Tensor loss_sum = at::zeros({}, at::TensorOptions().device(device).dtype(
                                          at::kDouble));  // stay on the device: reading them waits for it
  at::Tensor correct_sum = at::zeros_like(loss_sum);
  loss_sum.fill_(state.epoch_loss);
  correct_sum.fill_(state.epoch_correct);
  const double seconds_before = state.seconds;
  const int64_t first_step = state.step;
  Progress progress("train", state.total_steps, state.step);

  const auto save = [&](bool best) {
    state.seconds = seconds_before + progress.seconds();
    state.epoch_loss = loss_sum.item<double>();
    state.epoch_correct = correct_sum.item<double>();
    if (!std::isfinite(state.epoch_loss))
      throw std::runtime_error("the loss diverged in epoch " +
                               std::to_string(state.step / steps_per_epoch + 1) + "; try a smaller --lr");
    FloatTensors tensors;
    export_tensors(net, "model.", tensors);
    export_tensors(average, "average.", tensors);
    for (const auto& [name, tensor] : {std::pair{"optimizer.m", m}, std::pair{"optimizer.v", v}}) {
      const at::Tensor values = tensor.cpu();
      tensors[name] = {{values.numel()},
                       {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
    }
    save_run(options.out, state, tensors, best);
  };

  // ---- the loop ----
  while (state.step < state.total_steps) {
    const int64_t epoch = state.step / steps_per_epoch, within = state.step % steps_per_epoch;
    if (within == 0 || !order.defined())
      order = permutation(samples, mix_seed(state.seed, static_cast<uint64_t>(epoch) + 1)).to(device);
    at::manual_seed(mix_seed(state.seed ^ 0x5851f42d4c957f2dull, static_cast<uint64_t>(state.step)));
    const at::Tensor index = order.slice(0, within * batch, (within + 1) * batch);
    const at::Tensor labels = data.labels.index_select(0, index);
    const at::Tensor x = augment(data.pixels.index_select(0, index),
                                 strength(recipe, state.step, state.total_steps));  // [batch, 1, h, w]

    at::Tensor logits;
    {
      const Autocast autocast(device, precision);
      logits = net.forward(x, true);
    }
    logits = logits.to(at::kFloat);
    const at::Tensor loss =
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, recipe.label_smoothing);
    net.gradient().zero_();
    const double scale =
        precision == at::kHalf ? state.loss_scale : 1;  // keeps small gradients within fp16's range
    (loss * scale).backward();

    {
      const at::NoGradGuard no_grad;
      const double lr = learning_rate(recipe, state.step, state.total_steps);
      if (scale != 1) net.gradient().mul_(1 / scale);
      const at::Tensor norm = net.gradient().norm();
      bool usable = true;
      if (precision == at::kHalf) {
        usable = std::isfinite(norm.item<double>());
        state.loss_scale = usable ? (state.step % 1000 == 999 ? scale * 2 : scale) : scale / 2;
      }
      if (usable) {
        constexpr double kMaxNorm = 1;
        net.gradient().mul_((kMaxNorm / (norm + 1e-6)).clamp_max(1));
        optimizer_step(net, m, v, recipe, lr, state.step);
      }
      // The average starts as the plain mean and lengthens to its full memory.
      const double decay = std::min<double>(
          recipe.ema, (1. + static_cast<double>(state.step)) / (10. + static_cast<double>(state.step)));
      average.state().lerp_(net.state(), 1 - decay);
      loss_sum += loss.detach();
      correct_sum += logits.detach().argmax(1).eq(labels).sum();
    }
    ++state.step;

    const int64_t done_in_epoch = within + 1;
    if (!options.quiet && progress.due(state.step)) {
      char text[96];
      std::snprintf(text, sizeof text, "epoch %lld/%d  loss %.4f  accuracy %.2f %%",
                    static_cast<long long>(epoch + 1), recipe.epochs,
                    loss_sum.item<double>() / static_cast<double>(done_in_epoch),
                    100 * correct_sum.item<double>() / static_cast<double>(done_in_epoch * batch));
      progress.show(state.step, text, batch, "images");
    }
    if (done_in_epoch == steps_per_epoch) {
      EpochRow line{static_cast<int32_t>(epoch + 1),
                    state.step,
                    loss_sum.item<double>() / static_cast<double>(steps_per_epoch),
                    correct_sum.item<double>() / static_cast<double>(steps_per_epoch * batch),
                    -1,
                    -1,
                    learning_rate(recipe, state.step - 1, state.total_steps),
                    seconds_before + progress.seconds()};
      if (validation.pixels.defined()) {
        const Metrics metrics = measure(logits_of(average, validation.pixels), validation.labels.cpu());
        line.val_loss = metrics.loss;
        line.val_accuracy = metrics.top1;
      }
      if (!options.quiet) {
        progress.clear();
        if (epoch == 0 || state.epochs.empty())
          std::printf("epoch      loss  accuracy  val loss  val accuracy        lr      time\n");
        std::printf("%5d  %8.4f  %7.2f %%", line.epoch, line.loss, 100 * line.accuracy);
        if (line.val_accuracy >= 0)
          std::printf("  %8.5f     %7.3f %%", line.val_loss, 100 * line.val_accuracy);
        else
          std::printf("         -             -");
        std::printf("  %8.2g  %s\n", line.lr, duration(line.seconds).c_str());
        std::fflush(stdout);
      }
      loss_sum.zero_();
      correct_sum.zero_();
      state.epochs.push_back(line);
      const bool best = line.val_accuracy > state.best_accuracy;
      if (best) state.best_accuracy = line.val_accuracy;
      save(best);
    }
    const bool told =
        (stop && stop->load()) || (options.stop_after >= 0 && state.step - first_step >= options.stop_after);
    if (told) {
      if (done_in_epoch != steps_per_epoch) save(false);
      break;
    }
  }
  return state;
}

}  // namespace biji
