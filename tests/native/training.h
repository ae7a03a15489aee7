// What the tests that train share.
#pragma once

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

}  // namespace biji
