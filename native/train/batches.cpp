#include "native/train/batches.h"

#include <algorithm>
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

}  // namespace

Batches::Batches(const Dataset& data, const at::Tensor& scans, const RunState& state, int rank, int ranks)
    : data_(data), scans_(scans), state_(state), rank_(rank) {
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

at::Tensor Batches::index_of(int64_t step) {
  if (const int64_t epoch = step / steps_per_epoch(); epoch != order_epoch_) {
    order_ = permutation(data_.size(), mix_seed(state_.seed, static_cast<uint64_t>(epoch) + 1));
    order_epoch_ = epoch;
  }
  const int64_t first = step % steps_per_epoch() * batch_ + rank_ * rank_batch_;
  return order_.slice(0, first, first + rank_batch_);
}

uint64_t Batches::seed(uint64_t salt, int64_t step) const {
  const uint64_t own = mix_seed(state_.seed ^ salt, static_cast<uint64_t>(step));
  return rank_ == 0 ? own : mix_seed(own, static_cast<uint64_t>(rank_));
}

Batches::Job Batches::job(int64_t step) {
  const int threads = std::max(1, state_.threads);
  const float strength = augment_strength(state_.recipe, step, state_.total_steps);
  if (!data_.drawn())
    return [some = scans_.index_select(0, index_of(step).slice(0, 0, skeletons_)),
            own = seed(kSkeletons, step), strength, threads,
            &data = data_] { return drawn_as_ink(some, data.input, strength / 2, own, threads); };
  const int32_t side = input_size(state_.recipe, data_.input.size_px, step, state_.total_steps);
  const DrawOptions options{.input = scaled(data_.input, side),
                            .strength = strength,
                            .seed = seed(kInk, step),
                            .threads = threads,
                            .extrapolate = state_.recipe.extrapolated_style,
                            .extent = strength,
                            .peers = &peers_,
                            .as_pictures = state_.recipe.as_pictures};
  return [index = index_of(step), options, &data = data_] { return draw(data, index, options); };
}

// What is drawn for a step, u8 [n, ..] on the CPU.
at::Tensor Batches::drawn(int64_t step) {
  if (!next_.valid()) next_ = std::async(std::launch::async, job(step));
  at::Tensor pixels = next_.get();
  if (step + 1 < state_.total_steps) next_ = std::async(std::launch::async, job(step + 1));
  return pixels;
}

Minibatch Batches::get(int64_t step) {
  at::manual_seed(seed(kGenerator, step));
  const at::Device device = data_.labels.device();
  const at::Tensor index = index_of(step).to(device);
  Minibatch batch{{}, data_.labels.index_select(0, index)};
  at::Tensor pixels = data_.drawn() ? drawn(step).to(device) : data_.pixels.index_select(0, index);
  if (skeletons_ > 0) pixels.slice(0, 0, skeletons_).copy_(drawn(step));
  const auto extra =
      static_cast<int64_t>(std::lround(state_.recipe.non_characters * static_cast<float>(pixels.size(0))));
  if (extra > 0) {
    const auto side = static_cast<int32_t>(pixels.size(-1));
    const at::Tensor none = data_.drawn() ? non_characters(extra, data_.classes, scaled(data_.input, side),
                                                           seed(kNonCharacters, step))
                                                .to(device)
                                          : overlays(pixels, extra);
    pixels = at::cat({pixels, none});
  }
  batch.x = augment(pixels, augment_strength(state_.recipe, step, state_.total_steps), data_.drawn());
  return batch;
}

}  // namespace biji
