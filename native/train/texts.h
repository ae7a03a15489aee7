// How well words and lines are read: packs of texts (pack.h), by a Reader and what it is given as a model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "native/data/pack.h"
#include "native/nets/net.h"
#include "shared/reader.h"

namespace biji {

// A sample: what it says, what was read. Errors are the characters (code points) or words to insert, delete and replace.
struct TextAnswer {
  std::string truth, answer;
  int64_t characters = 0, errors = 0;  // of the truth; at least so many
  int64_t errors_ignoring_case = 0;    // A to Z are a to z
  int64_t words = 0, word_errors = 0;  // what blanks separate
  int64_t unknown = 0;                 // characters of the truth that no label of the model has
  int64_t pack = 0, sample = 0;
  bool right() const { return errors == 0; }
  double error_rate() const { return static_cast<double>(errors) / static_cast<double>(characters); }
};

// Fills in the counts. truth: not empty, UTF-8; known: the model's labels.
TextAnswer compared(std::string truth, std::string answer, const std::set<std::string>& known);

// Sums.
struct TextMetrics {
  int64_t texts = 0, right = 0;
  int64_t characters = 0, errors = 0, errors_ignoring_case = 0;
  int64_t words = 0, word_errors = 0;
  int64_t unknown = 0;
  double character_error_rate() const { return rate(errors, characters); }
  double character_error_rate_ignoring_case() const { return rate(errors_ignoring_case, characters); }
  double word_error_rate() const { return rate(word_errors, words); }

 private:
  static double rate(int64_t part, int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
  }
};
TextMetrics summarise(std::span<const TextAnswer> answers);

// Reads every sample of packs of texts. net: the model's, on any device. told, unless empty, hears how many are done.
std::vector<TextAnswer> texts_of(const ReaderModel& model, Net& net,
                                 std::span<const std::shared_ptr<const Pack>> packs,
                                 const std::function<void(int64_t)>& told = {});

// Indices of answers that are not right: the highest error rate first, then the most errors.
std::vector<int64_t> worst_texts(std::span<const TextAnswer> answers);

}  // namespace biji
