// Inputs with the logits that any runtime should compute for them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "native/nets/net.h"
#include "native/train/run.h"

namespace biji {

// What golden.json holds:
//   input_version, size, tolerance, inputs [{label, pixels: base64 of channels*size*size bytes, logits: [classes]}]
// with one sample for each of ten classes, or non-characters without a label where the data may not be passed on.
// The logits are LibTorch's in float32 with the weights as stored. tolerance is the largest difference that
// another float32 runtime may show: ten times the largest distance between those logits and the same network
// in float64. (LibTorch adds in some 16 partial sums; a runtime that adds one by one may err sqrt(16) = 4
// times as much, both err, and 10 inputs are a small sample.)
// net: folded and rounded to what is stored, on the CPU.
// shareable: the samples of the data may be passed on.
nlohmann::json golden(Net& net, const RunState& state, bool shareable);

}  // namespace biji
