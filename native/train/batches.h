// What each step trains on.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <deque>
#include <functional>
#include <future>

#include "native/base/upload.h"
#include "native/data/dataset.h"
#include "native/train/run.h"
#include "native/vary/draw.h"

namespace biji {

// A step's input, on the device: characters, then non-characters, of which the recipe has a share.
struct Minibatch {
  at::Tensor x;       // f32 [n + non-characters, channels, h, w], 1 = ink, augmented
  at::Tensor labels;  // int64 [n]
};

// What recipe asks draw() for; seed and threads are left. peers: of the data, where the recipe extrapolates styles; must
// outlive the options.
DrawOptions draw_options(const Recipe& recipe, const InputSpec& input, float strength, const Peers& peers);

// Samples of data that are drawn (assert), varied exactly as the first step of a training with this seed would vary them
// if they were its batch: f32 [k, channels, h, w] on the CPU. index: int64 [k] on the CPU.
at::Tensor varied(const Dataset& data, const at::Tensor& index, const Recipe& recipe, float strength,
                  uint64_t seed, int threads);

// Everything random in a step is drawn from the run's seed and the step's number, in LibTorch's default generator as
// well. Ink, skeletons and non-characters are drawn by other threads while the step before trains; for a CUDA device,
// which works behind the program's back, a few steps ahead, and nothing here waits for the device.
class Batches {
 public:
  // data: on the device; drawn where the recipe has skeletons. rank of ranks: whose part of each batch this is. data and
  // state must outlive this; state.total_steps may be set later. Throws std::runtime_error when the batch cannot be
  // shared evenly.
  Batches(const Dataset& data, const RunState& state, int rank, int ranks);

  int64_t size() const { return batch_; }  // samples a step, over all ranks
  int64_t steps_per_epoch() const { return data_.size() / batch_; }

  // Seeds LibTorch's generator for the step, then makes its input. Steps must follow one another.
  Minibatch get(int64_t step);

 private:
  // A step's samples, then its non-characters, u8 [n, ..], and which of them are scans.
  struct Made {
    at::Tensor pixels, drawn, scans, back;  // buffers of upload_; the latter as in Rows (augment.h)
  };
  using Job = std::function<Made()>;  // runs on another thread
  // An epoch's samples in their order.
  struct Order {
    int64_t epoch = -1;
    at::Tensor on_cpu, on_device;
  };
  Order& order_of(int64_t step);
  at::Tensor part(const at::Tensor& order, int64_t step) const;  // of a step
  int64_t non_characters_of(int64_t samples) const;
  uint64_t seed(uint64_t salt, int64_t step) const;
  Job job(int64_t step);
  Made drawn(int64_t step);

  const Dataset& data_;
  const RunState& state_;
  int rank_;
  int64_t batch_, rank_batch_;
  Peers peers_;
  Upload upload_;
  std::array<Order, 2> orders_;                 // drawing ahead, one step may be in the epoch after another's
  int64_t ahead_step_ = 0;                      // that the first of ahead_ is for
  std::deque<std::shared_future<Made>> ahead_;  // each waits for the one before; last: destructors wait
};

}  // namespace biji
