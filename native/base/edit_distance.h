// How unlike two sequences are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace biji {

// The least number of elements to insert, to delete and to replace that makes one of the other (V. Levenshtein, 1966).
// Time a.size() * b.size(), memory b.size().
template <class Sequence>
size_t edit_distance(const Sequence& a, const Sequence& b) {
  std::vector<size_t> row(b.size() + 1);  // row[j]: of what has been seen of a, and the first j of b
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace biji
