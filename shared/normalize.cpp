#include "shared/normalize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "shared/density.h"
#include "shared/raster.h"

namespace biji {
namespace {

// Direction is that of the line within so much of the square's side to both sides: less is the grid that points were
// rounded to, more cuts corners.
constexpr float kDirectionReach = 1.f / 32;

// Ink fainter than a tenth of the darkest does not count towards the box: noise must not move the character.
uint8_t box_threshold(const Image& image) {
  return static_cast<uint8_t>(darkest(image) / 10);
}

// Where the ink's centre goes, as MNIST's files have it: index size / 2, not the middle (size - 1) / 2.
// Returns floor(target - sum/total + 1/2) in integers, so that no platform rounds another way.
int32_t mass_shift(int64_t moment, int64_t total, int32_t size) {
  const int64_t numerator = 2 * (int64_t{size} / 2 * total - moment) + total;
  const int64_t denominator = 2 * total;
  return static_cast<int32_t>(numerator >= 0 ? numerator / denominator
                                             : -((-numerator + denominator - 1) / denominator));
}

struct Shift {
  int32_t x = 0, y = 0;
};

// By how many pixels a picture moves so that its ink is centred as spec says; no ink is cut off if it fits.
Shift shift_to_centre(const Image& image, const InputSpec& spec) {
  const int32_t size = spec.size_px;
  Shift shift;
  if (spec.centring == Centring::kMass) {
    int64_t total = 0, moment_x = 0, moment_y = 0;
    for (int32_t y = 0; y < image.height; ++y) {
      for (int32_t x = 0; x < image.width; ++x) {
        const int64_t v = image.at(x, y);
        total += v;
        moment_x += v * x;
        moment_y += v * y;
      }
    }
    shift = {mass_shift(moment_x, total, size), mass_shift(moment_y, total, size)};
  } else {
    const Rect box = bounds(image, box_threshold(image));
    shift = {(size - box.width) / 2 - box.x, (size - box.height) / 2 - box.y};
  }
  const Rect all = bounds(image, 0);
  const auto keep_inside = [size](int32_t by, int32_t begin, int32_t length) {
    if (length > size) return (size - length) / 2 - begin;
    return std::min(std::max(by, -begin), size - begin - length);
  };
  return {keep_inside(shift.x, all.x, all.width), keep_inside(shift.y, all.y, all.height)};
}

// Copies rows begin .. end of image onto a blank square.
Image moved(const Image& image, int32_t begin, int32_t end, Shift by, int32_t size) {
  Image out(size, size);
  const int32_t x0 = std::max(0, by.x), x1 = std::min(size, image.width + by.x);
  for (int32_t y = std::max(0, by.y); y < std::min(size, end - begin + by.y) && x0 < x1; ++y)
    std::copy_n(&image.pixels[static_cast<size_t>(begin + y - by.y) * image.width + (x0 - by.x)], x1 - x0,
                &out.at(x0, y));
  return out;
}

Image centre(const Image& image, const InputSpec& spec) {
  return moved(image, 0, image.height, shift_to_centre(image, spec), spec.size_px);
}

// Moves the picture and the planes below it, in place, so that the picture is centred.
void centre_planes(Image& planes, const InputSpec& spec) {
  const int32_t size = spec.size_px;
  const Shift shift = shift_to_centre(moved(planes, 0, size, {}, size), spec);
  for (int32_t begin = 0; begin < planes.height; begin += size) {
    const Image plane = moved(planes, begin, begin + size, shift, size);
    std::copy(plane.pixels.begin(), plane.pixels.end(),
              planes.pixels.begin() + static_cast<ptrdiff_t>(begin) * size);
  }
}

// Darkens ink that resampling left pale, up to full black.
void restore_contrast(Image& image) {
  const int32_t most = darkest(image);
  if (most >= 250 || most == 0) return;
  std::array<uint8_t, 256> darker{};  // a division for each shade, not for each pixel
  for (int32_t v = 0; v <= most; ++v) darker[v] = static_cast<uint8_t>((v * 255 + most / 2) / most);
  for (uint8_t& v : image.pixels) v = darker[v];
}

// One round of grey dilation: each pixel becomes the darkest of its 4 (or 8) neighbours and itself.
// Alternating the two grows lines by an octagon, close enough to a disc.
Image dilate(const Image& image, bool eight) {
  const int32_t width = image.width;
  Image out(width, image.height);
  // Lines with a blank pixel at both ends, so that no pixel is a special case.
  std::vector<uint8_t> here(width + 2), vertical(width + 2);
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* row = &image.pixels[static_cast<size_t>(y) * width];
    const uint8_t* above = y > 0 ? row - width : row;
    const uint8_t* below = y + 1 < image.height ? row + width : row;
    for (int32_t x = 0; x < width; ++x) {
      here[x + 1] = row[x];
      vertical[x + 1] = std::max(row[x], std::max(above[x], below[x]));
    }
    const uint8_t* sides = eight ? vertical.data() : here.data();
    uint8_t* to = &out.pixels[static_cast<size_t>(y) * width];
    for (int32_t x = 0; x < width; ++x) to[x] = std::max(vertical[x + 1], std::max(sides[x], sides[x + 2]));
  }
  return out;
}

Image pad(const Image& image, int32_t margin) {
  Image out(image.width + 2 * margin, image.height + 2 * margin);
  for (int32_t y = 0; y < image.height; ++y)
    std::copy_n(&image.pixels[static_cast<size_t>(y) * image.width], image.width,
                &out.at(margin, y + margin));
  return out;
}

// By how many rounds of dilation the lines of a large picture grow to the pen's width at the scale at which they will
// be seen; 0 when they are wide enough. width: of its lines.
int32_t rounds_to_thicken(const Image& image, float width, const InputSpec& spec) {
  const auto longer = static_cast<float>(std::max(image.width, image.height));
  // The outermost centre lines end up box - pen apart, as when ink is drawn.
  const float scale = (static_cast<float>(spec.box_px) - spec.pen_px) / std::max(longer - width, 1.f);
  if (scale > 0.6f || width * scale > 0.85f * spec.pen_px) return 0;
  return std::clamp(round_to_int((spec.pen_px / scale - width) / 2), 0, 64);
}

Image thicken(Image image, int32_t rounds) {
  if (rounds == 0) return image;
  image = pad(image, rounds);
  for (int32_t i = 0; i < rounds; ++i) image = dilate(image, i % 2 == 1);
  return image;
}

}  // namespace

bool valid(const InputSpec& spec) {
  return spec.size_px >= 8 && spec.size_px <= 256 && spec.box_px >= 4 && spec.box_px <= spec.size_px &&
         spec.centring >= Centring::kMass && spec.centring <= Centring::kDensity && spec.pen_px >= 0.25f &&
         spec.pen_px <= static_cast<float>(spec.box_px) / 2 &&
         (spec.directions == 0 || spec.directions == kDirections) && (!spec.order || spec.directions > 0);
}

float line_width_px(const Image& image) {
  const int32_t half = darkest(image) / 2;
  if (half == 0) return 0;
  // 1 = ink; a line and the one above it, with paper at both ends. Each change from one pixel to the next is an
  // edge. Sums of differences of bytes are one instruction for many pixels.
  std::vector<uint8_t> line(image.width + 2), above(image.width + 2);
  const auto threshold = static_cast<uint8_t>(half);
  int64_t area = 0, edges = 0;
  for (int32_t y = 0; y <= image.height; ++y) {  // below the last line is paper
    std::fill(line.begin(), line.end(), uint8_t{0});
    if (y < image.height) {
      const uint8_t* row = &image.pixels[static_cast<size_t>(y) * image.width];
      for (int32_t x = 0; x < image.width; ++x) line[x + 1] = row[x] > threshold;
    }
    int32_t line_area = 0, line_edges = 0;
    for (int32_t x = 0; x <= image.width; ++x) {
      line_area += line[x];
      line_edges += std::abs(line[x] - line[x + 1]) + std::abs(line[x] - above[x]);
    }
    area += line_area;
    edges += line_edges;
    line.swap(above);
  }
  // Counting pixel sides overstates a line of random direction by 4/pi (Cauchy-Crofton).
  const float perimeter = static_cast<float>(edges) * 0.785398163f;
  return 2 * static_cast<float>(area) / perimeter;
}

Image with_blank_directions(Image picture, const InputSpec& spec) {
  picture.height *= spec.channels();
  picture.pixels.resize(static_cast<size_t>(picture.width) * picture.height);
  return picture;
}

Result<Image> normalize(const Ink& ink, const InputSpec& spec) {
  if (!valid(spec)) return Err::kBadArgument;
  if (ink.empty()) return Err::kEmpty;
  const Box box = bounds(ink);
  if (spec.centring == Centring::kDensity && std::max(box.width, box.height) > 1e-30f) {
    InputSpec boxed = spec;
    boxed.centring = Centring::kBox;
    return normalize(even_density(ink, box), boxed);
  }
  const float longer = std::max(box.width, box.height);
  const auto size = static_cast<float>(spec.size_px);
  Placement placement;
  placement.origin_x = box.x;
  placement.origin_y = box.y;
  // Anything smaller is a dot: its scale would not be a number.
  placement.scale = longer > 1e-30f ? (static_cast<float>(spec.box_px) - spec.pen_px) / longer : 0;
  placement.dx = (size - box.width * placement.scale) / 2;
  placement.dy = (size - box.height * placement.scale) / 2;
  Image image(spec.size_px, spec.channels() * spec.size_px);
  if (spec.directions > 0)
    draw_with_directions(ink, placement, spec.pen_px, size * kDirectionReach, spec.order, image);
  else
    draw_ink(ink, placement, spec.pen_px, 0, image);
  // The box is centred exactly already; the centre of mass moves by whole pixels, as in MNIST.
  if (spec.centring == Centring::kMass) centre_planes(image, spec);
  return image;
}

Result<Image> normalize(const Image& image, const InputSpec& spec) {
  if (!valid(spec)) return Err::kBadArgument;
  if (spec.directions > 0) {
    Result<Image> out = normalize(image, spec.picture());
    if (out.ok()) out.value = with_blank_directions(std::move(out.value), spec);
    return out;
  }
  const Rect box = image.empty() ? Rect{} : bounds(image, box_threshold(image));
  if (box.width == 0) return Err::kEmpty;
  const int32_t longer = std::max(box.width, box.height);

  // Already at its size, give or take the pixel that an anti-aliased edge may cost: resampling would only
  // blur it.
  if (spec.centring != Centring::kDensity && longer >= spec.box_px - 1 && longer <= spec.box_px + 1) {
    Image same = image;
    restore_contrast(same);
    return centre(same, spec);
  }

  Image ink = crop(image, box);
  const int32_t limit = 8 * spec.box_px;  // finer detail than this cannot survive the final size
  if (longer > limit) {
    const float scale = static_cast<float>(limit) / static_cast<float>(longer);
    ink = resize(ink, std::max(1, round_to_int(static_cast<float>(ink.width) * scale)),
                 std::max(1, round_to_int(static_cast<float>(ink.height) * scale)));
  }
  const float width = line_width_px(ink);
  const int32_t rounds = rounds_to_thicken(ink, width, spec);
  if (spec.centring == Centring::kDensity)
    ink = even_density(ink, width, rounds > 0 ? std::max(ink.width, ink.height) : spec.box_px);
  ink = thicken(std::move(ink), rounds);
  const float scale = static_cast<float>(spec.box_px) / static_cast<float>(std::max(ink.width, ink.height));
  const auto fitted = [&](int32_t side) {
    return std::clamp(round_to_int(static_cast<float>(side) * scale), 1, spec.box_px);
  };
  ink = resize(ink, fitted(ink.width), fitted(ink.height));
  restore_contrast(ink);
  return centre(ink, spec);
}

}  // namespace biji
