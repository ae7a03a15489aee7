// Finds the characters of a line (or page) of ink or of an ink map, in reading order.
#pragma once

#include <vector>

#include "image.h"
#include "ink.h"

namespace biji {

// How characters of a script are built.
struct SegmentOptions {
  // True for scripts whose characters fill squares and fall apart into parts side by side (hanzi; fills_squares() in
  // labels.h finds out from a model's labels): parts are joined while the result stays squarish, so 川 is one
  // character. False for digits and letters: whatever overlaps horizontally is one.
  bool square = false;
};

// strokes: indices into ink, ascending. line counts from 0. Box: in the ink's unit.
struct InkCharacter {
  std::vector<int32_t> strokes;
  Box box;
  int32_t line = 0;
};

// Every stroke with at least one point belongs to exactly one character. Empty ink gives none.
std::vector<InkCharacter> segment(const Ink& ink, const SegmentOptions& options);

// The ink of one character.
Ink extract(const Ink& ink, const InkCharacter& character);

// rect: in pixels of the map. components: labels of connected components, private to segment and extract.
struct ImageCharacter {
  std::vector<int32_t> components;
  Rect rect;
  int32_t line = 0;
};

// Characters in an ink map and the label of each pixel's component ([height, width], 0 = none).
struct ImageCharacters {
  std::vector<ImageCharacter> characters;
  std::vector<int32_t> labels;
};

// Connected components (8-neighbours) of pixels with at least three eighths of the map's strongest ink, specks dropped,
// grouped like strokes. Faint pencil counts as ink where there is nothing stronger; a map that is below kFaintInk
// everywhere has none. An empty map, or nothing but specks, gives no
// characters.
inline constexpr uint8_t kFaintInk = 24;
ImageCharacters segment(const Image& ink, const SegmentOptions& options);

// The pixels of one character alone: neighbours that reach into its rectangle are left out, soft edges are
// kept.
Image extract(const Image& ink, const ImageCharacters& all, const ImageCharacter& character);

}  // namespace biji
