// A folder that is removed with what is in it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace biji {

struct TempFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("biji-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter()++));
  TempFolder() { std::filesystem::create_directories(path); }
  ~TempFolder() { std::filesystem::remove_all(path); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path / name; }
  static int& counter() {
    static int n = 0;
    return n;
  }
};

}  // namespace biji
