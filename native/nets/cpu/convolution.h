// Convolutions for training on a CPU, straight through oneDNN.
//
// LibTorch runs every convolution directly. A 3x3 one with stride 1 takes half the time by Winograd's algorithm
// F(4x4, 3x3) (A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016), forwards and
// backwards alike, if the activations lie in memory as AVX-512 wants them: in blocks of 16 channels. So between
// convolutions they stay in blocks:
//
//   blocked   [n, c / 16, h, w, 16] float, contiguous; oneDNN's nChw16c
//   plain     [n, c, h, w], any strides
//
// Results differ from LibTorch's by rounding only: some 1e-5 of the largest activation.
#pragma once

#include <ATen/ATen.h>

namespace biji {

// Whether conv2d_blocked() is here and fast: oneDNN 2 was found when this was built, and the CPU has AVX-512.
bool blocked_convolutions();

// Whether conv2d_blocked() takes this: x is blocked, or an image (plain float on the CPU with fewer than 16 channels, of
// which no gradient is wanted); weight [out, in, k, k] float with out a multiple of 16; and no other type is asked for
// (Autocast, base/device.h).
bool can_block(const at::Tensor& x, const at::Tensor& weight);

// The convolution of x with weight, without a bias, differentiable in both. Returns blocked. Asserts can_block().
at::Tensor conv2d_blocked(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t pad);

inline bool is_blocked(const at::Tensor& x) {
  return x.dim() == 5;
}

// A blocked tensor as a plain one in channels-last layout; a plain one as it is.
at::Tensor plain(const at::Tensor& x);

}  // namespace biji
