#include "native/vary/writer_style.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <vector>

namespace biji {
namespace {

// The way of the pen, on paper and between the strokes, in steps of equal length. Ways between strokes count half.
constexpr size_t kSteps = 96;
struct Way {
  std::array<Point, kSteps> places;
  std::array<float, 2 * kSteps> turns;  // x, y of the direction at each place, length 1
  std::vector<float> of_point;          // where each of the ink's points lies, in steps
};
Way way_of(const Ink& ink) {
  Way way;
  std::vector<float> lengths;
  float length = 0;
  for (size_t i = 0; i < ink.points.size(); ++i) {
    if (i > 0) {
      const bool lifted = std::binary_search(ink.ends.begin(), ink.ends.end(), static_cast<int32_t>(i));
      const Point &a = ink.points[i - 1], &b = ink.points[i];
      length += (lifted ? 0.5f : 1) * std::hypot(b.x - a.x, b.y - a.y);
    }
    lengths.push_back(length);
  }
  const float step = std::max(length, 1e-6f) / (kSteps - 1);
  size_t next = 0;
  for (size_t k = 0; k < kSteps; ++k) {
    const float at = step * static_cast<float>(k);
    while (next + 1 < lengths.size() && lengths[next] < at) ++next;
    const size_t last = next > 0 ? next - 1 : 0;
    const float gap = lengths[next] - lengths[last];
    const float t = gap > 0 ? std::clamp((at - lengths[last]) / gap, 0.f, 1.f) : 0;
    Point p = ink.points[last];
    p.x += t * (ink.points[next].x - p.x);
    p.y += t * (ink.points[next].y - p.y);
    way.places[k] = p;
  }
  for (size_t k = 0; k < kSteps; ++k) {
    const Point &a = way.places[k > 0 ? k - 1 : 0], &b = way.places[std::min(k + 1, kSteps - 1)];
    const float size = std::max(std::hypot(b.x - a.x, b.y - a.y), 1e-6f);
    way.turns[2 * k] = (b.x - a.x) / size;
    way.turns[2 * k + 1] = (b.y - a.y) / size;
  }
  for (const float at : lengths) way.of_point.push_back(at / step);
  return way;
}

// The longer side becomes 1, the middle 0.
void fit_to_one(Ink& ink) {
  const Box box = bounds(ink);
  const float unit = 1 / std::max({box.width, box.height, 1e-6f});
  for (Point& p : ink.points) {
    p.x = (p.x - box.x - box.width / 2) * unit;
    p.y = (p.y - box.y - box.height / 2) * unit;
  }
}

}  // namespace

Ink between(const Ink& from, const Ink& to, float share) {
  assert(!from.empty() && !to.empty());
  Ink a = from, b = to;
  fit_to_one(a);
  fit_to_one(b);
  const Way here = way_of(a), there = way_of(b);
  const auto apart = [&](size_t i, size_t j) {
    const float x = here.places[i].x - there.places[j].x, y = here.places[i].y - there.places[j].y;
    const float along =
        here.turns[2 * i] * there.turns[2 * j] + here.turns[2 * i + 1] * there.turns[2 * j + 1];
    return x * x + y * y + 0.03f * (1 - along);
  };
  constexpr size_t kBand = 16;  // the ways may be so many steps apart
  std::array<std::array<float, kSteps>, kSteps> cost;
  for (auto& row : cost) row.fill(1e9f);
  for (size_t i = 0; i < kSteps; ++i)
    for (size_t j = i > kBand ? i - kBand : 0; j < std::min(kSteps, i + kBand + 1); ++j) {
      const float before = i == 0 && j == 0
                               ? 0
                               : std::min({i > 0 ? cost[i - 1][j] : 1e9f, j > 0 ? cost[i][j - 1] : 1e9f,
                                           i > 0 && j > 0 ? cost[i - 1][j - 1] : 1e9f});
      cost[i][j] = before + apart(i, j);
    }
  constexpr float kTooFar = 0.04f;  // a step, on the mean
  if (cost[kSteps - 1][kSteps - 1] > kTooFar * kSteps) return from;

  std::array<float, kSteps> dx{}, dy{}, count{};
  for (size_t i = kSteps - 1, j = kSteps - 1;;) {
    dx[i] += there.places[j].x - here.places[i].x;
    dy[i] += there.places[j].y - here.places[i].y;
    ++count[i];
    if (i == 0 && j == 0) break;
    const float both = i > 0 && j > 0 ? cost[i - 1][j - 1] : 2e9f;
    const float up = i > 0 ? cost[i - 1][j] : 2e9f, left = j > 0 ? cost[i][j - 1] : 2e9f;
    if (both <= up && both <= left)
      --i, --j;
    else if (up <= left)
      --i;
    else
      --j;
  }
  for (size_t i = 0; i < kSteps; ++i) {
    dx[i] /= count[i];
    dy[i] /= count[i];
  }
  const auto moved = [&](const std::array<float, kSteps>& by, float at) {  // a little smoothed
    float sum = 0, weights = 0;
    const auto middle = static_cast<int32_t>(at + 0.5f);
    for (int32_t k = std::max(0, middle - 2); k <= std::min<int32_t>(kSteps - 1, middle + 2); ++k) {
      const float weight = 3 - std::abs(static_cast<float>(k) - at);
      sum += weight * by[static_cast<size_t>(k)];
      weights += weight;
    }
    return sum / weights;
  };
  for (size_t i = 0; i < a.points.size(); ++i) {
    a.points[i].x += share * moved(dx, here.of_point[i]);
    a.points[i].y += share * moved(dy, here.of_point[i]);
  }
  return a;
}

}  // namespace biji
