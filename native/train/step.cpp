#include "native/train/step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "native/base/device.h"
#include "native/train/loss.h"
#include "native/train/optimizer.h"
#include "native/train/schedule.h"

namespace biji {

Step::Step(Net net, RunState& state, Ranks& ranks, at::Device device, at::Tensor merged, bool recorded)
    : state_(state),
      ranks_(ranks),
      device_(device),
      precision_(precisions(state.precision, device).front()),
      merged_(std::move(merged)),
      recorded_(recorded ? std::make_unique<Recorded>(device) : nullptr),
      net_(std::move(net)),
      average_(net_.network(), device) {
  average_.state().copy_(net_.state());
  net_.enable_gradients();
  m_ = at::zeros_like(net_.gradient());
  v_ = at::zeros_like(net_.gradient());
  loss_sum_ = at::zeros({}, at::TensorOptions().device(device).dtype(at::kDouble));
  correct_sum_ = at::zeros_like(loss_sum_);
  loss_scale_ = at::ones({}, net_.gradient().options());
}

void Step::begin() {
  ranks_.broadcast(net_.state());
  ranks_.broadcast(average_.state());
  gradient_mean_.emplace(net_, ranks_);
  loss_sum_.fill_(state_.epoch_loss);
  correct_sum_.fill_(state_.epoch_correct);
}

void Step::run(const Minibatch& batch) {
  learn(batch);
  update();
  ++state_.step;
}

void Step::begin_epoch() {
  loss_sum_.zero_();
  correct_sum_.zero_();
}

// Leaves the mean gradient over all ranks in net_.gradient().
void Step::learn(const Minibatch& batch) {
  if (precision_ == at::kHalf) loss_scale_.fill_(state_.loss_scale);
  gradient_mean_->begin();
  if (recorded_) {
    if (!static_x_.defined() || !static_x_.sizes().equals(batch.x.sizes())) {  // the first, or a larger input
      if (static_x_.defined()) recorded_ = std::make_unique<Recorded>(device_);
      static_x_ = at::empty_like(batch.x);
      static_labels_ = at::empty_like(batch.labels);
    }
    static_x_.copy_(batch.x);
    static_labels_.copy_(batch.labels);
    (*recorded_)([&] { compute_gradients(static_x_, static_labels_); });
  } else {
    compute_gradients(batch.x, batch.labels);
  }
  gradient_mean_->finish();
}

void Step::compute_gradients(const at::Tensor& x, const at::Tensor& labels) {
  at::Tensor logits;
  {
    const Autocast autocast(device_, precision_);
    logits = net_.forward(x, true);
  }
  logits = logits.to(at::kFloat);
  logits_ = logits.detach();
  const int64_t n = labels.size(0);
  const at::Tensor characters = logits.slice(0, 0, n), &merged = merged_;
  at::Tensor loss = loss_of(characters, labels, merged, state_.recipe.label_smoothing);
  reported_ = loss.detach().to(at::kDouble);
  right_ = count_right(characters.detach(), labels, merged).to(at::kDouble);
  if (const int64_t others = logits.size(0) - n; others > 0)
    loss = loss + loss_of_unsure(logits.slice(0, n)) * (static_cast<double>(others) / static_cast<double>(n));
  net_.gradient().zero_();
  (loss * loss_scale_).backward();
}

void Step::update() {
  const at::NoGradGuard no_grad;
  // Keeps small gradients within fp16's range.
  const double scale = precision_ == at::kHalf ? state_.loss_scale : 1;
  if (scale != 1) net_.gradient().mul_(1 / scale);
  const at::Tensor norm = net_.gradient().norm();
  gradient_norm_ = norm;
  bool usable = true;
  if (precision_ == at::kHalf) {
    usable = std::isfinite(norm.item<double>());
    state_.loss_scale = usable ? (state_.step % 1000 == 999 ? scale * 2 : scale) : scale / 2;
  }
  if (usable) {
    constexpr double kMaxNorm = 1;
    net_.gradient().mul_((kMaxNorm / (norm + 1e-6)).clamp_max(1));
    optimizer_step(net_, m_, v_, state_.recipe, learning_rate(state_.recipe, state_.step, state_.total_steps),
                   state_.step);
  }
  // The average starts as the plain mean and lengthens to its full memory.
  const auto step = static_cast<double>(state_.step);
  const double decay = std::min<double>(state_.recipe.ema, (1. + step) / (10. + step));
  average_.state().lerp_(net_.state(), 1 - decay);
  at::Tensor sums = at::stack({reported_ / ranks_.size(), right_});
  ranks_.sum(sums);
  loss_sum_ += sums[0];
  correct_sum_ += sums[1];
}

}  // namespace biji
