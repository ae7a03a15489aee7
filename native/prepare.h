// Turns the official distribution of a data set into a pack, passing every image through the encoder of the
// page.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace biji {

struct PrepareOptions {
  std::string set;                          // a name of prepare_sets()
  std::string split = "train";              // "train" or "test"
  std::vector<std::filesystem::path> from;  // folders, searched in this order
  std::filesystem::path out;
};

// "mnist", "emnist".
std::vector<std::string> prepare_sets();

// Writes the pack; prints progress and a summary (samples, classes, samples a class, what was skipped and
// why). Throws std::runtime_error naming the file and what to try.
void prepare(const PrepareOptions& options);

}  // namespace biji
