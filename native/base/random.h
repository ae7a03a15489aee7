// Random numbers that are the same on every machine.
#pragma once

#include <cstdint>

namespace biji {

// A generator that is cheap to begin anew for each sample (SplitMix64, G. Steele et al., 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  float uniform(float low = 0, float high = 1);  // [low, high)
  float normal();                                // mean 0, variance 1
  bool chance(float probability) { return uniform() < probability; }

 private:
  uint64_t state_;
};

// One 64-bit seed out of two numbers that may be small and close together.
uint64_t mix_seed(uint64_t a, uint64_t b);

}  // namespace biji
