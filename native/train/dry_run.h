// What a run would take, before it is begun (`biji train --dry-run`).
#pragma once

#include <cstdint>

#include "native/nets/network.h"

namespace biji {

struct Rehearsal {
  int64_t samples = 0, validation = 0;
  int64_t batch = 0, steps_per_epoch = 0, total_steps = 0;
  double first_step = 0;    // seconds: it allocates
  double step = 0;          // seconds of a later one, of the input's full size
  double input = 0;         // of them, waiting for input
  double validating = 0;    // seconds of a whole validation
  int64_t data_bytes = 0;   // on the device
  int64_t state_bytes = 0;  // weights, gradient, moments, average: on the device
  int64_t peak_bytes = 0;   // of this process's main memory
  int64_t checkpoint_bytes = 0;
};

// Prints the network's layers and what follows from the figures.
void print_rehearsal(const Network& network, const Rehearsal& rehearsal);

// The most main memory that this process has had, in bytes.
int64_t peak_memory_bytes();

}  // namespace biji
