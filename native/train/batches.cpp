#include "native/train/batches.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

#include "native/base/random.h"
#include "native/train/schedule.h"
#include "native/vary/augment.h"
#include "native/vary/non_characters.h"
#include "native/vary/skeleton.h"

namespace biji {
namespace {

// Of seeds: what is drawn from each must not depend on the others.
constexpr uint64_t kInk = 0xd2a3, kSkeletons = 0x9e115, kNonCharacters = 0xbad1d,
                   kGenerator = 0x5851f42d4c957f2dull;

// Steps that are drawn ahead for a CUDA device: as many batches wait, and one is on its way.
constexpr int kAhead = 3;

}  // namespace

Batches::Batches(const Dataset& data, const at::Tensor& scans, const RunState& state, int rank, int ranks)
    : data_(data), scans_(scans), state_(state), rank_(rank), upload_(data.labels.device()) {
  const int64_t most = std::min<int64_t>(state.recipe.batch, data.size());
  batch_ = most / ranks * ranks;
  if (batch_ == 0 || state.recipe.batch % ranks != 0)
    throw std::runtime_error("a batch of " + std::to_string(most) + " cannot be shared evenly by " +
                             std::to_string(ranks) + " ranks; choose another --batch");
  rank_batch_ = batch_ / ranks;
  if (scans.defined())
    skeletons_ = static_cast<int64_t>(std::lround(state.recipe.skeletons * static_cast<float>(rank_batch_)));
  if (data.drawn() && state.recipe.extrapolated_style > 0) peers_ = peers_of(data);
}

Batches::Order& Batches::order_of(int64_t step) {
  const int64_t epoch = step / steps_per_epoch();
  Order& order = orders_[static_cast<size_t>(epoch % 2)];
  if (order.epoch != epoch) {
    order.epoch = epoch;
    order.on_cpu = upload_.buffer({data_.size()}, at::kLong);
    order.on_cpu.copy_(permutation(data_.size(), mix_seed(state_.seed, static_cast<uint64_t>(epoch) + 1)));
    order.on_device = upload_(order.on_cpu);
  }
  return order;
}

at::Tensor Batches::part(const at::Tensor& order, int64_t step) const {
  const int64_t first = step % steps_per_epoch() * batch_ + rank_ * rank_batch_;
  return order.slice(0, first, first + rank_batch_);
}

int64_t Batches::non_characters_of(int64_t samples) const {
  return std::lround(state_.recipe.non_characters * static_cast<float>(samples));
}

uint64_t Batches::seed(uint64_t salt, int64_t step) const {
  const uint64_t own = mix_seed(state_.seed ^ salt, static_cast<uint64_t>(step));
  return rank_ == 0 ? own : mix_seed(own, static_cast<uint64_t>(rank_));
}

Batches::Job Batches::job(int64_t step) {
  const int threads = std::max(1, state_.threads);
  const float strength = augment_strength(state_.recipe, step, state_.total_steps);
  if (data_.drawn()) return ink_job(step, threads, strength);
  at::Tensor some = scans_.index_select(0, part(order_of(step).on_cpu, step).slice(0, 0, skeletons_));
  return [some, buffer = upload_.buffer(some.sizes(), at::kByte), own = seed(kSkeletons, step), strength,
          threads,
          &data = data_] { return buffer.copy_(drawn_as_ink(some, data.input, strength / 2, own, threads)); };
}

// Characters, then non-characters.
Batches::Job Batches::ink_job(int64_t step, int threads, float strength) {
  const int32_t side = input_size(state_.recipe, data_.input.size_px, step, state_.total_steps);
  const DrawOptions options{.input = scaled(data_.input, side),
                            .strength = strength,
                            .seed = seed(kInk, step),
                            .threads = threads,
                            .extrapolate = state_.recipe.extrapolated_style,
                            .extent = strength,
                            .peers = &peers_,
                            .as_pictures = state_.recipe.as_pictures};
  const int64_t others = non_characters_of(rank_batch_);
  std::vector<int64_t> sizes{rank_batch_ + others, side, side};
  if (const int64_t channels = data_.input.channels(); channels > 1)
    sizes.insert(sizes.begin() + 1, channels);
  return [index = part(order_of(step).on_cpu, step), options, others, own = seed(kNonCharacters, step),
          buffer = upload_.buffer(sizes, at::kByte), &data = data_] {
    const int64_t n = index.size(0);
    buffer.slice(0, 0, n).copy_(draw(data, index, options));
    if (others > 0) buffer.slice(0, n).copy_(non_characters(others, data.classes, options.input, own));
    return buffer;
  };
}

// What is drawn for a step, u8 [n, ..] on the device.
at::Tensor Batches::drawn(int64_t step) {
  const auto begin = [&](int64_t of) {
    std::shared_future<at::Tensor> before;
    if (!ahead_.empty()) before = ahead_.back();
    ahead_.push_back(std::async(std::launch::async, [before, make = job(of)] {
      if (before.valid()) before.wait();
      return make();
    }));
  };
  if (ahead_.empty()) begin(ahead_step_ = step);
  assert(ahead_step_ == step);
  const at::Tensor pixels = upload_(ahead_.front().get());
  ahead_.pop_front();
  ++ahead_step_;
  const auto most = static_cast<size_t>(data_.labels.is_cuda() ? kAhead : 1);
  for (int64_t next = ahead_step_ + static_cast<int64_t>(ahead_.size());
       ahead_.size() < most && next < state_.total_steps; ++next)
    begin(next);
  return pixels;
}

Minibatch Batches::get(int64_t step) {
  at::manual_seed(seed(kGenerator, step));
  const at::Tensor index = part(order_of(step).on_device, step);
  Minibatch batch{{}, data_.labels.index_select(0, index)};
  at::Tensor pixels = data_.drawn() ? drawn(step) : data_.pixels.index_select(0, index);
  if (skeletons_ > 0) pixels.slice(0, 0, skeletons_).copy_(drawn(step));
  if (const int64_t others = non_characters_of(rank_batch_); others > 0 && !data_.drawn())
    pixels = at::cat({pixels, overlays(pixels, others)});
  batch.x = augment(pixels, augment_strength(state_.recipe, step, state_.total_steps), data_.drawn());
  return batch;
}

}  // namespace biji
