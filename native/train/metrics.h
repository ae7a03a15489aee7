// How well labelled samples were recognised.
//
// Logits are looked at a block at a time and reduced to one Answer of 20 bytes a sample, from which every
// figure follows. So 75,000 samples of 3,755 classes need 1.5 MB, not the 1.1 GB of their logits, and 7,356
// classes need no table of 7,356 x 7,356.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace biji {

// What is kept of a sample.
struct Answer {
  int32_t truth = 0;
  int32_t best = 0;          // the class with the largest logit; ties go to the lower index, as in decode.h
  int32_t rank = 0;          // of the truth in that order: 0 = right
  float probability = 0;     // of best
  float log_likelihood = 0;  // natural logarithm of the truth's probability
  bool right() const { return rank == 0; }
};

// Appends one answer a row. logits: floating point [n, classes] on the CPU, NaN counts as -infinity;
// labels: int64 [n] on the CPU, each < classes; temperature > 0 divides the logits.
void add_answers(std::vector<Answer>& answers, const at::Tensor& logits, const at::Tensor& labels,
                 double temperature = 1);

// Of the samples whose answer's probability lies in one fifteenth of 0..1.
struct CalibrationBin {
  int64_t count = 0;
  double confidence = 0, accuracy = 0;  // means; 0 without samples
};

// How often truth was taken for answer (another class).
struct Confusion {
  int32_t truth = 0, answer = 0;
  int64_t count = 0;
};

struct ClassCounts {
  int64_t samples = 0;   // of this class
  int64_t answered = 0;  // samples of any class answered with this one
  int64_t right = 0;
};

struct Metrics {
  int64_t count = 0, errors = 0;
  double loss = 0;                                           // mean negative log-likelihood
  double top1 = 0, top2 = 0, top3 = 0, top5 = 0, top10 = 0;  // shares, 0..1
  double top1_low = 0, top1_high = 0;                        // 95 % interval of top1 (E. B. Wilson, 1927)
  double mean_recall = 0;                                    // over the classes that have samples
  double calibration_error = 0;  // expected calibration error over the bins (C. Guo et al., 2017)
  std::array<CalibrationBin, 15> bins;
  std::vector<ClassCounts> classes;   // [classes]
  std::vector<Confusion> confusions;  // most frequent first, then by truth and answer
};

// No answers give zeros.
Metrics summarise(std::span<const Answer> answers, int64_t classes);

// Two classes and how often each was taken for the other; a < b.
struct ConfusedPair {
  int32_t a = 0, b = 0;
  int64_t a_as_b = 0, b_as_a = 0;
  int64_t count() const { return a_as_b + b_as_a; }
};
// Most frequent first, both directions together.
std::vector<ConfusedPair> confused_pairs(std::span<const Confusion> confusions);

// Indices of the wrong answers, the most confident first.
std::vector<int64_t> worst_errors(std::span<const Answer> answers);

struct GroupCounts {
  int64_t samples = 0, right = 0;
};
// By group (the writer, for instance). groups: [answers], each in 0..count-1 (assert).
std::vector<GroupCounts> by_group(std::span<const Answer> answers, std::span<const int64_t> groups,
                                  int64_t count);

}  // namespace biji
