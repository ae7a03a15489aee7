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

// Draws the first count of some scans anew from their skeletons, a little varied, with pens of every width
// (ink_augment.h): a network that has seen scans alone doubts the even line of a pen.
// pixels: u8 [n, size, size] on any device, changed in place; those without a line stay as they are.
// The same seed gives the same ones.
void draw_as_ink(at::Tensor& pixels, int64_t count, const InputSpec& spec, float strength, uint64_t seed,
                 int threads);

}  // namespace biji
