// Runs a network over labelled samples. metrics.h says how well it did.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "native/data/dataset.h"
#include "native/nets/net.h"
#include "native/train/metrics.h"
#include "shared/decode.h"

namespace biji {

// Logits [n, classes] float on the CPU, without augmentation. pixels: u8 [n, h, w] or [n, channels, h, w]
// on the net's device.
at::Tensor logits_of(Net& net, const at::Tensor& pixels, at::ScalarType precision = at::kFloat);
// The same for samples that may have to be drawn first. net must be on the device of data's labels.
at::Tensor logits_of(Net& net, const Dataset& data, at::ScalarType precision = at::kFloat);

// Second looks (shared/decode.h): the rows of logits [n, classes], float on the CPU, about which net is unsure become the
// mean of themselves and of what it says to the same samples leaning to either side. leaning(which, slant) gives those:
// the input of samples which, int64 [k] in 0..n-1.
using Leaning = std::function<at::Tensor(const at::Tensor& which, float slant)>;
void look_again(Net& net, at::Tensor& logits, double temperature, const LookAgain& look,
                const Leaning& leaning);
// For the samples of data from first on.
Leaning leaning_inputs(const Dataset& data, int64_t first);

// The net's answers to all of data, in order, with a second look where look says so. data: on the net's device; told,
// unless empty, hears after each block how many samples are done. At most 16 MB of logits (or 256 samples) live at a time.
std::vector<Answer> answers_of(Net& net, const Dataset& data, double temperature = 1,
                               const LookAgain& look = {}, const std::function<void(int64_t)>& told = {});

}  // namespace biji
