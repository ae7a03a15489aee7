#include "native/ink_augment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "shared/raster.h"

namespace biji {
namespace {

// Keeps every step-th point and the ends of each stroke.
Ink thinned(const Ink& ink, size_t step) {
  Ink out;
  std::vector<Point> kept;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    kept.clear();
    for (size_t i = 0; i < stroke.size(); i += step) kept.push_back(stroke[i]);
    if (!stroke.empty() && (stroke.size() - 1) % step != 0) kept.push_back(stroke.back());
    out.add_stroke(kept);
  }
  return out;
}

// Strokes joined to the one before with probability join, or cut in two with probability cut.
Ink regrouped(const Ink& ink, float join, float cut, Random& random) {
  Ink out;
  out.points = ink.points;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const int32_t end = ink.ends[static_cast<size_t>(s)];
    const int32_t begin = s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1];
    if (s > 0 && random.chance(join)) out.ends.pop_back();
    if (end - begin >= 8 && random.chance(cut))
      out.ends.push_back(begin +
                         static_cast<int32_t>(random.uniform(0.2f, 0.8f) * static_cast<float>(end - begin)));
    out.ends.push_back(end);
  }
  return out;
}

// Strokes written the other way round, each with this probability.
void turn_strokes(Ink& ink, float probability, Random& random) {
  for (int32_t s = 0; s < ink.stroke_count(); ++s)
    if (random.chance(probability))
      std::reverse(ink.points.begin() + (s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1]),
                   ink.points.begin() + ink.ends[static_cast<size_t>(s)]);
}

}  // namespace

uint64_t Random::next() {
  uint64_t x = state_ += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

float Random::uniform(float low, float high) {
  return low + (high - low) * (static_cast<float>(next() >> 40) * 0x1p-24f);
}

float Random::normal() {
  const float u = uniform() + 0x1p-25f;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * static_cast<float>(M_PI) * uniform());
}

uint64_t mix_seed(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ull + b + 0x632be59bd9b4e019ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

Ink vary(const Ink& ink, float strength, uint64_t seed) {
  assert(!ink.empty());
  if (strength <= 0) return ink;
  Random random(seed);
  const float s = strength;
  Ink out = random.chance(0.3f) ? thinned(ink, 2 + random.next() % 3) : ink;

  // The longer side becomes 1, the middle 0.
  const Box box = bounds(out);
  const float unit = 1 / std::max({box.width, box.height, 1e-6f});
  for (Point& p : out.points) {
    p.x = (p.x - box.x - box.width / 2) * unit;
    p.y = (p.y - box.y - box.height / 2) * unit;
  }

  // Each stroke about its own middle.
  const float careless = random.uniform(0, 1) * s;  // some hands are steadier than others
  for (int32_t k = 0; k < out.stroke_count(); ++k) {
    const std::span<const Point> read = out.stroke(k);
    if (read.empty()) continue;
    const Box mine = bounds(read);
    const float mx = mine.x + mine.width / 2, my = mine.y + mine.height / 2;
    const float dx = 0.03f * careless * random.normal(), dy = 0.03f * careless * random.normal();
    const float turn = 0.07f * careless * random.normal();
    const float scale = 1 + std::clamp(0.07f * careless * random.normal(), -0.3f, 0.3f);
    Point* p = out.points.data() + (read.data() - out.points.data());
    for (size_t i = 0; i < read.size(); ++i) {
      const float x = p[i].x - mx, y = p[i].y - my;
      p[i].x = mx + dx + scale * (x - turn * y);
      p[i].y = my + dy + scale * (y + turn * x);
    }
  }
  if (random.chance(0.3f * s)) out = regrouped(out, random.uniform(0, 0.4f), 0.1f, random);

  // Axes that are curved (one end of the character wider than the other), waves across it, then a linear map.
  const float bend_x = 0.35f * s * random.uniform(-1, 1), bend_y = 0.35f * s * random.uniform(-1, 1);
  struct Wave {
    float kx, ky, phase, ax, ay;
  };
  std::array<Wave, 3> waves;
  for (Wave& w : waves) {
    const float angle = random.uniform(0, 2 * static_cast<float>(M_PI));
    const float k = random.uniform(2.5f, 9);  // radians over the character
    const float a = 0.09f * s / (1 + 0.25f * k) * random.uniform();
    w = {k * std::cos(angle), k * std::sin(angle), random.uniform(0, 2 * static_cast<float>(M_PI)),
         a * random.normal(), a * random.normal()};
  }
  const float angle = random.uniform(-0.18f, 0.18f) * s, shear = random.uniform(-0.25f, 0.25f) * s;
  const float aspect = std::exp(random.uniform(-0.2f, 0.2f) * s);
  const float c = std::cos(angle), d = std::sin(angle);
  for (Point& p : out.points) {
    float x = p.x + bend_x * (p.x * p.x - 0.25f), y = p.y + bend_y * (p.y * p.y - 0.25f);
    for (const Wave& w : waves) {
      const float wave = std::sin(w.kx * p.x + w.ky * p.y + w.phase);
      x += w.ax * wave;
      y += w.ay * wave;
    }
    x = x * aspect + shear * y;
    p.x = c * x - d * y;
    p.y = d * x + c * y;
  }
  return out;
}

Result<Image> draw_varied(const Ink& ink, const InputSpec& spec, float strength, uint64_t seed) {
  if (strength <= 0 || ink.empty()) return normalize(ink, spec);
  Random random(mix_seed(seed, 0x9e17));
  Ink varied = vary(ink, strength, seed);
  if (spec.directions > 0 && random.chance(0.5f)) {
    if (random.chance(0.2f)) turn_strokes(varied, random.uniform(0, 0.3f), random);
    InputSpec pen = spec;
    pen.pen_px *= random.uniform(0.8f, 1.2f);
    return normalize(varied, pen);
  }
  if (random.chance(spec.directions > 0 ? 0.5f : 0.7f)) {
    InputSpec pen = spec.picture();
    pen.pen_px *= std::exp(random.uniform(-0.5f, 0.74f));
    return with_blank_directions(normalize(varied, pen).value, spec);
  }
  const Box box = bounds(varied);
  const float side = random.uniform(48, 176), pen = side * std::exp(random.uniform(-4, -2.2f));
  const float scale = side / std::max({box.width, box.height, 1e-6f});
  const float margin = pen / 2 + 1;
  Image canvas(static_cast<int32_t>(box.width * scale + 2 * margin) + 1,
               static_cast<int32_t>(box.height * scale + 2 * margin) + 1);
  draw_ink(varied, {box.x, box.y, scale, margin + random.uniform(), margin + random.uniform()},
           std::max(pen, 0.8f), 0, canvas);
  return normalize(canvas, spec);
}

}  // namespace biji
