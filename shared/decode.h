// From logits to text: calibrated probabilities, top-k, restriction to allowed characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace biji {

// One answer: class index and its probability, 0..1.
struct Candidate {
  int32_t index = 0;
  float probability = 0;
};

// Whether logits can be divided by it: > 0 and finite.
bool usable_temperature(float temperature);

// The k most probable classes, best first; ties go to the lower index.
// logits: [classes], NaN counts as -infinity. allow: [classes] flags, or empty for all: the probabilities are
// a softmax over the allowed classes alone. temperature: logits are divided by it (C. Guo et al., 2017).
// k is cut to the number of allowed classes. kBadArgument for k < 1, a temperature that is not usable or an
// allow of another length; kEmpty when there is nothing to choose from.
Result<std::vector<Candidate>> top_k(std::span<const float> logits, std::span<const uint8_t> allow,
                                     float temperature, int32_t k);

// Characters about which a model is unsure are shown to it once more, sheared to either side; the mean of its logits over
// the three views is right more often than the first.
struct TestTimeAugmentation {
  float below = 0;  // probability of the best class, 0..1, under which a model is unsure; 0: never
  float shear = 0;  // of the views, to either side (sheared_view() in encode.h), 0..1; 0: no views
};

// Which characters a model is unsure about: indices, ascending, of those whose most probable class has less than
// `below`. logits: [characters, classes], classes > 0 (assert); temperature as in top_k.
std::vector<int32_t> unsure(std::span<const float> logits, int32_t classes, float temperature, float below);

// A reading of several characters: one index into each character's candidates, and the product of their
// probabilities.
struct Reading {
  std::vector<int32_t> choice;  // [characters]
  float probability = 0;
};

// The k most probable readings of independent characters, best first; exact, by a beam of k.
// characters: each one's candidates, best first, none empty (assert).
std::vector<Reading> best_readings(std::span<const std::vector<Candidate>> characters, int32_t k);

}  // namespace biji
