// Seeded inputs for tests: the same on every platform, so that what is computed from them can be compared
// byte by byte.
#pragma once

#include <cstdint>
#include <vector>

#include "shared/image.h"
#include "shared/ink.h"

namespace biji {

// xorshift64* (S. Vigna, 2016).
struct Xorshift {
  uint64_t state;
  explicit Xorshift(uint64_t seed) : state(seed * 2654435769u + 88172645463325252u) {}
  uint32_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return static_cast<uint32_t>((state * 2685821657736338717u) >> 32);
  }
  int32_t below(int32_t n) { return static_cast<int32_t>(next() % static_cast<uint32_t>(n)); }
  // A multiple of 1/16 in [low, high): exact in float, so that sums of a few are exact as well.
  float sixteenths(int32_t low, int32_t high) {
    return static_cast<float>(low * 16 + below((high - low) * 16)) / 16;
  }
};

// One to six wandering strokes within about 400 x 400.
inline Ink random_ink(uint64_t seed) {
  Xorshift random(seed);
  Ink ink;
  const int32_t strokes = 1 + random.below(6);
  for (int32_t s = 0; s < strokes; ++s) {
    std::vector<Point> points(1);
    points[0] = {random.sixteenths(0, 400), random.sixteenths(0, 400), 0, random.sixteenths(0, 1)};
    const int32_t count = random.below(40);
    float vx = random.sixteenths(-16, 16), vy = random.sixteenths(-16, 16);
    for (int32_t i = 0; i < count; ++i) {
      vx += random.sixteenths(-4, 4);
      vy += random.sixteenths(-4, 4);
      points.push_back({points.back().x + vx, points.back().y + vy, 0, random.sixteenths(0, 1)});
    }
    ink.add_stroke(points);
  }
  return ink;
}

// Paper with a few dark rectangles and a little noise; 0 = black, 255 = white.
inline Image random_photo(uint64_t seed) {
  Xorshift random(seed);
  const int32_t width = 40 + random.below(200);  // one after the other: arguments have no order
  const int32_t height = 40 + random.below(200);
  Image image(width, height);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>(190 + random.below(12) +
                                           static_cast<int32_t>(i % image.width) * 40 / image.width);
  const int32_t bars = 1 + random.below(5);
  for (int32_t b = 0; b < bars; ++b) {
    const bool tall = random.below(2) == 1;
    const int32_t w = tall ? 3 + random.below(4) : 10 + random.below(image.width / 3);
    const int32_t h = tall ? 10 + random.below(image.height / 3) : 3 + random.below(4);
    const int32_t x0 = 4 + random.below(image.width - w - 8 > 0 ? image.width - w - 8 : 1);
    const int32_t y0 = 4 + random.below(image.height - h - 8 > 0 ? image.height - h - 8 : 1);
    for (int32_t y = y0; y < y0 + h && y < image.height; ++y)
      for (int32_t x = x0; x < x0 + w && x < image.width; ++x)
        image.at(x, y) = static_cast<uint8_t>(40 + random.below(20));
  }
  return image;
}

inline Ink line_ink(float x0, float y0, float x1, float y1) {
  Ink ink;
  const Point points[] = {{x0, y0, 0, 0.5f}, {x1, y1, 0, 0.5f}};
  ink.add_stroke(points);
  return ink;
}

// A closed circle of 32 chords.
inline Ink circle_ink(float cx, float cy, float radius) {
  static constexpr float kCos[] = {
      1,  0.9238795f,  0.7071068f,  0.3826834f,  0, -0.3826834f, -0.7071068f, -0.9238795f,
      -1, -0.9238795f, -0.7071068f, -0.3826834f, 0, 0.3826834f,  0.7071068f,  0.9238795f};
  std::vector<Point> points;
  for (int32_t i = 0; i <= 16; ++i)
    points.push_back({cx + radius * kCos[i % 16], cy + radius * kCos[(i + 12) % 16], 0, 0.5f});
  Ink ink;
  ink.add_stroke(points);
  return ink;
}

inline void append(Ink& ink, const Ink& more) {
  for (int32_t i = 0; i < more.stroke_count(); ++i) ink.add_stroke(more.stroke(i));
}

inline int64_t total(const Image& image) {
  int64_t sum = 0;
  for (const uint8_t v : image.pixels) sum += v;
  return sum;
}

}  // namespace biji
