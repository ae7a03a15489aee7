// Grey images and the two resampling operations that the encoder needs.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "result.h"

namespace biji {

// [height, width] u8, row-major, no padding. Inside the encoder 0 = paper and 255 = ink;
// functions that take a photograph instead say so.
struct Image {
  int32_t width = 0;
  int32_t height = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  Image(int32_t w, int32_t h) : width(w), height(h), pixels(static_cast<size_t>(w) * h) {}
  uint8_t at(int32_t x, int32_t y) const { return pixels[static_cast<size_t>(y) * width + x]; }
  uint8_t& at(int32_t x, int32_t y) { return pixels[static_cast<size_t>(y) * width + x]; }
  bool empty() const { return pixels.empty(); }
};

// A rectangle of whole pixels. An empty one has width and height 0.
struct Rect {
  int32_t x = 0;
  int32_t y = 0;
  int32_t width = 0;
  int32_t height = 0;
};

// Sides and area that image functions accept: a 24-megapixel photograph fits.
inline constexpr int32_t kMaxImageSide = 16384;
inline constexpr int64_t kMaxImagePixels = 64ll << 20;

// Luma (Rec. 601, integer arithmetic) of straight-alpha RGBA composited over white.
// rgba: [height, width, 4]. kTooLarge over the limits; kBadData when the length is not width*height*4.
Result<Image> gray_from_rgba(std::span<const uint8_t> rgba, int32_t width, int32_t height);

// The highest value of a pixel: the darkest where 255 = ink. 0 for an empty image.
uint8_t darkest(const Image& image);

// The nearest whole number, halves upwards: the same on every platform, unlike lround.
inline int32_t round_to_int(float v) {
  return static_cast<int32_t>(std::floor(v + 0.5f));
}

// The smallest rectangle around all pixels > threshold; empty when there are none.
Rect bounds(const Image& image, uint8_t threshold);

// The part of image inside rect, which must lie within it (assert).
Image crop(const Image& image, Rect rect);

// The picture sheared: row y moves by shear * y pixels, interpolated. image: 0 = paper; the result is wider by the largest
// shift. shear: -1..1 (assert).
Image sheared(const Image& image, float shear);

// Resamples to width x height (each >= 1, assert): each output pixel is the mean of the source area it
// covers when shrinking, and linear interpolation between pixel centres when growing, each axis on its own.
// The same size returns the same bytes.
Image resize(const Image& image, int32_t width, int32_t height);

// The same with pixels of different sizes: output column i covers the source from columns[i] to columns[i + 1], row i
// likewise. columns, rows: not decreasing, within the image, of two edges or more (assert).
Image resample(const Image& image, std::span<const float> columns, std::span<const float> rows);

}  // namespace biji
