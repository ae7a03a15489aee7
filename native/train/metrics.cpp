#include "native/train/metrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <tuple>

namespace biji {

void add_answers(std::vector<Answer>& answers, const at::Tensor& logits, const at::Tensor& labels,
                 double temperature) {
  const at::NoGradGuard no_grad;
  const int64_t n = logits.size(0), classes = logits.size(1);
  if (n == 0) return;
  at::Tensor x = logits.to(at::kFloat).contiguous();
  auto [top, best] = x.max(1);  // NaN where a row has one
  if (top.isnan().any().item<bool>()) {
    x = x.masked_fill(x.isnan(), -INFINITY);
    std::tie(top, best) = x.max(1);
  }
  const at::Tensor log_p = at::log_softmax(temperature == 1 ? x : x / temperature, 1);
  const at::Tensor of_best = log_p.gather(1, best.unsqueeze(1)).exp();
  const at::Tensor of_truth = log_p.gather(1, labels.unsqueeze(1));
  const float* row = x.data_ptr<float>();
  for (int64_t i = 0; i < n; ++i, row += classes) {
    const int64_t truth = labels.data_ptr<int64_t>()[i];
    const float mine = row[truth];
    int32_t rank = 0;
    for (int64_t c = 0; c < truth; ++c) rank += row[c] >= mine;
    for (int64_t c = truth + 1; c < classes; ++c) rank += row[c] > mine;
    answers.push_back({static_cast<int32_t>(truth), static_cast<int32_t>(best.data_ptr<int64_t>()[i]), rank,
                       of_best.data_ptr<float>()[i], of_truth.data_ptr<float>()[i]});
  }
}

Metrics summarise(std::span<const Answer> answers, int64_t classes) {
  Metrics m;
  m.count = static_cast<int64_t>(answers.size());
  m.classes.resize(static_cast<size_t>(classes));
  if (m.count == 0) return m;
  std::vector<std::pair<int32_t, int32_t>> wrong;  // truth, answer
  for (const Answer& a : answers) {
    m.loss -= a.log_likelihood;
    m.top1 += a.rank < 1;
    m.top2 += a.rank < 2;
    m.top3 += a.rank < 3;
    m.top5 += a.rank < 5;
    m.top10 += a.rank < 10;
    ++m.classes[static_cast<size_t>(a.truth)].samples;
    ++m.classes[static_cast<size_t>(a.best)].answered;
    m.classes[static_cast<size_t>(a.truth)].right += a.right();
    if (!a.right()) wrong.emplace_back(a.truth, a.best);
    const float share = a.probability > 0 ? a.probability : 0;  // 0 for NaN too
    const size_t last = m.bins.size() - 1;
    CalibrationBin& bin = m.bins[std::min(last, static_cast<size_t>(share * static_cast<float>(last + 1)))];
    ++bin.count;
    bin.confidence += share;
    bin.accuracy += a.right();
  }
  const auto n = static_cast<double>(m.count);
  for (double* mean : {&m.loss, &m.top1, &m.top2, &m.top3, &m.top5, &m.top10}) *mean /= n;
  for (CalibrationBin& bin : m.bins) {
    if (bin.count == 0) continue;
    m.calibration_error += std::abs(bin.confidence - bin.accuracy) / n;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }

  m.errors = static_cast<int64_t>(wrong.size());
  const double z2 = 1.959964 * 1.959964;
  const double centre = (m.top1 + z2 / (2 * n)) / (1 + z2 / n);
  const double half = std::sqrt(z2 * (m.top1 * (1 - m.top1) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  m.top1_low = std::max(0., centre - half);
  m.top1_high = std::min(1., centre + half);

  int64_t seen = 0;
  for (const ClassCounts& c : m.classes) {
    if (c.samples == 0) continue;
    m.mean_recall += static_cast<double>(c.right) / static_cast<double>(c.samples);
    ++seen;
  }
  m.mean_recall /= static_cast<double>(seen);

  std::sort(wrong.begin(), wrong.end());
  for (const auto& [truth, answer] : wrong) {
    if (m.confusions.empty() || m.confusions.back().truth != truth || m.confusions.back().answer != answer)
      m.confusions.push_back({truth, answer, 0});
    ++m.confusions.back().count;
  }
  std::stable_sort(m.confusions.begin(), m.confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return m;
}

std::vector<ConfusedPair> confused_pairs(std::span<const Confusion> confusions) {
  std::map<std::pair<int32_t, int32_t>, ConfusedPair> by_classes;
  for (const Confusion& c : confusions) {
    const auto [a, b] = std::minmax(c.truth, c.answer);
    ConfusedPair& pair = by_classes.try_emplace({a, b}, ConfusedPair{a, b}).first->second;
    (c.truth == a ? pair.a_as_b : pair.b_as_a) += c.count;
  }
  std::vector<ConfusedPair> pairs;
  for (const auto& [classes, pair] : by_classes) pairs.push_back(pair);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const ConfusedPair& a, const ConfusedPair& b) { return a.count() > b.count(); });
  return pairs;
}

std::vector<int64_t> worst_errors(std::span<const Answer> answers) {
  std::vector<int64_t> wrong;
  for (size_t i = 0; i < answers.size(); ++i)
    if (!answers[i].right()) wrong.push_back(static_cast<int64_t>(i));
  std::stable_sort(wrong.begin(), wrong.end(), [&](int64_t a, int64_t b) {
    return answers[static_cast<size_t>(a)].probability > answers[static_cast<size_t>(b)].probability;
  });
  return wrong;
}

std::vector<GroupCounts> by_group(std::span<const Answer> answers, std::span<const int64_t> groups,
                                  int64_t count) {
  assert(groups.size() == answers.size());
  std::vector<GroupCounts> counts(static_cast<size_t>(count));
  for (size_t i = 0; i < answers.size(); ++i) {
    assert(groups[i] >= 0 && groups[i] < count);
    GroupCounts& group = counts[static_cast<size_t>(groups[i])];
    ++group.samples;
    group.right += answers[i].right();
  }
  return counts;
}

}  // namespace biji
