// NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), of bytes alone, and .npz, a zip
// of such files, in which Keras keeps MNIST.
#pragma once

#include <filesystem>
#include <string>

#include "native/data/archive.h"
#include "native/data/idx.h"

namespace biji {

// u8 data of one to three dimensions, row-major. Safe for untrusted files: memory grows only with the bytes that are really
// there. Throws std::runtime_error naming the stream when it is no .npy, holds another type, is column-major, truncated or
// longer than its header says.
Idx read_npy(ByteStream& stream);

// "x_<split>.npy" and "y_<split>.npy" of an .npz, split: "train" or "test". Throws as read_idx_pair().
LabelledImages read_npz(const std::filesystem::path& path, const std::string& split, uint32_t classes);

}  // namespace biji
