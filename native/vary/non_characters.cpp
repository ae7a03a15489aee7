#include "native/vary/non_characters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "native/base/random.h"
#include "native/vary/ink_augment.h"

namespace biji {
namespace {

constexpr float kTurn = 2 * static_cast<float>(M_PI);

// Straight strokes between random places.
void add_strokes(Ink& ink, int64_t count, Random& random) {
  for (int64_t i = 0; i < count; ++i) {
    const float angle = random.uniform(0, kTurn), length = random.uniform(0.2f, 0.9f);
    const float x = random.uniform(), y = random.uniform();
    const float dx = length / 2 * std::cos(angle), dy = length / 2 * std::sin(angle);
    ink.add_stroke(std::vector<Point>{{x - dx, y - dy}, {x + dx, y + dy}});
  }
}

// A pen that keeps changing its mind about where to go.
std::vector<Point> tangle(Random& random) {
  std::vector<Point> points;
  const int64_t count = 25 + static_cast<int64_t>(random.next() % 100);
  float x = random.uniform(), y = random.uniform(), angle = random.uniform(0, kTurn), curl = 0;
  const float wild = random.uniform(0.15f, 0.6f), step = random.uniform(0.05f, 0.12f);
  for (int64_t i = 0; i < count; ++i) {
    points.push_back({x, y});
    curl = 0.8f * curl + wild * random.normal();
    angle += curl;
    x += step * std::cos(angle);
    y += step * std::sin(angle);
    if (x < 0 || x > 1 || y < 0 || y > 1) angle += kTurn / 2 + random.uniform(-1, 1);
    x = std::clamp(x, 0.f, 1.f);
    y = std::clamp(y, 0.f, 1.f);
  }
  return points;
}

// At least five teeth: three are a W, an M or a 3.
std::vector<Point> zigzag(Random& random) {
  std::vector<Point> points;
  const int64_t teeth = 9 + static_cast<int64_t>(random.next() % 20);
  const float angle = random.uniform(0, kTurn), height = random.uniform(0.15f, 1);
  for (int64_t i = 0; i < teeth; ++i) {
    const float u = static_cast<float>(i) / static_cast<float>(teeth - 1) + 0.03f * random.normal();
    const float v = height * (static_cast<float>(i % 2) - 0.5f) * random.uniform(0.7f, 1.1f);
    points.push_back({u * std::cos(angle) - v * std::sin(angle), u * std::sin(angle) + v * std::cos(angle)});
  }
  return points;
}

std::vector<Point> wave(Random& random) {
  std::vector<Point> points;
  const float periods = random.uniform(3.5f, 8), height = random.uniform(0.04f, 0.3f),
              angle = random.normal();
  for (int i = 0; i < 80; ++i) {
    const float u = static_cast<float>(i) / 79, v = height * std::sin(periods * kTurn * u);
    points.push_back({u * std::cos(angle) - v * std::sin(angle), u * std::sin(angle) + v * std::cos(angle)});
  }
  return points;
}

// turns about a middle while the radius goes from one value to another; both the same: a loop.
std::vector<Point> turning(float x, float y, float from, float to, float turns, Random& random) {
  std::vector<Point> points;
  const float start = random.uniform(0, kTurn), way = random.chance(0.5f) ? 1.f : -1.f;
  const float flat = random.uniform(0.6f, 1);
  const int count = 8 + static_cast<int>(turns * 16);
  for (int i = 0; i < count; ++i) {
    const float u = static_cast<float>(i) / static_cast<float>(count - 1);
    const float radius = from + (to - from) * u, angle = start + way * kTurn * turns * u;
    points.push_back({x + radius * std::cos(angle), y + flat * radius * std::sin(angle)});
  }
  return points;
}

}  // namespace

Ink non_character(bool lines, uint64_t seed) {
  Random random(mix_seed(seed, 0x5c71bb1e));
  Ink ink;
  switch (random.next() % (lines ? 8 : 7)) {
    case 0: {  // one dot, or a few that are not the dots of anything
      const int64_t dots = random.chance(0.5f) ? 1 : 4 + static_cast<int64_t>(random.next() % 6);
      for (int64_t i = 0; i < dots; ++i) {
        const Point p{random.uniform(), random.uniform()};
        ink.add_stroke(std::vector<Point>{p, {p.x + 0.01f, p.y}});
      }
      break;
    }
    case 1:
    case 2:
      ink.add_stroke(tangle(random));
      break;
    case 3:
      ink.add_stroke(zigzag(random));
      if (random.chance(0.3f)) ink.add_stroke(zigzag(random));
      break;
    case 4:
      if (random.chance(0.5f)) {
        ink.add_stroke(turning(0, 0, random.uniform(0, 0.15f), 0.5f, random.uniform(2.5f, 6), random));
      } else {
        const int64_t loops = 3 + static_cast<int64_t>(random.next() % 5);
        for (int64_t i = 0; i < loops; ++i) {
          const float radius = random.uniform(0.1f, 0.4f);
          ink.add_stroke(
              turning(random.uniform(), random.uniform(), radius, radius, random.uniform(1, 2), random));
        }
      }
      break;
    case 5:
      ink.add_stroke(wave(random));
      break;
    case 6:
      add_strokes(ink, 5 + static_cast<int64_t>(random.next() % 14), random);
      break;
    default: {
      const float angle = random.uniform(-0.75f, 0.75f);
      ink.add_stroke(std::vector<Point>{{0, 0}, {std::cos(angle), std::sin(angle)}});
    }
  }
  return ink;
}

at::Tensor non_characters(int64_t count, const Labels& classes, const InputSpec& spec, uint64_t seed,
                          float shear) {
  const bool lines = std::find(classes.begin(), classes.end(), "一") == classes.end();
  const int64_t size = spec.size_px, channels = spec.channels(), area = channels * size * size;
  at::Tensor out = at::zeros({count, channels, size, size}, at::kByte);
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t own = mix_seed(seed, static_cast<uint64_t>(i));
    const Result<Image> image = draw_varied(sheared(non_character(lines, own), shear), spec, 0.3f, own);
    if (image.err == Err::kOk)
      std::memcpy(out.data_ptr<uint8_t>() + i * area, image.value.pixels.data(), static_cast<size_t>(area));
  }
  return channels == 1 ? out.squeeze(1) : out;
}

at::Tensor overlays(const at::Tensor& pixels, int64_t count) {
  const int64_t n = pixels.size(0), side = pixels.size(1);
  count = std::min(count, n);
  const auto some = [&](int64_t first) { return pixels.roll(first, 0).slice(0, 0, count); };
  const at::Tensor turned = some(n / 3).transpose(1, 2).flip(2), flipped = some(2 * n / 3).flip(1);
  return some(0).roll({side / 6, -side / 5}, {1, 2}).maximum(turned).maximum(flipped.roll(side / 8, 2));
}

}  // namespace biji
