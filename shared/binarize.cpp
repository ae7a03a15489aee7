#include "shared/binarize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace biji {
namespace {

using Histogram = std::array<int64_t, 256>;

// The smallest shade that at least fraction of the pixels do not exceed.
int32_t quantile(const Histogram& histogram, double fraction) {
  int64_t total = 0;
  for (const int64_t count : histogram) total += count;
  const auto wanted = static_cast<int64_t>(std::floor(static_cast<double>(total) * fraction));
  int64_t seen = 0;
  for (int32_t v = 0; v < 256; ++v) {
    seen += histogram[v];
    if (seen > wanted) return v;
  }
  return 255;
}

Histogram border_histogram(const Image& image) {
  Histogram histogram{};
  for (int32_t x = 0; x < image.width; ++x) {
    ++histogram[image.at(x, 0)];
    ++histogram[image.at(x, image.height - 1)];
  }
  for (int32_t y = 0; y < image.height; ++y) {
    ++histogram[image.at(0, y)];
    ++histogram[image.at(image.width - 1, y)];
  }
  return histogram;
}

Histogram histogram_of(const Image& image) {
  // In four parts: the next pixel of the same shade need not wait for the counter.
  std::array<std::array<int32_t, 256>, 4> parts{};
  const uint8_t* p = image.pixels.data();
  size_t left = image.pixels.size();
  for (; left >= 4; left -= 4, p += 4)
    for (size_t i = 0; i < 4; ++i) ++parts[i][p[i]];
  for (size_t i = 0; i < left; ++i) ++parts[i][p[i]];
  Histogram histogram{};
  for (const auto& part : parts)
    for (size_t v = 0; v < 256; ++v) histogram[v] += part[v];
  return histogram;
}

int64_t count_of(const Image& image, uint8_t shade) {
  int32_t count = 0;  // there are at most kMaxImageSide^2
  for (const uint8_t v : image.pixels) count += v == shade;
  return count;
}

// Mean of the shades above threshold; -1 when there are none.
double mean_above(const Histogram& histogram, int32_t threshold) {
  int64_t count = 0, sum = 0;
  for (int32_t v = threshold + 1; v < 256; ++v) {
    count += histogram[v];
    sum += v * histogram[v];
  }
  return count == 0 ? -1 : static_cast<double>(sum) / static_cast<double>(count);
}

// The median distance of the shades from centre.
int32_t spread(const Histogram& histogram, int32_t centre) {
  Histogram distances{};
  for (int32_t v = 0; v < 256; ++v) distances[std::abs(v - centre)] += histogram[v];
  return quantile(distances, 0.5);
}

// The median difference of neighbouring pixels: noise differs everywhere, ink only along its edges.
int32_t grain(const Image& image) {
  Histogram histogram{};
  for (int32_t y = 0; y < image.height; ++y)
    for (int32_t x = 1; x < image.width; ++x) ++histogram[std::abs(image.at(x, y) - image.at(x - 1, y))];
  return image.width < 2 ? 0 : quantile(histogram, 0.5);
}

// The paper's shade in blocks, interpolated over the picture: a high quantile of each block, where ink is
// the minority, smoothed so that a block full of ink borrows from its neighbours.
Image paper_shade(const Image& gray) {
  const int32_t longer = std::max(gray.width, gray.height);
  const int32_t block = std::max(8, (longer + 23) / 24);
  const int32_t columns = (gray.width + block - 1) / block, rows = (gray.height + block - 1) / block;
  Image grid(columns, rows);
  for (int32_t j = 0; j < rows; ++j) {
    for (int32_t i = 0; i < columns; ++i) {
      // Twice the block, so that a stroke as thick as one does not hide the paper.
      Histogram histogram{};
      const int32_t x0 = std::max(0, i * block - block / 2),
                    x1 = std::min(gray.width, (i + 1) * block + block / 2);
      const int32_t y0 = std::max(0, j * block - block / 2),
                    y1 = std::min(gray.height, (j + 1) * block + block / 2);
      for (int32_t y = y0; y < y1; ++y)
        for (int32_t x = x0; x < x1; ++x) ++histogram[gray.at(x, y)];
      grid.at(i, j) = static_cast<uint8_t>(quantile(histogram, 0.8));
    }
  }
  Image smooth(columns, rows);
  for (int32_t j = 0; j < rows; ++j) {
    for (int32_t i = 0; i < columns; ++i) {
      std::array<uint8_t, 9> near{};
      int32_t count = 0;
      for (int32_t y = std::max(0, j - 1); y <= std::min(rows - 1, j + 1); ++y)
        for (int32_t x = std::max(0, i - 1); x <= std::min(columns - 1, i + 1); ++x)
          near[count++] = grid.at(x, y);
      std::sort(near.begin(), near.begin() + count);
      smooth.at(i, j) = near[(count * 3) / 4];
    }
  }
  return resize(smooth, gray.width, gray.height);
}

}  // namespace

Result<Image> ink_from_gray(const Image& gray, Shade shade) {
  if (gray.empty() || gray.pixels.size() != static_cast<size_t>(gray.width) * gray.height)
    return Err::kBadData;
  if (gray.width > kMaxImageSide || gray.height > kMaxImageSide) return Err::kTooLarge;
  const Histogram border = border_histogram(gray);
  const int32_t border_shade = quantile(border, 0.5);
  if (shade == Shade::kAuto) {
    const Histogram histogram = histogram_of(gray);
    int32_t darkest = quantile(histogram, 0.001), lightest = quantile(histogram, 0.999);
    if (darkest == lightest) {  // very little ink
      darkest = quantile(histogram, 0);
      lightest = *std::max_element(gray.pixels.begin(), gray.pixels.end());
    }
    shade = 2 * border_shade >= darkest + lightest ? Shade::kDark : Shade::kLight;
  }

  // From here on paper is light: 255 - v where ink is light.
  Image work = gray;
  const bool light_ink = shade == Shade::kLight;
  if (light_ink)
    for (uint8_t& v : work.pixels) v = static_cast<uint8_t>(255 - v);
  const auto paper = static_cast<uint8_t>(light_ink ? 255 - border_shade : border_shade);

  // One exact paper shade on most of the border and a third of the picture: a canvas, or a cleaned scan.
  int64_t border_pixels = 0;
  for (const int64_t count : border) border_pixels += count;
  if (2 * border[border_shade] > border_pixels &&
      3 * count_of(work, paper) > static_cast<int64_t>(gray.pixels.size())) {
    for (uint8_t& v : work.pixels) v = static_cast<uint8_t>(paper - std::min(v, paper));
    return work;
  }

  // A photograph: darkness relative to the paper around it, 0..255.
  const Image background = paper_shade(work);
  for (size_t i = 0; i < work.pixels.size(); ++i) {
    const int32_t light = std::max<int32_t>(1, background.pixels[i]);
    work.pixels[i] = static_cast<uint8_t>(std::clamp(255 * (light - work.pixels[i]) / light, 0, 255));
  }
  // Paper is the majority: its shade and noise are medians. Whatever stands clear of its noise and grain is
  // ink, however little there is of it; the threshold then settles half way between the two (Ridler &
  // Calvard, 1978).
  const Histogram darkness = histogram_of(work);
  const int32_t paper_level = quantile(darkness, 0.5);
  const int32_t noise = spread(darkness, paper_level);
  const int32_t least = paper_level + std::max({28, 6 * noise, 4 * grain(work)});
  Image ink(work.width, work.height);
  if (least >= 255) return ink;
  int32_t threshold = least;
  double ink_level = mean_above(darkness, threshold);
  if (ink_level < 0) return ink;
  for (int32_t i = 0; i < 8; ++i) {
    threshold = std::max(least, static_cast<int32_t>((paper_level + ink_level) / 2));
    ink_level = mean_above(darkness, threshold);
  }
  // Soft edges around the threshold: no ink below a quarter of the way, full ink near the mean of the ink.
  const double low = std::max(paper_level + 2.0 * noise, paper_level + 0.25 * (ink_level - paper_level));
  const double high = std::max(low + 1, paper_level + 0.9 * (ink_level - paper_level));
  std::array<uint8_t, 256> map{};
  for (int32_t v = 0; v < 256; ++v)
    map[v] = static_cast<uint8_t>(std::clamp(std::floor((v - low) / (high - low) * 255 + 0.5), 0.0, 255.0));
  for (size_t i = 0; i < ink.pixels.size(); ++i) ink.pixels[i] = map[work.pixels[i]];
  return ink;
}

}  // namespace biji
