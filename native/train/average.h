// Runs made of weights that are there: the mean of several runs, an exported model.
//
// Such a run has no optimiser: it can be exported, evaluated, averaged again and begun with (`biji train --init`), not
// resumed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "native/train/run.h"

namespace biji {

struct WeightedRun {
  std::filesystem::path run;
  double weight = 1;  // above 0; what counts is their proportion
};
// "runs/a" or "runs/a:2.5". Throws std::runtime_error for a weight that is none.
WeightedRun weighted_run(const std::string& text);

struct AverageOptions {
  // Runs that went on from the same weights in different ways often average to a network better than each
  // (M. Wortsman et al., "Model soups", 2022); others do not.
  std::vector<WeightedRun> runs;
  std::filesystem::path out;
  std::string command;  // recorded for the model's card
};

// Writes the weighted mean of the runs' averaged weights, of the best checkpoint of each, as a run. The first run that
// was trained (or else the first) gives everything else: its samples are what export calibrates on. Throws
// std::runtime_error naming the run for other networks or classes, and when out holds a run.
RunState average(const AverageOptions& options);

struct ImportOptions {
  std::filesystem::path model;  // an exported model's folder
  // Packs by which batch normalisation gets its statistics back, which an exported model has no more; without any that
  // is left to the training that begins with the run, and the run cannot be averaged with others.
  std::vector<std::filesystem::path> data;
  std::filesystem::path out;
  std::string command;  // recorded for the model's card
};

// Writes an exported model as a run. Throws std::runtime_error naming the folder or pack.
RunState import_model(const ImportOptions& options);

}  // namespace biji
