// From a page of ink or a photograph to one square for each character, the input of models that read single characters.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "binarize.h"
#include "normalize.h"
#include "segment.h"

namespace biji {

struct EncodeOptions {
  InputSpec spec;
  bool split = true;           // find characters; false: everything given is one character
  bool square = false;         // SegmentOptions::square: fills_squares() of the model's labels
  Shade shade = Shade::kAuto;  // images only
};

// More characters than this in one input are an error, not a long wait.
inline constexpr int32_t kMaxCharacters = 1024;

// A square from a pack, [size_px, size_px]: already normalised, and its original picture is not kept.
struct Square {
  Image image;
};

// The two sheared views of a character, made by other means: [channels * size_px, size_px] each.
struct ShearedViews {
  Image right, left;  // by a shear above 0, below 0
};

// The characters of an input, in reading order: a model's batch, and where each of them was.
struct Encoded {
  std::vector<uint8_t> input;                 // [count, channels, size_px, size_px] u8, 255 = ink
  std::vector<Box> boxes;                     // [count] in the unit of the ink, or pixels of the image
  std::vector<int32_t> lines;                 // [count] line of text, from 0, ascending
  std::vector<std::vector<int32_t>> strokes;  // [count] of ink: which of its strokes, ascending; else empty
  // [count] what each was made from: ink, the ink map of a picture, a square of a pack; or what it looks like sheared.
  std::vector<std::variant<Ink, Image, Square, ShearedViews>> sources;
  int32_t count() const { return static_cast<int32_t>(boxes.size()); }
};

// kEmpty when there is no ink; kTooLarge over kMaxCharacters; kBadArgument as normalize(). Safe for untrusted input
// within the limits of make_ink and Image.
Result<Encoded> encode(const Ink& ink, const EncodeOptions& options);

// gray: a photograph, scan or canvas, 0 = black, 255 = white. Pictures larger than kMaxPhotoSide are reduced
// first; boxes still count in the pixels given.
Result<Encoded> encode(const Image& gray, const EncodeOptions& options);
inline constexpr int32_t kMaxPhotoSide = 2048;

// Encodes one character and appends it to out, in line 0. kEmpty and kBadArgument as normalize(); out is then as it was.
Err append_character(const Ink& ink, const InputSpec& spec, Encoded& out);
// square: [size_px, size_px] as normalize() made it for spec.picture(); kBadData for another length.
Err append_square(std::span<const uint8_t> square, const InputSpec& spec, Encoded& out);

// input: [channels, size_px, size_px], as the model is to see it. kBadData where it or a view is of another length.
Err append_views(std::span<const uint8_t> input, ShearedViews views, const InputSpec& spec, Encoded& out);

// One character of `encoded` (i < count(), assert) once more, sheared by shear, -1..1: a view of test-time
// augmentation. u8 [channels, size_px, size_px]. spec: the one that it was encoded for. A square of a pack is
// sheared after normalisation; shearing its picture first would give slightly different bytes. Errors as normalize().
Result<Image> sheared_view(const Encoded& encoded, int32_t i, const InputSpec& spec, float shear);

}  // namespace biji
