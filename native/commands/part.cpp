#include "native/commands/part.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include "native/base/file.h"
#include "native/commands/download.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

std::runtime_error file_error(const fs::path& path, const std::string& what) {
  return std::runtime_error(path.string() + ": " + what);
}

}  // namespace

Part::Part(const fs::path& path) : path_(path), part_(path), from_(path) {
  part_ += ".part";
  from_ += ".part.from";
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw file_error(part_, std::string("cannot be written: ") + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd_);
    throw file_error(part_, "another process is downloading it");
  }
  size_ = static_cast<int64_t>(fs::file_size(part_));
  if (size_ > 0 && fs::exists(from_)) {
    std::istringstream lines(read_file(from_, 1 << 16));
    std::getline(lines, url_);
    std::getline(lines, mark_);
  }
}

Part::~Part() {
  std::error_code ignored;
  if (size_ == 0) fs::remove(part_, ignored);
  ::close(fd_);
}

void Part::begin(const std::string& url, const std::string& mark) {
  clear();
  url_ = url;
  mark_ = mark;
  write_file(from_, url + "\n" + mark + "\n");
}

void Part::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail();
    size_ += n;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void Part::clear() {
  if (::ftruncate(fd_, 0) != 0) fail();
  size_ = 0;
  url_ = mark_ = "";
  fs::remove(from_);
}

void Part::reserve(int64_t bytes) const {
  std::error_code unknown;
  const fs::space_info space = fs::space(part_, unknown);
  if (!unknown && bytes > 0 && static_cast<uint64_t>(bytes) > space.available)
    throw file_error(path_, "needs " + size_text(bytes) + " more, but its disk has only " +
                                size_text(static_cast<int64_t>(space.available)) +
                                " left; make room or choose another folder");
}

std::string Part::check(const std::string& expected) const {
  if (expected.empty()) return "";
  const std::string sum = sha256(MappedFile(part_).bytes());
  return sum == expected ? "" : "sent a file with SHA-256 " + sum + ", not " + expected;
}

void Part::finish() {
  if (::fsync(fd_) != 0) fail();
  fs::rename(part_, path_);
  fs::remove(from_);
}

void Part::fail() const {
  throw file_error(part_, std::string("writing failed: ") + std::strerror(errno) +
                              "; what has arrived is kept: make room, and the same command goes on");
}

}  // namespace biji
