// Turns a sampled stroke into anti-aliased triangles: a smooth curve of varying width with round ends.
// Plain arithmetic, for display only: the recogniser reads the raw samples. Tested in tests/core/ink_mesh_test.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shared/ink.h"

namespace biji {

// How a stroke looks. Lengths are in the unit of its points (CSS pixels).
struct Pen {
  float width = 6;  // full width at pressure 0.5, > 0
  float pressure_gain =
      0.8f;         // 0..1: width is width * (1 + pressure_gain * (2 * pressure - 1)), at least a third of it
  float pixel = 1;  // one device pixel, > 0: the width of the soft edge, and the scale of all tolerances
};

// x, y: CSS pixels. alpha: 0..255, the coverage to multiply the ink's colour with.
struct MeshVertex {
  float x = 0;
  float y = 0;
  uint8_t alpha = 0;
};

// A triangle list. Triangles of one stroke overlap where it turns sharply, so ink must be opaque.
struct Mesh {
  std::vector<MeshVertex> vertices;
  std::vector<uint32_t> indices;
};

// The curve is made of quadratic Bezier arcs, one for each sample: arc i bends around sample i, from the middle between
// samples i-1 and i to the middle between i and i+1; the first and last arc reach the first and last sample. Before
// that, samples that lie closer together than a few pixels are averaged with their neighbours, which takes out the
// staircase of a mouse that reports whole pixels.

// Arcs that no later sample can change: all of a finished stroke, all but the last two while the pen is down.
inline int32_t final_arcs(int32_t samples, bool finished) {
  return finished ? samples : samples < 2 ? 0 : samples - 2;
}

// Appends arcs [first, last) of stroke to mesh, 0 <= first <= last <= stroke.size(), with a round end where the curve
// begins (first == 0) and where it ends (last == stroke.size()). Arcs appended in several calls meet without a seam.
void append_arcs(std::span<const Point> stroke, int32_t first, int32_t last, const Pen& pen, Mesh& mesh);

}  // namespace biji
