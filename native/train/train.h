// Training: one loop over data that stays on the device.
//
// Everything random in step k (order of the samples, augmentation, dropout) is drawn from (seed, k), so a run
// that was interrupted and resumed on the same CPU with the same number of threads gives bit for bit the
// weights of one that was not. On CUDA the same holds up to the order of floating-point sums.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "native/train/recipe.h"
#include "native/train/run.h"

namespace biji {

// How long one step took.
struct StepSeconds {
  double input = 0;  // waiting for its pixels (drawn or copied) and augmenting them
  double whole = 0;
};

struct TrainOptions {
  std::string network;                            // a name of network_table()
  std::vector<std::filesystem::path> data;        // packs, joined; same classes and input
  std::vector<std::filesystem::path> validation;  // packs; empty: held_out is used
  // The packs' names and shares as a recipe has them; then exactly these must be given. Empty: any, whole.
  std::vector<RecipeData> recipe_data, recipe_validation;
  std::filesystem::path out;  // the run's folder
  std::filesystem::path
      init;  // begin with this run's averaged weights or this exported model's (init.h); or empty
  Recipe recipe;
  uint64_t seed = 1;
  double held_out =
      0;  // share of the training samples kept for validation: 0..0.5; the same ones for every seed
  std::string device = "auto";     // "auto", "cpu", "cuda", "cuda:1"
  int threads = 0;                 // of the CPU; 0 = one a core
  std::string precision = "auto";  // "auto", "fp32", "bf16", "fp16"
  bool cuda_graphs = false;        // cuda_graph.h; one rank
  int64_t log_every = 20;  // steps between two rows of log.csv and TensorBoard's events (log.h); 0: none
  // Train a few steps, print what the run would take (dry_run.h), write nothing. out, resume: none.
  bool dry_run = false;
  double save_every = 600;  // seconds between checkpoints within an epoch; 0: only at its end and on stop
  // Go on where out stands; only out, device, cuda_graphs, log_every and save_every count, and data and validation: packs of the run
  // that lie elsewhere now (sources.h).
  bool resume = false;
  std::string command;      // recorded for the model's card
  std::string git_commit;   // likewise
  bool quiet = false;       // print nothing
  int64_t stop_after = -1;  // stop as on Ctrl-C after this many steps in this session (tests)
  // Every step of this session is appended (benchmarks). A CUDA device works behind the program's back: there input is
  // what the program waited for drawing, and whole means something only as the sum of a session that stop_after ended.
  std::vector<StepSeconds>* timing = nullptr;
};

// Trains until done or until *stop becomes true, leaving a checkpoint in both cases; returns the state
// reached. The folder is made and locked before anything else, and holds a run to resume (of step 0) before the first
// step. stop may be set by a signal handler; nullptr = never. Throws std::runtime_error for data that do
// not fit together, an unusable device or folder, a diverged loss.
RunState train(const TrainOptions& options, const std::atomic<bool>* stop);

}  // namespace biji
