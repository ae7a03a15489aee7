// From logits to text: calibrated probabilities, top-k, restriction to allowed characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace biji {

// The text of each class, in the order of the model's outputs.
using Labels = std::vector<std::string>;

// One label a line, UTF-8, '\n' or "\r\n", a last line break is optional. kEmpty when there is none;
// kBadData for an empty line or invalid UTF-8; kTooLarge over 65,535 labels.
Result<Labels> parse_labels(std::string_view text);

// Whether the characters of a model fill squares, as SegmentOptions::square means it: more than half of its
// labels are single Chinese ideographs (Unicode's CJK blocks).
bool fills_squares(const Labels& labels);

// A set of characters written as ranges: "0-9", "A-Za-z", "一-龥", "0-9+-" ('-' first or last stands for
// itself). Returns one flag a label: 1 where every code point of the label is in the set. An empty filter
// allows all. kBadData for invalid UTF-8 or a range that runs backwards; kEmpty when no label is left.
Result<std::vector<uint8_t>> parse_allow(std::string_view filter, const Labels& labels);

// One answer: class index and its probability, 0..1.
struct Candidate {
  int32_t index = 0;
  float probability = 0;
};

// The k most probable classes, best first; ties go to the lower index.
// logits: [classes], NaN counts as -infinity. allow: [classes] flags, or empty for all: the probabilities are
// a softmax over the allowed classes alone. temperature > 0: logits are divided by it (C. Guo et al., 2017).
// k is cut to the number of allowed classes. kBadArgument for k < 1, a temperature that is not > 0 or an
// allow of another length; kEmpty when there is nothing to choose from.
Result<std::vector<Candidate>> top_k(std::span<const float> logits, std::span<const uint8_t> allow,
                                     float temperature, int32_t k);

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
