// Scans skeletonised to ink, and drawn anew.
#pragma once

#include <cstdint>

#include "native/base/random.h"
#include "shared/normalize.h"

namespace biji {

// The skeleton of a character as strokes, in its pixels: skeletonised (T. Zhang & C. Suen, "A fast parallel algorithm for
// thinning digital patterns", 1984), followed from end to crossing to end, smoothed; short spurs are left out.
// image: 255 = ink; level: pixels above it are ink. Empty when there are none.
Ink skeleton(const Image& image, uint8_t level = 110);

// A scan of one character, as a pack has it, drawn anew from its skeleton, a little varied, as a picture with a pen of any
// width (ink_augment.h). Err::kEmpty when it has no skeleton.
Result<Image> drawn_from_skeleton(const Image& scan, const InputSpec& spec, float strength, Random& random);

}  // namespace biji
