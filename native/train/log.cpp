#include "native/train/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "native/base/file.h"
#include "native/train/tensorboard.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader =
    "step,loss,accuracy,gradient_norm,learning_rate,images_per_second,input_wait,seconds\n";

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The header and the whole rows of steps up to that one.
std::string rows_up_to(const std::string& text, int64_t step) {
  std::string kept(kHeader);
  if (!text.starts_with(kHeader)) return kept;
  size_t begin = kHeader.size();
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    int64_t of = 0;
    const char* last = text.data() + end;
    const auto read = std::from_chars(text.data() + begin, last, of);
    if (read.ec != std::errc() || read.ptr == last || *read.ptr != ',' || of > step) break;
    kept += text.substr(begin, end + 1 - begin);
  }
  return kept;
}

std::string whole_file(const fs::path& path) {
  return fs::exists(path) ? read_file(path) : "";
}

int open_to_append(const fs::path& path, const std::string& old, const std::string& kept) {
  if (!fs::exists(path) || old != kept) write_file(path, kept);
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) throw std::runtime_error(path.string() + ": cannot be written: " + std::strerror(errno));
  return file;
}

}  // namespace

StepLog::StepLog(const fs::path& folder, int64_t every, int64_t batch, const RunState& state)
    : csv_path_(folder / "log.csv"),
      events_path_(folder / "events.out.tfevents.biji"),
      every_(every),
      batch_(batch) {
  const std::string rows = whole_file(csv_path_), events = whole_file(events_path_);
  std::string kept = events.substr(0, read_events(events).bytes_up_to(state.step));
  if (kept.empty()) kept = first_event_record(now());
  csv_ = open_to_append(csv_path_, rows, rows_up_to(rows, state.step));
  try {
    events_ = open_to_append(events_path_, events, kept);
  } catch (...) {
    ::close(csv_);
    throw;
  }
}

StepLog::~StepLog() {
  ::close(csv_);
  ::close(events_);
}

double StepLog::since_begin() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void StepLog::begin_step() {
  begin_ = std::chrono::steady_clock::now();
  ++steps_;
}

// One write a record: a kill leaves it whole or not at all. That a log could not be written is no reason to end training.
void StepLog::append(int file, const std::string& bytes) const {
  if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    std::fprintf(stderr, "%s cannot be written: %s\n", (file == csv_ ? csv_path_ : events_path_).c_str(),
                 std::strerror(errno));
}

void StepLog::add(RunState& state, int64_t done, double loss_sum, double correct_sum, double norm, double lr,
                  double seconds) {
  const int64_t begin = std::max(state.logged.step, state.step - done);
  const bool same_epoch = state.logged.step > state.step - done;
  const auto steps = static_cast<double>(std::max<int64_t>(1, state.step - begin));
  const double loss = (loss_sum - (same_epoch ? state.logged.loss : 0)) / steps;
  const double right = correct_sum - (same_epoch ? state.logged.correct : 0);
  const auto batch = static_cast<double>(batch_);
  const double spent = std::max(spent_ + since_begin(), 1e-9);
  const double accuracy = right / (steps * batch), speed = static_cast<double>(steps_) * batch / spent;
  const double wait = std::min(1., waited_ / spent);
  char row[256];
  std::snprintf(row, sizeof row, "%lld,%.6g,%.6g,%.6g,%.6g,%.6g,%.4f,%.3f\n",
                static_cast<long long>(state.step), loss, accuracy, norm, lr, speed, wait, seconds);
  append(csv_, row);
  append(events_, event_record({now(),
                                state.step,
                                {{"train/loss", loss},
                                 {"train/accuracy", accuracy},
                                 {"train/gradient_norm", norm},
                                 {"train/learning_rate", lr},
                                 {"speed/images_per_second", speed},
                                 {"speed/input_wait", wait}}}));
  state.logged = {state.step, loss_sum, correct_sum};
  spent_ = -since_begin();  // end_step() adds the rest of this step
  waited_ = 0;
  steps_ = 0;
}

void StepLog::add_epoch(const EpochRow& row) {
  std::vector<Scalar> scalars = {{"epoch/loss", row.loss}, {"epoch/accuracy", row.accuracy}};
  if (row.val_accuracy >= 0) {
    scalars.push_back({"validation/loss", row.val_loss});
    scalars.push_back({"validation/accuracy", row.val_accuracy});
  }
  append(events_, event_record({now(), row.step, scalars}));
}

}  // namespace biji
