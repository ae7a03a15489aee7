// Packs of pixels, of strokes and of texts. Checksums are put right first: no fuzzer guesses them.

#include "native/data/pack.h"

#include <zlib.h>

#include "shared/labels.h"
#include "tests/core/samples.h"
#include "tests/fuzz/fuzz.h"

namespace biji {
namespace {

constexpr size_t kHeader = 128, kBodyCrc = 64, kHeaderCrc = 124;

void put_crc(std::string& bytes, size_t at, size_t begin, size_t end) {
  const auto crc =
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()) + begin, end - begin));
  std::memcpy(bytes.data() + at, &crc, sizeof crc);
}

}  // namespace

std::vector<std::string> seeds() {
  const FuzzFolder folder;
  const InputSpec spec{8, 6, Centring::kBox, 1};
  PackWriter pixels(folder.path() / "0", PackKind::kPixels, spec);
  for (uint16_t i = 0; i < 3; ++i) pixels.add(i % 2, 0, std::vector<uint8_t>(64, static_cast<uint8_t>(i)));
  pixels.commit("pixels", {"a", "一"});
  PackWriter strokes(folder.path() / "1", PackKind::kStrokes);
  for (uint16_t i = 0; i < 3; ++i) strokes.add(i % 2, i % 2, random_ink(i));
  strokes.commit("strokes", {"a", "Bb"}, {"1001", "1002"});
  PackWriter by_writer(folder.path() / "2", PackKind::kPixels, spec);
  for (uint16_t i = 0; i < 3; ++i) by_writer.add(0, i, std::vector<uint8_t>(64, 255));
  by_writer.commit("pixels", {"a"}, {"1001", "1002", "1003"});
  PackWriter texts(folder.path() / "3", PackKind::kTexts);
  for (uint16_t i = 0; i < 3; ++i) texts.add(i == 0 ? "一 a" : "text", i % 2, random_ink(i));
  texts.commit("texts", {}, {"1001", "1002"});
  std::vector<std::string> all;
  for (const char* name : {"0", "1", "2", "3"}) all.push_back(read_file(folder.path() / name));
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  static const FuzzFolder folder;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (size >= kHeader) {
    put_crc(bytes, kBodyCrc, kHeader, size);
    put_crc(bytes, kHeaderCrc, 0, kHeaderCrc);
  }
  const std::filesystem::path path = folder.write("a.bjp", bytes);
  accepts([&] {
    const Pack pack(path);
    const bool groups = !pack.groups().empty();
    for (int64_t i = 0; i < pack.count(); ++i) {
      const bool texts = pack.info().kind == PackKind::kTexts;
      require(texts || pack.labels()[static_cast<size_t>(i)] < pack.info().classes.size(),
              "a class for each label");
      require(!groups || pack.groups()[static_cast<size_t>(i)] < pack.info().groups.size(), "a known group");
      std::vector<int32_t> points;
      if (texts) require(!pack.text(i).empty() && code_points(pack.text(i), points), "a text in UTF-8");
      if (pack.info().kind != PackKind::kPixels) {
        const Ink ink = pack.ink(i);
        for (int32_t s = 0; s < ink.stroke_count(); ++s)
          require(!ink.stroke(s).empty(), "a point in every stroke");
      } else {
        const auto side = static_cast<size_t>(pack.info().input.size_px);
        require(pack.image(i).size() == side * side, "a square image");
      }
    }
  });
  return 0;
}
