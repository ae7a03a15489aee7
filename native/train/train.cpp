#include "native/train/train.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <future>
#include <stdexcept>
#include <tuple>

#include "native/base/device.h"
#include "native/base/progress.h"
#include "native/base/random.h"
#include "native/data/dataset.h"
#include "native/nets/model.h"
#include "native/nets/net.h"
#include "native/train/cuda_graph.h"
#include "native/train/eval.h"
#include "native/train/ranks.h"
#include "native/vary/augment.h"
#include "native/vary/draw.h"
#include "native/vary/non_characters.h"
#include "native/vary/skeleton.h"

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

// Of the input: in steps of 8 from the recipe's start to the full size, equally long within three quarters.
int32_t input_size(const Recipe& recipe, int32_t full, int64_t step, int64_t total) {
  if (recipe.size_start <= 0 || recipe.size_start >= full) return full;
  const int32_t stages = (full - recipe.size_start + 7) / 8;
  const double x = (static_cast<double>(step) + 0.5) / static_cast<double>(total);
  const auto stage = static_cast<int32_t>(x / 0.75 * stages);
  return stage >= stages ? full : recipe.size_start + 8 * stage;
}

// How many of the labels the logits answer.
at::Tensor correct(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged) {
  const at::Tensor answer = logits.argmax(1);
  if (!merged.defined()) return answer.eq(labels).sum();
  const at::Tensor single = at::eye(logits.size(1), merged.options());
  return at::cat({single, merged}).index_select(0, labels).gather(1, answer.unsqueeze(1)).sum();
}

// Draws the next step's ink while this one trains.
class Drawing {
 public:
  using Job = std::function<at::Tensor()>;  // runs on another thread
  Drawing(int64_t end, std::function<Job(int64_t step)> ask) : end_(end), ask_(std::move(ask)) {}

  // What is drawn for a step, u8 [n, size, size] on the CPU. Steps must follow one another.
  at::Tensor get(int64_t step) {
    if (!next_.valid()) begin(step);
    const auto start = std::chrono::steady_clock::now();
    at::Tensor pixels = next_.get();
    waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (step + 1 < end_) begin(step + 1);
    return pixels;
  }
  double waited_seconds() const { return waited_; }

 private:
  void begin(int64_t step) { next_ = std::async(std::launch::async, ask_(step)); }
  int64_t end_;
  std::function<Job(int64_t step)> ask_;
  double waited_ = 0;
  std::future<at::Tensor> next_;  // last: its destructor waits
};

// Validating on more than this tells no more about an epoch, and takes long.
constexpr int64_t kValidationSamples = 10000;

// Several ranks must stop at the same step: they ask each other so often.
constexpr int64_t kStopSteps = 8;

std::string cuda_or_cpu(int index) {
  return at::globalContext().hasCUDA() ? "cuda:" + std::to_string(index) : "cpu";
}

// The nearest matrix with all singular values near 1, by five steps of a Newton-Schulz iteration whose
// coefficients make it fast rather than exact (K. Jordan et al., 2024). matrix: [rows, columns].
// Every step multiplies x by a polynomial in x x^T, so the polynomials are collected in a square matrix of the
// shorter side, and the long one is touched only at the start and the end.
at::Tensor orthogonalised(const at::Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  const at::Tensor x = tall ? matrix.t() : matrix;
  const at::Tensor unit = x / (x.norm() + 1e-7);
  at::Tensor gram = at::mm(unit, unit.t());
  at::Tensor product = at::eye(gram.size(0), gram.options());
  for (int i = 0; i < 5; ++i) {
    at::Tensor step = at::addmm(gram, gram, gram, -4.7750, 2.0315);  // symmetric, as gram is
    step.diagonal().add_(3.4445);
    product = at::mm(step, product);
    if (i < 4) gram = at::mm(at::mm(step, gram), step);
  }
  const at::Tensor out = at::mm(product, unit);
  return tall ? out.t() : out;
}

// Muon on the weights of every layer but the first and the last, which lie side by side in the flat tensors;
// returns that range {begin, end}.
std::pair<int64_t, int64_t> muon_step(Net& net, at::Tensor& m, double lr) {
  constexpr double kMomentum = 0.95;
  std::vector<at::Tensor> weights;
  for (const Net::Entry& entry : net.entries())
    if (entry.parameter.role == Role::kWeight) weights.push_back(entry.tensor);
  if (weights.size() < 3) return {0, 0};
  for (size_t i = 1; i + 1 < weights.size(); ++i) {
    const int64_t rows = weights[i].size(0), columns = weights[i].numel() / rows;
    const int64_t begin = weights[i].storage_offset(), end = begin + weights[i].numel();
    const at::Tensor gradient = net.gradient().slice(0, begin, end);
    const at::Tensor momentum = m.slice(0, begin, end).mul_(kMomentum).add_(gradient);
    const at::Tensor update = orthogonalised(gradient.add(momentum, kMomentum).view({rows, columns}));
    const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
    net.state().slice(0, begin, end).view({rows, columns}).add_(update, -lr * scale);
  }
  return {weights[1].storage_offset(), weights.back().storage_offset()};
}

void adamw_step(const at::Tensor& learned, const at::Tensor& gradient, at::Tensor m, at::Tensor v, double lr,
                int64_t step) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.99, kEps = 1e-8;
  const auto t = static_cast<double>(step + 1);
  m.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  v.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  const double correction2 = std::sqrt(1 - std::pow(kBeta2, t));
  learned.addcdiv_(m, v.sqrt().add_(kEps * correction2), -lr * correction2 / (1 - std::pow(kBeta1, t)));
}

// One of what --init names.
struct Start {
  std::string network;
  Labels classes;
  FloatTensors tensors;
  std::string prefix;  // of the tensors' names
  std::string command;
  bool exported = false;  // a model; else a run
};
Start read_start(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "state.json")) {
    ExportedWeights model = load_exported_weights(folder);
    return {model.network, model.classes, std::move(model.tensors), "", model.command, true};
  }
  RunState run = read_run(folder);
  FloatTensors tensors = load_checkpoint(folder, run);
  return {run.network, run.classes, std::move(tensors), "average.", run.command};
}

// For settle(): some as the first step may see them.
at::Tensor settling_samples(const Dataset& data, const Recipe& recipe, uint64_t seed, int threads) {
  const at::Tensor index = permutation(data.size(), seed).slice(0, 0, 1024);
  at::manual_seed(seed);
  const at::Tensor pixels = data.drawn() ? draw(data, index,
                                                {.input = data.input,
                                                 .strength = recipe.augment,
                                                 .seed = seed,
                                                 .threads = std::max(1, threads)})
                                         : data.pixels.cpu().index_select(0, index);
  return augment(pixels, recipe.augment, data.drawn());
}

}  // namespace

at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged,
                   double smoothing) {
  if (!merged.defined())
    return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, smoothing);
  const at::Tensor log_p = at::log_softmax(logits, 1);
  const at::Tensor single = at::eye(logits.size(1), merged.options());
  const at::Tensor others = at::cat({single, merged}).index_select(0, labels).logical_not_();  // [n, classes]
  const at::Tensor of_label = at::logsumexp(log_p.masked_fill(others, -INFINITY), 1).mean();
  return of_label * -(1 - smoothing) - log_p.mean() * smoothing;
}

void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, double lr, int64_t step) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = net.gradient();
  const int64_t parameters = net.parameter_count();
  at::Tensor weights = net.state().slice(0, 0, net.weight_count());
  if (recipe.optimizer == "sgd") {
    constexpr double kMomentum = 0.9;
    gradient.slice(0, 0, net.weight_count()).add_(weights, recipe.weight_decay);
    m.mul_(kMomentum).add_(gradient);
    net.state().slice(0, 0, parameters).add_(gradient, -lr).add_(m, -lr * kMomentum);
    return;
  }
  weights.mul_(1 - lr * recipe.weight_decay);
  const auto [begin, end] =
      recipe.optimizer == "muon" ? muon_step(net, m, lr) : std::pair<int64_t, int64_t>();
  for (const auto& [from, to] : {std::pair{int64_t{0}, begin}, std::pair{end, parameters}})
    if (from < to)
      adamw_step(net.state().slice(0, from, to), gradient.slice(0, from, to), m.slice(0, from, to),
                 v.slice(0, from, to), lr, step);
}

RunState train(const TrainOptions& options, const std::atomic<bool>* stop) {
  const RankPlace place = rank_place();
  const bool several = place.size > 1;
  const bool own = several && (options.device == "auto" || options.device == "cuda");  // one device a rank
  const at::Device device = choose_device(own ? cuda_or_cpu(place.local) : options.device);
  Ranks ranks(place, device);
  const OwnStream stream(device);
  const bool quiet = options.quiet || !ranks.first();  // one speaks for all
  at::globalContext().setFlushDenormal(
      true);  // averages and moments that decay to nothing would slow the CPU down

  // ---- the run: new, or as far as it got ----
  RunState state;
  if (options.resume) {
    state = read_run(options.out);
    check_input(options.out, state);
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
    for (const auto& path : options.init) state.init += (state.init.empty() ? "" : " ") + path.string();
  }
  set_threads(state.threads);
  const Recipe& recipe = state.recipe;
  const at::ScalarType precision = choose_precision(state.precision, device);
  std::unique_ptr<Recorded> recorded;  // a step
  if (options.cuda_graphs) {
    if (several || recipe.mixup > 0)
      throw std::runtime_error(std::string("--cuda-graphs does not go with ") +
                               (several ? "several ranks" : "--mixup"));
    recorded = std::make_unique<Recorded>(device);
  }

  // ---- data, resident on the device ----
  const auto load = [&](std::vector<DataSource>& sources, const std::vector<std::filesystem::path>& paths) {
    const InputSpec& input = network_row(state.network).input;
    Dataset loaded = options.resume ? load_data(sources, input) : load_data(paths, input);
    sources = loaded.sources;
    return loaded;
  };
  Dataset data = load(state.data, options.data), validation;
  const bool separate = options.resume ? !state.validation.empty() : !options.validation.empty();
  if (separate) {
    validation = load(state.validation, options.validation);
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
  }
  const NetworkRow& row = network_row(state.network);
  check_fits(data, state.classes, row.input);
  if (state.held_out > 0) std::tie(data, validation) = split(data, state.held_out);
  if (validation.size() > kValidationSamples) validation = split(validation, kValidationSamples).second;
  const at::Tensor scans = recipe.as_ink > 0 ? data.pixels : at::Tensor();  // on the CPU
  data = data.on(device);
  if (validation.size() > 0) validation = validation.on(device);
  const int64_t samples = data.size();
  if (samples < 1) throw std::runtime_error("the training data are empty");

  // ---- network, its average, optimiser ----
  Net net(row.build(static_cast<int32_t>(data.classes.size())), device);
  if (recipe.size_start > 0 && recipe.size_start < row.input.size_px &&
      !fits_input(net.network(), recipe.size_start))
    throw std::runtime_error("--size-start " + std::to_string(recipe.size_start) + ": " + state.network +
                             " cannot read so small an input; try one nearer to its " +
                             std::to_string(row.input.size_px) + " px, or 0");
  Net average(net.network(), device);
  net.initialise(mix_seed(state.seed, 0));
  if (!options.resume && !options.init.empty()) {
    Net one(net.network(), device);
    const at::Tensor initial = net.state().clone();
    net.state().zero_();
    std::string before;
    for (const std::filesystem::path& path : options.init) {
      const Start start = read_start(path);
      if (start.network != state.network || start.classes != state.classes)
        throw std::runtime_error(path.string() + ": is " + (start.exported ? "a model" : "a run") + " of " +
                                 start.network + " with " + std::to_string(start.classes.size()) +
                                 " classes; --init takes one of the same network and classes");
      one.state().copy_(initial);
      Growth growth;
      try {
        growth = import_smaller(one, start.prefix, start.tensors);
      } catch (const std::runtime_error& error) {
        throw std::runtime_error(path.string() + ": " + error.what());
      }
      if (start.exported)
        settle(one, settling_samples(data, recipe, mix_seed(state.seed, 0x5e771e), state.threads).to(device));
      if (growth.blocks > 0 && !quiet)
        std::printf("%s: %d residual blocks fewer; the new ones begin as nothing\n", path.c_str(),
                    growth.blocks);
      if (growth.planes > 0 && !quiet)
        std::printf("%s: %d planes of input fewer; the new ones begin without weight\n", path.c_str(),
                    growth.planes);
      net.state().add_(one.state(), 1. / static_cast<double>(options.init.size()));
      before = joined_commands(std::move(before), start.command);
    }
    state.command = before + " && " + state.command;  // the whole way, for the card
  }
  average.state().copy_(net.state());
  net.enable_gradients();
  at::Tensor m = at::zeros_like(net.gradient()), v = at::zeros_like(net.gradient());

  // Over all ranks; this one's part of each is rank_batch samples.
  const int64_t batch = std::min<int64_t>(recipe.batch, samples) / ranks.size() * ranks.size();
  if (batch == 0 || recipe.batch % ranks.size() != 0)
    throw std::runtime_error("a batch of " + std::to_string(std::min<int64_t>(recipe.batch, samples)) +
                             " cannot be shared evenly by " + std::to_string(ranks.size()) +
                             " ranks; choose another --batch");
  const int64_t rank_batch = batch / ranks.size();
  const int64_t steps_per_epoch = samples / batch;
  if (!options.resume) state.total_steps = steps_per_epoch * recipe.epochs;
  if (options.resume) {
    const FloatTensors tensors = load_checkpoint(options.out, state);
    import_tensors(net, "model.", tensors);
    import_tensors(average, "average.", tensors);
    m.copy_(tensor_of(tensors, "optimizer.m", {m.numel()}));
    v.copy_(tensor_of(tensors, "optimizer.v", {v.numel()}));
  }
  if (!quiet)
    std::printf(
        "%s: %lld parameters, %.2f M multiply-adds; %lld samples, %lld to validate, batch %lld, %d epochs, "
        "%s "
        "on %s\n",
        state.network.c_str(), static_cast<long long>(parameter_count(net.network())),
        static_cast<double>(multiply_adds(net.network())) / 1e6, static_cast<long long>(samples),
        static_cast<long long>(validation.size()), static_cast<long long>(batch), recipe.epochs,
        state.precision.c_str(), device.str().c_str());

  const auto rank_seed = [&](uint64_t seed) {
    return ranks.first() ? seed : mix_seed(seed, static_cast<uint64_t>(ranks.rank()));
  };
  ranks.broadcast(net.state());
  ranks.broadcast(average.state());
  GradientMean gradient_mean(net, ranks);

  at::Tensor order;  // of an epoch's samples, on the CPU
  int64_t order_epoch = -1;
  const auto index_of = [&](int64_t step) {
    if (const int64_t epoch = step / steps_per_epoch; epoch != order_epoch) {
      order = permutation(samples, mix_seed(state.seed, static_cast<uint64_t>(epoch) + 1));
      order_epoch = epoch;
    }
    const int64_t first = step % steps_per_epoch * batch + ranks.rank() * rank_batch;
    return order.slice(0, first, first + rank_batch);
  };
  // Of a step's scans, how many are drawn anew: the first ones, as their order is random.
  const auto pens = scans.defined()
                        ? static_cast<int64_t>(std::lround(recipe.as_ink * static_cast<float>(rank_batch)))
                        : int64_t{0};
  const Peers peers = data.drawn() && recipe.exaggerate > 0 ? peers_of(data) : Peers();
  Drawing drawing(state.total_steps, [&](int64_t step) -> Drawing::Job {
    const int threads = std::max(1, state.threads);
    if (!data.drawn()) {
      const at::Tensor some = scans.index_select(0, index_of(step).slice(0, 0, pens));
      const uint64_t seed = rank_seed(mix_seed(state.seed ^ 0x9e115, static_cast<uint64_t>(step)));
      const float vary = strength(recipe, step, state.total_steps) / 2;
      return
          [some, seed, vary, threads, &data] { return drawn_as_ink(some, data.input, vary, seed, threads); };
    }
    DrawOptions draw_options{
        .input = scaled(data.input, input_size(recipe, data.input.size_px, step, state.total_steps)),
        .strength = strength(recipe, step, state.total_steps),
        .seed = rank_seed(mix_seed(state.seed ^ 0xd2a3, static_cast<uint64_t>(step))),
        .threads = threads,
        .extrapolate = recipe.exaggerate,
        .extent = strength(recipe, step, state.total_steps),
        .peers = &peers,
        .as_pictures = recipe.pictures};
    return [index = index_of(step), draw_options, &data] { return draw(data, index, draw_options); };
  });
  at::Tensor loss_sum = at::zeros({}, at::TensorOptions().device(device).dtype(
                                          at::kDouble));  // stay on the device: reading them waits for it
  at::Tensor correct_sum = at::zeros_like(loss_sum);
  loss_sum.fill_(state.epoch_loss);
  correct_sum.fill_(state.epoch_correct);
  const double seconds_before = state.seconds;
  const int64_t first_step = state.step;
  Progress progress("train", state.total_steps, state.step);
  double saved = 0;  // when, by progress

  const auto save = [&](bool best) {
    saved = progress.seconds();
    // Each rank has seen other samples; the statistics that are kept are those of all.
    for (Net* each : {&net, &average}) {
      const at::NoGradGuard no_grad;
      ranks.mean(each->state().slice(0, each->parameter_count()));
    }
    state.seconds = seconds_before + progress.seconds();
    state.epoch_loss = loss_sum.item<double>();
    state.epoch_correct = correct_sum.item<double>();
    if (!std::isfinite(state.epoch_loss))
      throw std::runtime_error("the loss diverged in epoch " +
                               std::to_string(state.step / steps_per_epoch + 1) + "; try a smaller --lr");
    if (!ranks.first()) return;
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
  at::Tensor reported, right;  // of a step: the loss, how many of its answers
  at::Tensor loss_scale = at::ones({}, net.gradient().options());
  at::Tensor static_x, static_labels;  // what the recorded step reads
  while (!state.finished()) {
    const auto step_start = std::chrono::steady_clock::now();
    const auto since_start = [&step_start] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - step_start).count();
    };
    const int64_t epoch = state.step / steps_per_epoch, within = state.step % steps_per_epoch;
    at::manual_seed(
        rank_seed(mix_seed(state.seed ^ 0x5851f42d4c957f2dull, static_cast<uint64_t>(state.step))));
    const at::Tensor index = index_of(state.step).to(device);
    const at::Tensor labels = data.labels.index_select(0, index);
    at::Tensor pixels =
        data.drawn() ? drawing.get(state.step).to(device) : data.pixels.index_select(0, index);
    const int64_t n = pixels.size(0);
    if (pens > 0) pixels.slice(0, 0, pens).copy_(drawing.get(state.step));
    if (const auto extra = static_cast<int64_t>(std::lround(recipe.scribbles * static_cast<float>(n)));
        extra > 0) {
      const uint64_t seed = rank_seed(mix_seed(state.seed ^ 0xbad1d, static_cast<uint64_t>(state.step)));
      const at::Tensor none =
          data.drawn() ? non_characters(extra, data.classes,
                                        scaled(data.input, static_cast<int32_t>(pixels.size(-1))), seed)
                             .to(device)
                       : overlays(pixels, extra);
      pixels = at::cat({pixels, none});
    }
    at::Tensor x = augment(pixels, strength(recipe, state.step, state.total_steps),
                           data.drawn());  // [batch, 1, h, w]
    at::Tensor order_mixed;
    double share = 1;
    if (recipe.mixup > 0) {
      order_mixed = at::randperm(n, labels.options());
      at::Tensor characters = x.slice(0, 0, n);
      share = mixup(characters, order_mixed, recipe.mixup,
                    rank_seed(mix_seed(state.seed ^ 0x313c, static_cast<uint64_t>(state.step))));
      x.slice(0, 0, n).copy_(characters);
    }
    const double input_seconds = since_start();

    const double scale =
        precision == at::kHalf ? state.loss_scale : 1;  // keeps small gradients within fp16's range
    // Gradients, loss and right answers.
    const auto learn = [&](const at::Tensor& inputs, const at::Tensor& answers) {
      at::Tensor logits;
      {
        const Autocast autocast(device, precision);
        logits = net.forward(inputs, true);
      }
      logits = logits.to(at::kFloat);
      const at::Tensor characters = logits.slice(0, 0, n);
      at::Tensor loss = loss_of(characters, answers, data.merged, recipe.label_smoothing);
      if (share < 1)
        loss = loss * share + loss_of(characters, answers.index_select(0, order_mixed), data.merged,
                                      recipe.label_smoothing) *
                                  (1 - share);
      reported = loss.detach().to(at::kDouble);
      right = correct(characters.detach(), answers, data.merged).to(at::kDouble);
      if (logits.size(0) > n) {
        // Cross-entropy with equal probabilities, in the proportion of the samples.
        const at::Tensor none = logits.slice(0, n);
        loss = loss -
               at::log_softmax(none, 1).mean() * (static_cast<double>(none.size(0)) / static_cast<double>(n));
      }
      net.gradient().zero_();
      (loss * loss_scale).backward();
    };
    if (precision == at::kHalf) loss_scale.fill_(scale);
    gradient_mean.begin();
    if (recorded) {
      if (!static_x.defined() || !static_x.sizes().equals(x.sizes())) {  // the first step, or a larger input
        if (static_x.defined()) recorded = std::make_unique<Recorded>(device);
        static_x = at::empty_like(x);
        static_labels = at::empty_like(labels);
      }
      static_x.copy_(x);
      static_labels.copy_(labels);
      (*recorded)([&] { learn(static_x, static_labels); });
    } else {
      learn(x, labels);
    }
    gradient_mean.finish();

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
      at::Tensor sums = at::stack({reported / ranks.size(), right});
      ranks.sum(sums);
      loss_sum += sums[0];
      correct_sum += sums[1];
    }
    ++state.step;
    if (options.timing) {
      if (device.is_cuda() && state.step - first_step == options.stop_after) loss_sum.item<double>();  // wait
      options.timing->push_back({input_seconds, since_start()});
    }

    const int64_t done_in_epoch = within + 1;
    if (!quiet && progress.due(state.step)) {
      char text[96];
      std::snprintf(text, sizeof text, "epoch %lld/%d  loss %.4f  accuracy %.2f %%",
                    static_cast<long long>(epoch + 1), recipe.epochs,
                    loss_sum.item<double>() / static_cast<double>(done_in_epoch),
                    100 * correct_sum.item<double>() / static_cast<double>(done_in_epoch * batch));
      progress.show(state.step, text, batch, "images");
    }
    const bool ended = done_in_epoch == steps_per_epoch || state.finished();
    if (ended) {
      EpochRow line{static_cast<int32_t>(epoch + 1),
                    state.step,
                    loss_sum.item<double>() / static_cast<double>(done_in_epoch),
                    correct_sum.item<double>() / static_cast<double>(done_in_epoch * batch),
                    -1,
                    -1,
                    learning_rate(recipe, state.step - 1, state.total_steps),
                    seconds_before + progress.seconds()};
      if (validation.size() > 0 && ranks.first()) {
        Dataset at_size = validation;  // that the network has just been trained on
        if (at_size.drawn())
          at_size.input =
              scaled(data.input, input_size(recipe, data.input.size_px, state.step - 1, state.total_steps));
        const Metrics metrics = summarise(answers_of(average, at_size), net.network().classes());
        line.val_loss = metrics.loss;
        line.val_accuracy = metrics.top1;
      }
      if (several) {  // what was measured decides for all when to stop
        at::Tensor measured = at::tensor({line.val_loss, line.val_accuracy}, at::kDouble).to(device);
        ranks.broadcast(measured);
        line.val_loss = measured[0].item<double>();
        line.val_accuracy = measured[1].item<double>();
      }
      if (!quiet) {
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
      // Only at the full size: at a smaller one the weights are those of another model.
      const auto full_size = [&](const EpochRow& past) {
        return !data.drawn() ||
               input_size(recipe, data.input.size_px, past.step - 1, state.total_steps) == data.input.size_px;
      };
      const bool best = full_size(line) && line.val_accuracy > state.best_accuracy;
      if (best) state.best_accuracy = line.val_accuracy;
      int32_t best_epoch = line.epoch;
      double best_accuracy = -1;
      for (const EpochRow& past : state.epochs)
        if (full_size(past) && past.val_accuracy > best_accuracy) {
          best_accuracy = past.val_accuracy;
          best_epoch = past.epoch;
        }
      state.stopped_early = recipe.patience > 0 && line.val_accuracy >= 0 &&
                            line.epoch - best_epoch >= recipe.patience && state.step < state.total_steps;
      save(best);
      if (state.stopped_early) {
        if (!quiet)
          std::printf("no better than epoch %d for %d epochs; that one is kept\n", best_epoch,
                      recipe.patience);
        break;
      }
    }
    bool told =
        (stop && stop->load()) || (options.stop_after >= 0 && state.step - first_step >= options.stop_after);
    // A crash or a power failure should cost minutes, not an epoch.
    bool overdue = options.save_every > 0 && progress.seconds() - saved >= options.save_every;
    if (several) {
      const bool asks = state.step % kStopSteps == 0;
      if (asks) {
        at::Tensor wishes = at::tensor({told ? 1. : 0., overdue ? 1. : 0.}, at::kDouble).to(device);
        ranks.sum(wishes);
        told = wishes[0].item<double>() > 0;
        overdue = wishes[1].item<double>() > 0;
      }
      told = told && asks;
      overdue = overdue && asks;
    }
    if ((told || overdue) && !ended) save(false);
    if (told) break;
  }
  return state;
}

}  // namespace biji
