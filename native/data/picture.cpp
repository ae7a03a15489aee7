#include "native/data/picture.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace biji {
namespace {

// No deflate stream unpacks to more than this many times its size (https://zlib.net/zlib_tech.html).
constexpr uint64_t kMaxDeflateRatio = 1032;

// What libpng's callbacks see.
struct PngSource {
  std::span<const uint8_t> rest;
  char error[128] = {};
};

void read_bytes(png_structp reader, png_bytep out, size_t size) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(reader));
  if (size > source.rest.size()) png_error(reader, "the file is cut short");
  std::copy_n(source.rest.begin(), size, out);
  source.rest = source.rest.subspan(size);
}

void keep_error(png_structp reader, png_const_charp text) {
  auto& source = *static_cast<PngSource*>(png_get_error_ptr(reader));
  std::snprintf(source.error, sizeof source.error, "%s", text);
  png_longjmp(reader, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// Fills rgba [height, width, 4]; false with source.error set. Nothing here has a destructor that longjmp would
// miss: rgba belongs to the caller.
bool read_rgba(png_structp reader, png_infop info, PngSource& source, std::vector<uint8_t>& rgba,
               int32_t& width, int32_t& height) {
  if (setjmp(png_jmpbuf(reader))) return false;
  const uint64_t file_bytes = source.rest.size();
  png_set_read_fn(reader, &source, read_bytes);
  png_set_user_limits(reader, static_cast<png_uint_32>(kMaxImageSide),
                      static_cast<png_uint_32>(kMaxImageSide));
  png_read_info(reader, info);
  width = static_cast<int32_t>(png_get_image_width(reader, info));
  height = static_cast<int32_t>(png_get_image_height(reader, info));
  if (int64_t{width} * height > kMaxImagePixels) png_error(reader, "the image has too many pixels");
  if (png_get_rowbytes(reader, info) * static_cast<uint64_t>(height) > kMaxDeflateRatio * file_bytes)
    png_error(reader, "the file is too short for the size that it declares");
  png_set_expand(reader);  // palettes, fewer than 8 bits, and transparent colours
  png_set_scale_16(reader);
  png_set_gray_to_rgb(reader);
  png_set_add_alpha(reader, 255, PNG_FILLER_AFTER);
  const int passes = png_set_interlace_handling(reader);
  png_read_update_info(reader, info);
  const size_t row_bytes = 4 * static_cast<size_t>(width);
  if (png_get_rowbytes(reader, info) != row_bytes) png_error(reader, "the image is of an unknown kind");
  rgba.resize(row_bytes * static_cast<size_t>(height));
  for (int pass = 0; pass < passes; ++pass)
    for (int32_t y = 0; y < height; ++y)
      png_read_row(reader, rgba.data() + row_bytes * static_cast<size_t>(y), nullptr);
  png_read_end(reader, nullptr);
  return true;
}

}  // namespace

Image read_png(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || png_sig_cmp(bytes.data(), 0, 8) != 0) throw std::runtime_error("is no PNG");
  PngSource source{bytes};
  png_structp reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, keep_error, ignore_warning);
  png_infop info = reader ? png_create_info_struct(reader) : nullptr;
  std::vector<uint8_t> rgba;
  int32_t width = 0, height = 0;
  bool good = false;
  try {
    good = info && read_rgba(reader, info, source, rgba, width, height);
  } catch (...) {
    png_destroy_read_struct(&reader, &info, nullptr);
    throw;
  }
  png_destroy_read_struct(&reader, &info, nullptr);
  if (!good) throw std::runtime_error(std::string("is a damaged PNG: ") + source.error);
  Result<Image> gray = gray_from_rgba(rgba, width, height);
  if (!gray.ok()) throw std::runtime_error(err_message(gray.err));
  return std::move(gray.value);
}

std::string folder_of_label(const std::string& label) {
  if (label.size() == 1 && ((label[0] >= '0' && label[0] <= '9') || (label[0] >= 'a' && label[0] <= 'z')))
    return label;
  if (label.size() == 1 && label[0] >= 'A' && label[0] <= 'Z') return label + "_upper";
  std::string name = "bytes";
  char hex[4];
  for (const char c : label) {
    std::snprintf(hex, sizeof hex, "_%02x", static_cast<unsigned char>(c));
    name += hex;
  }
  return name;
}

std::string label_of_folder(const std::string& name) {
  if (name.size() == 7 && name[0] >= 'A' && name[0] <= 'Z' && name.ends_with("_upper"))
    return name.substr(0, 1);
  constexpr std::string_view kBytes = "bytes", kHex = "0123456789abcdef";
  if (!name.starts_with(kBytes) || name.size() == kBytes.size() || (name.size() - kBytes.size()) % 3 != 0)
    return name;
  std::string label;
  for (size_t i = kBytes.size(); i < name.size(); i += 3) {
    const size_t high = kHex.find(name[i + 1]), low = kHex.find(name[i + 2]);
    if (name[i] != '_' || high == kHex.npos || low == kHex.npos) return name;
    label += static_cast<char>(high << 4 | low);
  }
  return label;
}

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
  const int32_t width = images.empty() ? 28 : images[0].width,
                height = images.empty() ? 28 : images[0].height;
  const int32_t rows = std::max<int32_t>(1, (static_cast<int32_t>(images.size()) + columns - 1) / columns);
  columns = std::max(1, std::min(columns, static_cast<int32_t>(images.size())));
  Image sheet(columns * (width + 1) + 1, rows * (height + 1) + 1);
  for (int32_t y = 0; y < sheet.height; ++y)
    for (int32_t x = 0; x < sheet.width; ++x)
      if (x % (width + 1) == 0 || y % (height + 1) == 0) sheet.at(x, y) = 48;
  for (size_t i = 0; i < images.size(); ++i) {
    const int32_t left = static_cast<int32_t>(i) % columns * (width + 1) + 1,
                  top = static_cast<int32_t>(i) / columns * (height + 1) + 1;
    for (int32_t y = 0; y < height; ++y)
      for (int32_t x = 0; x < width; ++x) sheet.at(left + x, top + y) = images[i].at(x, y);
  }
  return sheet;
}

}  // namespace biji
