// Pictures of samples: contact sheets, folders of PNG files by class.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shared/image.h"
#include "shared/ink.h"

namespace biji {

// A label as the name of a folder, and back. Digits and lower-case letters stay as they are; "A" becomes
// "A_upper", because some file systems take A and a for the same name; anything else becomes its bytes,
// "bytes_e4_b8_80". Every other name of a folder is the label itself.
std::string folder_of_label(const std::string& label);
std::string label_of_folder(const std::string& name);

// In rows, a pixel apart. images: all of one size; none gives a blank sheet of one square.
Image contact_sheet(std::span<const Image> images, int32_t columns);

// A word or line of ink in a box of this size, at the left, as large as fits.
Image text_picture(const Ink& ink, int32_t width, int32_t height);

}  // namespace biji
