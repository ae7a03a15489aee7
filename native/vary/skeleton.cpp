#include "native/vary/skeleton.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "native/base/pipeline.h"
#include "native/base/random.h"
#include "native/vary/ink_augment.h"
#include "shared/components.h"

namespace biji {
namespace {

constexpr int32_t kScale = 3;  // thinning a picture of 28 pixels leaves hardly anything
constexpr int32_t kDot =
    4;  // ink no longer than this many pixels is a dot: thinning might leave nothing of it

// A picture of ink or not, enlarged, with a margin so that no ink is at its border.
struct Grid {
  int32_t width = 0;
  std::vector<uint8_t> on;
  std::array<int32_t, 8> around{};  // steps to the neighbours, from north, clockwise

  int neighbours(int32_t p) const {  // a bit each
    int bits = 0;
    for (int i = 0; i < 8; ++i) bits |= on[p + around[i]] << i;
    return bits;
  }
};

// How often a walk around a pixel goes from paper to ink.
int rises(int neighbours) {
  const int next = (neighbours >> 1 | neighbours << 7) & 255;
  return std::popcount(static_cast<unsigned>(~neighbours & next & 255));
}

Grid enlarged(const Image& image, uint8_t level) {
  const int32_t w = (image.width + 2) * kScale, h = (image.height + 2) * kScale;
  Grid grid{
      w, std::vector<uint8_t>(static_cast<size_t>(w) * h), {-w, -w + 1, 1, w + 1, w, w - 1, -1, -w - 1}};
  const auto at = [&](int32_t x, int32_t y) {
    return x < 0 || y < 0 || x >= image.width || y >= image.height ? 0.f : static_cast<float>(image.at(x, y));
  };
  for (int32_t j = 1; j + 1 < h; ++j)
    for (int32_t i = 1; i + 1 < w; ++i) {
      const float x = (static_cast<float>(i) + 0.5f) / kScale - 1.5f, u = std::floor(x), a = x - u;
      const float y = (static_cast<float>(j) + 0.5f) / kScale - 1.5f, v = std::floor(y), b = y - v;
      const auto x0 = static_cast<int32_t>(u), y0 = static_cast<int32_t>(v);
      const float value = (1 - b) * ((1 - a) * at(x0, y0) + a * at(x0 + 1, y0)) +
                          b * ((1 - a) * at(x0, y0 + 1) + a * at(x0 + 1, y0 + 1));
      grid.on[static_cast<size_t>(j) * w + i] = value > static_cast<float>(level);
    }
  return grid;
}

// Takes small pieces of ink off the grid. Returns the middle of each, in pixels of the grid.
std::vector<Point> take_dots(Grid& grid) {
  std::vector<Point> dots;
  for_each_component(grid.on, grid.width, 1, [&](std::span<const int32_t> part) {
    const Rect box = bounds(part, grid.width);
    if (std::max(box.width, box.height) > kDot * kScale) return;
    Point sum{0, 0};
    for (const int32_t p : part) {
      sum.x += static_cast<float>(p % grid.width);
      sum.y += static_cast<float>(p / grid.width);
      grid.on[p] = 0;
    }
    dots.push_back({sum.x / static_cast<float>(part.size()), sum.y / static_cast<float>(part.size())});
  });
  return dots;
}

void thin(Grid& grid) {
  std::vector<int32_t> ink, gone;
  for (size_t p = 0; p < grid.on.size(); ++p)
    if (grid.on[p]) ink.push_back(static_cast<int32_t>(p));
  for (bool changed = true; changed;) {
    changed = false;
    for (const bool odd : {true, false}) {
      gone.clear();
      for (const int32_t p : ink) {
        const int n = grid.neighbours(p), count = std::popcount(static_cast<unsigned>(n));
        if (count < 2 || count > 6 || rises(n) != 1) continue;
        const bool north = n & 1, east = n & 4, south = n & 16, west = n & 64;
        if (odd ? !(east && south && (north || west)) : !(north && west && (east || south)))
          gone.push_back(p);
      }
      for (const int32_t p : gone) grid.on[p] = 0;
      changed = changed || !gone.empty();
      std::erase_if(ink, [&](int32_t p) { return !grid.on[p]; });
    }
  }
}

// Paths between ends and crossings, then rings. A crossing belongs to each path that ends there.
std::vector<std::vector<int32_t>> trace(const Grid& grid) {
  std::vector<int32_t> pixels;
  std::vector<uint8_t> node(grid.on.size()), used(grid.on.size());
  for (size_t i = 0; i < grid.on.size(); ++i) {
    const auto p = static_cast<int32_t>(i);
    if (!grid.on[i]) continue;
    pixels.push_back(p);
    node[i] = rises(grid.neighbours(p)) != 2;
  }
  const auto follow = [&](int32_t start) {
    std::vector<int32_t> path = {start};
    for (int32_t p = start;;) {
      int32_t next = -1;
      for (const int i : {0, 2, 4, 6, 1, 3, 5, 7}) {  // straight neighbours before diagonal ones
        const int32_t q = p + grid.around[i];
        if (!grid.on[q] || (path.size() > 1 && q == path[path.size() - 2])) continue;
        if (node[q] ? path.size() < 2 : used[q]) continue;
        next = q;
        break;
      }
      if (next < 0) return path;
      path.push_back(next);
      if (node[next]) return path;
      used[next] = 1;
      p = next;
    }
  };
  std::vector<std::vector<int32_t>> paths;
  for (const int32_t p : pixels) {
    if (!node[p]) continue;
    for (auto path = follow(p); path.size() > 1; path = follow(p)) paths.push_back(std::move(path));
  }
  for (const int32_t p : pixels) {
    if (used[p] || node[p]) continue;
    used[p] = 1;
    auto ring = follow(p);
    ring.push_back(p);
    paths.push_back(std::move(ring));
  }
  return paths;
}

}  // namespace

Ink skeleton(const Image& image, uint8_t level) {
  Grid grid = enlarged(image, level);
  const auto in_pixels = [](Point p) { return Point{(p.x + 0.5f) / kScale - 1, (p.y + 0.5f) / kScale - 1}; };
  Ink ink;
  for (const Point& dot : take_dots(grid)) ink.add_stroke(std::vector{in_pixels(dot)});
  thin(grid);
  std::vector<Point> stroke;
  for (const std::vector<int32_t>& path : trace(grid)) {
    const auto n = static_cast<int32_t>(path.size());
    if (n <= 2 * kScale) continue;  // a spur
    stroke.clear();
    for (int32_t i = 0; i < n; ++i) {  // the mean over some neighbours; the ends stay
      const int32_t reach = std::min({kScale + 1, i, n - 1 - i});
      Point sum{0, 0};
      for (int32_t k = i - reach; k <= i + reach; ++k) {
        sum.x += static_cast<float>(path[k] % grid.width);
        sum.y += static_cast<float>(path[k] / grid.width);
      }
      const auto count = static_cast<float>(2 * reach + 1);
      stroke.push_back(in_pixels({sum.x / count, sum.y / count}));
    }
    ink.add_stroke(stroke);
  }
  return ink;
}

Result<Image> drawn_from_skeleton(const Image& scan, const InputSpec& spec, float strength, Random& random) {
  const Ink ink = skeleton(scan, static_cast<uint8_t>(random.uniform(70, 170)));
  return draw_varied(ink, spec, strength, random.next(), 1);
}

}  // namespace biji
