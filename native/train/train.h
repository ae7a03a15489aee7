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

#include "native/nets/net.h"
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
  std::filesystem::path out;                      // the run's folder
  // Runs whose averaged weights, and exported models whose weights are the start, or the mean of them: of the same network
  // and classes, but for what import_smaller() (net.h) lets be smaller. One that is named twice counts twice.
  std::vector<std::filesystem::path> init;
  Recipe recipe;
  uint64_t seed = 1;
  double held_out =
      0;  // share of the training samples kept for validation: 0..0.5; the same ones for every seed
  std::string device = "auto";     // "auto", "cpu", "cuda", "cuda:1"
  int threads = 0;                 // of the CPU; 0 = one a core
  std::string precision = "auto";  // "auto", "fp32", "bf16", "fp16"
  bool cuda_graphs = false;        // cuda_graph.h; one rank without mixup
  double save_every = 600;  // seconds between checkpoints within an epoch; 0: only at its end and on stop
  bool resume = false;      // go on where out stands; only out, device, cuda_graphs and save_every count
  std::string command;      // recorded for the model's card
  std::string git_commit;   // likewise
  bool quiet = false;       // print nothing
  int64_t stop_after = -1;  // stop as on Ctrl-C after this many steps in this session (tests)
  // Every step of this session is appended (benchmarks). A CUDA device works behind the program's back: there
  // input is meaningless, and whole only as the sum of a session that stop_after ended.
  std::vector<StepSeconds>* timing = nullptr;
};

// One step of recipe's optimiser on flat tensors: net.state() moves against net.gradient().
// m, v: moments, zeros before step 0, as long as the gradient. The gradient is spent afterwards.
//   "adamw"  I. Loshchilov, F. Hutter, 2019
//   "sgd"    Nesterov momentum 0.9
//   "muon"   for the matrices inside: momentum made orthogonal (K. Jordan et al., 2024), scaled so that lr and
//            weight_decay mean what they mean for AdamW (J. Liu et al., 2025); AdamW for the first and last
//            layer, gains and biases
void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, double lr, int64_t step);

// Cross-entropy of logits [n, classes] against labels [n] as dataset.h has them: a merged label's probability is
// the sum over its classes. merged: bool [m, classes], or undefined. smoothing: share of the loss that asks for
// all classes alike.
at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged,
                   double smoothing);

// Trains until done or until *stop becomes true, leaving a checkpoint in both cases; returns the state
// reached. stop may be set by a signal handler; nullptr = never. Throws std::runtime_error for data that do
// not fit together, an unusable device or folder, a diverged loss.
RunState train(const TrainOptions& options, const std::atomic<bool>* stop);

}  // namespace biji
