// Pictures that show the same writing, for leaving out of one data set what is in another: sets that derive from the
// same forms share characters, cut out, scaled and smoothed in each in its own way (MNIST and EMNIST, both from NIST
// Special Database 19).
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <span>
#include <vector>

#include "shared/image.h"

namespace biji {

// How alike two pictures of the same writing are at least. Of EMNIST's digits the nearest of MNIST's test images has a
// likeness of 0.96 to 0.99, rarely less, where both are the same writing, and mostly 0.85 to 0.95 where they are not: so
// this leaves out nearly all of the first and many of the second, of which there are enough.
inline constexpr float kSameWriting = 0.93f;

class Alike {
 public:
  // packs: of pixels. Throws std::runtime_error naming the pack that cannot be read or holds strokes.
  explicit Alike(std::span<const std::filesystem::path> packs);

  // For each image, 255 = ink, of any size: its likeness to the most similar picture of the packs, -1..1, which is the
  // correlation of both, each cut to its ink, stretched to the same square and smoothed. 0 for what is blank.
  // Safe to call from several threads.
  std::vector<float> likeness(std::span<const Image> images) const;

 private:
  at::Tensor known_;  // f32 [side * side, pictures]
};

}  // namespace biji
