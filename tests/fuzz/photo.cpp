// PNG and JPEG files.

#include "native/data/photo.h"

#include "native/data/png.h"
#include "tests/core/samples.h"
#include "tests/fuzz/fuzz.h"

namespace biji {

std::vector<std::string> seeds() {
  const Image gray = resize(random_photo(1), 24, 16);
  Photo photo{gray.width, gray.height, {}};
  for (const uint8_t v : gray.pixels) photo.rgba.insert(photo.rgba.end(), {v, v, v, 255});
  std::vector<std::string> all;
  for (const std::vector<uint8_t>& file : {png(gray), jpeg(photo, 80)})
    all.emplace_back(file.begin(), file.end());
  // The same JPEG picture, taken with the camera held upright.
  const std::string exif(
      "\xff\xe1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
      36);
  all.push_back(all[1].substr(0, 2) + exif + all[1].substr(2));
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  Photo photo;
  if (!accepts([&] { photo = decode_photo({reinterpret_cast<const char*>(data), size}); })) return 0;
  require(photo.width > 0 && photo.height > 0, "a picture has sides");
  require(photo.rgba.size() == static_cast<size_t>(photo.width) * photo.height * 4, "and all of its pixels");
  return 0;
}
