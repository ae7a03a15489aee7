#include "shared/encode.h"

#include <algorithm>

namespace biji {
namespace {

// character: ink, or an ink map.
template <class Character>
Err normalize_into(std::vector<uint8_t>& out, const Character& character, const InputSpec& spec) {
  const Result<Image> input = normalize(character, spec);
  if (input.ok()) out.insert(out.end(), input.value.pixels.begin(), input.value.pixels.end());
  return input.err;
}

template <class Character>
Err append(const Character& character, const EncodeOptions& options, Box box, int32_t line, Encoded& out) {
  Err err = normalize_into(out.input, character, options.spec);
  if (options.slant > 0)
    for (const float slant : {options.slant, -options.slant})
      if (err == Err::kOk) err = normalize_into(out.leaning, leaning(character, slant), options.spec);
  if (err != Err::kOk) return err;
  out.boxes.push_back(box);
  out.lines.push_back(line);
  return Err::kOk;
}

}  // namespace

Result<Encoded> encode(const Ink& ink, const EncodeOptions& options) {
  if (!(options.slant >= 0 && options.slant <= 1)) return Err::kBadArgument;
  Encoded out;
  if (!options.split) {
    const Err err = append(ink, options, bounds(ink), 0, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const std::vector<InkCharacter> characters = segment(ink, {options.square});
  if (characters.empty()) return Err::kEmpty;
  if (characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const InkCharacter& character : characters) {
    const Err err = append(extract(ink, character), options, character.box, character.line, out);
    if (err != Err::kOk) return err;
  }
  return out;
}

Result<Encoded> encode(const Image& gray, const EncodeOptions& options) {
  if (gray.empty()) return Err::kBadData;
  if (!(options.slant >= 0 && options.slant <= 1)) return Err::kBadArgument;
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
    const Err err = append(ink.value, options, to_box(bounds(ink.value, 0)), 0, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const ImageCharacters found = segment(ink.value, {options.square});
  if (found.characters.empty()) return Err::kEmpty;
  if (found.characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const ImageCharacter& character : found.characters) {
    const Err err =
        append(extract(ink.value, found, character), options, to_box(character.rect), character.line, out);
    if (err != Err::kOk) return err;
  }
  return out;
}

}  // namespace biji
