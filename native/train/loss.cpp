#include "native/train/loss.h"

#include <cmath>

namespace biji {

at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged,
                   double smoothing) {
  if (!merged.defined())
    return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, smoothing);
  const at::Tensor log_p = at::log_softmax(logits, 1);
  const at::Tensor single = at::eye(logits.size(1), merged.options());
  const at::Tensor others = at::cat({single, merged}).index_select(0, labels).logical_not_();  // [n, classes]
  const at::Tensor of_label = at::logsumexp(log_p.masked_fill(others, -INFINITY), 1).mean();
  return of_label * -(1 - smoothing) - log_p.mean() * smoothing;
}

at::Tensor loss_of_unsure(const at::Tensor& logits) {
  return -at::log_softmax(logits, 1).mean();
}

at::Tensor count_right(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& merged) {
  const at::Tensor answer = logits.argmax(1);
  if (!merged.defined()) return answer.eq(labels).sum();
  const at::Tensor single = at::eye(logits.size(1), merged.options());
  return at::cat({single, merged}).index_select(0, labels).gather(1, answer.unsqueeze(1)).sum();
}

}  // namespace biji
