#include "native/base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace biji {

Progress::Progress(std::string what, int64_t total, int64_t done)
    : what_(std::move(what)),
      total_(std::max<int64_t>(total, 1)),
      first_(done),
      shown_(start_),
      terminal_(isatty(STDERR_FILENO)) {}

Progress::~Progress() {
  clear();
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

bool Progress::due(int64_t done) {
  if (done >= total_ && terminal_) return true;
  return std::chrono::duration<double>(Clock::now() - shown_).count() >= (terminal_ ? 0.2 : 10);
}

void Progress::show(int64_t done, const std::string& text, int64_t items_per_unit, const char* item) {
  shown_ = Clock::now();
  const double elapsed = std::max(seconds(), 1e-6);
  const double speed = static_cast<double>(done - first_) / elapsed;
  const std::string left =
      done > first_ ? duration(static_cast<double>(total_ - done) / speed) + " left" : "";
  std::string bar;
  if (terminal_) {
    const int64_t filled = done * 24 / total_;
    for (int64_t i = 0; i < 24; ++i) bar += i < filled ? "█" : "░";
  }
  std::fprintf(stderr, "%s%s %s %3d%%  %s  %.0f %s/s  %s%s", terminal_ ? "\r" : "", what_.c_str(),
               bar.c_str(), static_cast<int>(done * 100 / total_), text.c_str(),
               speed * static_cast<double>(items_per_unit), item, left.c_str(), terminal_ ? "\033[K" : "\n");
  visible_ = terminal_;
}

void Progress::clear() {
  if (visible_) std::fputs("\r\033[K", stderr);
  visible_ = false;
}

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  return std::to_string(s / 3600) + " h " + std::to_string(s / 60 % 60) + " min";
}

}  // namespace biji
