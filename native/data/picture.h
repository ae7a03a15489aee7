// Pictures of samples: PNG files, contact sheets, folders of PNG files by class.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shared/image.h"

namespace biji {

// The bytes of an 8-bit grey PNG, dark ink on white paper. image: 255 = ink.
std::vector<uint8_t> png(const Image& image);

// The picture in a PNG of any kind (1 to 16 bits; grey, colour, palette; transparent, over white; interlaced) as
// grey: 0 = black, 255 = white, by gray_from_rgba() as in the page. Colour profiles and gamma are ignored.
// Safe for untrusted bytes: sizes are held against kMaxImageSide, kMaxImagePixels and what so few bytes can
// unpack to before anything is allocated from them. Throws std::runtime_error with what is wrong, without a
// file's name.
Image read_png(std::span<const uint8_t> bytes);

// A label as the name of a folder, and back. Digits and lower-case letters stay as they are; "A" becomes
// "A_upper", because some file systems take A and a for the same name; anything else becomes its bytes,
// "bytes_e4_b8_80". Every other name of a folder is the label itself.
std::string folder_of_label(const std::string& label);
std::string label_of_folder(const std::string& name);

// In rows, a pixel apart. images: all of one size; none gives a blank sheet of one square.
Image contact_sheet(std::span<const Image> images, int32_t columns);

}  // namespace biji
