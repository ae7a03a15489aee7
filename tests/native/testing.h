// What the trainer's tests share: two threads, a tiny data set, the message of what went wrong.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "native/base/device.h"
#include "native/data/pack.h"
#include "tests/native/temp_folder.h"

namespace biji {

// The order of sums depends on the number of threads: every test has two, whatever the machine.
struct TwoThreads : testing::Environment {
  void SetUp() override { set_threads(2); }
};
inline testing::Environment* const kTwoThreads = testing::AddGlobalTestEnvironment(new TwoThreads);

// count samples in turn of ten classes: class c is a bar whose place depends on c, with noise from seed.
inline void write_bars(const std::filesystem::path& path, int count, uint32_t seed = 1,
                       const std::string& name = "bars") {
  const int side = kDigitsInput.size_px;
  std::vector<uint16_t> labels;
  std::vector<uint8_t> pixels(static_cast<size_t>(count * side * side));
  for (int i = 0; i < count; ++i) {
    labels.push_back(static_cast<uint16_t>(i % 10));
    for (int y = 4; y < 24; ++y)
      for (int x = 4; x < 24; ++x) {
        seed = seed * 1664525 + 1013904223;
        const bool ink = i % 10 < 5 ? (y - 4) / 4 == i % 10 : (x - 4) / 4 == i % 10 - 5;
        pixels[static_cast<size_t>((i * side + y) * side + x)] =
            static_cast<uint8_t>((ink ? 200 : 0) + (seed >> 24) % 50);
      }
  }
  PackInfo info{name, kDigitsInput, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  info.terms = kTermsNist;
  write_pack(path, info, labels, pixels);
}

// What went wrong, or "" when nothing did.
template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace biji
