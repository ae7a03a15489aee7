#include "shared/normalize.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "shared/raster.h"

namespace biji {
namespace {

// Direction is that of the line within so much of the square's side to both sides: less is the grid that points were
// rounded to, more cuts corners.
constexpr float kDirectionReach = 1.f / 32;

int32_t round_to_int(float v) {
  return static_cast<int32_t>(std::floor(v + 0.5f));
}

uint8_t darkest(const Image& image) {
  uint8_t most = 0;
  for (const uint8_t v : image.pixels) most = std::max(most, v);
  return most;
}

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

// Copies image onto a blank square, moved by whole pixels so that its ink is centred; no ink is cut off if it
// fits.
Image centre(const Image& image, const InputSpec& spec) {
  const int32_t size = spec.size_px;
  int32_t dx = 0, dy = 0;
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
    dx = mass_shift(moment_x, total, size);
    dy = mass_shift(moment_y, total, size);
  } else {
    const Rect box = bounds(image, box_threshold(image));
    dx = (size - box.width) / 2 - box.x;
    dy = (size - box.height) / 2 - box.y;
  }
  const Rect all = bounds(image, 0);
  const auto keep_inside = [size](int32_t shift, int32_t begin, int32_t length) {
    if (length > size) return (size - length) / 2 - begin;
    return std::min(std::max(shift, -begin), size - begin - length);
  };
  dx = keep_inside(dx, all.x, all.width);
  dy = keep_inside(dy, all.y, all.height);

  Image out(size, size);
  const int32_t x0 = std::max(0, dx), x1 = std::min(size, image.width + dx);
  for (int32_t y = std::max(0, dy); y < std::min(size, image.height + dy) && x0 < x1; ++y)
    std::copy_n(&image.pixels[static_cast<size_t>(y - dy) * image.width + (x0 - dx)], x1 - x0,
                &out.at(x0, y));
  return out;
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

// How one axis of a character is stretched so that its lines lie evenly: straight between kCells + 1 places.
class Spread {
 public:
  static constexpr int32_t kCells = 32;

  // density: of lines in each of kCells equal parts of the axis, in any unit.
  explicit Spread(const std::array<float, kCells>& density) {
    std::array<float, kCells> smooth;
    float mean = 0;
    for (int32_t i = 0; i < kCells; ++i) {
      float sum = 0;
      for (int32_t d = -2; d <= 2; ++d) sum += density[std::min(std::max(i + d, 0), kCells - 1)];
      smooth[i] = sum / 5;
      mean += smooth[i] / kCells;
    }
    float sum = 0;
    for (float& share : smooth) sum += share += mean + 1e-3f;  // half way to no change
    for (int32_t i = 0; i < kCells; ++i) to_[i + 1] = to_[i] + smooth[i] / sum;
  }

  // place, result: 0..1.
  float at(float place) const {
    const float u = std::min(std::max(place, 0.f), 1.f) * kCells;
    const int32_t i = std::min(static_cast<int32_t>(u), kCells - 1);
    return to_[i] + (to_[i + 1] - to_[i]) * (u - static_cast<float>(i));
  }
  // The place that at() takes to value.
  float from(float value) const {
    int32_t i = 0;
    while (i + 1 < kCells && to_[i + 1] < value) ++i;
    return (static_cast<float>(i) + (value - to_[i]) / (to_[i + 1] - to_[i])) / kCells;
  }

 private:
  std::array<float, kCells + 1> to_{};
};

// Where there is ink, in 64 rows and 64 columns with the character in the middle: bit x of row y, bit y of column x.
struct Marks {
  static constexpr int32_t kSide = 64;
  std::array<uint64_t, kSide> rows{}, columns{};

  void set(int32_t x, int32_t y) {
    rows[y] |= uint64_t{1} << x;
    columns[x] |= uint64_t{1} << y;
  }
  // Every place that the line from (ax, ay) to (bx, by) comes through (J. Amanatides and A. Woo, 1987).
  void line(float ax, float ay, float bx, float by) {
    const auto place = [](float v) { return std::min(std::max(static_cast<int32_t>(v), 0), kSide - 1); };
    int32_t x = place(ax), y = place(ay);
    const int32_t end_x = place(bx), end_y = place(by);
    const int32_t step_x = end_x > x ? 1 : -1, step_y = end_y > y ? 1 : -1;
    // How far along the line the next column and the next row are; only used where there is one to go to.
    const float part_x = 1 / (bx - ax), part_y = 1 / (by - ay);
    float to_x = (static_cast<float>(x + (step_x > 0)) - ax) * part_x;
    float to_y = (static_cast<float>(y + (step_y > 0)) - ay) * part_y;
    set(x, y);
    while (x != end_x || y != end_y) {
      if (x != end_x && (y == end_y || to_x < to_y)) {
        x += step_x;
        to_x += std::fabs(part_x);
      } else {
        y += step_y;
        to_y += std::fabs(part_y);
      }
      set(x, y);
    }
  }
  // Leaves the middle lines of what is marked: Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration
  // algorithms", 1989, for the 64 places of a row at once.
  void thin();
};
static_assert(Marks::kSide == 2 * Spread::kCells);

// Bit i: values[i] > threshold. Up to 64 values.
uint64_t bits_above(std::span<const uint8_t> values, uint8_t threshold) {
  std::array<uint8_t, 64> marked{};  // 1 or 0
  for (size_t i = 0; i < values.size(); ++i) marked[i] = values[i] > threshold;
  uint64_t bits = 0;
  for (size_t i = 0; i < marked.size(); i += 8) {
    uint64_t eight = 0;  // the product moves the lowest bit of byte k to bit 56 + k
    for (size_t k = 0; k < 8; ++k) eight |= uint64_t{marked[i + k]} << 8 * k;
    bits |= (eight * 0x0102040810204080u >> 56) << i;
  }
  return bits;
}

// Of some bits, for 64 places at once: which places have exactly one, and which have two or more.
struct Count {
  uint64_t some = 0, several = 0, all = ~uint64_t{0};
  void add(uint64_t bits) {
    several |= some & bits;
    some |= bits;
    all &= bits;
  }
};

// One subiteration. rows: with a blank one before the first and behind the last. True when something went.
template <bool kSecond>
bool thin_once(std::array<uint64_t, Marks::kSide + 2>& rows) {
  std::array<uint64_t, Marks::kSide> left;
  uint64_t any = 0;
  for (size_t y = 0; y < left.size(); ++y) {  // no branches: compilers make vector instructions of it
    const uint64_t row = rows[y + 1];
    // Clockwise from above; bit x of a word shifted left is the place x - 1.
    const uint64_t n = rows[y], ne = n >> 1, e = row >> 1, s = rows[y + 2], se = s >> 1, sw = s << 1,
                   w = row << 1, nw = n << 1;
    Count parts, pairs, other_pairs;
    parts.add(~n & (ne | e));
    parts.add(~e & (se | s));
    parts.add(~s & (sw | w));
    parts.add(~w & (nw | n));
    pairs.add(nw | n);
    pairs.add(ne | e);
    pairs.add(se | s);
    pairs.add(sw | w);
    other_pairs.add(n | ne);
    other_pairs.add(e | se);
    other_pairs.add(s | sw);
    other_pairs.add(w | nw);
    const uint64_t kept = kSecond ? (s | sw | ~nw) & w : (n | ne | ~se) & e;
    const uint64_t gone = row & parts.some & ~parts.several & pairs.several & other_pairs.several &
                          ~(pairs.all & other_pairs.all) & ~kept;
    left[y] = row & ~gone;
    any |= gone;
  }
  std::copy(left.begin(), left.end(), rows.begin() + 1);
  return any != 0;
}

void Marks::thin() {
  std::array<uint64_t, kSide + 2> padded{};
  std::copy(rows.begin(), rows.end(), padded.begin() + 1);
  for (bool changed = true; changed;) {
    changed = thin_once<false>(padded);
    changed |= thin_once<true>(padded);
  }
  std::copy_n(padded.begin() + 1, kSide, rows.begin());
  columns = {};
  for (int32_t y = 0; y < kSide; ++y)
    for (uint64_t rest = rows[y]; rest != 0; rest &= rest - 1)
      columns[std::countr_zero(rest)] |= uint64_t{1} << y;
}

// Between the middles of two lines that follow each other in a row (or column) the density is one over their
// distance, outside of all lines it is 0.
Spread spread_of(const std::array<uint64_t, Marks::kSide>& rows) {
  std::array<float, Marks::kSide + 1> change{};  // of the density, from each place to the next
  for (const uint64_t row : rows) {
    int32_t last = -1;
    for (int32_t begin = 0, end = 0; end < Marks::kSide; last = (begin + end - 1) / 2) {
      const uint64_t rest = row >> end;
      if (rest == 0) break;
      begin = end + std::countr_zero(rest);
      end = begin + std::countr_one(row >> begin);
      if (last < 0) continue;
      const int32_t middle = (begin + end - 1) / 2;
      const float density = 1.f / static_cast<float>(middle - last);
      change[last] += density;
      change[middle] -= density;
    }
  }
  std::array<float, Spread::kCells> density{};
  float sum = 0;
  for (int32_t i = 0; i < Marks::kSide; ++i) density[i / 2] += std::max(0.f, sum += change[i]);
  return Spread(density);
}

// The ink with its lines spread, within 0..1 on both axes. Lines bend: they get points every two cells.
Ink spread(const Ink& ink, const Box& box) {
  const float longer = std::max(box.width, box.height), unit = 1 / longer;
  const float left = (longer - box.width) / 2, top = (longer - box.height) / 2;
  Marks marks;
  const float scale = Marks::kSide * unit;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    for (size_t i = 0; i < stroke.size(); ++i) {
      const Point &a = stroke[i == 0 ? 0 : i - 1], &b = stroke[i];
      marks.line((a.x - box.x + left) * scale, (a.y - box.y + top) * scale, (b.x - box.x + left) * scale,
                 (b.y - box.y + top) * scale);
    }
  }
  const Spread across = spread_of(marks.rows), down = spread_of(marks.columns);
  Ink out;
  out.points.reserve(3 * ink.points.size());
  const auto put = [&](Point p) {
    p.x = across.at((p.x - box.x + left) * unit);
    p.y = down.at((p.y - box.y + top) * unit);
    out.points.push_back(p);
  };
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    for (size_t i = 0; i < stroke.size(); ++i) {
      if (i > 0) {
        const Point& a = stroke[i - 1];
        const float x = stroke[i].x - a.x, y = stroke[i].y - a.y;
        const float cells = std::max(std::fabs(x), std::fabs(y)) * unit * Spread::kCells;
        const auto parts = static_cast<int32_t>(cells / 2) + 1;
        for (int32_t k = 1; k < parts; ++k) {
          const float t = static_cast<float>(k) / static_cast<float>(parts);
          Point p = a;
          p.x += x * t;
          p.y += y * t;
          put(p);
        }
      }
      put(stroke[i]);
    }
    out.ends.push_back(static_cast<int32_t>(out.points.size()));
  }
  return out;
}

// The picture of a character, cropped to its ink, with its lines spread; its longer side becomes this long. width: of
// the lines. What is spread is the box around the middles of the outermost ones, as in ink: half a line is left
// around it.
Image spread(const Image& image, float width, int32_t side) {
  const int32_t longer = std::max(image.width, image.height);
  // An axis of the picture, and of its middle lines' box in a square.
  struct Axis {
    float begin, end;      // of the box, in pixels
    float share, margin;   // of the square's side: the box, what is before it
    int32_t cells, first;  // of Marks: the box's, the first of them
    Axis(int32_t pixels, int32_t longer, float width) {
      const auto length = static_cast<float>(pixels);
      begin = std::min(width, length - 1) / 2;
      end = length - begin;
      share = (end - begin) / (static_cast<float>(longer) - std::min(width, static_cast<float>(longer) - 1));
      margin = (1 - share) / 2;
      cells = std::clamp(round_to_int(share * Marks::kSide), 1, Marks::kSide);
      first = (Marks::kSide - cells) / 2;
    }
    std::vector<float> even() const {
      std::vector<float> all;
      for (int32_t i = 0; i <= cells; ++i)
        all.push_back(i == cells ? end
                                 : begin + (end - begin) * static_cast<float>(i) / static_cast<float>(cells));
      return all;
    }
  };
  const Axis across(image.width, longer, width), down(image.height, longer, width);
  const Image small = resample(image, across.even(), down.even());
  const auto threshold = static_cast<uint8_t>(darkest(small) / 2);
  Marks marks;
  for (int32_t y = 0; y < small.height; ++y) {
    const uint8_t* row = &small.pixels[static_cast<size_t>(y) * small.width];
    marks.rows[down.first + y] = bits_above({row, static_cast<size_t>(small.width)}, threshold)
                                 << across.first;
  }
  marks.thin();
  const Spread of_rows = spread_of(marks.rows), of_columns = spread_of(marks.columns);

  const auto span = [](const Axis& axis, const Spread& s) {
    return s.at(1 - axis.margin) - s.at(axis.margin);
  };
  const float line = width * static_cast<float>(side) / static_cast<float>(longer);  // as it will be
  const float scale =
      (static_cast<float>(side) - line) / std::max(span(across, of_rows), span(down, of_columns));
  // Of the pixels to be, in those of the picture.
  const auto edges = [&](const Axis& axis, const Spread& s, int32_t pixels) {
    const float from = s.at(axis.margin), inner = span(axis, s) * scale;
    const int32_t count = std::clamp(round_to_int(inner + line), 1, side);
    const float outer = (static_cast<float>(count) - inner) / 2;
    std::vector<float> all;
    for (int32_t i = 0; i <= count; ++i) {
      const float at = static_cast<float>(i) - outer;
      float place;
      if (at < 0)
        place = axis.begin * (1 + at / outer);
      else if (at > inner)
        place = axis.end + axis.begin * (at - inner) / outer;
      else
        place = axis.begin + (axis.end - axis.begin) * (s.from(from + at / scale) - axis.margin) / axis.share;
      all.push_back(std::min(std::max(place, 0.f), static_cast<float>(pixels)));
    }
    return all;
  };
  return resample(image, edges(across, of_rows, image.width), edges(down, of_columns, image.height));
}

}  // namespace

bool valid(const InputSpec& spec) {
  return spec.size_px >= 8 && spec.size_px <= 256 && spec.box_px >= 4 && spec.box_px <= spec.size_px &&
         spec.centring >= Centring::kMass && spec.centring <= Centring::kDensity && spec.pen_px >= 0.25f &&
         spec.pen_px <= static_cast<float>(spec.box_px) / 2 &&
         (spec.directions == 0 || (spec.directions == kDirections && spec.centring != Centring::kMass)) &&
         (!spec.order || spec.directions > 0);
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
    return normalize(spread(ink, box), boxed);
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
  return spec.centring == Centring::kMass ? centre(image, spec) : image;
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
    ink = spread(ink, width, rounds > 0 ? std::max(ink.width, ink.height) : spec.box_px);
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
