// Ink that is no character: what a network should not be sure about.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "native/train/run.h"
#include "shared/normalize.h"

namespace biji {

// A dot, a tangle, zigzags, a spiral, loops, waves, straight strokes at random, or (unless lines are characters, as
// they are in Chinese) one line that lies rather than stands. In a unit box, y down.
Ink scribble(bool lines, uint64_t seed);

// count scribbles as the network sees them, u8 [count, size, size], or [count, channels, size, size] with directions,
// on the CPU, with pens of every width (ink_augment.h), leaning by slant. No single lines if one of the classes is 一. The
// same seed gives the same ones.
at::Tensor scribbles(int64_t count, const Labels& classes, const InputSpec& spec, uint64_t seed,
                     float slant = 0);

// The same from scans: three characters each, turned, flipped and shifted, on top of each other. A network that
// learns from scans would tell drawn scribbles by their neat lines, and then doubt all neat lines.
// pixels: u8 [n, h, h], n > 0; at most n of count are returned.
at::Tensor overlays(const at::Tensor& pixels, int64_t count);

}  // namespace biji
