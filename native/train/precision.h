// Which number format trains fastest on this machine.
//
// What a CPU multiplies in hardware does not tell: it depends on the network and on the libraries whether bf16 is worth
// the conversions. So it is measured before a run begins; the run then keeps what was chosen, and all that it computes
// depends on that alone.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "native/train/batches.h"
#include "native/train/ranks.h"
#include "native/train/run.h"

namespace biji {

struct TimedPrecision {
  at::ScalarType type;
  double seconds = 0;  // the fastest of a few steps; 0 = not measured
};

// The candidates, the one to train with first: the fastest, or an earlier one that is nearly as fast. A single one is not
// measured. Each takes a few steps on a copy of the network with weights of its own; state is not changed. All ranks
// return the same.
std::vector<TimedPrecision> by_speed(const std::vector<at::ScalarType>& candidates, const RunState& state,
                                     const Minibatch& batch, const at::Tensor& merged, at::Device device,
                                     Ranks& ranks);

}  // namespace biji
