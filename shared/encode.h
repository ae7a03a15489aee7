// The whole way from what a user gives (a page of ink, a photograph) to what a model takes: one square per
// character.
#pragma once

#include <cstdint>
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
  float slant = 0;             // 0..1; above 0, Encoded::leaning is filled
};

// More characters than this in one input are an error, not a long wait.
inline constexpr int32_t kMaxCharacters = 1024;

inline constexpr int32_t kLeanings = 2;

// A model's batch and where each of its characters was.
struct Encoded {
  std::vector<uint8_t> input;  // [count, channels, size_px, size_px] u8, 255 = ink
  std::vector<Box> boxes;      // [count] in the unit of the ink, or pixels of the image
  std::vector<int32_t> lines;  // [count] line of text, from 0, ascending
  // [count, kLeanings, channels, size_px, size_px] u8: each character leaning by slant and by -slant, for a second look where
  // a model is unsure: the mean of its logits over the three is right more often than the first. Empty without slant.
  std::vector<uint8_t> leaning;
  int32_t count() const { return static_cast<int32_t>(boxes.size()); }
};

// Characters in reading order. kEmpty when there is no ink; kTooLarge over kMaxCharacters; kBadArgument as
// normalize(). Safe for untrusted input within the limits of make_ink and Image.
Result<Encoded> encode(const Ink& ink, const EncodeOptions& options);

// gray: a photograph, scan or canvas, 0 = black, 255 = white. Pictures larger than kMaxPhotoSide are reduced
// first; boxes still count in the pixels given.
Result<Encoded> encode(const Image& gray, const EncodeOptions& options);
inline constexpr int32_t kMaxPhotoSide = 2048;

}  // namespace biji
