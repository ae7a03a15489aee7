// Ink out of scans: the line that a pen may have followed.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "shared/normalize.h"

namespace biji {

// The middle lines of a character, in its pixels: thinned (T. Zhang & C. Suen, "A fast parallel algorithm for
// thinning digital patterns", 1984), followed from end to crossing to end, smoothed, spurs left out.
// image: 255 = ink; level: from which shade on a pixel is ink. Empty when there is none.
Ink skeleton(const Image& image, uint8_t level = 110);

// Scans drawn anew from their skeletons, a little varied, with pens of every width (ink_augment.h): a network that has
// seen scans alone doubts the even line of a pen. scans, result: u8 [n, size, size] on the CPU; a scan without a line
// stays as it is. The same seed gives the same ones, whatever the threads.
at::Tensor drawn_as_ink(const at::Tensor& scans, const InputSpec& spec, float strength, uint64_t seed,
                        int threads);

}  // namespace biji
