#include "native/train/eval.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <thread>
#include <tuple>

#include "native/base/device.h"

namespace biji {

at::Tensor logits_of(Net& net, const at::Tensor& pixels, at::ScalarType precision) {
  const at::NoGradGuard no_grad;
  const at::ScalarType type = net.state().scalar_type();
  const Autocast autocast(pixels.device(), precision);
  constexpr int64_t kBatch = 256;
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i < pixels.size(0); i += kBatch)
    parts.push_back(net.forward(to_input(pixels.slice(0, i, i + kBatch), type), false).to(type));
  if (parts.empty()) return at::zeros({0, net.network().classes()});
  return at::cat(parts).cpu();
}

at::Tensor logits_of(Net& net, const Dataset& data, at::ScalarType precision) {
  if (!data.drawn()) return logits_of(net, data.pixels, precision);
  constexpr int64_t kBlock = 2048;
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i < data.size(); i += kBlock)
    parts.push_back(logits_of(net, inputs(data, i, i + kBlock), precision));
  if (parts.empty()) return at::zeros({0, net.network().classes()});
  return at::cat(parts);
}

void look_again(Net& net, at::Tensor& logits, double temperature, const LookAgain& look,
                const Leaning& leaning) {
  if (look.below <= 0 || look.slant <= 0 || logits.size(0) == 0) return;
  logits = logits.to(at::kFloat).contiguous();
  const auto classes = static_cast<int32_t>(logits.size(1));
  const std::span<float> rows(logits.data_ptr<float>(), static_cast<size_t>(logits.numel()));
  const std::vector<int32_t> which = unsure(rows, classes, static_cast<float>(temperature), look.below);
  if (which.empty()) return;
  const at::Tensor index = at::tensor(which, at::kLong);
  std::vector<at::Tensor> views;
  for (const float slant : {look.slant, -look.slant}) views.push_back(logits_of(net, leaning(index, slant)));
  const at::Tensor all = at::cat(views).to(at::kFloat).contiguous();
  average_views(rows, which, {all.data_ptr<float>(), static_cast<size_t>(all.numel())}, classes);
}

Leaning leaning_inputs(const Dataset& data, int64_t first) {
  return [&data, first](const at::Tensor& which, float slant) {
    if (!data.drawn()) {
      at::Tensor pixels = data.pixels.index_select(0, (which + first).to(data.pixels.device())).cpu();
      for (const at::Tensor& row : pixels.unbind()) {
        uint8_t* sample = row.data_ptr<uint8_t>();
        const Image image = lean({sample, static_cast<size_t>(row.numel())}, data.input, slant);
        std::copy(image.pixels.begin(), image.pixels.end(), sample);
      }
      return pixels.to(data.pixels.device());
    }
    DrawOptions options{.input = data.input, .slant = slant};
    options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    return draw(data, which + first, options).to(data.labels.device());
  };
}

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

std::vector<Answer> answers_of(Net& net, const Dataset& data, double temperature, const LookAgain& look,
                               const std::function<void(int64_t)>& told) {
  const int64_t n = data.labels.size(0);
  const int64_t block = std::clamp<int64_t>((4 << 20) / net.network().classes(), 256, 4096);
  std::vector<Answer> answers;
  answers.reserve(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i += block) {
    const int64_t end = std::min(n, i + block);
    at::Tensor logits = logits_of(net, inputs(data, i, end));
    look_again(net, logits, temperature, look, leaning_inputs(data, i));
    add_answers(answers, logits, data.labels.slice(0, i, end).cpu(), temperature);
    if (told) told(end);
  }
  return answers;
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

Metrics measure(const at::Tensor& logits, const at::Tensor& labels, double temperature) {
  std::vector<Answer> answers;
  add_answers(answers, logits, labels, temperature);
  return summarise(answers, logits.size(1));
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

double fit_temperature(const at::Tensor& logits, const at::Tensor& labels) {
  // The loss is unimodal in 1/temperature (it is convex in it): golden-section search over the logarithm.
  const double golden = (std::sqrt(5.) - 1) / 2;
  const int64_t n = logits.size(0), block = 512;
  const auto loss = [&](double log_t) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += block) {
      const at::Tensor exact = logits.slice(0, i, i + block).to(at::kDouble) / std::exp(log_t);
      sum +=
          at::cross_entropy_loss(exact, labels.slice(0, i, i + block), {}, at::Reduction::Sum).item<double>();
    }
    return sum;
  };
  double low = std::log(0.05), high = std::log(20.);
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double loss_a = loss(a), loss_b = loss(b);
  while (high - low > 1e-4) {
    if (loss_a < loss_b) {
      high = b, b = a, loss_b = loss_a;
      a = high - golden * (high - low), loss_a = loss(a);
    } else {
      low = a, a = b, loss_a = loss_b;
      b = low + golden * (high - low), loss_b = loss(b);
    }
  }
  return std::exp((low + high) / 2);
}

at::Tensor temperature_sample(int64_t n) {
  return permutation(n, 0x7e39).slice(0, 0, std::min<int64_t>(n, 20000));
}

}  // namespace biji
