#include "shared/raster.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace biji {
namespace {

struct Pen {
  float x, y, radius;  // in pixels
};

Pen placed(const Point& point, const Placement& placement, float radius) {
  return {(point.x - placement.origin_x) * placement.scale + placement.dx,
          (point.y - placement.origin_y) * placement.scale + placement.dy, radius};
}

// Overlap of [distance - 1/2, distance + 1/2] with [-radius, radius].
float coverage(float distance, float radius) {
  const float high = std::min(distance + 0.5f, radius);
  const float low = std::max(distance - 0.5f, -radius);
  return std::max(0.f, high - low);
}

int32_t to_pixel(float v, int32_t limit) {
  return v <= 0 ? 0 : v >= static_cast<float>(limit) ? limit : static_cast<int32_t>(v);
}

// Calls put(x, y, coverage, t) for the pixels of the disc moved from a to b, its radius changing linearly; t: how much
// of the way lies behind the place nearest to the pixel, 0..1.
template <class Put>
void cover_capsule(Pen a, Pen b, int32_t width, int32_t height, const Put& put) {
  const float reach = std::max(a.radius, b.radius) + 0.5f;
  const int32_t x0 = to_pixel(std::min(a.x, b.x) - reach, width);
  const int32_t x1 = to_pixel(std::max(a.x, b.x) + reach + 1, width);
  const int32_t y0 = to_pixel(std::min(a.y, b.y) - reach, height);
  const int32_t y1 = to_pixel(std::max(a.y, b.y) + reach + 1, height);
  const float vx = b.x - a.x, vy = b.y - a.y;
  const float length2 = vx * vx + vy * vy;
  const float inverse = length2 > 0 ? 1 / length2 : 0;
  const float reach2 = reach * reach;
  for (int32_t y = y0; y < y1; ++y) {
    const float py = static_cast<float>(y) + 0.5f - a.y;
    for (int32_t x = x0; x < x1; ++x) {
      const float px = static_cast<float>(x) + 0.5f - a.x;
      const float t = std::min(1.f, std::max(0.f, (px * vx + py * vy) * inverse));
      const float ex = px - t * vx, ey = py - t * vy;
      const float distance2 = ex * ex + ey * ey;
      if (distance2 >= reach2) continue;
      put(x, y, coverage(std::sqrt(distance2), a.radius + t * (b.radius - a.radius)), t);
    }
  }
}

void darken(uint8_t& pixel, float value) {
  pixel = std::max(pixel, static_cast<uint8_t>(std::min(255.f, value * 255.f + 0.5f)));
}

void draw_capsule(Pen a, Pen b, Image& image) {
  cover_capsule(a, b, image.width, image.height,
                [&](int32_t x, int32_t y, float value, float) { darken(image.at(x, y), value); });
}

// What the last of the ink leaves in the plane that tells the order, where the first leaves 1.
constexpr float kLastMoment = 0.2f;

// All strokes together, without the ways between them. Summed in the power of two of the ink's unit that is nearest to a
// pixel, so that squares of tiny coordinates do not vanish; no rounding differs by it.
float length_px(const Ink& ink, const Placement& placement) {
  const float unit = placement.scale > 0 ? std::ldexp(1.f, std::ilogb(placement.scale)) : 1;
  float length = 0;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    for (size_t i = 1; i < stroke.size(); ++i) {
      const float x = (stroke[i].x - stroke[i - 1].x) * unit, y = (stroke[i].y - stroke[i - 1].y) * unit;
      length += std::sqrt(x * x + y * y);
    }
  }
  return length * (placement.scale / unit);
}

}  // namespace

void draw_ink(const Ink& ink, Placement placement, float pen_px, float pressure_gain, Image& image) {
  assert(pen_px > 0);
  if (image.empty()) return;
  const auto pen_at = [&](const Point& point) {
    const float gain = 1 + pressure_gain * (point.pressure - 0.5f);
    return placed(point, placement, 0.5f * pen_px * std::max(0.f, gain));
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

void draw_with_directions(const Ink& ink, Placement placement, float pen_px, float reach_px, bool order,
                          Image& planes) {
  const int32_t count = 1 + kDirections + (order ? 1 : 0);
  assert(pen_px > 0 && planes.height % count == 0);
  if (planes.empty()) return;
  const int32_t width = planes.width, height = planes.height / count;
  const auto plane = [&](size_t k) { return &planes.pixels[k * static_cast<size_t>(height) * width]; };
  uint8_t* picture = plane(0);
  uint8_t* moments = order ? plane(1 + kDirections) : nullptr;
  // What is left of the ink fades by so much a pixel of way; moment: how dark it is at the last point drawn.
  const float fade = order ? (1 - kLastMoment) / std::max(length_px(ink, placement), 1e-6f) : 0;
  // Never below 0, which pieces shorter than the rounding of where they lie could add up to.
  float moment = 1;
  const auto draw_plain = [&](Pen a, Pen b) {
    cover_capsule(a, b, width, height, [&](int32_t column, int32_t row, float value, float) {
      const size_t at = static_cast<size_t>(row) * width + column;
      darken(picture[at], value);
      if (order) darken(moments[at], value * moment);
    });
  };
  std::vector<Pen> line;
  std::vector<float> way;  // from the beginning of the stroke to each of its points
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    line.clear();
    way.clear();
    for (const Point& point : ink.stroke(s)) {
      const Pen pen = placed(point, placement, 0.5f * pen_px);
      float length = 0;
      if (!line.empty()) {
        const float x = pen.x - line.back().x, y = pen.y - line.back().y;
        length = way.back() + std::sqrt(x * x + y * y);
      }
      line.push_back(pen);
      way.push_back(length);
    }
    if (line.size() == 1) draw_plain(line[0], line[0]);
    size_t before = 0, behind = 0;
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      while (before < i && way[i] - way[before + 1] >= reach_px) ++before;
      behind = std::max(behind, i + 1);
      while (behind + 1 < line.size() && way[behind] - way[i + 1] < reach_px) ++behind;
      float x = line[behind].x - line[before].x, y = line[behind].y - line[before].y;
      const float length = std::sqrt(x * x + y * y);
      const float faded = fade * (way[i + 1] - way[i]);  // behind this piece
      if (length <= 0) {
        draw_plain(line[i], line[i + 1]);
        moment = std::max(0.f, moment - faded);
        continue;
      }
      uint8_t *across = plane(x >= 0 ? 1 : 3), *along = plane(y >= 0 ? 2 : 4);
      x = std::fabs(x / length);
      y = std::fabs(y / length);
      cover_capsule(line[i], line[i + 1], width, height,
                    [&](int32_t column, int32_t row, float value, float t) {
                      const size_t at = static_cast<size_t>(row) * width + column;
                      darken(picture[at], value);
                      darken(across[at], value * x);
                      darken(along[at], value * y);
                      if (order) darken(moments[at], value * std::max(0.f, moment - t * faded));
                    });
      moment = std::max(0.f, moment - faded);
    }
  }
}

}  // namespace biji
