// Photographs and scans as people have them: PNG and JPEG files to upright pixels, and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace biji {

// [height, width, 4] u8: red, green, blue, straight alpha. The way up that a viewer shows it.
struct Photo {
  int32_t width = 0;
  int32_t height = 0;
  std::vector<uint8_t> rgba;
};

// file: a PNG or JPEG file, recognised by its first bytes. JPEG pictures are turned upright by their Exif
// orientation. Sides and area are limited as in shared/image.h, before anything is allocated for them; safe
// for untrusted bytes. Throws std::runtime_error (without a file name) for anything else and for damaged
// files.
Photo decode_photo(std::string_view file);

// The same for a file on the disk, of at most kMaxPhotoFileBytes; errors name it.
Photo read_photo(const std::filesystem::path& path);
inline constexpr uint64_t kMaxPhotoFileBytes = 256 << 20;

// Throws std::runtime_error, without a file's name, when a picture has more pixels than shared/image.h allows.
void check_picture_size(int64_t width, int64_t height);

// Whether a file of this name should be a picture: .png, .jpg, .jpeg, in any case.
bool is_photo_name(const std::filesystem::path& path);

// The bytes of a JPEG file, composited over white, without the metadata of the original (place, time,
// camera).
std::vector<uint8_t> jpeg(const Photo& photo, int32_t quality);

}  // namespace biji
