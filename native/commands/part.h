// What a download has on the disk until it is complete: NAME.part and NAME.part.from (download.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace biji {

// All functions throw std::runtime_error naming the file.
class Part {
 public:
  // Creates missing folders and locks the part: at most one process downloads a file.
  explicit Part(const std::filesystem::path& path);
  // What has arrived stays.
  ~Part();
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int64_t size() const { return size_; }
  const std::string& url() const { return url_; }
  // What the server calls this version of the file; empty when the part cannot be continued.
  const std::string& mark() const { return mark_; }

  // Removes the bytes, and notes where those come from that follow.
  void begin(const std::string& url, const std::string& mark);
  void append(std::string_view bytes);
  void clear();
  // Nothing will be continued; the bytes stay until begin().
  void forget() { mark_ = ""; }
  // Throws when the disk has no room for so many bytes more.
  void reserve(int64_t bytes) const;
  // Empty when the part's SHA-256 is expected, or expected is empty; otherwise what is wrong.
  std::string check(const std::string& expected) const;
  // Gives the part its name, in one step.
  void finish();

 private:
  [[noreturn]] void fail() const;
  std::filesystem::path path_, part_, from_;
  int fd_ = -1;
  int64_t size_ = 0;
  std::string url_, mark_;
};

}  // namespace biji
