// Thinning: from lines of any width to their skeletons, lines of one pixel.
#pragma once

#include <array>
#include <cstdint>

namespace biji {

// Marks in 64 rows of 64 places: bit x of row y.
inline constexpr int32_t kBitGridSide = 64;
using BitGrid = std::array<uint64_t, kBitGridSide>;

// Reduces marks to their skeleton; what was connected stays connected: Z. Guo and R. W. Hall, "Parallel thinning with
// two-subiteration algorithms", 1989, for the 64 places of a row at once. What lies outside the grid counts as unmarked.
void thin(BitGrid& rows);

}  // namespace biji
