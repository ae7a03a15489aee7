// What a long job shows while it works: a bar on a terminal, a line every few seconds in a log file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace biji {

class Progress {
 public:
  // total: units of work, > 0. done: units that an earlier run has finished already (they do not count for
  // the speed).
  Progress(std::string what, int64_t total, int64_t done = 0);
  ~Progress();

  // True at most a few times a second (every ten seconds off a terminal), so that costly texts are made only
  // when shown.
  bool due(int64_t done);
  // Shows done, the speed in units a second, the time left, and text. units: how many items one unit of work
  // stands for.
  void show(int64_t done, const std::string& text, int64_t items_per_unit = 1, const char* item = "");
  // Removes the bar, so that ordinary output may follow.
  void clear();

  double seconds() const;  // since construction

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  int64_t total_, first_;
  Clock::time_point start_ = Clock::now(), shown_;
  bool terminal_, visible_ = false;
};

// "59 s", "3 min 20 s", "2 h 5 min".
std::string duration(double seconds);

}  // namespace biji
