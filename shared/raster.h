// Draws ink into a grey image with an anti-aliased round pen.
#pragma once

#include "image.h"
#include "ink.h"

namespace biji {

// pixel = (point - (origin_x, origin_y)) * scale + (dx, dy); pixel (0, 0) covers [0, 1) x [0, 1).
// The origin is subtracted first, so that ink far from (0, 0) loses no precision.
struct Placement {
  float origin_x = 0;
  float origin_y = 0;
  float scale = 1;
  float dx = 0;
  float dy = 0;
};

// Draws every stroke of ink into image, keeping the darker of what is there and what is drawn.
// pen_px: full width of the line in pixels, > 0. pressure_gain: 0 ignores pressure; otherwise the local width
// is pen_px * (1 + pressure_gain * (pressure - 0.5)).
// Coverage is the overlap of the line with a pixel-wide interval across it, which is exact for lines along an
// axis; lines thinner than a pixel fade in proportion. A stroke of one point is a dot. Parts outside the
// image are clipped. Same bytes on every platform: only + - * / sqrt floor.
void draw_ink(const Ink& ink, Placement placement, float pen_px, float pressure_gain, Image& image);

// The same, with planes behind the picture for the pen's direction: right, down, left and up; and, with order, one for
// the order of writing. planes: the picture and the others one below the other, 5 or 6 * height rows in all. Pressure is
// ignored.
// In each plane a line is as dark as in the picture times the cosine of the angle between it and the plane's direction,
// where that is positive. Where lines cross, the darker counts.
// Known as direction maps (Z.-L. Bai and Q. Huo, "A study on the use of 8-directional features for online handwritten
// Chinese character recognition", 2005; of one line, two neighbouring planes of our four hold what eight would).
// reach_px: the direction at a point is that of the chord from reach_px before it to reach_px behind it, along the line.
// A dot has no direction.
// The plane of the order fades from 1 times the picture, where writing began, to a fifth of it, where it ended, evenly
// over the length of all strokes: characters that look alike in hasty writing are often
// written in another order.
inline constexpr int32_t kDirections = 4;
void draw_with_directions(const Ink& ink, Placement placement, float pen_px, float reach_px, bool order,
                          Image& planes);

}  // namespace biji
