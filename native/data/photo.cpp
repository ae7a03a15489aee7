#include "native/data/photo.h"

#include <libexif/exif-data.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "native/base/file.h"
#include "native/data/png.h"
#include "shared/image.h"

namespace biji {
namespace {

// 1..8; 1 = upright, also when nothing is said.
int32_t exif_orientation(std::string_view file) {
  const std::unique_ptr<ExifData, void (*)(ExifData*)> exif(
      exif_data_new_from_data(reinterpret_cast<const uint8_t*>(file.data()),
                              static_cast<unsigned>(file.size())),
      exif_data_unref);
  const ExifEntry* entry = exif ? exif_data_get_entry(exif.get(), EXIF_TAG_ORIENTATION) : nullptr;
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int32_t value = exif_get_short(entry->data, exif_data_get_byte_order(exif.get()));
  return value >= 1 && value <= 8 ? value : 1;
}

// Exif 2.32, 4.6.5: 5..8 swap the axes; which of the stored picture's axes runs backwards is listed.
Photo turned(Photo photo, int32_t orientation) {
  if (orientation == 1) return photo;
  const bool swap = orientation >= 5;
  const bool back_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool back_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Photo out{swap ? photo.height : photo.width, swap ? photo.width : photo.height, {}};
  out.rgba.resize(photo.rgba.size());
  uint8_t* to = out.rgba.data();
  for (int32_t y = 0; y < out.height; ++y) {
    for (int32_t x = 0; x < out.width; ++x, to += 4) {
      int32_t from_x = swap ? y : x, from_y = swap ? x : y;
      if (back_x) from_x = photo.width - 1 - from_x;
      if (back_y) from_y = photo.height - 1 - from_y;
      const uint8_t* from = &photo.rgba[(static_cast<size_t>(from_y) * photo.width + from_x) * 4];
      std::copy(from, from + 4, to);
    }
  }
  return out;
}

struct CloseTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, CloseTurbo>;

Photo decode_jpeg(std::string_view file) {
  const Turbo turbo(tjInitDecompress());
  if (!turbo) throw std::bad_alloc();
  const auto fail = [&turbo] {
    throw std::runtime_error(std::string("is a damaged JPEG file, or of a kind that cannot be read (") +
                             tjGetErrorStr2(turbo.get()) + ")");
  };
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data());
  Photo photo;
  int subsampling = 0, colours = 0;
  if (tjDecompressHeader3(turbo.get(), bytes, file.size(), &photo.width, &photo.height, &subsampling,
                          &colours) != 0)
    fail();
  check_picture_size(photo.width, photo.height);
  photo.rgba.resize(static_cast<size_t>(photo.width) * photo.height * 4);
  // A file that would be decompressed over and over is refused (TJFLAG_LIMITSCANS).
  if (tjDecompress2(turbo.get(), bytes, file.size(), photo.rgba.data(), photo.width, 0, photo.height,
                    TJPF_RGBA, TJFLAG_LIMITSCANS) != 0) {
    // Some cameras leave unused bytes between the parts of a file; every other warning means lost pixels.
    const std::string warning = tjGetErrorStr2(turbo.get());
    if (tjGetErrorCode(turbo.get()) != TJERR_WARNING || warning.find("extraneous") == std::string::npos)
      fail();
  }
  return turned(std::move(photo), exif_orientation(file));
}

}  // namespace

void check_picture_size(int64_t width, int64_t height) {
  if (width > kMaxImageSide || height > kMaxImageSide || width * height > kMaxImagePixels)
    throw std::runtime_error("has " + std::to_string(width) + " x " + std::to_string(height) +
                             " pixels; at most " + std::to_string(kMaxImagePixels >> 20) + " Mi in all and " +
                             std::to_string(kMaxImageSide) + " a side can be read. Scale it down");
}

Photo decode_photo(std::string_view file) {
  if (file.starts_with("\x89PNG\r\n\x1a\n"))
    return read_png({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
  if (file.starts_with("\xff\xd8\xff")) return decode_jpeg(file);
  throw std::runtime_error(
      "is neither a PNG nor a JPEG picture (HEIC, WebP and others are not read); convert it to one of them");
}

Photo read_photo(const std::filesystem::path& path) {
  const std::string file = read_file(path, kMaxPhotoFileBytes);
  try {
    return decode_photo(file);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path.string() + ": " + error.what());
  }
}

bool is_photo_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::vector<uint8_t> jpeg(const Photo& photo, int32_t quality) {
  std::vector<uint8_t> rgb(static_cast<size_t>(photo.width) * photo.height * 3);
  for (size_t i = 0; i < rgb.size() / 3; ++i) {
    const uint8_t* from = &photo.rgba[4 * i];
    for (size_t c = 0; c < 3; ++c)
      rgb[3 * i + c] = static_cast<uint8_t>((from[c] * from[3] + 255 * (255 - from[3]) + 127) / 255);
  }
  const Turbo turbo(tjInitCompress());
  if (!turbo) throw std::bad_alloc();
  uint8_t* bytes = nullptr;
  unsigned long size = 0;  // NOLINT: TurboJPEG's type
  const int status = tjCompress2(turbo.get(), rgb.data(), photo.width, 0, photo.height, TJPF_RGB, &bytes,
                                 &size, TJSAMP_420, quality, 0);
  const std::unique_ptr<uint8_t, void (*)(uint8_t*)> guard(bytes, tjFree);
  if (status != 0) throw std::runtime_error(std::string("JPEG: ") + tjGetErrorStr2(turbo.get()));
  return {bytes, bytes + size};
}

}  // namespace biji
