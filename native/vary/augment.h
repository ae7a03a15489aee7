// Random variations of training images, made in batches on the device that trains.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace biji {

// pixels: u8 [n, h, w] or, with directions behind the picture, [n, channels, h, w], 255 = ink; only the picture is
// varied. drawn: they were drawn from varied ink (ink_augment.h), so geometry is left alone, and blur is added, which a
// drawn line lacks, at three quarters of full strength whatever strength is, unless that is 0. Returns float [n, channels, h, w], 0 = paper .. 1 = ink.
// strength: 0 = none (only the conversion), 1 = full: rotation, scale, aspect, shear, a little translation
// (the encoder has centred the ink), elastic deformation (P. Simard et al., 2003), thinner and thicker pens,
// faint ink, erased patches (Z. Zhong et al., 2017) and noise. Draws from LibTorch's default generator of the
// device: at::manual_seed() before the call fixes the outcome.
at::Tensor augment(const at::Tensor& pixels, float strength, bool drawn = false);

// Which of n rows were drawn from varied ink and which were not, int64 on any device.
struct Rows {
  at::Tensor drawn, scans;  // ascending, n in all
  at::Tensor back;          // [n]: where each row stands in drawn followed by scans
};
// scans: ascending, below n. On the CPU.
Rows rows_of(int64_t n, const std::vector<int64_t>& scans);

// The same where both kinds are mixed. rows: on the device of pixels.
at::Tensor augment(const at::Tensor& pixels, float strength, const Rows& rows);

}  // namespace biji
