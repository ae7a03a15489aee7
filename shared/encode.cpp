#include "shared/encode.h"

#include <algorithm>

namespace biji {
namespace {

Err append(const Result<Image>& character, Box box, int32_t line, Encoded& out) {
  if (!character.ok()) return character.err;
  out.input.insert(out.input.end(), character.value.pixels.begin(), character.value.pixels.end());
  out.boxes.push_back(box);
  out.lines.push_back(line);
  return Err::kOk;
}

}  // namespace

Result<Encoded> encode(const Ink& ink, const EncodeOptions& options) {
  Encoded out;
  if (!options.split) {
    const Err err = append(normalize(ink, options.spec), bounds(ink), 0, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const std::vector<InkCharacter> characters = segment(ink, {options.square});
  if (characters.empty()) return Err::kEmpty;
  if (characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const InkCharacter& character : characters) {
    const Err err =
        append(normalize(extract(ink, character), options.spec), character.box, character.line, out);
    if (err != Err::kOk) return err;
  }
  return out;
}

Result<Encoded> encode(const Image& gray, const EncodeOptions& options) {
  if (gray.empty()) return Err::kBadData;
  const int32_t longer = std::max(gray.width, gray.height);
  float unit = 1;  // pixels of gray per pixel of the ink map
  Result<Image> ink = Err::kEmpty;
  const Scene scene = options.split ? Scene::kPage : Scene::kCharacter;
  if (longer > kMaxPhotoSide) {
    unit = static_cast<float>(longer) / static_cast<float>(kMaxPhotoSide);
    const auto reduced = [unit](int32_t side) {
      return std::max(1, static_cast<int32_t>(static_cast<float>(side) / unit));
    };
    ink = ink_from_gray(resize(gray, reduced(gray.width), reduced(gray.height)), options.shade, scene);
  } else {
    ink = ink_from_gray(gray, options.shade, scene);
  }
  if (!ink.ok()) return ink.err;

  Encoded out;
  const auto to_box = [unit](Rect r) {
    return Box{static_cast<float>(r.x) * unit, static_cast<float>(r.y) * unit,
               static_cast<float>(r.width) * unit, static_cast<float>(r.height) * unit};
  };
  if (!options.split) {
    const Err err = append(normalize(ink.value, options.spec), to_box(bounds(ink.value, 0)), 0, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const ImageCharacters found = segment(ink.value, {options.square});
  if (found.characters.empty()) return Err::kEmpty;
  if (found.characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const ImageCharacter& character : found.characters) {
    const Err err = append(normalize(extract(ink.value, found, character), options.spec),
                           to_box(character.rect), character.line, out);
    if (err != Err::kOk) return err;
  }
  return out;
}

}  // namespace biji
