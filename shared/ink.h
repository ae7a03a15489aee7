// Digital ink: what a pen, finger or mouse leaves behind, as strokes of sampled points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "result.h"

namespace biji {

// One sample. x, y: any unit, y down. t_ms: milliseconds from any origin, 0 when unknown.
// pressure: 0..1, 0.5 when the device reports none.
struct Point {
  float x = 0;
  float y = 0;
  float t_ms = 0;
  float pressure = 0.5f;
};

// An axis-aligned rectangle; the unit is that of whatever it bounds. An empty one has width and height 0.
struct Box {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
};

// Strokes in drawing order, stored flat: stroke i owns points[ends[i-1] .. ends[i]), with ends[-1] = 0.
// Invariant: ends is non-decreasing and its last element is points.size(); stroke() asserts it.
struct Ink {
  std::vector<Point> points;
  std::vector<int32_t> ends;

  int32_t stroke_count() const { return static_cast<int32_t>(ends.size()); }
  std::span<const Point> stroke(int32_t i) const;
  void add_stroke(std::span<const Point> stroke);
  bool empty() const { return points.empty(); }
};

// More than anybody draws; a limit so that hostile input costs bounded time and memory.
inline constexpr int32_t kMaxInkPoints = 1 << 18;
inline constexpr int32_t kMaxInkStrokes = 1 << 14;
// Coordinates beyond this magnitude lose the precision that the encoder relies on.
inline constexpr float kMaxCoordinate = 1e7f;

// Builds ink from parallel arrays, as JavaScript and dataset readers have them. Safe for untrusted input.
// xy: [points, 2]; pressure: [points] or empty; ends: [strokes], non-decreasing, the last = points.
// kTooLarge over the limits above; kBadData for wrong lengths, non-finite or huge coordinates.
// Pressure outside 0..1 (or NaN) is replaced by the nearest bound (0.5).
Result<Ink> make_ink(std::span<const float> xy, std::span<const float> pressure,
                     std::span<const int32_t> ends);

// The ink sheared: x grows by shear * (y - the smallest y).
Ink sheared(const Ink& ink, float shear);

// The smallest box around all points (the centre line: pen width is not counted).
Box bounds(const Ink& ink);
Box bounds(std::span<const Point> points);

}  // namespace biji
