#include "native/base/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>

namespace biji {
namespace {

std::runtime_error file_error(const std::filesystem::path& path, const std::string& what) {
  return std::runtime_error(path.string() + ": " + what);
}

constexpr char kTemporary[] = ".biji-tmp-";

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Descriptor open_to_read(const std::filesystem::path& path, struct stat& info) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) throw file_error(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw file_error(path, "is not a regular file");
  return file;
}

// Removes what killed processes have left in a folder, once a process: it may hold very many files.
void sweep(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::set<std::filesystem::path> swept;
  {
    const std::lock_guard lock(mutex);
    if (!swept.insert(std::filesystem::absolute(folder)).second) return;
  }
  std::error_code error;
  std::vector<std::filesystem::path> found;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().native().find(kTemporary) != std::string::npos) found.push_back(it->path());
  for (const std::filesystem::path& path : found) {
    const Descriptor file{::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (file.fd >= 0 && ::flock(file.fd, LOCK_EX | LOCK_NB) == 0 && is_named(path, file.fd))
      ::unlink(path.c_str());
  }
}

}  // namespace

bool is_named(const std::filesystem::path& path, int fd) {
  struct stat named{}, opened{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
         named.st_dev == opened.st_dev;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path());
  sweep(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
  open_temporary();
}

// Whoever writes a temporary file holds its lock: one that can be locked is an orphan. Where the file system knows no locks
// nothing is ever swept.
void AtomicFile::open_temporary() {
  for (int n = 0; fd_ < 0; ++n) {
    temporary_ = path_;
    temporary_ += kTemporary + std::to_string(::getpid()) + "-" + std::to_string(n);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd_ < 0 && errno == EEXIST) continue;
    if (fd_ < 0) throw file_error(path_, std::string("cannot be written: ") + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 ? !is_named(temporary_, fd_) : errno == EWOULDBLOCK)
      ::close(std::exchange(fd_, -1));  // taken for an orphan before it was locked
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::fail(const char* what) {
  throw file_error(path_,
                   std::string(what) + ": " + std::strerror(errno) + "; the old file, if any, is untouched");
}

void AtomicFile::write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("writing failed");
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::overwrite(uint64_t offset, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("writing failed");
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) fail("writing failed");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("replacing failed");
  ::close(std::exchange(fd_, -1));
  // The new name itself is durable only once its folder is; not every file system can, so failure is no
  // error.
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const Descriptor directory{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.fd >= 0) ::fsync(directory.fd);
}

void write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string read_file(const std::filesystem::path& path, uint64_t limit_bytes) {
  struct stat info{};
  const Descriptor file = open_to_read(path, info);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > limit_bytes)
    throw file_error(path, "is larger than expected (" + std::to_string(size) + " bytes)");
  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.fd, text.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw file_error(path, n < 0 ? std::strerror(errno) : "became shorter while it was read");
    done += static_cast<size_t>(n);
  }
  return text;
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  struct stat info{};
  const Descriptor file = open_to_read(path, info);
  size_ = static_cast<size_t>(info.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) throw file_error(path, std::string("cannot be mapped: ") + std::strerror(errno));
  data_ = static_cast<const uint8_t*>(address);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

std::string hexadecimal(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) {
    digits += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    digits += "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
  return digits;
}

std::string from_hexadecimal(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    uint8_t byte = 0;
    const char* end = digits.data() + std::min(i + 2, digits.size());
    const auto read = std::from_chars(digits.data() + i, end, byte, 16);
    if (read.ec != std::errc() || read.ptr != end || i + 2 > digits.size())
      throw std::runtime_error("\"" + std::string(digits) + "\" is not hexadecimal");
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string sha256(std::span<const uint8_t> bytes) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available in this OpenSSL");
  return hexadecimal({reinterpret_cast<const char*>(digest), length});
}

std::string sha256(std::string_view bytes) {
  return sha256(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

std::string base64(std::span<const uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a NUL
  const int length =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

}  // namespace biji
