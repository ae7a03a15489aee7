#include "native/picture.h"

#include <png.h>

#include <algorithm>
#include <stdexcept>

namespace biji {

std::vector<uint8_t> png(const Image& image) {
  std::vector<uint8_t> inverted(image.pixels);  // paper is white in a picture
  for (uint8_t& v : inverted) v = static_cast<uint8_t>(255 - v);
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_GRAY;
  std::vector<uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(header));
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&header, bytes.data(), &size, 0, inverted.data(), 0, nullptr))
    throw std::runtime_error(std::string("PNG: ") + header.message);
  bytes.resize(size);
  return bytes;
}

Image contact_sheet(std::span<const Image> images, int32_t columns) {
  const int32_t side = images.empty() ? 28 : images[0].width;
  const int32_t rows = std::max<int32_t>(1, (static_cast<int32_t>(images.size()) + columns - 1) / columns);
  columns = std::max(1, std::min(columns, static_cast<int32_t>(images.size())));
  Image sheet(columns * (side + 1) + 1, rows * (side + 1) + 1);
  for (int32_t y = 0; y < sheet.height; ++y)
    for (int32_t x = 0; x < sheet.width; ++x)
      if (x % (side + 1) == 0 || y % (side + 1) == 0) sheet.at(x, y) = 48;
  for (size_t i = 0; i < images.size(); ++i) {
    const int32_t left = static_cast<int32_t>(i) % columns * (side + 1) + 1,
                  top = static_cast<int32_t>(i) / columns * (side + 1) + 1;
    for (int32_t y = 0; y < side; ++y)
      for (int32_t x = 0; x < side; ++x) sheet.at(left + x, top + y) = images[i].at(x, y);
  }
  return sheet;
}

}  // namespace biji
