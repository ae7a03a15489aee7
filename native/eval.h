// Measures a network on labelled images.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "native/dataset.h"
#include "native/net.h"

namespace biji {

// Logits [n, classes] float on the CPU, without augmentation. pixels: u8 [n, h, w] on the net's device.
at::Tensor logits_of(Net& net, const at::Tensor& pixels, at::ScalarType precision = at::kFloat);
// The same for samples that may have to be drawn first. net must be on the device of data's labels.
at::Tensor logits_of(Net& net, const Dataset& data, at::ScalarType precision = at::kFloat);

struct Metrics {
  int64_t count = 0;
  double loss = 0;                      // mean negative log-likelihood, natural logarithm
  double top1 = 0, top2 = 0, top3 = 0;  // shares, 0..1
  double calibration_error = 0;         // expected calibration error, 15 bins (C. Guo et al., 2017)
  std::vector<int64_t> confusion;       // [classes, classes], row = truth
};

// logits: float [n, classes] on the CPU; labels: int64 [n] on the CPU; temperature divides the logits.
Metrics measure(const at::Tensor& logits, const at::Tensor& labels, double temperature = 1);

// The temperature that minimises the mean negative log-likelihood of logits / temperature, 0.05..20.
double fit_temperature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace biji
