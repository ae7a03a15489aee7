// One step downhill.
#pragma once

#include <ATen/ATen.h>

#include "native/nets/net.h"
#include "native/train/recipe.h"

namespace biji {

// One step of recipe's optimiser on flat tensors: net.state() moves against net.gradient().
// m, v: moments, zeros before step 0, as long as the gradient. The gradient is spent afterwards.
//   "adamw"  I. Loshchilov, F. Hutter, 2019
//   "muon"   for the matrices inside: momentum made orthogonal (K. Jordan et al., 2024), scaled so that lr and
//            weight_decay mean what they mean for AdamW (J. Liu et al., 2025); AdamW for the first and last
//            layer, gains and biases
void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, double lr, int64_t step);

}  // namespace biji
