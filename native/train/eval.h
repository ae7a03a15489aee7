// Runs a network over labelled samples. metrics.h says how well it did.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "native/data/dataset.h"
#include "native/nets/net.h"
#include "native/train/metrics.h"
#include "shared/reader.h"

namespace biji {

// Logits [n, classes] float on the CPU, without augmentation. pixels: u8 [n, h, w] or [n, channels, h, w]
// on the net's device.
at::Tensor logits_of(Net& net, const at::Tensor& pixels, at::ScalarType precision = at::kFloat);
// The same for samples that may have to be drawn first. net must be on the device of data's labels.
at::Tensor logits_of(Net& net, const Dataset& data, at::ScalarType precision = at::kFloat);

// What the net answers to all of data, in order, without augmentation. net must be on the device of data's labels.
std::vector<Answer> answers_of(Net& net, const Dataset& data);

// What a model answers to all of data, in order, as a Reader (shared/reader.h) has it: with test-time augmentation and
// temperature. net: the model's, on any device. told, unless empty, hears after each block how many samples are done. At
// most 16 MB of logits (or 256 samples) live at a time.
std::vector<Answer> answers_of(const ReaderModel& model, Net& net, const Dataset& data,
                               const std::function<void(int64_t)>& told = {});

}  // namespace biji
