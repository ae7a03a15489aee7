#include "shared/raster.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
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

int32_t to_pixel(float v, int32_t limit) {
  return v <= 0 ? 0 : v >= static_cast<float>(limit) ? limit : static_cast<int32_t>(v);
}

// One plane that a line darkens: as dark as its coverage times factor, or times what is left of moment on the way.
struct Plane {
  uint8_t* pixels;
  float factor = 1;
  bool fades = false;
  float moment = 1, faded = 0;
};

// The disc that is moved from a to b, its radius changing linearly.
struct Capsule {
  float ax, ay, vx, vy, inverse, radius, growth;
};

// Pixels are computed eight at a time, without branches, so that compilers use vectors; none of these operations rounds
// another way in a vector.
constexpr int32_t kLanes = 8;
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Ints = int32_t __attribute__((vector_size(4 * kLanes)));
using Bytes = uint8_t __attribute__((vector_size(kLanes)));
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define BIJI_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define BIJI_CLONES
#endif

// Darkens pixels x .. x + n, n <= kLanes, of row y; room: whether kLanes bytes are there.
// Coverage is the overlap of [distance - 1/2, distance + 1/2] with [-radius, radius].
inline __attribute__((always_inline)) void darken_lanes(const Capsule& c, int32_t x, int32_t y, int32_t n,
                                                        bool room, size_t at, const Plane* planes,
                                                        int32_t plane_count) {
  float value[kLanes], way[kLanes];
  const float py = static_cast<float>(y) + 0.5f - c.ay;
  for (int32_t i = 0; i < kLanes; ++i) {
    const float px = static_cast<float>(x + i) + 0.5f - c.ax;
    const float t = std::min(1.f, std::max(0.f, (px * c.vx + py * c.vy) * c.inverse));
    const float ex = px - t * c.vx, ey = py - t * c.vy;
    const float distance = std::sqrt(ex * ex + ey * ey);
    const float radius = c.radius + t * c.growth;
    const float covered =
        std::max(0.f, std::min(distance + 0.5f, radius) - std::max(distance - 0.5f, -radius));
    value[i] = i < n ? covered : 0;
    way[i] = t;
  }
  Floats values, ways;
  std::memcpy(&values, value, sizeof values);
  std::memcpy(&ways, way, sizeof ways);
  for (int32_t k = 0; k < plane_count; ++k) {
    const Plane& plane = planes[k];
    Floats dark = values * plane.factor;
    if (plane.fades) {
      const Floats left = plane.moment - ways * plane.faded;
      dark = values * (left > 0 ? left : left * 0);
    }
    Ints shade = __builtin_convertvector(dark * 255.f + 0.5f, Ints);
    shade = shade > 255 ? 255 : shade;
    const Bytes drawn = __builtin_convertvector(shade, Bytes);
    uint8_t* to = plane.pixels + at;
    if (room) {
      Bytes old;
      std::memcpy(&old, to, sizeof old);
      old = old > drawn ? old : drawn;
      std::memcpy(to, &old, sizeof old);
    } else {
      for (int32_t i = 0; i < n; ++i) to[i] = std::max(to[i], drawn[i]);
    }
  }
}

// Darkens what lies under the disc moved from a to b. planes: width * height each; bytes: that may be written from the
// beginning of each of them.
BIJI_CLONES void draw_capsule(Pen a, Pen b, int32_t width, int32_t height, size_t bytes, const Plane* planes,
                              int32_t plane_count) {
  const float reach = std::max(a.radius, b.radius) + 0.5f;
  const int32_t x0 = to_pixel(std::min(a.x, b.x) - reach, width);
  const int32_t x1 = to_pixel(std::max(a.x, b.x) + reach + 1, width);
  const int32_t y0 = to_pixel(std::min(a.y, b.y) - reach, height);
  const int32_t y1 = to_pixel(std::max(a.y, b.y) + reach + 1, height);
  const float vx = b.x - a.x, vy = b.y - a.y;
  const float length2 = vx * vx + vy * vy;
  const Capsule capsule{a.x, a.y, vx, vy, length2 > 0 ? 1 / length2 : 0, a.radius, b.radius - a.radius};
  // Where rounding stays far below a pixel.
  const auto medium = [](float v) { return std::fabs(v) > 1 && std::fabs(v) < 1e5f; };
  const bool slopes = medium(vx) && medium(vy);
  const float per_row = slopes ? 1 / vy : 0;
  for (int32_t y = y0; y < y1; ++y) {
    int32_t begin = x0, end = x1;
    if (slopes) {
      // Only the part of the line within reach of the row darkens it. A pixel more, for rounding.
      const float py = static_cast<float>(y) + 0.5f - a.y, span = reach + 1;
      const float s = (py - span) * per_row, t = (py + span) * per_row;
      const float first = a.x + vx * std::clamp(s, 0.f, 1.f), last = a.x + vx * std::clamp(t, 0.f, 1.f);
      begin = std::max(x0, to_pixel(std::min(first, last) - span, width));
      end = std::min(x1, to_pixel(std::max(first, last) + span + 1, width));
    }
    for (int32_t x = begin; x < end; x += kLanes) {
      const size_t at = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
      darken_lanes(capsule, x, y, std::min(kLanes, end - x), at + kLanes <= bytes, at, planes, plane_count);
    }
  }
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
  const Plane all{image.pixels.data()};
  const auto draw = [&](Pen a, Pen b) {
    draw_capsule(a, b, image.width, image.height, image.pixels.size(), &all, 1);
  };
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    if (stroke.empty()) continue;
    Pen from = pen_at(stroke[0]);
    if (stroke.size() == 1) draw(from, from);
    for (size_t i = 1; i < stroke.size(); ++i) {
      const Pen to = pen_at(stroke[i]);
      draw(from, to);
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
  const size_t bytes = static_cast<size_t>(width) * static_cast<size_t>(height);
  const auto draw = [&](Pen a, Pen b, std::initializer_list<Plane> list) {
    draw_capsule(a, b, width, height, bytes, list.begin(), static_cast<int32_t>(list.size()));
  };
  const auto draw_plain = [&](Pen a, Pen b) {
    if (order)
      draw(a, b, {{picture}, {moments, moment}});
    else
      draw(a, b, {{picture}});
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
      if (order)
        draw(line[i], line[i + 1], {{picture}, {across, x}, {along, y}, {moments, 1, true, moment, faded}});
      else
        draw(line[i], line[i + 1], {{picture}, {across, x}, {along, y}});
      moment = std::max(0.f, moment - faded);
    }
  }
}

}  // namespace biji
