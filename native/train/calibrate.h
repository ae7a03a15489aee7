// What an exported model says about its own certainty.
#pragma once

#include <ATen/ATen.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "native/data/dataset.h"
#include "native/nets/net.h"
#include "native/train/run.h"

namespace biji {

// Samples the network has not learned from, to fit the temperature on: what the run held out or, where it
// learned from everything, its training data under augmentation that it has not seen (harder than real data,
// so the fit errs to caution).
struct Calibration {
  double temperature;
  std::string from;  // in words
  Dataset samples;
  at::Tensor logits;  // of the samples, under augmentation where they are training data
  bool plain;         // they are not
};
// net: folded, on the CPU, as it will be exported.
Calibration calibrate(Net& net, const RunState& state);

// {threshold, false_accept, false_reject, scribbles, characters}: the rejection threshold. Answers less probable are
// rejected. It minimises the sum of two shares: of non-characters ("scribbles" in model.json) that are accepted, and of
// characters that are rejected.
nlohmann::json rejection(Net& net, const RunState& state, const Calibration& calibration);

// The temperature that minimises the mean negative log-likelihood of logits / temperature, 0.05..20.
// One number needs few samples: fit it on temperature_sample() of them where the logits of all were too many.
double fit_temperature(const at::Tensor& logits, const at::Tensor& labels);

// 20,000 of 0..n-1 at random, or all of them; the same ones each time. int64 on the CPU.
at::Tensor temperature_sample(int64_t n);

}  // namespace biji
