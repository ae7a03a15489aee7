#include "native/train/schedule.h"

#include <algorithm>
#include <cmath>

namespace biji {

float augment_strength(const Recipe& recipe, int64_t step, int64_t total) {
  const float x = (static_cast<float>(step) + 0.5f) / static_cast<float>(total);
  if (recipe.augment_end < 0 || x < 0.75f) return recipe.augment;
  return recipe.augment + (recipe.augment_end - recipe.augment) * (x - 0.75f) * 4;
}

double learning_rate(const Recipe& recipe, int64_t step, int64_t total) {
  if (recipe.schedule == "constant") return recipe.lr;
  const double x = (static_cast<double>(step) + 0.5) / static_cast<double>(total);
  constexpr double kRise = 0.15;
  const double shape = x < kRise ? x / kRise : 0.5 * (1 + std::cos(M_PI * (x - kRise) / (1 - kRise)));
  return recipe.lr * std::max(shape, 1e-3);
}

int32_t input_size(const Recipe& recipe, int32_t full, int64_t step, int64_t total) {
  if (recipe.size_start <= 0 || recipe.size_start >= full) return full;
  const int32_t stages = (full - recipe.size_start + 7) / 8;
  const double x = (static_cast<double>(step) + 0.5) / static_cast<double>(total);
  const auto stage = static_cast<int32_t>(x / 0.75 * stages);
  return stage >= stages ? full : recipe.size_start + 8 * stage;
}

}  // namespace biji
