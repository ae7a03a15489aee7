#include "native/show.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "native/augment.h"
#include "native/dataset.h"
#include "native/file.h"
#include "native/picture.h"

namespace biji {
namespace {

// A class label as the name of a folder: letters and digits as they are ("A" and "a" differ only by case,
// which some file systems ignore, so upper case gets a mark), anything else as its bytes in hexadecimal.
std::string folder_name(const std::string& label) {
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

Image to_image(const at::Tensor& pixels) {
  Image image(static_cast<int32_t>(pixels.size(1)), static_cast<int32_t>(pixels.size(0)));
  std::copy_n(pixels.data_ptr<uint8_t>(), image.pixels.size(), image.pixels.begin());
  return image;
}

}  // namespace

void show(const ShowOptions& options) {
  const Dataset data = load_data(std::vector{options.pack});
  const int64_t classes = static_cast<int64_t>(data.classes.size());
  std::printf("%s: %lld samples, %lld classes, %d x %d\n", data.sources[0].name.c_str(),
              static_cast<long long>(data.labels.size(0)), static_cast<long long>(classes),
              data.input.size_px, data.input.size_px);
  const at::Tensor counts = at::bincount(data.labels, {}, classes);
  for (int64_t c = 0; c < classes; ++c)
    std::printf("  %s %6lld%s", data.classes[static_cast<size_t>(c)].c_str(),
                static_cast<long long>(counts[c].item<int64_t>()),
                c % 8 == 7 || c + 1 == classes ? "\n" : "");

  int64_t only = -1;
  if (!options.class_label.empty()) {
    const auto it = std::find(data.classes.begin(), data.classes.end(), options.class_label);
    if (it == data.classes.end())
      throw std::runtime_error(options.pack.string() + ": has no class \"" + options.class_label + "\"");
    only = it - data.classes.begin();
  }
  at::manual_seed(options.seed);
  const auto pixels_at = [&](int64_t i) {
    const at::Tensor pixels = data.pixels.slice(0, i, i + 1);
    if (options.augmented <= 0) return pixels[0].contiguous();
    return augment(pixels, options.augmented)[0][0].mul(255).round().to(at::kByte).contiguous();
  };
  const int64_t limit = options.limit > 0 ? options.limit : data.labels.size(0);
  std::vector<Image> sheet;
  std::vector<int64_t> written(static_cast<size_t>(classes));
  int64_t files = 0;
  for (int64_t i = 0; i < data.labels.size(0); ++i) {
    const int64_t label = data.labels[i].item<int64_t>();
    if (only >= 0 && label != only) continue;
    const bool to_sheet = !options.sheet.empty() && static_cast<int64_t>(sheet.size()) < limit;
    const bool to_file = !options.png_dir.empty() && written[static_cast<size_t>(label)] < limit;
    if (!to_sheet && !to_file) {
      if (options.png_dir.empty()) break;
      continue;
    }
    const Image image = to_image(pixels_at(i));
    if (to_sheet) sheet.push_back(image);
    if (to_file) {
      char name[32];
      std::snprintf(name, sizeof name, "%07lld.png", static_cast<long long>(i));
      write_file(options.png_dir / folder_name(data.classes[static_cast<size_t>(label)]) / name, png(image));
      ++written[static_cast<size_t>(label)];
      ++files;
    }
  }
  if (!options.sheet.empty()) {
    write_file(options.sheet, png(contact_sheet(sheet, options.columns)));
    std::printf("wrote %s: %zu samples\n", options.sheet.c_str(), sheet.size());
  }
  if (!options.png_dir.empty())
    std::printf("wrote %lld files into %s\n", static_cast<long long>(files), options.png_dir.c_str());
}

}  // namespace biji
