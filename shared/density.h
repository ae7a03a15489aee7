// Line-density normalisation: the lines of a character are spread over the square, so that detail gets room
// (J. Tsukumo and H. Tanaka, "Classification of handprinted Chinese characters using non-linear normalization and
// correlation methods", 1988). Applied half way: empty places keep half of their size.
#pragma once

#include "image.h"
#include "ink.h"

namespace biji {

// The ink with its lines spread, within 0..1 on both axes. Spreading bends straight lines, so points are added
// every two cells of a grid of 32. ink: not empty; box: bounds(ink), its longer side above 0 (assert).
Ink even_density(const Ink& ink, const Box& box);

// The same for the picture of one character. image: 255 = ink, cropped to its ink. width_px: mean width of its lines
// (line_width_px in normalize.h). The box of the skeleton is spread, as in ink; half a line's
// width is left around it. The longer side of the result is side_px.
Image even_density(const Image& image, float width_px, int32_t side_px);

}  // namespace biji
