// Random variations of training ink, made from its strokes: what other hands, pens and screens would have
// left.
#pragma once

#include <cstdint>

#include "native/base/random.h"
#include "shared/normalize.h"

namespace biji {

// Another person's writing of the same strokes: each stroke a little moved, turned and scaled; strokes joined
// by a pen that was not lifted, or broken; sparser points; the whole rotated, sheared, stretched, and warped
// smoothly (curved axes, elastic waves). strength: 0 = none, 1 = full. ink must not be empty (assert).
Ink vary(const Ink& ink, float strength, uint64_t seed);

// What a scanner leaves of writing on paper, cleaned as CASIA-HWDB's characters are: the mark of a soft pen that is
// pressed unevenly, 40 to 110 px on its longer side, and the grain of the paper; of many shades, the darkest of them 255,
// and 0 for paper and all that is paler than some threshold. ink: its longer side is about 1 (vary()), not empty
// (assert).
Image scanned(Ink ink, Random& random);

// vary(), then the encoder: drawn with a pen of random width (0.6 to 2.1 times spec.pen_px), for three in ten by way
// of a canvas of random size and pen, which is normalised as a picture would be; 45 % of those are scanned() and read as
// a page's scans are. Pens and canvases are as various at every strength: hands are what a gentler course has less of,
// not tools. With directions, a share of pictures, 0 to 1, are drawn as pictures of which the pen's way is unknown, four
// in five of them by way of the canvas; the others are ink as the page has it, drawn with spec.pen_px give or take a
// fifth, some strokes the other way round or (where the input has an order) in another order.
// strength 0 is exactly normalize(ink, spec).
Result<Image> draw_varied(const Ink& ink, const InputSpec& spec, float strength, uint64_t seed,
                          float pictures = 0.5f);

}  // namespace biji
