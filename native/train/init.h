// Training that does not begin with random weights.
#pragma once

#include <filesystem>
#include <string>

#include "native/data/dataset.h"
#include "native/nets/net.h"
#include "native/train/run.h"

namespace biji {

// How the weights came about.
struct Origin {
  std::string command;
  Terms terms;
};

// Fills net with the averaged weights of a run, or those of an exported model: of the same network and classes, but for
// what import_smaller() (net.h) lets be smaller. net: initialised, without gradients. state: of the run that begins; data:
// what it trains on, on any device, for settle(). Throws std::runtime_error naming the folder.
Origin start_from(Net& net, const std::filesystem::path& folder, const RunState& state, const Dataset& data,
                  bool quiet);

// For settle(): input of some samples as the first step may see them, float on the CPU.
at::Tensor settling_samples(const Dataset& data, const Recipe& recipe, uint64_t seed, int threads);

}  // namespace biji
