// What the tests that train share.
#pragma once

#include "native/base/random.h"
#include "native/train/train.h"
#include "tests/native/testing.h"

namespace biji {

// A quiet run of a network's own recipe whose results do not depend on the machine: "auto" would be bf16 where the CPU
// multiplies it, another device where there is one, and as many threads as there are cores.
inline TrainOptions pinned_run(const std::string& network, const std::filesystem::path& pack,
                               const std::filesystem::path& out) {
  TrainOptions options;
  options.network = network;
  options.data = {pack};
  options.out = out;
  options.recipe = default_recipe(network);
  options.device = "cpu";
  options.precision = "fp32";
  options.threads = 2;
  options.quiet = true;
  return options;
}

// Ink of ten classes: class c is a bar across whose height depends on c, beside a fixed upright.
inline void write_ink_bars(const std::filesystem::path& path, int count) {
  PackWriter writer(path, PackKind::kStrokes);
  Random random(5);
  for (int i = 0; i < count; ++i) {
    Ink ink;
    const float y = static_cast<float>(i % 10) * 100 + random.uniform(0, 20);
    ink.add_stroke(std::vector<Point>{{0, 0}, {0, 1000}});
    ink.add_stroke(std::vector<Point>{{0, y}, {400, y}, {800, y}});
    writer.add(static_cast<uint16_t>(i % 10), static_cast<uint16_t>(i % 3), ink);
  }
  writer.commit("ink", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {"a", "b", "c"});
}

}  // namespace biji
