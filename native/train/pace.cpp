#include "native/train/pace.h"

#include <algorithm>

namespace biji {
namespace {

constexpr double kSeveral = 3;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double Pace::slower(double seconds, int64_t pixels) {
  if (told_) return 0;
  if (pixels != pixels_) {
    first_.clear();
    last_.clear();
    pixels_ = pixels;
    return 0;  // the first step of a size prepares memory and kernels
  }
  if (first_.size() < kSteps) {
    first_.push_back(seconds);
    return 0;
  }
  last_.push_back(seconds);
  if (last_.size() < kSteps) return 0;
  const double times = median(last_) / median(first_);
  last_.clear();
  if (times < kSeveral) return 0;
  told_ = true;
  return times;
}

}  // namespace biji
