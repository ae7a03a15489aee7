// Files, checksums and the text forms of bytes. Everything the trainer writes over something older goes
// through AtomicFile, so that a crash or a full disk leaves either the old file or the new one, never a part
// of one.
//
// All functions throw std::runtime_error with the file's name and what went wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace biji {

// A replacement that becomes visible all at once: bytes go to "<path>.biji-tmp-<pid>-<n>" beside it; commit() flushes
// them to the disk and renames. Without commit() (an exception, for example) the temporary file is removed
// and path is as it was. What a process that was killed has left behind is removed when a later one first writes into
// the same folder. Creates missing parent folders.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const uint8_t> bytes);
  void write(std::string_view text) { write({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
  // Replaces bytes that were written already, at offset from the start; what write() appends stays at the end.
  void overwrite(uint64_t offset, std::span<const uint8_t> bytes);
  void commit();

 private:
  void open_temporary();
  [[noreturn]] void fail(const char* what);
  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

// Replaces path by these bytes (or this text) in one step.
void write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

// The whole file. Refuses files over limit_bytes before allocating.
std::string read_file(const std::filesystem::path& path, uint64_t limit_bytes = 1ull << 32);

// A read-only view of a file's bytes, mapped until the object dies. Empty files map to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Whether path is a name of the file that is open as fd: it may have been removed or replaced since.
bool is_named(const std::filesystem::path& path, int fd);

// Lower-case hexadecimal digits, two a byte; from_hexadecimal() throws for what is none.
std::string hexadecimal(std::string_view bytes);
std::string from_hexadecimal(std::string_view digits);

// Lower-case hexadecimal SHA-256, and standard base64 with padding.
std::string sha256(std::span<const uint8_t> bytes);
std::string sha256(std::string_view bytes);
std::string base64(std::span<const uint8_t> bytes);

}  // namespace biji
