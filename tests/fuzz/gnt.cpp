// CASIA's scans.

#include "native/data/casia.h"
#include "tests/fuzz/memory_stream.h"

namespace biji {

std::vector<std::string> seeds() {
  const auto record = [](const char* code, uint16_t width, uint16_t height) {
    const uint32_t area = uint32_t{width} * height;
    return bytes_of(10 + area) + std::string(code, 2) + bytes_of(width) + bytes_of(height) +
           std::string(area, '\x7f');
  };
  return {record("\xb0\xa1", 3, 2) + record("7\0", 1, 1), record("\xd7\xf9", 40, 50),
          record("\xff\xff", 2, 2)};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  MemoryStream stream(data, size);
  Skipped skipped;
  read_gnt(stream, skipped, [](GntSample&& sample) {
    require(!sample.label.empty(), "a label");
    require(sample.gray.width > 0 && sample.gray.height > 0, "an image");
    require(sample.gray.pixels.size() == static_cast<size_t>(sample.gray.width) * sample.gray.height,
            "as many pixels as the sizes say");
    return true;
  });
  return 0;
}
