// Pictures of samples: PNG files and contact sheets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shared/image.h"

namespace biji {

// The bytes of an 8-bit grey PNG, dark ink on white paper. image: 255 = ink.
std::vector<uint8_t> png(const Image& image);

// Equal squares in rows, a pixel apart. images: each [side, side]; none gives a blank sheet of one square.
Image contact_sheet(std::span<const Image> images, int32_t columns);

}  // namespace biji
