// Files wherever a distribution left them: in folders, compressed (.gz, .xz, .bz2, .zst, .Z), or inside archives (.zip,
// .tar, .tgz, .7z). Everything is read as a stream; nothing is unpacked to the disk and no name inside an
// archive is ever used as a path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace biji {

// One file, read from start to end.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills buffer; returns how many bytes were read, fewer than asked for only at the end of the file.
  // Throws std::runtime_error naming the file for I/O errors and damaged compression.
  virtual size_t read(std::span<uint8_t> buffer) = 0;
  // For messages: "HWDB1.1tst_gnt.zip: 1241-c.gnt".
  virtual const std::string& name() const = 0;
};

// Bytes on the disk, before decompression, for progress.
struct ReadProgress {
  uint64_t done = 0;
  uint64_t total = 0;
};

// Visits every file whose name ends in extension (".gnt", ASCII case does not matter) in from: files,
// archives, and folders with both, searched in sorted order. A compressed single file counts by its name
// without .gz. visit reads as much of the stream as it likes and returns false to stop everything. Returns
// the number of files visited. Throws std::runtime_error for what does not exist or cannot be read, and for
// what nobody can read: an .alz archive (in old HWDB downloads) is named as such, with what to do.
int64_t for_each_file(std::span<const std::filesystem::path> from, std::string_view extension,
                      const std::function<bool(ByteStream&, const ReadProgress&)>& visit);

}  // namespace biji
