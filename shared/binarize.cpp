#include "shared/binarize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "shared/components.h"

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

// The median distance of the shades from centre.
int32_t spread(const Histogram& histogram, int32_t centre) {
  Histogram distances{};
  for (int32_t v = 0; v < 256; ++v) distances[std::abs(v - centre)] += histogram[v];
  return quantile(distances, 0.5);
}

// A grid of blocks over a picture, about count along its longer side.
struct Blocks {
  int32_t size, columns, rows;
  Blocks(const Image& image, int32_t count)
      : size(std::max(8, (std::max(image.width, image.height) + count - 1) / count)),
        columns((image.width + size - 1) / size),
        rows((image.height + size - 1) / size) {}
  // Block (i, j) and margin pixels around it, within image.
  Rect rect(const Image& image, int32_t i, int32_t j, int32_t margin) const {
    const int32_t x = std::max(0, i * size - margin), y = std::max(0, j * size - margin);
    return {x, y, std::min(image.width, (i + 1) * size + margin) - x,
            std::min(image.height, (j + 1) * size + margin) - y};
  }
};

Histogram histogram_of(const Image& image, Rect rect) {
  Histogram histogram{};
  for (int32_t y = rect.y; y < rect.y + rect.height; ++y)
    for (int32_t x = rect.x; x < rect.x + rect.width; ++x) ++histogram[image.at(x, y)];
  return histogram;
}

// Whether the ink of a photograph is lighter than its paper. Paper is the majority wherever one looks closely
// enough for the light to be even, so each window votes by how far its extremes are from its median. Windows
// overlap by half: the edge of a table or a shadow is seen from both sides and its votes cancel.
bool ink_is_light(const Image& gray) {
  const Blocks blocks(gray, 12);
  double votes = 0;
  for (int32_t j = 0; j < blocks.rows; ++j) {
    for (int32_t i = 0; i < blocks.columns; ++i) {
      const Histogram histogram = histogram_of(gray, blocks.rect(gray, i, j, blocks.size / 2));
      const int32_t low = quantile(histogram, 0.01), high = quantile(histogram, 0.99);
      const double vote = static_cast<double>(high + low - 2 * quantile(histogram, 0.5)) / std::max(high, 32);
      if (vote > 0.1 || vote < -0.1) votes += vote;  // less is noise, or light that falls off
    }
  }
  return votes > 0;
}

// Flat pictures have paper at this shade everywhere, ink below and what is brighter than paper above.
constexpr int32_t kPaper = 200;

Image flatten(const Image& gray, const Image& paper) {
  Image flat(gray.width, gray.height);
  for (size_t i = 0; i < flat.pixels.size(); ++i) {
    const int32_t light = std::max<int32_t>(32, paper.pixels[i]);  // what is darker has no shades to speak of
    flat.pixels[i] =
        static_cast<uint8_t>(std::min(255, kPaper + (kPaper * (gray.pixels[i] - paper.pixels[i])) / light));
  }
  return flat;
}

// Each pixel becomes a quartile (2 = the median) of itself and its neighbours.
Image rank3(const Image& image, int32_t quartile) {
  Image out(image.width, image.height);
  for (int32_t y = 0; y < image.height; ++y) {
    for (int32_t x = 0; x < image.width; ++x) {
      std::array<uint8_t, 9> near{};
      int32_t count = 0;
      for (int32_t j = std::max(0, y - 1); j <= std::min(image.height - 1, y + 1); ++j)
        for (int32_t i = std::max(0, x - 1); i <= std::min(image.width - 1, x + 1); ++i)
          near[count++] = image.at(i, j);
      std::sort(near.begin(), near.begin() + count);
      out.at(x, y) = near[count * quartile / 4];
    }
  }
  return out;
}

// The mean of each pixel and its neighbours.
Image blur(const Image& image) {
  Image out(image.width, image.height);
  for (int32_t y = 0; y < image.height; ++y) {
    for (int32_t x = 0; x < image.width; ++x) {
      int32_t sum = 0, count = 0;
      for (int32_t j = std::max(0, y - 1); j <= std::min(image.height - 1, y + 1); ++j) {
        for (int32_t i = std::max(0, x - 1); i <= std::min(image.width - 1, x + 1); ++i) {
          sum += image.at(i, j);
          ++count;
        }
      }
      out.at(x, y) = static_cast<uint8_t>((sum + count / 2) / count);
    }
  }
  return out;
}

// The largest of the 2 * radius + 1 values around each of count values, step apart; less where the row ends.
// The maxima of blocks up to each value and from each value are enough (M. van Herk, 1992).
void row_maxima(uint8_t* row, int32_t count, ptrdiff_t step, int32_t radius, std::vector<uint8_t>& room) {
  const int32_t window = 2 * radius + 1, padded = (count + 2 * radius + window - 1) / window * window;
  room.assign(3 * static_cast<size_t>(padded), 0);
  uint8_t *value = room.data(), *upto = value + padded, *from = upto + padded;
  for (int32_t i = 0; i < count; ++i) value[i + radius] = row[i * step];
  for (int32_t i = 0; i < padded; ++i) upto[i] = i % window == 0 ? value[i] : std::max(upto[i - 1], value[i]);
  for (int32_t i = padded - 1; i >= 0; --i)
    from[i] = i % window == window - 1 ? value[i] : std::max(from[i + 1], value[i]);
  for (int32_t i = 0; i < count; ++i) row[i * step] = std::max(from[i], upto[i + window - 1]);
}

void maxima(Image& image, int32_t radius) {
  std::vector<uint8_t> room;
  for (int32_t y = 0; y < image.height; ++y) row_maxima(&image.at(0, y), image.width, 1, radius, room);
  for (int32_t x = 0; x < image.width; ++x)
    row_maxima(&image.at(x, 0), image.height, image.width, radius, room);
}

void invert(Image& image) {
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(255 - v);
}

// A first guess of the paper's shade: the closing of the picture (J. Serra, 1982), which fills whatever is
// dark and narrower than its window, as pens are, and leaves the edges of wide shadows where they are. The
// window may lie half outside, so that a shadow's corner at the picture's side stays as well.
Image rough_paper(const Image& soft, Scene scene) {
  const int32_t share = scene == Scene::kPage ? 14 : 6;  // half a seventh, half a third
  const int32_t radius = std::max(4, std::max(soft.width, soft.height) / share);
  Image paper(soft.width + 2 * radius, soft.height + 2 * radius);
  for (int32_t y = 0; y < soft.height; ++y)
    std::copy_n(&soft.pixels[static_cast<size_t>(y) * soft.width], soft.width, &paper.at(radius, y + radius));
  maxima(paper, radius);
  invert(paper);
  maxima(paper, radius);
  invert(paper);
  return crop(paper, {radius, radius, soft.width, soft.height});
}

// The mean shade of each block's paper, which flat tells from ink: darker than cut. Blocks with little paper
// take the mean of their neighbours.
Image fine_paper(const Image& gray, const Image& flat, int32_t cut) {
  const Blocks blocks(gray, 32);
  Image grid(blocks.columns, blocks.rows);  // 0 = not known yet
  bool complete = true, any = false;
  for (int32_t j = 0; j < blocks.rows; ++j) {
    for (int32_t i = 0; i < blocks.columns; ++i) {
      const Rect rect = blocks.rect(gray, i, j, blocks.size / 2);
      int64_t sum = 0, count = 0;
      for (int32_t y = rect.y; y < rect.y + rect.height; ++y) {
        for (int32_t x = rect.x; x < rect.x + rect.width; ++x) {
          if (flat.at(x, y) < cut) continue;
          sum += gray.at(x, y);
          ++count;
        }
      }
      const bool known = 4 * count >= int64_t{rect.width} * rect.height;
      if (known) grid.at(i, j) = static_cast<uint8_t>(std::max<int64_t>(1, (sum + count / 2) / count));
      complete &= known;
      any |= known;
    }
  }
  while (any && !complete) {
    complete = true;
    const Image known = grid;
    for (int32_t j = 0; j < blocks.rows; ++j) {
      for (int32_t i = 0; i < blocks.columns; ++i) {
        if (known.at(i, j) != 0) continue;
        int32_t sum = 0, count = 0;
        for (int32_t y = std::max(0, j - 1); y <= std::min(blocks.rows - 1, j + 1); ++y) {
          for (int32_t x = std::max(0, i - 1); x <= std::min(blocks.columns - 1, i + 1); ++x) {
            sum += known.at(x, y);
            count += known.at(x, y) != 0;
          }
        }
        if (count > 0) grid.at(i, j) = static_cast<uint8_t>((sum + count / 2) / count);
        complete &= count > 0;
      }
    }
  }
  return resize(grid, gray.width, gray.height);
}

// Eight times the standard deviation of the paper's noise in each block of a flat picture. Of the halves that
// are lighter and darker than paper the noisier one counts: the light one may be cut off at white. cut: shades
// below are ink.
Image paper_noise(const Image& flat, int32_t cut) {
  const Blocks blocks(flat, 32);
  Image grid(blocks.columns, blocks.rows);
  for (int32_t j = 0; j < blocks.rows; ++j) {
    for (int32_t i = 0; i < blocks.columns; ++i) {
      const Histogram histogram = histogram_of(flat, blocks.rect(flat, i, j, blocks.size / 2));
      int64_t light = 0, dark = 0, count = 1;
      for (int32_t v = cut; v < 256; ++v) {
        (v < kPaper ? dark : light) += histogram[v] * std::abs(v - kPaper);
        count += histogram[v];
      }
      // Normal noise deviates by 1.25 times its mean absolute deviation; each half is half of the pixels.
      grid.at(i, j) = static_cast<uint8_t>(std::min<int64_t>(255, 20 * std::max(light, dark) / count));
    }
  }
  grid = rank3(grid, 2);
  // No part of the paper counts as cleaner than most of it: what is overexposed only looks so.
  const int32_t median = quantile(histogram_of(grid), 0.5);
  for (uint8_t& v : grid.pixels) v = static_cast<uint8_t>(std::max<int32_t>(v, median));
  return resize(grid, flat.width, flat.height);
}

// Erases the connected components of what is at least level, but those of which keep(part) is true.
template <class Keep>
void filter_parts(Image& ink, uint8_t level, Keep keep) {
  for_each_component(ink.pixels, ink.width, level, [&](std::span<const int32_t> part) {
    if (keep(part)) return;
    for (const int32_t at : part) ink.pixels[at] = 0;
  });
}

// Whether something darker than paper and wider than a pen comes in from the side: then one exact shade is not
// the paper's but the white of an overexposed photograph.
bool has_shade(const Image& gray, int32_t paper) {
  const Image light = rough_paper(gray, Scene::kPage);
  const Histogram border = border_histogram(light);
  return std::any_of(border.begin(), border.begin() + std::max(0, paper - 24),
                     [](int64_t count) { return count > 0; });
}

// Whether a part of a photographed page is no character but surroundings: it runs over two sides of the
// picture, or is a remnant of something larger on one of them.
bool surrounds(const Image& page, std::span<const int32_t> part) {
  const Rect r = bounds(part, page.width);
  const int32_t sides =
      (r.x == 0) + (r.x + r.width == page.width) + (r.y == 0) + (r.y + r.height == page.height);
  return sides >= 2 ||
         (sides == 1 && 20 * (std::max(r.width, r.height) - 1) < std::max(page.width, page.height));
}

// gray: paper is light.
Image ink_of_photo(const Image& gray, Scene scene) {
  Image flat = flatten(gray, rough_paper(blur(gray), scene));
  const Histogram rough = histogram_of(flat);
  const int32_t level = quantile(rough, 0.5);
  const int32_t margin = std::clamp(3 * spread(rough, level), 12, kPaper);
  flat = flatten(flat, fine_paper(flat, flat, level - margin));
  const Image soft = blur(flat);
  const Image noise = paper_noise(soft, kPaper - margin);

  // Noise, grain and texture are lighter than paper as often as darker, ink is only darker: so what is lighter
  // tells what the paper alone does, of whatever distribution.
  Histogram light{};  // in eighths of its deviation
  for (size_t i = 0; i < flat.pixels.size(); ++i)
    if (soft.pixels[i] >= kPaper)
      ++light[std::min(255, 64 * (soft.pixels[i] - kPaper) / std::max<int32_t>(1, noise.pixels[i]))];
  const int32_t deviations = std::clamp(quantile(light, 0.999) * 3 / 2, 48, 96);  // eighths of a deviation

  // What is certainly no paper.
  Image sure(gray.width, gray.height);
  for (size_t i = 0; i < sure.pixels.size(); ++i) {
    const int32_t contrast = kPaper - soft.pixels[i];
    if (contrast >= std::max(22, deviations * noise.pixels[i] / 64))
      sure.pixels[i] = static_cast<uint8_t>(contrast);
  }
  const auto inside = [&gray, scene](std::span<const int32_t> part) {
    return scene == Scene::kCharacter || !surrounds(gray, part);
  };
  filter_parts(sure, 1, inside);

  // Half way between paper and the mean of the ink (Ridler & Calvard, 1978).
  const Histogram shades = histogram_of(sure);
  const auto mean_from = [&shades](int32_t threshold) {
    int64_t count = 0, sum = 0;
    for (int32_t v = std::max(1, threshold); v < 256; ++v) {
      count += shades[v];
      sum += v * shades[v];
    }
    return count == 0 ? 0. : static_cast<double>(sum) / static_cast<double>(count);
  };
  Image ink(gray.width, gray.height);
  double contrast = mean_from(1);
  if (contrast == 0) return ink;
  int32_t threshold = 0;
  for (int32_t i = 0; i < 8; ++i) {
    threshold = static_cast<int32_t>(contrast / 2);
    contrast = mean_from(threshold);
  }
  // Soft edges around the threshold: no ink below a quarter of the way, full ink near the mean of the ink.
  const int32_t grain = quantile(histogram_of(noise), 0.5);
  const bool noisy = deviations * grain / 64 * 3 > contrast;
  const Image& source = noisy ? soft : flat;
  const double low = std::max(0.25 * contrast, std::min(0.5 * contrast, deviations * grain / 128.));
  const double high = std::max(low + 1, 0.9 * contrast);
  std::array<uint8_t, 256> map{};
  for (int32_t v = 0; v < 256; ++v)
    map[v] = static_cast<uint8_t>(
        std::clamp(std::floor((kPaper - v - low) / (high - low) * 255 + 0.5), 0.0, 255.0));
  for (size_t i = 0; i < ink.pixels.size(); ++i) ink.pixels[i] = map[source.pixels[i]];
  // Haze that nowhere reaches the strength of ink goes, even where it is above the noise elsewhere.
  constexpr uint8_t kHaze = 25;
  for (uint8_t& v : ink.pixels)
    if (v < kHaze) v = 0;
  filter_parts(ink, kHaze, [&](std::span<const int32_t> part) {
    const auto is_ink = [&](int32_t at) { return sure.pixels[at] >= std::max(1, threshold); };
    return inside(part) && std::count_if(part.begin(), part.end(), is_ink) >= 2;
  });
  return ink;
}

// Pale ink as dark as other ink. Ink that was drawn is of one shade but for its edges, and stays as it is; a scan's has
// many shades: next to none of it is as dark as the darkest. Where their mean is below kMeanShade, they are mixed with
// what they would be if shades were light (scanners store about its square root, IEC 61966-2-1: a pixel half of which
// is ink is closer to paper), as far as it takes.
void darken_pale(Image& ink) {
  constexpr int64_t kMeanShade = 150, kWhole = 256;
  const Histogram shades = histogram_of(ink);
  const int32_t most = darkest(ink);
  int64_t count = 0, full = 0, sum = 0, room = 0;
  for (int32_t v = most / 8 + 1; v <= most; ++v) {
    count += shades[v];
    if (v >= most - most / 32) full += shades[v];
    sum += v * shades[v];
    room += v * (255 - v) * shades[v];
  }
  if (50 * full >= count || sum >= kMeanShade * count) return;
  const int64_t share = std::min(kWhole, (kMeanShade * count - sum) * 255 * kWhole / room);
  std::array<uint8_t, 256> darker{};
  for (int64_t v = 0; v < 256; ++v)
    darker[v] = static_cast<uint8_t>(v + (share * v * (255 - v) + 255 * kWhole / 2) / (255 * kWhole));
  for (uint8_t& v : ink.pixels) v = darker[v];
}

}  // namespace

Result<Image> ink_from_gray(const Image& gray, Shade shade, Scene scene) {
  if (gray.empty() || gray.pixels.size() != static_cast<size_t>(gray.width) * gray.height)
    return Err::kBadData;
  if (gray.width > kMaxImageSide || gray.height > kMaxImageSide) return Err::kTooLarge;
  const Histogram histogram = histogram_of(gray), border = border_histogram(gray);
  const int32_t border_shade = quantile(border, 0.5);
  int64_t border_pixels = 0;
  for (const int64_t count : border) border_pixels += count;
  // One exact paper shade on most of the border and a third of the picture: a canvas, or a cleaned scan.
  const bool exact = 2 * border[border_shade] > border_pixels &&
                     3 * histogram[border_shade] > static_cast<int64_t>(gray.pixels.size());
  if (shade == Shade::kAuto) {
    if (exact) {
      int32_t darkest = quantile(histogram, 0.001), lightest = quantile(histogram, 0.999);
      if (darkest == lightest) {  // very little ink
        darkest = quantile(histogram, 0);
        lightest = *std::max_element(gray.pixels.begin(), gray.pixels.end());
      }
      shade = 2 * border_shade >= darkest + lightest ? Shade::kDark : Shade::kLight;
    } else {
      shade = ink_is_light(gray) ? Shade::kLight : Shade::kDark;
    }
  }

  // From here on paper is light: 255 - v where ink is light.
  Image work = gray;
  const bool light_ink = shade == Shade::kLight;
  if (light_ink)
    for (uint8_t& v : work.pixels) v = static_cast<uint8_t>(255 - v);
  const auto paper = static_cast<uint8_t>(light_ink ? 255 - border_shade : border_shade);
  if (!exact || (scene == Scene::kPage && has_shade(work, paper))) return ink_of_photo(work, scene);
  for (uint8_t& v : work.pixels) v = static_cast<uint8_t>(paper - std::min(v, paper));
  darken_pale(work);
  return work;
}

}  // namespace biji
