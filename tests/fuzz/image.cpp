// Pictures as JavaScript hands them over.

#include "tests/core/samples.h"
#include "tests/fuzz/core.h"

namespace biji {
namespace {

std::string seed(uint8_t flags, const Image& image, uint8_t channels, uint8_t shade, uint8_t split) {
  std::string text = FuzzCore::configuration(28, 20, flags) + bytes_of(static_cast<uint16_t>(image.width)) +
                     bytes_of(static_cast<uint16_t>(image.height)) + bytes_of(channels) + bytes_of(shade) +
                     bytes_of(split);
  for (const uint8_t v : image.pixels)
    text += channels == 1 ? bytes_of(v) : bytes_of(v) + bytes_of(v) + bytes_of(v) + bytes_of(uint8_t{255});
  return text;
}

}  // namespace

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (uint8_t i = 0; i < 6; ++i) {
    const Image photo = resize(random_photo(i), 20 + 5 * i, 40);
    all.push_back(seed(i, photo, i == 0 ? 4 : 1, i % 3, i & 1));
  }
  Image canvas(30, 30);
  canvas.pixels.assign(900, 255);
  for (int32_t y = 5; y < 25; ++y) canvas.at(8, y) = canvas.at(20, y) = 0;
  all.push_back(seed(0, canvas, 1, 0, 1));
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  Input input(data, size);
  const int32_t side = size ? data[0] : 0;
  FuzzCore fuzz;
  if (!fuzz.configure(input)) return 0;
  const int32_t width = input.number<uint16_t>(), height = input.number<uint16_t>();
  const int32_t channels = input.number<uint8_t>(), shade = input.number<uint8_t>();
  const int32_t split = input.number<uint8_t>() & 1;
  if (!fuzz.set_split(split != 0)) return 0;
  fuzz.fill(input.rest());
  fuzz.check(biji_core_begin_image(fuzz.core, width, height, channels, shade), side);
  return 0;
}
