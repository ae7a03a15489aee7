// Batch normalisation, the sum with a residual and ReLU in one go.
//
// LibTorch runs them as separate operations, each of which streams the whole activation through memory; on a
// CPU that takes as long as the convolutions between them. Here it is two passes forward and two backward.
#pragma once

#include <ATen/ATen.h>

namespace biji {

struct BatchNorm {
  at::Tensor gain, bias;      // [c], learned
  at::Tensor mean, variance;  // [c], running; updated while training
  double momentum = 0.1;
  double eps = 1e-5;
};

// relu(normalise(x) * gain + bias + residual), differentiable in x, gain, bias and residual.
// x: [n, c, h, w], or blocked (convolution.h); residual: the same shape, or undefined; relu: false leaves it out.
// training: statistics of the batch; else the running ones. Float tensors on the CPU that are blocked or in
// channels-last layout take the fast path, whose sums do not depend on the number of threads and which returns
// the layout that it was given; all others LibTorch's operations, which return a plain tensor.
at::Tensor batch_norm(const at::Tensor& x, const BatchNorm& norm, const at::Tensor& residual, bool relu,
                      bool training);

}  // namespace biji
