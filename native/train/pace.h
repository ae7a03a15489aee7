// Whether training still goes at the pace at which it began.
#pragma once

#include <cstdint>
#include <vector>

namespace biji {

// A machine that others use, too, makes steps several times as long: threads wait for the one whose core is taken.
class Pace {
 public:
  // After each step. seconds: that it took. pixels: of its input; steps of different inputs are not compared. Returns by
  // how much the last steps are slower than the first ones were, once, when they are several times as slow; else 0.
  double slower(double seconds, int64_t pixels);

 private:
  static constexpr size_t kSteps = 16;  // of which the median counts
  std::vector<double> first_, last_;
  int64_t pixels_ = -1;
  bool told_ = false;
};

}  // namespace biji
