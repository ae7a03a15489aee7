#include "shared/encode.h"

#include <algorithm>
#include <cassert>

namespace biji {
namespace {

using Source = std::variant<Ink, Image, Square, ShearedViews>;

// Normalises a source, ink or ink map, and appends it as one character.
template <class T>
Err append(T source, const InputSpec& spec, Box box, int32_t line, std::vector<int32_t> strokes,
           Encoded& out) {
  const Result<Image> input = normalize(source, spec);
  if (!input.ok()) return input.err;
  out.input.insert(out.input.end(), input.value.pixels.begin(), input.value.pixels.end());
  out.boxes.push_back(box);
  out.lines.push_back(line);
  out.strokes.push_back(std::move(strokes));
  out.sources.emplace_back(std::move(source));
  return Err::kOk;
}

// The strokes that have points.
std::vector<int32_t> drawn_strokes(const Ink& ink) {
  std::vector<int32_t> strokes;
  for (int32_t i = 0; i < ink.stroke_count(); ++i)
    if (!ink.stroke(i).empty()) strokes.push_back(i);
  return strokes;
}

// Appends what was encoded by other means.
void append_input(std::span<const uint8_t> input, Source source, const InputSpec& spec, Encoded& out) {
  out.input.insert(out.input.end(), input.begin(), input.end());
  const auto side = static_cast<float>(spec.size_px);
  out.boxes.push_back({0, 0, side, side});
  out.lines.push_back(0);
  out.strokes.emplace_back();
  out.sources.push_back(std::move(source));
}

}  // namespace

Err append_character(const Ink& ink, const InputSpec& spec, Encoded& out) {
  return append(ink, spec, bounds(ink), 0, drawn_strokes(ink), out);
}

Err append_square(std::span<const uint8_t> square, const InputSpec& spec, Encoded& out) {
  if (!valid(spec)) return Err::kBadArgument;
  Image image(spec.size_px, spec.size_px);
  if (square.size() != image.pixels.size()) return Err::kBadData;
  std::copy(square.begin(), square.end(), image.pixels.begin());
  const Image input = with_blank_directions(image, spec);
  append_input(input.pixels, Square{std::move(image)}, spec, out);
  return Err::kOk;
}

Err append_views(std::span<const uint8_t> input, ShearedViews views, const InputSpec& spec, Encoded& out) {
  if (!valid(spec)) return Err::kBadArgument;
  const size_t bytes = size_t{1} * spec.channels() * spec.size_px * spec.size_px;
  if (input.size() != bytes || views.right.pixels.size() != bytes || views.left.pixels.size() != bytes)
    return Err::kBadData;
  append_input(input, std::move(views), spec, out);
  return Err::kOk;
}

Result<Encoded> encode(const Ink& ink, const EncodeOptions& options) {
  Encoded out;
  if (!options.split) {
    const Err err = append_character(ink, options.spec, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const std::vector<InkCharacter> characters = segment(ink, {options.square});
  if (characters.empty()) return Err::kEmpty;
  if (characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const InkCharacter& character : characters) {
    const Err err =
        append(extract(ink, character), options.spec, character.box, character.line, character.strokes, out);
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
    const Box box = to_box(bounds(ink.value, 0));
    const Err err = append(std::move(ink.value), options.spec, box, 0, {}, out);
    if (err != Err::kOk) return err;
    return out;
  }
  const ImageCharacters found = segment(ink.value, {options.square});
  if (found.characters.empty()) return Err::kEmpty;
  if (found.characters.size() > static_cast<size_t>(kMaxCharacters)) return Err::kTooLarge;
  for (const ImageCharacter& character : found.characters) {
    const Err err = append(extract(ink.value, found, character), options.spec, to_box(character.rect),
                           character.line, {}, out);
    if (err != Err::kOk) return err;
  }
  return out;
}

Result<Image> sheared_view(const Encoded& encoded, int32_t i, const InputSpec& spec, float shear) {
  assert(i >= 0 && i < encoded.count());
  const Source& source = encoded.sources[i];
  if (const Ink* ink = std::get_if<Ink>(&source)) return normalize(sheared(*ink, shear), spec);
  if (const Image* map = std::get_if<Image>(&source)) return normalize(sheared(*map, shear), spec);
  if (const ShearedViews* views = std::get_if<ShearedViews>(&source))
    return shear > 0 ? views->right : views->left;
  InputSpec again = spec.picture();
  if (again.centring == Centring::kDensity) again.centring = Centring::kBox;  // its lines are even already
  Result<Image> out = normalize(sheared(std::get_if<Square>(&source)->image, shear), again);
  if (out.ok()) out.value = with_blank_directions(std::move(out.value), spec);
  return out;
}

}  // namespace biji
