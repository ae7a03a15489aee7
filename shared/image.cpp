#include "shared/image.h"

#include <algorithm>
#include <array>

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

// One line resampled: out[x] = sum over k of weights[k * n + x] * source[first[x] + k], in the order of k.
// Pixels with fewer than kTaps sources have weights of 0 for the rest, which change no sum.
template <int32_t kTaps>
void blend(const float* source, const int32_t* first, const float* weights, int32_t n, float* out) {
  for (int32_t x = 0; x < n; ++x) {
    const float* from = source + first[x];
    float sum = weights[x] * from[0];
    for (int32_t k = 1; k < kTaps; ++k) sum += weights[k * n + x] * from[k];
    out[x] = sum;
  }
}

// Every line of image resampled to the columns: [image.height, width].
std::vector<float> resize_lines(const Image& image, const Taps& columns) {
  const auto width = static_cast<int32_t>(columns.taps.size());
  std::vector<float> lines(static_cast<size_t>(width) * image.height);
  int32_t most = 1;
  for (const Taps::Tap& tap : columns.taps) most = std::max(most, tap.count);

  // The usual case, shrinking to no less than a third or growing: no loop over a varying number of taps.
  std::vector<int32_t> first;  // [width]
  std::vector<float> weights;  // [most, width]
  const bool few = most <= 4;
  if (few) {
    weights.resize(static_cast<size_t>(most) * width);
    for (int32_t x = 0; x < width; ++x) {
      const Taps::Tap& tap = columns.taps[x];
      first.push_back(tap.first);
      for (int32_t k = 0; k < tap.count; ++k) weights[k * width + x] = columns.weights[tap.offset + k];
    }
  }
  std::vector<float> source(image.width + 3);  // and zeros for taps that weigh nothing
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* from = &image.pixels[static_cast<size_t>(y) * image.width];
    float* line = &lines[static_cast<size_t>(y) * width];
    for (int32_t x = 0; x < image.width; ++x) source[x] = from[x];
    if (few) {
      constexpr auto kBlends = std::array{blend<1>, blend<2>, blend<3>, blend<4>};
      kBlends[most - 1](source.data(), first.data(), weights.data(), width, line);
      continue;
    }
    for (int32_t x = 0; x < width; ++x) {
      const Taps::Tap tap = columns.taps[x];
      float sum = 0;
      for (int32_t i = 0; i < tap.count; ++i) sum += columns.weights[tap.offset + i] * source[tap.first + i];
      line[x] = sum;
    }
  }
  return lines;
}

Image resampled(const Image& image, const Taps& columns, const Taps& rows) {
  const auto width = static_cast<int32_t>(columns.taps.size()),
             height = static_cast<int32_t>(rows.taps.size());
  const std::vector<float> lines = resize_lines(image, columns);
  Image out(width, height);
  std::vector<float> sums(width);
  for (int32_t y = 0; y < height; ++y) {
    const Taps::Tap tap = rows.taps[y];
    std::fill(sums.begin(), sums.end(), 0.f);
    for (int32_t i = 0; i < tap.count; ++i) {
      const float weight = rows.weights[tap.offset + i];
      const float* source = &lines[static_cast<size_t>(tap.first + i) * width];
      for (int32_t x = 0; x < width; ++x) sums[x] += weight * source[x];
    }
    uint8_t* to = &out.pixels[static_cast<size_t>(y) * width];
    for (int32_t x = 0; x < width; ++x)  // nothing is negative: cutting off is rounding down
      to[x] = static_cast<uint8_t>(std::min(255, static_cast<int32_t>(sums[x] + 0.5f)));
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

Image resize(const Image& image, int32_t width, int32_t height) {
  assert(width >= 1 && height >= 1 && !image.empty());
  if (width == image.width && height == image.height) return image;
  return resampled(image, make_taps(image.width, width), make_taps(image.height, height));
}

Image resample(const Image& image, std::span<const float> columns, std::span<const float> rows) {
  assert(columns.size() >= 2 && rows.size() >= 2 && !image.empty());
  return resampled(image, make_taps(image.width, columns), make_taps(image.height, rows));
}

}  // namespace biji
