#include "native/data/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace biji {
namespace {

// No deflate stream unpacks to more than this many times its size (https://zlib.net/zlib_tech.html).
constexpr uint64_t kMaxDeflateRatio = 1032;

// libpng's reader and what its callbacks see. The functions that return bool call libpng, which leaves them by longjmp
// when it fails: they are false then, with error set, and hold nothing that has a destructor.
struct PngReader {
  explicit PngReader(std::span<const uint8_t> bytes)
      : rest(bytes),
        png(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, keep_error, ignore_warning)),
        info(png ? png_create_info_struct(png) : nullptr) {}
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool read_header();
  bool prepare_rows(int& passes);  // of four bytes a pixel
  bool read_rows(int passes, uint8_t* rgba);

  int32_t width() const { return static_cast<int32_t>(png_get_image_width(png, info)); }
  int32_t height() const { return static_cast<int32_t>(png_get_image_height(png, info)); }
  // Of all rows as the file has them, before interlacing.
  uint64_t unpacked_bytes() const {
    return static_cast<uint64_t>(png_get_rowbytes(png, info)) * png_get_image_height(png, info);
  }

  std::span<const uint8_t> rest;
  char error[128] = "out of memory";
  png_structp png;
  png_infop info;

 private:
  static void keep_error(png_structp png, png_const_charp text) {
    auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader.error, sizeof reader.error, "%s", text);
    png_longjmp(png, 1);
  }
  static void ignore_warning(png_structp, png_const_charp) {}
  static void read_bytes(png_structp png, png_bytep out, size_t size) {
    auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader.rest.size()) png_error(png, "the file is cut short");
    std::copy_n(reader.rest.begin(), size, out);
    reader.rest = reader.rest.subspan(size);
  }
};

bool PngReader::read_header() {
  if (!info || setjmp(png_jmpbuf(png))) return false;
  png_set_read_fn(png, this, read_bytes);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_picture_size() says it better
  png_read_info(png, info);
  return true;
}

bool PngReader::prepare_rows(int& passes) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_expand(png);  // palettes, fewer than 8 bits, and transparent colours
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
  passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != 4 * size_t{png_get_image_width(png, info)})
    png_error(png, "the image is of an unknown kind");
  return true;
}

bool PngReader::read_rows(int passes, uint8_t* rgba) {
  if (setjmp(png_jmpbuf(png))) return false;
  for (int pass = 0; pass < passes; ++pass)
    for (size_t y = 0; y < png_get_image_height(png, info); ++y)
      png_read_row(png, rgba + y * png_get_rowbytes(png, info), nullptr);
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

Photo read_png(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || png_sig_cmp(bytes.data(), 0, 8) != 0) throw std::runtime_error("is no PNG");
  PngReader reader(bytes);
  const auto must = [&](bool good) {
    if (!good) throw std::runtime_error(std::string("is a damaged PNG file (") + reader.error + ")");
  };
  must(reader.read_header());
  Photo photo{reader.width(), reader.height(), {}};
  check_picture_size(photo.width, photo.height);
  if (reader.unpacked_bytes() > kMaxDeflateRatio * bytes.size())
    throw std::runtime_error("is a damaged PNG file (it is too short for the size that it declares)");
  int passes = 1;
  must(reader.prepare_rows(passes));
  photo.rgba.resize(static_cast<size_t>(photo.width) * static_cast<size_t>(photo.height) * 4);
  must(reader.read_rows(passes, photo.rgba.data()));
  return photo;
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

}  // namespace biji
