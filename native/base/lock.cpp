#include "native/base/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "native/base/file.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

std::runtime_error unusable(const fs::path& folder, int error) {
  return std::runtime_error(folder.string() + ": cannot be written (" + std::strerror(error) +
                            "); choose another folder with --out");
}

// "process 123 on HOST", as the lock's owner has written it.
std::string owner_of(int fd) {
  char text[256];
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  std::string owner(text, static_cast<size_t>(n > 0 ? n : 0));
  owner = owner.substr(0, owner.find('\n'));
  return owner.empty() ? "another process" : owner;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) : folder_(folder), file_(folder / "lock") {
  try {
    make_folder();
    take();
  } catch (...) {
    release();
    throw;
  }
}

FolderLock::~FolderLock() {
  release();
}

void FolderLock::make_folder() {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path at = fs::absolute(folder_); !fs::exists(at, error) && !error && at.has_relative_path();
       at = at.parent_path())
    if (at.has_filename()) missing.push_back(at);
  for (; !missing.empty(); missing.pop_back()) {
    if (::mkdir(missing.back().c_str(), 0777) == 0)
      made_.insert(made_.begin(), missing.back());
    else if (errno != EEXIST)
      throw unusable(folder_, errno);
  }
}

void FolderLock::take() {
  for (;;) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw unusable(folder_, errno);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      const std::string owner = owner_of(fd_);
      ::close(std::exchange(fd_, -1));
      if (error == EWOULDBLOCK)
        throw std::runtime_error(folder_.string() + ": " + owner +
                                 " is training this run; wait for it, end it, or choose another folder");
      std::fprintf(stderr,
                   "%s: this file system knows no locks (%s); see that no other process trains here\n",
                   folder_.c_str(), std::strerror(error));
      return;
    }
    if (is_named(file_, fd_)) break;
    ::close(std::exchange(fd_, -1));  // its owner removed it meanwhile
  }
  char host[128] = "an unknown host";
  ::gethostname(host, sizeof host - 1);
  const std::string owner = "process " + std::to_string(::getpid()) + " on " + host + "\n";
  if (::ftruncate(fd_, 0) != 0 ||
      ::pwrite(fd_, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size()))
    throw unusable(folder_, errno);
}

void FolderLock::release() {
  if (fd_ >= 0) {
    ::unlink(file_.c_str());  // while it is still ours
    ::close(std::exchange(fd_, -1));
  }
  for (const fs::path& folder : made_)
    ::rmdir(folder.c_str());  // fails, as it should, where something is inside
}

}  // namespace biji
