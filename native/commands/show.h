// Looks at data: PNG files by class, contact sheets, and what augmentation makes of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace biji {

struct ShowOptions {
  std::filesystem::path
      data;  // a pack (.bjp), also of texts, or CASIA's .gnt and .pot files: one, a folder or an archive
  std::filesystem::path png_dir;  // one folder a class, one PNG a sample; empty = none
  std::filesystem::path sheet;    // one PNG with many samples; empty = none
  std::string class_label;        // only this class; empty = all
  int64_t limit = 400;            // samples on the sheet, PNG files a class; 0 = all
  int32_t columns = 20;
  float augmented = 0;      // strength of augmentation (augment.h)
  bool as_ink = false;      // scans are drawn anew with a pen (skeleton.h)
  bool directions = false;  // of packs of ink, the planes behind the picture as well, beside it
  bool extrapolate =
      false;  // of packs of ink, each writer's style moved away from another's (writer_style.h)
  uint64_t seed = 1;
};

// Prints what data holds and what could not be read, and writes what was asked for. Throws
// std::runtime_error.
void show(const ShowOptions& options);

}  // namespace biji
