// CASIA's pen strokes.

#include "native/data/casia.h"
#include "tests/fuzz/memory_stream.h"

namespace biji {

std::vector<std::string> seeds() {
  const auto pairs = [](std::initializer_list<int16_t> numbers) {
    std::string text;
    for (const int16_t n : numbers) text += bytes_of(n);
    return text;
  };
  const auto record = [&](const std::string& tag, uint16_t strokes, const std::string& body) {
    return bytes_of(static_cast<uint16_t>(8 + body.size())) + tag + bytes_of(strokes) + body;
  };
  const std::string two = pairs({10, 20, 30, -5, -1, 0, 7, 8, -1, 0, -1, -1}),
                    one = pairs({1, 2, -1, 0, -1, -1});
  const std::string a("\xa1\xb0\0\0", 4), q("\0Q\0\0", 4);
  return {record(a, 2, two) + record(q, 1, one), record(a, 3, two), record(q, 0, pairs({-1, -1}))};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  MemoryStream stream(data, size);
  Skipped skipped;
  read_pot(stream, skipped, [](PotSample&& sample) {
    require(!sample.label.empty(), "a label");
    require(!sample.ink.empty(), "ink");
    for (int32_t i = 0; i < sample.ink.stroke_count(); ++i)
      require(!sample.ink.stroke(i).empty(), "a point in every stroke");
    return true;
  });
  return 0;
}
