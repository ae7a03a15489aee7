// An input as the stream that CASIA's readers take.
#pragma once

#include "native/data/archive.h"
#include "tests/fuzz/fuzz.h"

namespace biji {

class MemoryStream : public ByteStream {
 public:
  MemoryStream(const uint8_t* data, size_t size) : input_(data, size) {}
  size_t read(std::span<uint8_t> buffer) override {
    const std::string_view bytes = input_.text(buffer.size());
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    return bytes.size();
  }
  const std::string& name() const override { return name_; }

 private:
  Input input_;
  std::string name_ = "memory";
};

}  // namespace biji
