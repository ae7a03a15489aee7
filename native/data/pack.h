// The pack (.bjp): a data set in the form that training reads, ready to be mapped into memory.
//
// Little-endian; each part begins at the next multiple of 64:
//   offset 0   u8[8]  magic "BIJIPACK"
//          8   u32    format version (3; 2, which has no terms, is read too)
//         12   u32    input_version: input_version() of the encoder that made the pixels
//         16   u32    kind: 0 = pixels, 1 = strokes of one character, 2 = strokes of a text: a word, a line
//         20   u32    size_px, 24 u32 box_px, 28 u32 centring, 32 f32 pen_px: the InputSpec; pixels only
//         36   u32    class count
//         40   u32    group count
//         44   u32    bytes of text
//         48   u64    count of samples
//         56   u64    bytes of data
//         64   u32    CRC-32 of everything behind the header
//        124   u32    CRC-32 of the header up to here; zeros before it
//   data       pixels: u8 [count, size_px, size_px], 255 = ink
//              strokes: one record a sample: u16 stroke count, u16 points of each stroke, i16 x, y of each
//              point, y down, in any unit
//              texts: the same, and behind the points the text, UTF-8, to the record's end
//   offsets    strokes and texts: u64 [count + 1], where each record begins in data, and where the last one ends
//   labels     u16 [count], index of the class; not for texts
//   groups     u16 [count], index of the group; only when there are groups
//   text       name of the set, its terms of use (terms.h), each class, each group (the writers, for instance), UTF-8,
//              each ended by '\n'
// The file ends with the text.
//
// A class whose label has several characters stands for "one of these", as in sets that merge the cases of
// a letter ("Cc"); dataset.h says how they are trained on. The classes of texts are the code points that occur in them, in
// ascending order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/base/file.h"
#include "native/data/terms.h"
#include "shared/image.h"
#include "shared/ink.h"
#include "shared/labels.h"
#include "shared/normalize.h"

namespace biji {

// Strokes are kept as they were recorded: one pack serves every input size and pen width.
enum class PackKind : uint32_t { kPixels = 0, kStrokes = 1, kTexts = 2 };

// The longest text of a sample, in bytes.
inline constexpr size_t kMaxPackText = 4096;

struct PackInfo {
  std::string name;                      // of the data set, "mnist-train"; no line breaks
  InputSpec input;                       // pixels only, without directions
  Labels classes;                        // of texts, their code points, ascending
  std::vector<std::string> groups = {};  // may be empty; no line breaks
  PackKind kind = PackKind::kPixels;
  std::string terms = kTermsUnknown;  // of use, one word of terms.h; unknown for packs of format 2
};

// A pack as a training run's folder and a model's card name it.
struct DataSource {
  std::string name;
  std::string path;
  int64_t samples = 0;        // used for training
  double share = 1;           // of its samples that are used
  std::string checksum = {};  // Pack::checksum(); empty in runs of earlier versions
};

// Writes a pack sample by sample; of the samples, only 12 bytes each stay in memory.
class PackWriter {
 public:
  // input: of the pixels; ignored for strokes. Throws std::runtime_error when path cannot be written.
  PackWriter(const std::filesystem::path& path, PackKind kind, const InputSpec& input = {});

  // group: 0 when the pack has none. pixels: [size_px, size_px] (assert).
  void add(uint16_t label, uint16_t group, std::span<const uint8_t> pixels);
  // Coordinates are rounded to whole numbers after moving the ink to the origin; ink that spans more than
  // 32,000 units is scaled down to that. Ink without points, or with more than 65,535 in a stroke: assert.
  void add(uint16_t label, uint16_t group, const Ink& ink);
  // The same for a pack of texts. text: valid UTF-8, not empty, at most kMaxPackText bytes, no line break (assert).
  void add(const std::string& text, uint16_t group, const Ink& ink);
  int64_t count() const { return static_cast<int64_t>(groups_.size()); }
  // Every label l so far becomes to[l], which must exist (assert).
  void relabel(std::span<const uint16_t> to);

  // Makes the pack visible under its path. Every label must be < classes.size(), every group < groups.size()
  // or 0; classes of texts: they find themselves, give none; terms: not empty, no line breaks (assert).
  void commit(const std::string& name, const Labels& classes, const std::vector<std::string>& groups = {},
              const std::string& terms = kTermsUnknown);

 private:
  void append(std::span<const uint8_t> bytes);
  void align();
  void add_record(const Ink& ink, std::string_view text);
  AtomicFile file_;
  PackKind kind_;
  InputSpec input_;
  uint64_t size_ = 0;
  uint32_t crc_ = 0;
  std::vector<uint64_t> offsets_;
  std::vector<uint16_t> labels_, groups_;
  std::set<std::string> characters_;  // of the texts
  std::vector<uint8_t> buffer_;
};

// Writes a pack of pixels in one step. labels: [n], each < classes.size() (assert). pixels: [n, size_px,
// size_px].
void write_pack(const std::filesystem::path& path, const PackInfo& info, std::span<const uint16_t> labels,
                std::span<const uint8_t> pixels);

// A pack mapped into memory. The spans live as long as the object.
class Pack {
 public:
  // Safe for untrusted files: everything is checked against the file's real size before anything is
  // allocated, then against the checksums, and each record of strokes against its length. Throws
  // std::runtime_error naming the file and what to rebuild when it is foreign, truncated, damaged, or holds
  // pixels made by another version of the encoder.
  explicit Pack(const std::filesystem::path& path);

  const PackInfo& info() const { return info_; }
  int64_t count() const { return count_; }
  // 16 hexadecimal digits that another pack has by chance alone: the file's two CRC-32.
  std::string checksum() const;
  std::span<const uint16_t> labels() const { return labels_; }  // [count]; empty for texts
  std::span<const uint16_t> groups() const { return groups_; }  // [count], or empty
  std::span<const uint8_t> pixels() const { return data_; }     // pixels: [count, size_px, size_px]
  std::span<const uint8_t> image(int64_t i) const;              // pixels: [size_px, size_px]
  Ink ink(int64_t i) const;                                     // strokes and texts
  std::string_view text(int64_t i) const;                       // texts

 private:
  std::span<const uint8_t> record(int64_t i) const;
  MappedFile file_;
  PackInfo info_;
  int64_t count_ = 0;
  std::span<const uint16_t> labels_, groups_;
  std::span<const uint8_t> data_;
  std::span<const uint64_t> offsets_;  // strokes and texts: [count + 1]
};

}  // namespace biji
