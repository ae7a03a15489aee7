// Random variations of training ink, made from its strokes: other writers, pens and screens.
#pragma once

#include <cstdint>

#include "native/base/random.h"
#include "shared/normalize.h"

namespace biji {

// The same character as another person might write it: each stroke moved, turned and scaled a little; strokes joined or
// broken; points left out; the whole rotated, sheared, stretched, and warped smoothly (curved axes, elastic waves).
// strength: 0 = none, 1 = full. ink must not be empty (assert).
Ink vary(const Ink& ink, float strength, uint64_t seed);

// Ink as a scan of paper, cleaned as CASIA-HWDB's characters are: a soft pen, pressed unevenly, on grainy paper. 40 to
// 110 px on its longer side. Many shades, of which the darkest is 255; 0 is paper, and every shade below a random
// threshold. ink: its longer side is about 1, as vary() leaves it; not empty (assert).
Image scanned(Ink ink, Random& random);

// vary(), then the encoder. strength 0 is exactly normalize(ink, spec).
//
// Without directions, seven in ten are drawn with a pen of random width, 0.6 to 2.1 times spec.pen_px. The others are
// drawn on a canvas of random size with a random pen and then normalised as a picture; 45 % of those are scanned() and
// read as a page reads scans. The range of pens and canvases does not depend on strength: strength says how much writers
// differ, not their tools.
// With directions, a share of as_pictures, 0 to 1, is drawn as pictures, whose directions are blank: one in five with a
// pen of random width, the others by way of the canvas. The rest is drawn as the page draws ink, with a pen of spec.pen_px
// give or take a fifth; some strokes are reversed or (where the input has an order) reordered.
Result<Image> draw_varied(const Ink& ink, const InputSpec& spec, float strength, uint64_t seed,
                          float as_pictures = 0.5f);

}  // namespace biji
