#include "shared/raster.h"

#include <algorithm>
#include <cmath>

namespace biji {
namespace {

struct Pen {
  float x, y, radius;  // in pixels
};

// Overlap of [distance - 1/2, distance + 1/2] with [-radius, radius].
float coverage(float distance, float radius) {
  const float high = std::min(distance + 0.5f, radius);
  const float low = std::max(distance - 0.5f, -radius);
  return std::max(0.f, high - low);
}

int32_t to_pixel(float v, int32_t limit) {
  return v <= 0 ? 0 : v >= static_cast<float>(limit) ? limit : static_cast<int32_t>(v);
}

// The disc moved from a to b, its radius changing linearly.
void draw_capsule(Pen a, Pen b, Image& image) {
  const float reach = std::max(a.radius, b.radius) + 0.5f;
  const int32_t x0 = to_pixel(std::min(a.x, b.x) - reach, image.width);
  const int32_t x1 = to_pixel(std::max(a.x, b.x) + reach + 1, image.width);
  const int32_t y0 = to_pixel(std::min(a.y, b.y) - reach, image.height);
  const int32_t y1 = to_pixel(std::max(a.y, b.y) + reach + 1, image.height);
  const float vx = b.x - a.x, vy = b.y - a.y;
  const float length2 = vx * vx + vy * vy;
  const float inverse = length2 > 0 ? 1 / length2 : 0;
  const float reach2 = reach * reach;
  for (int32_t y = y0; y < y1; ++y) {
    uint8_t* row = &image.pixels[static_cast<size_t>(y) * image.width];
    const float py = static_cast<float>(y) + 0.5f - a.y;
    for (int32_t x = x0; x < x1; ++x) {
      const float px = static_cast<float>(x) + 0.5f - a.x;
      const float t = std::min(1.f, std::max(0.f, (px * vx + py * vy) * inverse));
      const float ex = px - t * vx, ey = py - t * vy;
      const float distance2 = ex * ex + ey * ey;
      if (distance2 >= reach2) continue;
      const float radius = a.radius + t * (b.radius - a.radius);
      const float value = coverage(std::sqrt(distance2), radius);
      const auto shade = static_cast<uint8_t>(std::min(255.f, value * 255.f + 0.5f));
      row[x] = std::max(row[x], shade);
    }
  }
}

}  // namespace

void draw_ink(const Ink& ink, Placement placement, float pen_px, float pressure_gain, Image& image) {
  assert(pen_px > 0);
  if (image.empty()) return;
  const auto pen_at = [&](const Point& point) {
    const float gain = 1 + pressure_gain * (point.pressure - 0.5f);
    return Pen{(point.x - placement.origin_x) * placement.scale + placement.dx,
               (point.y - placement.origin_y) * placement.scale + placement.dy,
               0.5f * pen_px * std::max(0.f, gain)};
  };
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    if (stroke.empty()) continue;
    Pen from = pen_at(stroke[0]);
    if (stroke.size() == 1) draw_capsule(from, from, image);
    for (size_t i = 1; i < stroke.size(); ++i) {
      const Pen to = pen_at(stroke[i]);
      draw_capsule(from, to, image);
      from = to;
    }
  }
}

}  // namespace biji
