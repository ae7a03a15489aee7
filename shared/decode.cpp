#include "shared/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace biji {
bool usable_temperature(float temperature) {
  return temperature > 0 && std::isfinite(temperature);
}

Result<std::vector<Candidate>> top_k(std::span<const float> logits, std::span<const uint8_t> allow,
                                     float temperature, int32_t k) {
  if (k < 1 || !usable_temperature(temperature) || (!allow.empty() && allow.size() != logits.size()))
    return Err::kBadArgument;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> all;
  all.reserve(logits.size());
  float most = kLowest;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!allow.empty() && !allow[i]) continue;
    const float logit = std::isnan(logits[i]) ? kLowest : logits[i];
    all.push_back({static_cast<int32_t>(i), logit});
    most = std::max(most, logit);
  }
  if (all.empty()) return Err::kEmpty;
  // A NaN-only or infinite output has no meaning; spread it evenly rather than divide by nothing.
  const bool usable = most > kLowest && most < std::numeric_limits<float>::infinity();
  double total = 0;
  for (Candidate& c : all) {
    c.probability =
        usable ? static_cast<float>(std::exp(static_cast<double>(c.probability - most) / temperature)) : 1.f;
    total += c.probability;
  }
  for (Candidate& c : all) c.probability = static_cast<float>(c.probability / total);
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.index < b.index;
  };
  const size_t count = std::min(all.size(), static_cast<size_t>(k));
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(count), all.end(), better);
  all.resize(count);
  return all;
}

std::vector<int32_t> unsure(std::span<const float> logits, int32_t classes, float temperature, float below) {
  assert(classes > 0 && logits.size() % static_cast<size_t>(classes) == 0);
  std::vector<int32_t> which;
  for (size_t i = 0; i * classes < logits.size(); ++i) {
    const Result<std::vector<Candidate>> best =
        top_k(logits.subspan(i * classes, classes), {}, temperature, 1);
    if (best.ok() && best.value[0].probability < below) which.push_back(static_cast<int32_t>(i));
  }
  return which;
}

std::vector<Reading> best_readings(std::span<const std::vector<Candidate>> characters, int32_t k) {
  std::vector<Reading> beam(1);
  beam[0].probability = 1;
  for (const std::vector<Candidate>& candidates : characters) {
    assert(!candidates.empty());
    std::vector<Reading> next;
    for (const Reading& reading : beam) {
      for (size_t i = 0; i < candidates.size(); ++i) {
        next.push_back({reading.choice, reading.probability * candidates[i].probability});
        next.back().choice.push_back(static_cast<int32_t>(i));
      }
    }
    const auto better = [](const Reading& a, const Reading& b) {
      return a.probability != b.probability ? a.probability > b.probability : a.choice < b.choice;
    };
    const size_t count = std::min(next.size(), static_cast<size_t>(std::max(k, 1)));
    std::partial_sort(next.begin(), next.begin() + static_cast<ptrdiff_t>(count), next.end(), better);
    next.resize(count);
    beam = std::move(next);
  }
  if (characters.empty()) beam.clear();
  return beam;
}

}  // namespace biji
