// Packs as tensors.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "native/run.h"

namespace biji {

struct Dataset {
  at::Tensor pixels;  // u8 [n, h, w], 255 = ink
  at::Tensor labels;  // int64 [n]
  InputSpec input;
  Labels classes;
  std::vector<DataSource> sources;

  Dataset select(const at::Tensor& index) const;
  Dataset on(at::Device device) const;
};

// Joins packs, which must have the same classes and input. Throws std::runtime_error naming the pack that
// differs.
Dataset load_data(const std::vector<std::filesystem::path>& paths);
// The packs of a run; throws where one is no longer what it was when the run began.
Dataset load_data(const std::vector<DataSource>& sources);

// {the rest, count samples to validate on}: always the same ones for the same data, so that runs can be
// compared.
std::pair<Dataset, Dataset> split(const Dataset& data, int64_t count);

// Throws unless data have these classes and this input.
void check_fits(const Dataset& data, const Labels& classes, const InputSpec& input);

// A random order of 0..n-1, int64 on the CPU, the same on every machine.
at::Tensor permutation(int64_t n, uint64_t seed);

}  // namespace biji
