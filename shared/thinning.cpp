#include "shared/thinning.h"

#include <algorithm>

namespace biji {
namespace {

// Of some bits, for 64 places at once: which places have exactly one, and which have two or more.
struct Count {
  uint64_t some = 0, several = 0, all = ~uint64_t{0};
  void add(uint64_t bits) {
    several |= some & bits;
    some |= bits;
    all &= bits;
  }
};

// One subiteration. rows: with a blank one before the first and behind the last. True when something went.
template <bool kSecond>
bool thin_once(std::array<uint64_t, kBitGridSide + 2>& rows) {
  BitGrid left;
  uint64_t any = 0;
  for (size_t y = 0; y < left.size(); ++y) {  // no branches: compilers make vector instructions of it
    const uint64_t row = rows[y + 1];
    // Clockwise from above; bit x of a word shifted left is the place x - 1.
    const uint64_t n = rows[y], ne = n >> 1, e = row >> 1, s = rows[y + 2], se = s >> 1, sw = s << 1,
                   w = row << 1, nw = n << 1;
    Count parts, pairs, other_pairs;
    parts.add(~n & (ne | e));
    parts.add(~e & (se | s));
    parts.add(~s & (sw | w));
    parts.add(~w & (nw | n));
    pairs.add(nw | n);
    pairs.add(ne | e);
    pairs.add(se | s);
    pairs.add(sw | w);
    other_pairs.add(n | ne);
    other_pairs.add(e | se);
    other_pairs.add(s | sw);
    other_pairs.add(w | nw);
    const uint64_t kept = kSecond ? (s | sw | ~nw) & w : (n | ne | ~se) & e;
    const uint64_t gone = row & parts.some & ~parts.several & pairs.several & other_pairs.several &
                          ~(pairs.all & other_pairs.all) & ~kept;
    left[y] = row & ~gone;
    any |= gone;
  }
  std::copy(left.begin(), left.end(), rows.begin() + 1);
  return any != 0;
}

}  // namespace

void thin(BitGrid& rows) {
  std::array<uint64_t, kBitGridSide + 2> padded{};
  std::copy(rows.begin(), rows.end(), padded.begin() + 1);
  for (bool changed = true; changed;) {
    changed = thin_once<false>(padded);
    changed |= thin_once<true>(padded);
  }
  std::copy_n(padded.begin() + 1, kBitGridSide, rows.begin());
}

}  // namespace biji
