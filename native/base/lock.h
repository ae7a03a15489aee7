// A folder that one process at a time may write.
#pragma once

#include <filesystem>
#include <vector>

namespace biji {

// Held from construction to destruction. The lock is the kernel's (flock on a file "lock" in the folder), so that
// it ends with the process whatever ends that; a "lock" that a killed process left behind locks nothing.
class FolderLock {
 public:
  // Makes the folder where it is missing. Throws std::runtime_error naming it when it cannot be made or written, and
  // when another process has the lock: then the message says which process on which host.
  explicit FolderLock(const std::filesystem::path& folder);
  // Removes the file, and the folders that were made if nothing has been put there.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  void make_folder();
  void take();
  void release();
  std::filesystem::path folder_, file_;
  std::vector<std::filesystem::path> made_;  // the innermost first
  int fd_ = -1;
};

}  // namespace biji
