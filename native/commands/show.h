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
  // Of packs of strokes or texts: a line of JSON for each, {"label", "writer", "ink": [{"x": [..], "y": [..]}, ..]}, y down;
  // empty = none.
  std::filesystem::path jsonl;
  std::string class_label;  // only this class; empty = all
  int64_t limit = 400;      // samples on the sheet, PNG files a class; 0 = all
  int32_t columns = 20;
  std::string network;     // whose input and default recipe; empty = by the pack
  bool augmented = false;  // as the first step of a training with that recipe and seed would have the samples
  float strength = -1;     // of augmentation; below 0 = the recipe's
  bool skeletons = false;  // all scans are drawn anew with a pen (skeleton.h)
  bool directions = false;  // of packs of ink, the planes behind the picture as well, beside it
  // Of packs of ink, each writer's style is moved away from another's (writer_style.h).
  bool extrapolate = false;
  bool white_on_black = false;  // as MNIST's files are
  uint64_t seed = 1;
};

// Prints what data holds and what could not be read, and writes what was asked for. Throws
// std::runtime_error.
void show(const ShowOptions& options);

}  // namespace biji
