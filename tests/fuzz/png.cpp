// Pictures that anybody may have made.

#include "native/data/png.h"

#include "tests/core/samples.h"
#include "tests/fuzz/fuzz.h"
#include "tests/native/png_files.h"

namespace biji {

std::vector<std::string> seeds() {
  const Image photo = resize(random_photo(1), 9, 7);
  const std::vector<uint8_t> own = png(photo);
  std::vector<std::string> all = {std::string(own.begin(), own.end())};
  for (const PngKind& kind : kPngKinds) all.push_back(png_file(photo, kind));
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  accepts([&] {
    const Photo photo = read_png({data, size});
    require(photo.width > 0 && photo.height > 0, "an image");
    require(photo.rgba.size() == static_cast<size_t>(photo.width) * static_cast<size_t>(photo.height) * 4,
            "as many pixels as the sizes say");
  });
  return 0;
}
