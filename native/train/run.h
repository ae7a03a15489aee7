// A training run's folder: what is trained and how, where it stands, and its weights.
//
//   state.json                        RunState, replaced last: it names the checkpoints that are complete
//   checkpoint-00000123.safetensors   after step 123: "model.*" weights, "average.*" their average, "optimizer.*"
//   log.jsonl                         one line for each finished epoch
//   log.csv, events.out.tfevents.biji a row every few steps (log.h)
//   lock                              while a process trains it (native/base/lock.h)
//
// Every file is replaced atomically, so a run that was killed at any moment resumes from its last checkpoint.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "native/data/pack.h"
#include "native/data/terms.h"
#include "native/nets/network.h"
#include "native/nets/safetensors.h"
#include "native/train/recipe.h"
#include "shared/labels.h"

namespace biji {

// One finished epoch. Negative: not measured.
struct EpochRow {
  int32_t epoch = 0;  // from 1
  int64_t step = 0;
  double loss = 0;       // mean over the epoch's augmented training batches
  double accuracy = 0;   // the same
  double val_loss = -1;  // of the averaged weights on the held-out samples
  double val_accuracy = -1;
  double lr = 0;       // at its end
  double seconds = 0;  // since the run began, over all its sessions
};

// What the last row of log.csv (log.h) was made of: sums over its epoch up to that step.
struct Logged {
  int64_t step = 0;
  double loss = 0, correct = 0;
};

struct Checkpoint {
  std::string file;
  std::string sha256;
  int64_t step = 0;
  // As in RunState at that step; zeros in runs of earlier versions.
  double epoch_loss = 0, epoch_correct = 0;
  Logged logged = {};
};

struct RunState {
  // fixed when the run begins
  std::string network;
  Labels classes;
  InputSpec input;  // what the network reads, whatever its row says today
  int32_t input_version = 1;
  Recipe recipe;
  uint64_t seed = 1;
  std::string precision;  // "fp32", "bf16", "fp16"
  int32_t threads = 0;
  int64_t held_out = 0;  // training samples that are kept apart for validation
  std::vector<DataSource> data, validation;
  Terms terms;       // of use of all data on the way to the weights
  std::string init;  // the run or model that this one began with; empty = random weights
  std::string command;
  std::string git_commit;  // of the program that trained
  // "train"; "average" and "import": made of other weights by `biji average` and `biji import`, not to be resumed.
  std::string made_by = "train";
  std::vector<std::string> mean_of;  // RUN:WEIGHT each, of an average
  bool unsettled = false;  // imported without data: settle() (net.h) before these weights are trained
  // changes
  int64_t step = 0;
  int64_t total_steps = 0;
  double seconds = 0;
  double epoch_loss = 0;  // sums over the running epoch, so that a resumed epoch reports the same numbers
  double epoch_correct = 0;
  double loss_scale = 65536;  // fp16
  Logged logged;
  std::vector<EpochRow> epochs;
  std::vector<Checkpoint> checkpoints;  // newest first, at most two
  Checkpoint best;                      // by validation accuracy; empty file name without validation
  double best_accuracy = -1;
  bool stopped_early = false;  // Recipe::patience ran out; best is what counts

  bool finished() const { return stopped_early || (total_steps > 0 && step >= total_steps); }
};

// The commands that made a run, separated by " && ", and those of another; what both have in common is told once.
std::string joined_commands(std::string commands, const std::string& others);

// Throws std::runtime_error naming the file when it is missing or malformed.
RunState read_run(const std::filesystem::path& folder);

// Throws std::runtime_error when the run learned to read input of another input_version() than this program makes. Its
// weights may still begin another run.
void check_input(const std::filesystem::path& folder, const RunState& state);

// Writes tensors as the run's newest checkpoint, then state.json and log.jsonl, then removes files nobody
// names any more. best: this one is also the best so far.
void save_run(const std::filesystem::path& folder, RunState& state, const FloatTensors& tensors, bool best);

// The newest checkpoint whose checksum is right; moves state back to it. Throws when there is none.
FloatTensors load_checkpoint(const std::filesystem::path& folder, RunState& state);

// What the run is judged by: the checkpoint that was best on the validation samples or, without any, the
// newest one. Throws as load_checkpoint().
FloatTensors load_best(const std::filesystem::path& folder, RunState& state);

}  // namespace biji
