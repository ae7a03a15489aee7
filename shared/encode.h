// From what a user gives (a page of ink, a photograph) to one square per character: what a model that reads single
// characters takes.
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

// A square that a pack holds, [size_px, size_px]: normalised before, from a picture that nobody kept.
struct Square {
  Image image;
};

// The characters of an input, in reading order: a model's batch, and where each of them was.
struct Encoded {
  std::vector<uint8_t> input;                 // [count, channels, size_px, size_px] u8, 255 = ink
  std::vector<Box> boxes;                     // [count] in the unit of the ink, or pixels of the image
  std::vector<int32_t> lines;                 // [count] line of text, from 0, ascending
  std::vector<std::vector<int32_t>> strokes;  // [count] of ink: which of its strokes, ascending; else empty
  // [count] what each was made from: ink, the ink map of a picture, or a square of a pack.
  std::vector<std::variant<Ink, Image, Square>> sources;
  int32_t count() const { return static_cast<int32_t>(boxes.size()); }
};

// kEmpty when there is no ink; kTooLarge over kMaxCharacters; kBadArgument as normalize(). Safe for untrusted input
// within the limits of make_ink and Image.
Result<Encoded> encode(const Ink& ink, const EncodeOptions& options);

// gray: a photograph, scan or canvas, 0 = black, 255 = white. Pictures larger than kMaxPhotoSide are reduced
// first; boxes still count in the pixels given.
Result<Encoded> encode(const Image& gray, const EncodeOptions& options);
inline constexpr int32_t kMaxPhotoSide = 2048;

// One more character behind those of `out`, in line 0. kEmpty and kBadArgument as normalize(); out is then as it was.
Err append_character(const Ink& ink, const InputSpec& spec, Encoded& out);
// square: [size_px, size_px] as normalize() made it for spec.picture(); kBadData for another length.
Err append_square(std::span<const uint8_t> square, const InputSpec& spec, Encoded& out);

// One character of `encoded` (i < count(), assert) once more, sheared by shear, -1..1, to either side: the view of
// test-time augmentation. u8 [channels, size_px, size_px]. spec: the one that it was encoded for. A square of a pack is
// sheared as it is, close to what its picture would give, but not the same bytes. Errors as normalize().
Result<Image> sheared_view(const Encoded& encoded, int32_t i, const InputSpec& spec, float shear);

}  // namespace biji
