// What is written about a run's steps while it trains, into its folder:
//
//   log.csv                    step,loss,accuracy,gradient_norm,learning_rate,images_per_second,input_wait,seconds
//   events.out.tfevents.biji   the same for TensorBoard (tensorboard.h), and what epochs validated
//
// A run that is resumed appends to both; what they told of steps behind its checkpoint is removed first, for it trains
// them again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "native/train/run.h"

namespace biji {

class StepLog {
 public:
  // every: steps between two rows, > 0; batch: samples a step. Goes on behind state.step. Throws std::runtime_error when the files cannot be
  // written.
  StepLog(const std::filesystem::path& folder, int64_t every, int64_t batch, const RunState& state);
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  // Around each step: its input was waited for so long. What lies between two steps (validation, saving) does not count.
  void begin_step();
  void waited(double seconds) { waited_ += seconds; }
  // Whether a row is due after this step; only then is the device to be asked for what it holds.
  bool due(int64_t step) const { return step % every_ == 0; }
  void end_step() { spent_ += since_begin(); }

  // Of step state.step. loss_sum, correct_sum: of its epoch so far, of which done steps are over; a row has the means
  // over the steps since the row before or since the epoch began. norm: of the gradient, before it is clipped.
  // seconds: since the run began. Advances state.logged.
  void add(RunState& state, int64_t done, double loss_sum, double correct_sum, double norm, double lr,
           double seconds);
  void add_epoch(const EpochRow& row);

 private:
  double since_begin() const;
  void append(int file, const std::string& bytes) const;
  std::filesystem::path csv_path_, events_path_;
  int64_t every_, batch_;
  int csv_ = -1, events_ = -1;
  std::chrono::steady_clock::time_point begin_;
  double spent_ = 0, waited_ = 0;
  int64_t steps_ = 0;  // since the last row, of this session
};

}  // namespace biji
