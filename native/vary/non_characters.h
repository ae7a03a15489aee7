// Non-characters: ink that a network should be unsure about (outlier exposure, D. Hendrycks et al., 2019).
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "shared/ink.h"
#include "shared/labels.h"
#include "shared/normalize.h"

namespace biji {

// A dot or several, a tangle, zigzags, a spiral, loops, waves, or straight strokes at random. lines: also a single line
// that is nearer to level than to upright; not to be used where that is a character, as 一 is. In a unit box, y down.
Ink non_character(bool lines, uint64_t seed);

// count of them as the network sees them, u8 [count, size, size], or [count, channels, size, size] with directions, on
// the CPU, with pens of every width (ink_augment.h), sheared by shear. Without single lines if one of the classes is 一.
// The same seed gives the same ones.
at::Tensor non_characters(int64_t count, const Labels& classes, const InputSpec& spec, uint64_t seed,
                          float shear = 0);

// Non-characters out of scans: three characters each, turned, flipped and shifted, on top of each other. A network
// that learns from scans would recognise drawn ones by their even lines, and then doubt all even lines.
// pixels: u8 [n, h, h], n > 0; at most n of count are returned.
at::Tensor overlays(const at::Tensor& pixels, int64_t count);

}  // namespace biji
