#include "native/data/picture.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "shared/raster.h"

namespace biji {

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

Image text_picture(const Ink& ink, int32_t width, int32_t height) {
  constexpr float kMargin = 3, kPen = 2;
  const Box box = bounds(ink);
  const float scale = std::min((static_cast<float>(width) - 2 * kMargin) / std::max(box.width, 1e-3f),
                               (static_cast<float>(height) - 2 * kMargin) / std::max(box.height, 1e-3f));
  // A dot or a line of text that is one stroke is not blown up without end.
  const float used = std::min(scale, static_cast<float>(width) / std::max({box.width, box.height, 1.f}));
  Image image(width, height);
  draw_ink(ink, {box.x, box.y, used, kMargin, (static_cast<float>(height) - box.height * used) / 2}, kPen, 0,
           image);
  return image;
}

}  // namespace biji
