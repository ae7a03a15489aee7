// PNG files.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "native/data/photo.h"
#include "shared/image.h"

namespace biji {

// The picture in a PNG of any kind: 1 to 16 bits; grey, colour, palette; transparent; interlaced. Colour profiles and
// gamma are ignored. Safe for untrusted bytes: before anything is allocated from its sizes, they are held against
// check_picture_size() and what so few bytes can unpack to. Throws std::runtime_error with what is wrong, without a file's
// name.
Photo read_png(std::span<const uint8_t> bytes);

// The bytes of an 8-bit grey PNG, dark ink on white paper. image: 255 = ink.
std::vector<uint8_t> png(const Image& image);

}  // namespace biji
