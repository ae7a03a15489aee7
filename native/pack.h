// The pack (.bjp): a data set in exactly the form that a model reads, ready to be mapped into memory.
//
// Little-endian:
//   offset 0   u8[8]  magic "BIJIPACK"
//          8   u32    format version (1)
//         12   u32    input_version: kInputVersion of the encoder that made the pixels
//         16   u32    kind: 0 = pixels, 1 = strokes (reserved)
//         20   u32    box_px, and at 24 u32 centring, at 28 f32 pen_px: the InputSpec, with h = w = size_px
//         32   u64    count of samples
//         40   u32    h, and at 44 u32 w
//         48   u32    label count, and at 52 u32 bytes of text
//         56   u32    CRC-32 of everything behind the header
//         60   u32    CRC-32 of the header up to here
//         64   text   name of the set, then one label for each class, each ended by '\n' (UTF-8)
//              u16    labels [count], at the next multiple of 64
//              u8     pixels [count, h, w], at the next multiple of 64; 255 = ink
// The file ends with the last pixel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "native/file.h"
#include "shared/decode.h"
#include "shared/normalize.h"

namespace biji {

struct PackInfo {
  std::string name;  // of the data set, "mnist-train"; no line breaks
  InputSpec input;
  Labels classes;
};

// Writes a pack in one step. labels: [n], each < classes.size() (assert). pixels: [n, size_px, size_px].
void write_pack(const std::filesystem::path& path, const PackInfo& info, std::span<const uint16_t> labels,
                std::span<const uint8_t> pixels);

// A pack mapped into memory. The spans live as long as the object.
class Pack {
 public:
  // Safe for untrusted files: everything is checked against the file's real size before anything is
  // allocated, then against the checksums. Throws std::runtime_error naming the file and what to rebuild when
  // it is foreign, truncated, damaged, or made by another version of the encoder.
  explicit Pack(const std::filesystem::path& path);

  const PackInfo& info() const { return info_; }
  int64_t count() const { return static_cast<int64_t>(labels_.size()); }
  std::span<const uint16_t> labels() const { return labels_; }  // [count]
  std::span<const uint8_t> pixels() const { return pixels_; }   // [count, size_px, size_px]
  std::span<const uint8_t> image(int64_t i) const;              // [size_px, size_px]

 private:
  MappedFile file_;
  PackInfo info_;
  std::span<const uint16_t> labels_;
  std::span<const uint8_t> pixels_;
};

}  // namespace biji
