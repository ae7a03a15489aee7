#include "shared/image.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

namespace biji {
namespace {

// The source pixels that make up each output pixel along one axis: weights [first .. first + count), sum 1.
struct Taps {
  struct Tap {
    int32_t first, count, offset;  // offset: of the first weight in weights
  };
  std::vector<Tap> taps;  // [out]
  std::vector<float> weights;
};

// Linear interpolation between pixel centres at a place on the axis, clamped at the ends.
void push_between(Taps& taps, int32_t in, float place) {
  const auto offset = static_cast<int32_t>(taps.weights.size());
  const float clamped = std::min(std::max(place - 0.5f, 0.f), static_cast<float>(in - 1));
  const int32_t first = std::min(static_cast<int32_t>(clamped), std::max(0, in - 2));
  const float fraction = clamped - static_cast<float>(first);
  const int32_t count = in == 1 ? 1 : 2;
  taps.weights.push_back(1 - fraction);
  if (count == 2) taps.weights.push_back(fraction);
  taps.taps.push_back({first, count, offset});
}

// Mean over [begin, end).
void push_mean(Taps& taps, int32_t in, float begin, float end) {
  const auto offset = static_cast<int32_t>(taps.weights.size());
  const auto first = static_cast<int32_t>(begin);
  int32_t count = 0;
  for (int32_t x = first; x < in && static_cast<float>(x) < end; ++x, ++count) {
    const float overlap = std::min(end, static_cast<float>(x + 1)) - std::max(begin, static_cast<float>(x));
    taps.weights.push_back(overlap / (end - begin));
  }
  taps.taps.push_back({first, count, offset});
}

Taps make_taps(int32_t in, int32_t out) {
  Taps result;
  result.taps.reserve(out);
  const float step = static_cast<float>(in) / static_cast<float>(out);
  for (int32_t i = 0; i < out; ++i) {
    if (out >= in)
      push_between(result, in, (static_cast<float>(i) + 0.5f) * step);
    else
      push_mean(result, in, static_cast<float>(i) * step,
                i + 1 == out ? static_cast<float>(in) : static_cast<float>(i + 1) * step);
  }
  return result;
}

Taps make_taps(int32_t in, std::span<const float> edges) {
  Taps result;
  result.taps.reserve(edges.size() - 1);
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    if (edges[i + 1] - edges[i] <= 1)
      push_between(result, in, (edges[i] + edges[i + 1]) / 2);
    else
      push_mean(result, in, edges[i], edges[i + 1]);
  }
  return result;
}

// A loop over x with the sum over k written out: compilers for size would make a loop of that, too.
template <int32_t... k>
void blend_taps(std::integer_sequence<int32_t, k...>, const float* source, const int32_t* first,
                const float* weights, int32_t n, float* out) {
  for (int32_t x = 0; x < n; ++x) out[x] = (... + (weights[k * n + x] * source[first[x] + k]));
}
// One line resampled: out[x] = sum over k of weights[k * n + x] * source[first[x] + k], in the order of k.
// Pixels with fewer than kTaps sources have weights of 0 for the rest, which change no sum.
template <int32_t kTaps>
void blend(const float* source, const int32_t* first, const float* weights, int32_t n, float* out) {
  blend_taps(std::make_integer_sequence<int32_t, kTaps>(), source, first, weights, n, out);
}

// Resamples lines, one after the other.
class Columns {
 public:
  static constexpr int32_t kFew = 8;

  explicit Columns(const Taps& taps) : taps_(taps) {
    for (const Taps::Tap& tap : taps.taps) most_ = std::max(most_, tap.count);
    if (most_ > kFew) return;
    // The usual case: no loop over a varying number of taps.
    const auto n = static_cast<int32_t>(taps.taps.size());
    weights_.resize(static_cast<size_t>(most_) * n);
    for (int32_t x = 0; x < n; ++x) {
      const Taps::Tap& tap = taps.taps[x];
      first_.push_back(tap.first);
      for (int32_t k = 0; k < tap.count; ++k) weights_[k * n + x] = taps.weights[tap.offset + k];
    }
  }
  // source: with kFew zeros behind its pixels.
  void operator()(const float* source, float* out) const {
    const auto n = static_cast<int32_t>(taps_.taps.size());
    if (most_ <= kFew) {
      constexpr auto kBlends =
          std::array{blend<1>, blend<2>, blend<3>, blend<4>, blend<5>, blend<6>, blend<7>, blend<8>};
      kBlends[most_ - 1](source, first_.data(), weights_.data(), n, out);
      return;
    }
    for (int32_t x = 0; x < n; ++x) {
      const Taps::Tap& tap = taps_.taps[x];
      float sum = 0;
      for (int32_t i = 0; i < tap.count; ++i) sum += taps_.weights[tap.offset + i] * source[tap.first + i];
      out[x] = sum;
    }
  }

 private:
  const Taps& taps_;
  int32_t most_ = 1;
  std::vector<int32_t> first_;  // [n]
  std::vector<float> weights_;  // [most_, n]
};

template <class Pixel, int32_t... k>
void mix_taps(std::integer_sequence<int32_t, k...>, const Pixel* lines, const float* weights, int32_t width,
              float* out) {
  for (int32_t x = 0; x < width; ++x)
    out[x] = (... + (weights[k] * static_cast<float>(lines[k * width + x])));
}
// kTaps lines, width pixels one after the other, added with their weights.
template <int32_t kTaps, class Pixel>
void mix(const Pixel* lines, const float* weights, int32_t width, float* out) {
  mix_taps(std::make_integer_sequence<int32_t, kTaps>(), lines, weights, width, out);
}
// The same for any number of lines.
template <class Pixel>
void mix(const Pixel* lines, const float* weights, int32_t count, int32_t width, float* out) {
  constexpr auto kMixes = std::array{mix<1, Pixel>, mix<2, Pixel>, mix<3, Pixel>, mix<4, Pixel>};
  kMixes[std::min(count, 4) - 1](lines, weights, width, out);
  for (int32_t i = 4; i < count; ++i)
    for (int32_t x = 0; x < width; ++x)
      out[x] += weights[i] * static_cast<float>(lines[static_cast<size_t>(i) * width + x]);
}

void round_line(const std::vector<float>& line, uint8_t* out) {
  for (size_t x = 0; x < line.size(); ++x)  // nothing is negative: cutting off is rounding down
    out[x] = static_cast<uint8_t>(std::min(255, static_cast<int32_t>(line[x] + 0.5f)));
}

// Lines first, then the rows of them.
Image resampled(const Image& image, const Taps& columns, const Taps& rows) {
  const auto width = static_cast<int32_t>(columns.taps.size()),
             height = static_cast<int32_t>(rows.taps.size());
  const Columns across(columns);
  std::vector<float> source(image.width + Columns::kFew);
  std::vector<float> lines(static_cast<size_t>(width) * image.height);
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* from = &image.pixels[static_cast<size_t>(y) * image.width];
    for (int32_t x = 0; x < image.width; ++x) source[x] = from[x];
    across(source.data(), &lines[static_cast<size_t>(y) * width]);
  }
  Image out(width, height);
  std::vector<float> sums(width);
  for (int32_t y = 0; y < height; ++y) {
    const Taps::Tap tap = rows.taps[y];
    mix(&lines[static_cast<size_t>(tap.first) * width], &rows.weights[tap.offset], tap.count, width,
        sums.data());
    round_line(sums, &out.pixels[static_cast<size_t>(y) * width]);
  }
  return out;
}

// Rows first: less work for a picture that shrinks. Sums round otherwise, so resize() stays with the order that
// models have learned from.
Image resampled_rows_first(const Image& image, const Taps& columns, const Taps& rows) {
  const auto width = static_cast<int32_t>(columns.taps.size()),
             height = static_cast<int32_t>(rows.taps.size());
  const Columns across(columns);
  std::vector<float> sums(image.width + Columns::kFew), line(width);
  Image out(width, height);
  for (int32_t y = 0; y < height; ++y) {
    const Taps::Tap tap = rows.taps[y];
    mix(&image.pixels[static_cast<size_t>(tap.first) * image.width], &rows.weights[tap.offset], tap.count,
        image.width, sums.data());
    across(sums.data(), line.data());
    round_line(line, &out.pixels[static_cast<size_t>(y) * width]);
  }
  return out;
}

}  // namespace

Result<Image> gray_from_rgba(std::span<const uint8_t> rgba, int32_t width, int32_t height) {
  if (width < 1 || height < 1) return Err::kBadArgument;
  if (width > kMaxImageSide || height > kMaxImageSide || int64_t{width} * height > kMaxImagePixels)
    return Err::kTooLarge;
  if (rgba.size() != static_cast<size_t>(width) * height * 4) return Err::kBadData;
  Image gray(width, height);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint8_t* p = &rgba[4 * i];
    const int32_t luma = (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000;
    gray.pixels[i] = static_cast<uint8_t>((luma * p[3] + 255 * (255 - p[3]) + 127) / 255);
  }
  return gray;
}

uint8_t darkest(const Image& image) {
  uint8_t most = 0;
  for (const uint8_t v : image.pixels) most = std::max(most, v);
  return most;
}

Rect bounds(const Image& image, uint8_t threshold) {
  // Maxima of whole lines, without branches: compilers make vector instructions of them.
  std::vector<uint8_t> columns(image.width);
  int32_t x0 = 0, x1 = image.width - 1, y0 = image.height, y1 = -1;
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + static_cast<size_t>(y) * image.width;
    uint8_t most = 0;
    for (int32_t x = 0; x < image.width; ++x) most = std::max(most, row[x]);
    if (most <= threshold) continue;
    y0 = std::min(y0, y);
    y1 = y;
    for (int32_t x = 0; x < image.width; ++x) columns[x] = std::max(columns[x], row[x]);
  }
  if (y1 < 0) return {};
  while (columns[x0] <= threshold) ++x0;
  while (columns[x1] <= threshold) --x1;
  return {x0, y0, x1 - x0 + 1, y1 - y0 + 1};
}

Image crop(const Image& image, Rect rect) {
  assert(rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= image.width &&
         rect.y + rect.height <= image.height);
  Image out(rect.width, rect.height);
  for (int32_t y = 0; y < rect.height; ++y) {
    const uint8_t* from = &image.pixels[static_cast<size_t>(rect.y + y) * image.width + rect.x];
    std::copy(from, from + rect.width, out.pixels.begin() + static_cast<size_t>(y) * rect.width);
  }
  return out;
}

Image sheared(const Image& image, float shear) {
  assert(shear >= -1 && shear <= 1);
  if (image.empty()) return image;
  const float widest = std::fabs(shear) * static_cast<float>(image.height - 1);
  Image out(image.width + static_cast<int32_t>(widest) + 1, image.height);
  for (int32_t y = 0; y < image.height; ++y) {
    const float shift = shear * static_cast<float>(y) + (shear < 0 ? widest : 0);
    const auto whole = static_cast<int32_t>(shift);
    const float part = shift - static_cast<float>(whole);
    for (int32_t x = 0; x <= image.width && x + whole < out.width; ++x) {
      const float here = x < image.width ? image.at(x, y) : 0.f, before = x > 0 ? image.at(x - 1, y) : 0.f;
      out.at(x + whole, y) = static_cast<uint8_t>(here + part * (before - here) + 0.5f);
    }
  }
  return out;
}

Image resize(const Image& image, int32_t width, int32_t height) {
  assert(width >= 1 && height >= 1 && !image.empty());
  if (width == image.width && height == image.height) return image;
  return resampled(image, make_taps(image.width, width), make_taps(image.height, height));
}

Image resample(const Image& image, std::span<const float> columns, std::span<const float> rows) {
  assert(columns.size() >= 2 && rows.size() >= 2 && !image.empty());
  return resampled_rows_first(image, make_taps(image.width, columns), make_taps(image.height, rows));
}

}  // namespace biji
