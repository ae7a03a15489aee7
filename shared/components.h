// Connected components of a picture.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "image.h"

namespace biji {

// Calls visit(std::span<const int32_t> part) for each set of pixels >= level that touch one another, by sides or
// corners, in row order of their first pixels. part: places in pixels, each once; the first of
// them is the leftmost of the topmost row. pixels: [height, width]; visit may change those of its own part.
template <class Visit>
void for_each_component(std::span<const uint8_t> pixels, int32_t width, uint8_t level, Visit visit) {
  const auto height = static_cast<int32_t>(pixels.size()) / std::max(width, 1);
  std::vector<uint8_t> seen(pixels.size());
  std::vector<int32_t> part;
  for (int32_t start = 0; start < static_cast<int32_t>(pixels.size()); ++start) {
    if (pixels[start] < level || seen[start]) continue;
    part.assign(1, start);
    seen[start] = 1;
    for (size_t next = 0; next < part.size(); ++next) {
      const int32_t x = part[next] % width, y = part[next] / width;
      for (int32_t j = std::max(0, y - 1); j <= std::min(height - 1, y + 1); ++j) {
        for (int32_t i = std::max(0, x - 1); i <= std::min(width - 1, x + 1); ++i) {
          const int32_t near = j * width + i;
          if (pixels[near] < level || seen[near]) continue;
          seen[near] = 1;
          part.push_back(near);
        }
      }
    }
    visit(std::span<const int32_t>(part));
  }
}

// The smallest rectangle around some pixels of a picture, given as such a part; not empty (assert).
Rect bounds(std::span<const int32_t> part, int32_t width);

}  // namespace biji
