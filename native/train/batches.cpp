#include "native/train/batches.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

#include "native/base/random.h"
#include "native/train/schedule.h"
#include "native/vary/augment.h"
#include "native/vary/non_characters.h"

namespace biji {
namespace {

// Of seeds: what is drawn from each must not depend on the others.
constexpr uint64_t kInk = 0xd2a3, kNonCharacters = 0xbad1d, kGenerator = 0x5851f42d4c957f2dull;

// Steps that are drawn ahead for a CUDA device: as many batches wait, and one is on its way.
constexpr int kAhead = 3;

// extra non-characters: as large a share made of scans as there are scans among the samples. pixels, scans: of the samples;
// returns u8 [extra, ..], and adds the rows behind the samples that are made of scans.
at::Tensor non_characters_for(const at::Tensor& pixels, std::vector<int64_t>& scans, int64_t extra,
                              const Labels& classes, const InputSpec& input, uint64_t seed) {
  const int64_t n = pixels.size(0), of_scans = extra * static_cast<int64_t>(scans.size()) / n;
  at::Tensor drawn = non_characters(extra - of_scans, classes, input, seed);
  if (of_scans == 0) return drawn;
  const at::Tensor some = pixels.index_select(0, at::tensor(scans, at::kLong));
  const bool planes = some.dim() == 4;
  const at::Tensor pictures = overlays(planes ? some.select(1, 0) : some, of_scans);
  at::Tensor rest = at::zeros({pictures.size(0), input.channels(), some.size(-2), some.size(-1)}, at::kByte);
  rest.select(1, 0).copy_(pictures);
  for (int64_t i = 0; i < of_scans; ++i) scans.push_back(n + extra - of_scans + i);
  return at::cat({drawn, planes ? rest : rest.squeeze(1)});
}

}  // namespace

DrawOptions draw_options(const Recipe& recipe, const InputSpec& input, float strength, const Peers& peers) {
  return {.input = input,
          .strength = strength,
          .extrapolate = recipe.extrapolated_style,
          .extent = strength,
          .peers = &peers,
          .as_pictures = recipe.as_pictures,
          .skeletons = recipe.skeletons};
}

at::Tensor varied(const Dataset& data, const at::Tensor& index, const Recipe& recipe, float strength,
                  uint64_t seed, int threads) {
  const Peers peers = recipe.extrapolated_style > 0 ? peers_of(data) : Peers();
  DrawOptions options = draw_options(recipe, data.input, strength, peers);
  options.seed = mix_seed(seed ^ kInk, 0);
  options.threads = threads;
  const Drawn drawn = draw(data, index, options);
  at::manual_seed(mix_seed(seed ^ kGenerator, 0));
  return augment(drawn.pixels, strength, rows_of(index.size(0), drawn.scans));
}

Batches::Batches(const Dataset& data, const RunState& state, int rank, int ranks)
    : data_(data), state_(state), rank_(rank), upload_(data.labels.device()) {
  const int64_t most = std::min<int64_t>(state.recipe.batch, data.size());
  batch_ = most / ranks * ranks;
  if (batch_ == 0 || state.recipe.batch % ranks != 0)
    throw std::runtime_error("a batch of " + std::to_string(most) + " cannot be shared evenly by " +
                             std::to_string(ranks) + " ranks; choose another --batch");
  rank_batch_ = batch_ / ranks;
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

// Of data that are drawn.
Batches::Job Batches::job(int64_t step) {
  const int32_t side = input_size(state_.recipe, data_.input.size_px, step, state_.total_steps);
  DrawOptions options = draw_options(state_.recipe, scaled(data_.input, side),
                                     augment_strength(state_.recipe, step, state_.total_steps), peers_);
  options.seed = seed(kInk, step);
  options.threads = std::max(1, state_.threads);
  const int64_t others = non_characters_of(rank_batch_), all = rank_batch_ + others;
  std::vector<int64_t> sizes{all, side, side};
  if (const int64_t channels = data_.input.channels(); channels > 1)
    sizes.insert(sizes.begin() + 1, channels);
  return [this, index = part(order_of(step).on_cpu, step), options, others, all,
          own = seed(kNonCharacters, step), buffer = upload_.buffer(sizes, at::kByte)] {
    const int64_t n = index.size(0);
    Drawn made = draw(data_, index, options);
    buffer.slice(0, 0, n).copy_(made.pixels);
    if (others > 0)
      buffer.slice(0, n).copy_(
          non_characters_for(made.pixels, made.scans, others, data_.classes, options.input, own));
    const Rows rows = rows_of(all, made.scans);
    const auto kept = [&](const at::Tensor& row) {
      return upload_.buffer(row.sizes(), at::kLong).copy_(row);
    };
    return Made{buffer, kept(rows.drawn), kept(rows.scans), kept(rows.back)};
  };
}

// On the device.
Batches::Made Batches::drawn(int64_t step) {
  const auto begin = [&](int64_t of) {
    std::shared_future<Made> before;
    if (!ahead_.empty()) before = ahead_.back();
    ahead_.push_back(std::async(std::launch::async, [before, make = job(of)] {
      if (before.valid()) before.wait();
      return make();
    }));
  };
  if (ahead_.empty()) begin(ahead_step_ = step);
  assert(ahead_step_ == step);
  const Made now = ahead_.front().get();
  const Made there{upload_(now.pixels), upload_(now.drawn), upload_(now.scans), upload_(now.back)};
  ahead_.pop_front();
  ++ahead_step_;
  const auto most = static_cast<size_t>(data_.labels.is_cuda() ? kAhead : 1);
  for (int64_t next = ahead_step_ + static_cast<int64_t>(ahead_.size());
       ahead_.size() < most && next < state_.total_steps; ++next)
    begin(next);
  return there;
}

Minibatch Batches::get(int64_t step) {
  at::manual_seed(seed(kGenerator, step));
  const float strength = augment_strength(state_.recipe, step, state_.total_steps);
  const at::Tensor index = part(order_of(step).on_device, step);
  const at::Tensor labels = data_.labels.index_select(0, index);
  if (data_.drawn()) {
    const Made made = drawn(step);
    return {augment(made.pixels, strength, Rows{made.drawn, made.scans, made.back}), labels};
  }
  at::Tensor pixels = data_.pixels.index_select(0, index);
  if (const int64_t others = non_characters_of(rank_batch_); others > 0)
    pixels = at::cat({pixels, overlays(pixels, others)});
  return {augment(pixels, strength), labels};
}

}  // namespace biji
