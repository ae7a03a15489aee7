// What each step trains on.
#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <functional>
#include <future>

#include "native/data/dataset.h"
#include "native/train/run.h"
#include "native/vary/draw.h"

namespace biji {

// A step's input, on the device: characters, then non-characters, of which the recipe has a share.
struct Minibatch {
  at::Tensor x;       // f32 [n + non-characters, channels, h, w], 1 = ink, augmented
  at::Tensor labels;  // int64 [n]
};

// Everything random in a step is drawn from the run's seed and the step's number, in LibTorch's default generator as
// well. Ink is drawn by other threads while the step before it trains.
class Batches {
 public:
  // data: on the device. scans: its pixels on the CPU, where the recipe has skeletons of them; else undefined. rank of
  // ranks: whose part of each batch this is. data and state must outlive this; state.total_steps may be set later. Throws
  // std::runtime_error when the batch cannot be shared evenly.
  Batches(const Dataset& data, const at::Tensor& scans, const RunState& state, int rank, int ranks);

  int64_t size() const { return batch_; }  // samples a step, over all ranks
  int64_t steps_per_epoch() const { return data_.size() / batch_; }

  // Seeds LibTorch's generator for the step, then makes its input. Steps must follow one another.
  Minibatch get(int64_t step);

 private:
  using Job = std::function<at::Tensor()>;  // runs on another thread
  at::Tensor index_of(int64_t step);
  uint64_t seed(uint64_t salt, int64_t step) const;
  Job job(int64_t step);
  at::Tensor drawn(int64_t step);

  const Dataset& data_;
  at::Tensor scans_;
  const RunState& state_;
  int rank_;
  int64_t batch_, rank_batch_;
  int64_t skeletons_ = 0;  // of a step's scans: the first ones, as their order is random
  Peers peers_;
  at::Tensor order_;  // of an epoch's samples, on the CPU
  int64_t order_epoch_ = -1;
  std::future<at::Tensor> next_;  // last: its destructor waits
};

}  // namespace biji
