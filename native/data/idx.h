// The idx format of MNIST (Y. LeCun, http://yann.lecun.com/exdb/mnist/) and EMNIST, plain or gzipped.
//
// Big-endian: two zero bytes, type 0x08 (u8), number of dimensions d, d u32 sizes, then the data, last index
// fastest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace biji {

// u8 data of any shape of one to three dimensions, row-major.
struct Idx {
  std::vector<uint32_t> shape;
  std::vector<uint8_t> data;
};

// Reads one file. Safe for untrusted files: memory grows only with the bytes that are really there.
// Throws std::runtime_error naming the file when it is not idx, is truncated, carries extra bytes or its gzip
// checksum is wrong.
Idx read_idx(const std::filesystem::path& path);

// Images and their labels, checked against each other.
struct LabelledImages {
  uint32_t count = 0;
  uint32_t height = 0;
  uint32_t width = 0;
  std::vector<uint8_t> pixels;  // [count, height, width]
  std::vector<uint8_t> labels;  // [count]
};

// One set out of two arrays, checked. Names are for messages. Throws std::runtime_error when sizes disagree or a label is
// >= classes.
LabelledImages labelled_images(Idx images, const std::string& images_name, Idx labels,
                               const std::string& labels_name, uint32_t classes);

// folders: searched in this order; the first that holds both files counts.
// stem: what the files' names start with, such as "train" or "emnist-byclass-test": they are called
// "<stem>-images-idx3-ubyte" and "<stem>-labels-idx1-ubyte", with or without .gz ('.' for the '-' before idx too).
// transpose: EMNIST stores its images column-major.
// Throws when a file is missing (listing what is there), sizes disagree, or a label is >= classes.
LabelledImages read_idx_pair(std::span<const std::filesystem::path> folders, const std::string& stem,
                             bool transpose, uint32_t classes);

}  // namespace biji
