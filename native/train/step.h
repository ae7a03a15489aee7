// One step of training: from a batch to changed weights, their average, and what is reported of it.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "native/nets/net.h"
#include "native/train/batches.h"
#include "native/train/cuda_graph.h"
#include "native/train/optimizer.h"
#include "native/train/ranks.h"
#include "native/train/run.h"

namespace biji {

// Nothing in a step waits for the device: what changes from one to the next is written into tensors on it, what is
// measured stays there until it is asked for, and an fp16 step whose gradient overflowed is undone there. So a step can be
// recorded whole.
class Step {
 public:
  // net: goes on from its weights. merged: as loss_of() has it. state (its recipe, precision, step and loss_scale) and
  // ranks must outlive this. recorded: by CUDA graphs (cuda_graph.h); one rank.
  Step(Net net, RunState& state, Ranks& ranks, at::Device device, at::Tensor merged, bool recorded);

  // Once, when net(), average(), m() and v() hold what training goes on from: all ranks take rank 0's.
  void begin();
  // Trains on the batch of step state.step, and counts it.
  void run(const Minibatch& batch);

  Net& net() { return net_; }
  const Net& net() const { return net_; }
  Net& average() { return average_; }  // of the weights over the last steps, as recipe.ema says
  at::Tensor& m() { return m_; }       // moments of the optimiser
  at::Tensor& v() { return v_; }

  const at::Tensor& logits() const { return logits_; }  // of the last step, f32 [n + non-characters, classes]

  // Sums since begin_epoch(): of the steps' mean losses, of right answers. Reading them waits for the device.
  double loss_sum() const { return loss_sum_.item<double>(); }
  double correct_sum() const { return correct_sum_.item<double>(); }
  void begin_epoch();
  // Of the last step's gradient, before it was clipped. Reading it waits for the device.
  double gradient_norm() const { return gradient_norm_.item<double>(); }
  // What fp16 losses are multiplied by, for state.loss_scale. Waits, likewise.
  double loss_scale() const { return loss_scale_.item<double>(); }

 private:
  void set_scalars();
  void whole(const at::Tensor& x, const at::Tensor& labels);
  void compute_gradients(const at::Tensor& x, const at::Tensor& labels);
  void update(const std::vector<std::pair<at::Tensor, at::Tensor>>& before);

  RunState& state_;
  Ranks& ranks_;
  const at::Device device_;
  const at::ScalarType precision_;
  const at::Tensor merged_;
  std::unique_ptr<Recorded> recorded_;  // whole()
  Net net_, average_;
  at::Tensor m_, v_;
  std::optional<GradientMean> gradient_mean_;
  at::Tensor loss_sum_, correct_sum_;
  at::Tensor logits_, reported_, right_;  // of a step: the loss, how many of its answers
  // Scalars on the device that a step reads.
  StepSize size_;
  at::Tensor forgets_;                   // share of the average that is replaced
  at::Tensor loss_scale_, scale_grows_;  // of fp16
  at::Tensor gradient_norm_;
  at::Tensor static_x_, static_labels_;  // what the recorded step reads
};

}  // namespace biji
