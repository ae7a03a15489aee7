// `biji eval`: how good a model is, for people and for programs.
#pragma once

#include <filesystem>
#include <vector>

namespace biji {

struct ReportOptions {
  std::filesystem::path model;              // an exported model or a training run
  std::vector<std::filesystem::path> data;  // packs, measured together
  std::filesystem::path json;               // machine-readable copy; empty = none
  std::filesystem::path html;  // self-contained page with confusion matrix and worst errors; empty = none
};

// Prints top-1, top-2, top-3, loss, calibration error, a table of classes and the most frequent confusions.
// Throws std::runtime_error.
void report(const ReportOptions& options);

}  // namespace biji
