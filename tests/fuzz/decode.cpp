// Labels, the filter of allowed characters, and logits.

#include "shared/decode.h"

#include <cmath>

#include "shared/labels.h"
#include "tests/fuzz/fuzz.h"

namespace biji {
namespace {

std::string seed(const std::string& labels, const std::string& filter, std::initializer_list<float> logits,
                 float temperature = 1.5f) {
  std::string text = bytes_of(static_cast<uint8_t>(labels.size())) + labels +
                     bytes_of(static_cast<uint8_t>(filter.size())) + filter + bytes_of(temperature) +
                     bytes_of(int32_t{3});
  for (const float logit : logits) text += bytes_of(logit);
  return text;
}

}  // namespace

std::vector<std::string> seeds() {
  return {seed("0\n1\n2\n", "0-1", {1, 2, 3}), seed("一\n啊\r\na\n", "一-龥a", {-1e30f, NAN, 7}),
          seed("+\n-\n", "+-", {INFINITY, 0}), seed("a", "", {0}),
          seed("a\nb", "", {-INFINITY, 1}, INFINITY)};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  Input input(data, size);
  const Result<Labels> labels = parse_labels(input.text(input.number<uint8_t>()));
  const std::string_view filter = input.text(input.number<uint8_t>());
  if (!labels.ok()) return 0;
  for (const std::string& label : labels.value) require(!label.empty(), "no empty label");
  const Result<std::vector<uint8_t>> allow = parse_allow(filter, labels.value);
  if (!allow.ok()) return 0;
  require(allow.value.size() == labels.value.size(), "a flag for each label");

  const auto temperature = input.number<float>();
  const auto k = input.number<int32_t>();
  std::vector<std::vector<Candidate>> characters;
  for (int character = 0; character < 3; ++character) {
    std::vector<float> logits;
    for (size_t i = 0; i < labels.value.size(); ++i) logits.push_back(input.number<float>());
    const Result<std::vector<Candidate>> best = top_k(logits, allow.value, temperature, k);
    if (!best.ok()) return 0;
    require(!best.value.empty() && best.value.size() <= static_cast<size_t>(k), "at most k candidates");
    float before = 1, sum = 0;
    for (const Candidate& candidate : best.value) {
      require(candidate.probability >= 0 && candidate.probability <= before, "candidates fall from 1 to 0");
      require(allow.value[static_cast<size_t>(candidate.index)], "allowed candidates only");
      sum += before = candidate.probability;
    }
    require(sum < 1.001f, "probabilities add up to no more than 1");
    characters.push_back(best.value);
  }
  const int32_t readings = std::min(k, 4);
  require(best_readings(characters, readings).size() <= static_cast<size_t>(readings), "at most k readings");
  return 0;
}
