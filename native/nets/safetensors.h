// The safetensors format (https://github.com/huggingface/safetensors): u64 length of a JSON header, the
// header, raw data. Checkpoints are readable by every tool that knows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace biji {

// Little-endian floats, row-major.
struct FloatTensor {
  std::vector<int64_t> shape;
  std::vector<float> data;
};
using FloatTensors = std::map<std::string, FloatTensor>;

// The bytes of a file with these tensors (dtype F32), in the order of their names.
std::string to_safetensors(const FloatTensors& tensors);

// Safe for untrusted bytes: every offset, shape and length is checked before anything is allocated from it.
// Throws std::runtime_error saying what is wrong (without a file name). Only dtype F32 is accepted.
FloatTensors from_safetensors(std::string_view bytes);

}  // namespace biji
