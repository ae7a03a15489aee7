// The samples of a data set as the network sees them, varied or not.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "native/data/dataset.h"

namespace biji {

// Of data that are drawn (assert): the label of each sample, and of each label the samples that are ink.
struct Peers {
  std::vector<int64_t> labels;
  std::vector<std::vector<int64_t>> of_label;
};
Peers peers_of(const Dataset& data);

// Variations for draw(). Each sample's own seed comes from seed and its place in index.
struct DrawOptions {
  InputSpec input;
  float strength = 0;  // of ink_augment.h; 0 = exactly the page's input
  uint64_t seed = 0;
  int threads = 1;
  // Share of the ink whose style is extrapolated, away from that of a peer, and how far at most: between() by
  // -extent..0. peers must be set where it is not 0.
  float extrapolate = 0;
  float extent = 0.5f;
  const Peers* peers = nullptr;
  float as_pictures = 0.5f;  // share of the ink that is varied as pictures (draw_varied())
  float skeletons =
      0;  // share of the pixels that are skeletonised and drawn anew (skeleton.h), at half the strength
};
struct Drawn {
  at::Tensor pixels;           // u8 [k, size, size] on the CPU, or [k, channels, size, size] with directions
  std::vector<int64_t> scans;  // ascending: the rows that are a pack's pixels, not varied yet (augment.h)
};
// The input of some samples. index: int64 [k] on the CPU. Ink is drawn, pixels are copied (and resized if input is of
// another size than theirs) or become skeletons. The same options give the same result, whatever the threads.
Drawn draw(const Dataset& data, const at::Tensor& index, const DrawOptions& options);

// The unvaried input of samples begin .. end, as draw() has it, on the data's device.
at::Tensor inputs(const Dataset& data, int64_t begin, int64_t end);

}  // namespace biji
