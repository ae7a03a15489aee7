#include "shared/ink.h"

namespace biji {
namespace {

bool usable(float v) {
  return v >= -kMaxCoordinate && v <= kMaxCoordinate;
}  // false for NaN

}  // namespace

std::span<const Point> Ink::stroke(int32_t i) const {
  assert(i >= 0 && i < stroke_count());
  const int32_t begin = i == 0 ? 0 : ends[i - 1];
  assert(begin <= ends[i] && ends[i] <= static_cast<int32_t>(points.size()));
  return std::span<const Point>(points).subspan(begin, ends[i] - begin);
}

void Ink::add_stroke(std::span<const Point> stroke) {
  points.insert(points.end(), stroke.begin(), stroke.end());
  ends.push_back(static_cast<int32_t>(points.size()));
}

Result<Ink> make_ink(std::span<const float> xy, std::span<const float> pressure,
                     std::span<const int32_t> ends) {
  const size_t n = xy.size() / 2;
  if (n > static_cast<size_t>(kMaxInkPoints) || ends.size() > static_cast<size_t>(kMaxInkStrokes))
    return Err::kTooLarge;
  if (xy.size() % 2 != 0 || (!pressure.empty() && pressure.size() != n)) return Err::kBadData;
  int32_t last = 0;
  for (const int32_t end : ends) {
    if (end < last) return Err::kBadData;
    last = end;
  }
  if (static_cast<size_t>(last) != n) return Err::kBadData;

  Ink ink;
  ink.points.resize(n);
  for (size_t i = 0; i < n; ++i) {
    Point& point = ink.points[i];
    point.x = xy[2 * i];
    point.y = xy[2 * i + 1];
    if (!usable(point.x) || !usable(point.y)) return Err::kBadData;
    if (!pressure.empty()) {
      const float p = pressure[i];
      point.pressure = p >= 0 && p <= 1 ? p : p > 1 ? 1.f : p < 0 ? 0.f : 0.5f;
    }
  }
  ink.ends.assign(ends.begin(), ends.end());
  return ink;
}

Box bounds(std::span<const Point> points) {
  if (points.empty()) return {};
  float x0 = points[0].x, x1 = x0, y0 = points[0].y, y1 = y0;
  for (const Point& point : points) {
    x0 = point.x < x0 ? point.x : x0;
    x1 = point.x > x1 ? point.x : x1;
    y0 = point.y < y0 ? point.y : y0;
    y1 = point.y > y1 ? point.y : y1;
  }
  return {x0, y0, x1 - x0, y1 - y0};
}

Box bounds(const Ink& ink) {
  return bounds(std::span<const Point>(ink.points));
}

Ink sheared(const Ink& ink, float shear) {
  Ink out = ink;
  const float top = bounds(ink).y;
  for (Point& point : out.points) point.x += shear * (point.y - top);
  return out;
}

}  // namespace biji
