#include "shared/components.h"

#include <cassert>

namespace biji {

Rect bounds(std::span<const int32_t> part, int32_t width) {
  assert(!part.empty() && width > 0);
  int32_t x0 = width, x1 = 0;
  int32_t y0 = part[0] / width, y1 = y0;
  for (const int32_t at : part) {
    const int32_t x = at % width, y = at / width;
    x0 = std::min(x0, x);
    x1 = std::max(x1, x);
    y0 = std::min(y0, y);
    y1 = std::max(y1, y);
  }
  return {x0, y0, x1 - x0 + 1, y1 - y0 + 1};
}

}  // namespace biji
