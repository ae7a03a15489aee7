// Scans skeletonised to ink, and drawn anew.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "shared/normalize.h"

namespace biji {

// The skeleton of a character as strokes, in its pixels: skeletonised (T. Zhang & C. Suen, "A fast parallel algorithm for
// thinning digital patterns", 1984), followed from end to crossing to end, smoothed; short spurs are left out.
// image: 255 = ink; level: pixels above it are ink. Empty when there are none.
Ink skeleton(const Image& image, uint8_t level = 110);

// Scans drawn anew from their skeletons, a little varied, with pens of every width (ink_augment.h): a network that has
// seen scans alone is unsure about the even line of a pen. scans, result: u8 [n, size, size] on the CPU; a scan without a
// skeleton stays as it is. The same seed gives the same result, whatever the threads.
at::Tensor drawn_as_ink(const at::Tensor& scans, const InputSpec& spec, float strength, uint64_t seed,
                        int threads);

}  // namespace biji
