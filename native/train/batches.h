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

// Everything random in a step is drawn from the run's seed and the step's number, in LibTorch's default generator as
// well. Ink, non-characters and skeletons are drawn by other threads while the step before trains; for a CUDA device,
// which works behind the program's back, a few steps ahead, and nothing here waits for the device.
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
  using Job = std::function<at::Tensor()>;  // runs on another thread; fills a buffer of upload_
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
  Job ink_job(int64_t step, int threads, float strength);
  at::Tensor drawn(int64_t step);

  const Dataset& data_;
  at::Tensor scans_;
  const RunState& state_;
  int rank_;
  int64_t batch_, rank_batch_;
  int64_t skeletons_ = 0;  // of a step's scans: the first ones, as their order is random
  Peers peers_;
  Upload upload_;
  std::array<Order, 2> orders_;  // drawing ahead, one step may be in the epoch after another's
  int64_t ahead_step_ = 0;       // that the first of ahead_ is for
  std::deque<std::shared_future<at::Tensor>> ahead_;  // each waits for the one before; last: destructors wait
};

}  // namespace biji
