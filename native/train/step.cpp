#include "native/train/step.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "native/base/device.h"
#include "native/train/loss.h"
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
  scale_grows_ = at::ones_like(loss_scale_);
  forgets_ = at::ones_like(loss_scale_);
}

void Step::begin() {
  ranks_.broadcast(net_.state());
  ranks_.broadcast(average_.state());
  gradient_mean_.emplace(net_, ranks_);
  loss_sum_.fill_(state_.epoch_loss);
  correct_sum_.fill_(state_.epoch_correct);
  if (precision_ == at::kHalf) loss_scale_.fill_(state_.loss_scale);
}

void Step::run(const Minibatch& batch) {
  set_scalars();
  if (recorded_) {
    if (!static_x_.defined() || !static_x_.sizes().equals(batch.x.sizes())) {  // the first, or a larger input
      if (static_x_.defined()) recorded_ = std::make_unique<Recorded>(device_);
      static_x_ = at::empty_like(batch.x);
      static_labels_ = at::empty_like(batch.labels);
    }
    static_x_.copy_(batch.x);
    static_labels_.copy_(batch.labels);
    (*recorded_)([&] { whole(static_x_, static_labels_); });
  } else {
    whole(batch.x, batch.labels);
  }
  ++state_.step;
}

// Of this step, outside the record. fill_() takes a number along with its kernel: nothing is copied or waited for.
void Step::set_scalars() {
  const int64_t step = state_.step;
  size_.set(state_.recipe, learning_rate(state_.recipe, step, state_.total_steps), step,
            net_.gradient().options());
  // The average starts as the plain mean and lengthens to its full memory.
  const auto done = static_cast<double>(step);
  forgets_.fill_(1 - std::min<double>(state_.recipe.ema, (1. + done) / (10. + done)));
  if (precision_ == at::kHalf) scale_grows_.fill_(step % 1000 == 999 ? 2 : 1);
}

void Step::whole(const at::Tensor& x, const at::Tensor& labels) {
  // Where fp16 overflows, everything is to stay as it was; running statistics change in the forward pass already.
  std::vector<std::pair<at::Tensor, at::Tensor>> before;
  if (precision_ == at::kHalf) {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& each : {net_.state(), average_.state(), m_, v_})
      before.emplace_back(each, each.detach().clone());
  }
  gradient_mean_->begin();
  compute_gradients(x, labels);
  gradient_mean_->finish();
  update(before);
}

void Step::begin_epoch() {
  loss_sum_.zero_();
  correct_sum_.zero_();
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

// before: each tensor and what it is to be again if the gradient is not finite.
void Step::update(const std::vector<std::pair<at::Tensor, at::Tensor>>& before) {
  const at::NoGradGuard no_grad;
  if (precision_ == at::kHalf) net_.gradient().div_(loss_scale_);
  const at::Tensor norm = net_.gradient().norm();
  gradient_norm_ = norm;
  constexpr double kMaxNorm = 1;
  net_.gradient().mul_((kMaxNorm / (norm + 1e-6)).clamp_max(1));
  optimizer_step(net_, m_, v_, state_.recipe, size_, ranks_);
  average_.state().lerp_(net_.state(), forgets_);
  if (!before.empty()) {
    const at::Tensor usable = norm.isfinite();
    for (const auto& [tensor, was] : before) at::Tensor(tensor).copy_(at::where(usable, tensor, was));
    loss_scale_.copy_(at::where(usable, loss_scale_ * scale_grows_, loss_scale_ / 2));
  }
  at::Tensor sums = at::stack({reported_ / ranks_.size(), right_});
  ranks_.sum(sums);
  loss_sum_ += sums[0];
  correct_sum_ += sums[1];
}

}  // namespace biji
