// What the fuzz targets share. A target is one file that defines LLVMFuzzerTestOneInput (which libFuzzer
// calls with inputs of its own making, https://llvm.org/docs/LibFuzzer.html) and seeds(). Whatever the bytes,
// a reader returns or throws std::runtime_error; sanitizers, assertions and require() tell when it does
// something else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace biji {

// Valid inputs to begin with, made by our own writers. `BIJI_SEEDS=DIR fuzz_NAME` writes them into DIR and
// ends.
std::vector<std::string> seeds();

// Takes an input apart from front to back; what is not there is zero or empty.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  template <class Number>
  Number number() {
    Number value{};
    std::memcpy(&value, rest_.data(), std::min(rest_.size(), sizeof value));
    rest_.remove_prefix(std::min(rest_.size(), sizeof value));
    return value;
  }
  std::string_view text(size_t size) {
    const std::string_view front = rest_.substr(0, size);
    rest_.remove_prefix(front.size());
    return front;
  }
  std::string_view rest() { return text(rest_.size()); }

 private:
  std::string_view rest_;
};

// The same for writing seeds.
template <class Number>
std::string bytes_of(Number value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

// Runs what may refuse its input.
template <class Function>
bool accepts(Function&& function) {
  try {
    function();
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// For readers that want a file: a folder of this process, gone when it ends.
class FuzzFolder {
 public:
  FuzzFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "biji-fuzz-XXXXXX").string();
    require(::mkdtemp(pattern.data()) != nullptr, "a folder for temporary files");
    path_ = pattern;
  }
  ~FuzzFolder() { std::filesystem::remove_all(path_); }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::FILE* file = std::fopen((path_ / name).c_str(), "wb");
    require(file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size(),
            "room for a temporary file");
    std::fclose(file);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace biji
