#include "native/eval.h"

#include <algorithm>
#include <cmath>

#include "native/device.h"

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

Metrics measure(const at::Tensor& logits, const at::Tensor& labels, double temperature) {
  Metrics m;
  m.count = logits.size(0);
  const int64_t classes = logits.size(1);
  m.confusion.assign(static_cast<size_t>(classes * classes), 0);
  if (m.count == 0) return m;
  const at::Tensor log_p = at::log_softmax(logits.to(at::kDouble) / temperature, 1).contiguous();
  const auto p = log_p.accessor<double, 2>();
  const auto truth = labels.accessor<int64_t, 1>();
  constexpr int kBins = 15;
  double bin_confidence[kBins] = {}, bin_correct[kBins] = {};
  for (int64_t i = 0; i < m.count; ++i) {
    const double mine = p[i][truth[i]];
    m.loss -= mine;
    int64_t better = 0, best = 0;
    for (int64_t c = 0; c < classes; ++c) {
      better += p[i][c] > mine;
      if (p[i][c] > p[i][best]) best = c;
    }
    m.top1 += better < 1;
    m.top2 += better < 2;
    m.top3 += better < 3;
    ++m.confusion[static_cast<size_t>(truth[i] * classes + best)];
    const double confidence = std::exp(p[i][best]);
    const int bin = std::min(kBins - 1, static_cast<int>(confidence * kBins));
    bin_confidence[bin] += confidence;
    bin_correct[bin] += best == truth[i];
  }
  const auto n = static_cast<double>(m.count);
  for (int i = 0; i < kBins; ++i) m.calibration_error += std::abs(bin_confidence[i] - bin_correct[i]) / n;
  m.loss /= n;
  m.top1 /= n;
  m.top2 /= n;
  m.top3 /= n;
  return m;
}

double fit_temperature(const at::Tensor& logits, const at::Tensor& labels) {
  // The loss is unimodal in 1/temperature (it is convex in it): golden-section search over the logarithm.
  const double golden = (std::sqrt(5.) - 1) / 2;
  const at::Tensor exact = logits.to(at::kDouble);
  const auto loss = [&](double log_t) {
    return at::cross_entropy_loss(exact / std::exp(log_t), labels).item<double>();
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

}  // namespace biji
