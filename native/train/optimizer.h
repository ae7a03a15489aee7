// One step downhill.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "native/nets/net.h"
#include "native/train/ranks.h"
#include "native/train/recipe.h"

namespace biji {

// How far a step goes: scalars on the device, which a recorded step (cuda_graph.h) reads anew each time.
struct StepSize {
  // Before step (from 0). Queued like any other work on the device.
  void set(const Recipe& recipe, double learning_rate, int64_t step, const at::TensorOptions& options);

  double rate = 0;  // as set
  at::Tensor lr;
  at::Tensor kept;  // share of the weights that decay leaves
  at::Tensor adam,
      adam_eps;  // AdamW's factor of m / (sqrt(v) + adam_eps), with its corrections for the first steps
};

// One step of recipe's optimiser on flat tensors: net.state() moves against net.gradient().
// m, v: moments, zeros before step 0, as long as the gradient. ranks: whose gradients are alike; they share Muon's work.
//   "adamw"  I. Loshchilov, F. Hutter, 2019
//   "muon"   for the matrices inside: momentum made orthogonal (K. Jordan et al., 2024), scaled so that lr and
//            weight_decay mean what they mean for AdamW (J. Liu et al., 2025); AdamW for the first and last
//            layer, gains and biases
void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, const StepSize& size,
                    Ranks& ranks);

// Of each matrix [rows, columns] the nearest one with all singular values near 1. batched: those of one shape are
// computed together, which saves a GPU many small kernels; the results differ by rounding.
std::vector<at::Tensor> orthogonalised(const std::vector<at::Tensor>& matrices, bool batched);

}  // namespace biji
