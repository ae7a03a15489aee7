// What training minimises, and what it reports.
#pragma once

#include <ATen/ATen.h>

namespace biji {

// Cross-entropy of logits [n, classes] against labels [n] as dataset.h has them. A merged label's loss is that of the sum
// of its classes' probabilities. merged: bool [m, classes], or undefined. smoothing: share of the loss that asks for all
// classes alike.
at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged,
                   double smoothing);

// Cross-entropy of logits [n, classes] against equal probabilities: for non-characters.
at::Tensor loss_of_unsure(const at::Tensor& logits);

// How many of the labels the logits answer, a scalar.
at::Tensor count_right(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged);

}  // namespace biji
