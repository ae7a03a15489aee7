#include "native/data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace biji {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + ": " + what);
}

struct GzCloser {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

// Reads up to size bytes; fewer only at the end of the file.
size_t read_some(gzFile file, const fs::path& path, uint8_t* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const int n = gzread(file, out + done, static_cast<unsigned>(std::min<size_t>(size - done, 1 << 20)));
    if (n == 0) break;
    if (n < 0) {
      int code = 0;
      fail(path, std::string("damaged (") + gzerror(file, &code) + "); download it again");
    }
    done += static_cast<size_t>(n);
  }
  // gzread reports a stream that stops in the middle only through gzerror.
  int code = Z_OK;
  gzerror(file, &code);
  if (code == Z_BUF_ERROR) fail(path, "the gzip stream is truncated; download it again");
  return done;
}

// The path of "<stem>-<kind>" in any of its spellings; empty when there is none.
fs::path find(const fs::path& folder, const std::string& stem, const std::string& kind) {
  std::string dotted = kind;
  dotted[kind.find('-')] = '.';
  for (const std::string& name : {kind, dotted})
    for (const char* suffix : {"", ".gz"})
      if (const fs::path path = folder / (stem + "-" + name + suffix); fs::is_regular_file(path)) return path;
  return {};
}

[[noreturn]] void fail_missing(std::span<const fs::path> folders, const std::string& what) {
  if (folders.empty()) throw std::runtime_error("no folder to read from; give one with --from");
  const fs::path& folder = folders.back();
  if (!fs::is_directory(folder)) fail(folder, "is not a folder; give the one that holds the idx files");
  std::string there;
  int listed = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (++listed <= 8) there += (there.empty() ? "" : ", ") + entry.path().filename().string();
  fail(folder, "has no " + what + "[.gz] with its partner; " +
                   (there.empty() ? "it is empty" : "it holds: " + there));
}

}  // namespace

Idx read_idx(const fs::path& path) {
  const std::unique_ptr<gzFile_s, GzCloser> file(gzopen(path.c_str(), "rb"));
  if (!file) fail(path, "cannot be opened");
  gzbuffer(file.get(), 1 << 18);

  uint8_t header[4 + 3 * 4];
  if (read_some(file.get(), path, header, 4) != 4) fail(path, "is too short for an idx file");
  const int dimensions = header[3];
  if (header[0] != 0 || header[1] != 0 || header[2] != 0x08 || dimensions < 1 || dimensions > 3)
    fail(path, "is not an idx file of bytes (it must start with 00 00 08 01, 02 or 03)");
  const size_t header_bytes = static_cast<size_t>(dimensions) * 4;
  if (read_some(file.get(), path, header + 4, header_bytes) != header_bytes)
    fail(path, "is truncated in its header");

  Idx idx;
  uint64_t total = 1;
  for (int i = 0; i < dimensions; ++i) {
    const uint8_t* p = header + 4 + i * 4;
    const uint32_t size = uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
    if (size != 0 && total > (1ull << 40) / size)
      fail(path, "its header asks for more data than any such file has");
    total *= size;
    idx.shape.push_back(size);
  }
  // The header may lie: grow with what is read, never with what it promises.
  while (idx.data.size() < total) {
    const size_t before = idx.data.size();
    const size_t want =
        static_cast<size_t>(std::min<uint64_t>(total - before, std::max<uint64_t>(before, 1 << 20)));
    idx.data.resize(before + want);
    const size_t got = read_some(file.get(), path, idx.data.data() + before, want);
    idx.data.resize(before + got);
    if (got < want)
      fail(path, "is truncated: its header promises " + std::to_string(total) + " bytes of data, " +
                     std::to_string(idx.data.size()) + " are there; download it again");
  }
  uint8_t extra;
  if (read_some(file.get(), path, &extra, 1) != 0)
    fail(path, "has more data than its header says; it is not the official file");
  return idx;
}

LabelledImages labelled_images(Idx images, const std::string& images_name, Idx labels,
                               const std::string& labels_name, uint32_t classes) {
  if (images.shape.size() != 3) fail(images_name, "holds no images (three dimensions are needed)");
  if (labels.shape.size() != 1) fail(labels_name, "holds no labels (one dimension is needed)");
  if (images.shape[0] != labels.shape[0])
    fail(labels_name, std::to_string(labels.shape[0]) + " labels for " + std::to_string(images.shape[0]) +
                          " images; the two files do not belong together");
  const uint32_t height = images.shape[1], width = images.shape[2];
  if (height < 1 || width < 1 || height > 4096 || width > 4096)
    fail(images_name, "image sides must be 1..4096");
  for (size_t i = 0; i < labels.data.size(); ++i)
    if (labels.data[i] >= classes)
      fail(labels_name, "label " + std::to_string(labels.data[i]) + " at index " + std::to_string(i) +
                            ", but this set has " + std::to_string(classes) + " classes");
  return {images.shape[0], height, width, std::move(images.data), std::move(labels.data)};
}

LabelledImages read_idx_pair(std::span<const fs::path> folders, const std::string& stem, bool transpose,
                             uint32_t classes) {
  fs::path image_path, label_path;
  for (const fs::path& folder : folders) {
    image_path = find(folder, stem, "images-idx3-ubyte");
    label_path = find(folder, stem, "labels-idx1-ubyte");
    if (!image_path.empty() && !label_path.empty()) break;
  }
  if (image_path.empty() || label_path.empty())
    fail_missing(folders, stem + (image_path.empty() ? "-images-idx3-ubyte" : "-labels-idx1-ubyte"));
  LabelledImages result = labelled_images(read_idx(image_path), image_path.string(), read_idx(label_path),
                                          label_path.string(), classes);
  const uint32_t height = result.height, width = result.width;
  if (transpose) {
    if (height != width) fail(image_path, "column-major images must be square");
    for (uint32_t n = 0; n < result.count; ++n) {
      uint8_t* pixels = result.pixels.data() + size_t{n} * height * width;
      for (uint32_t y = 0; y < height; ++y)
        for (uint32_t x = 0; x < y; ++x) std::swap(pixels[y * width + x], pixels[x * width + y]);
    }
  }
  return result;
}

}  // namespace biji
