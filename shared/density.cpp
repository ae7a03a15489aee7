#include "shared/density.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "shared/thinning.h"

namespace biji {
namespace {

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
  BitGrid rows{}, columns{};

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
  // Leaves the middle lines of what is marked.
  void thin() {
    biji::thin(rows);
    columns = {};
    for (int32_t y = 0; y < kSide; ++y)
      for (uint64_t rest = rows[y]; rest != 0; rest &= rest - 1)
        columns[std::countr_zero(rest)] |= uint64_t{1} << y;
  }
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

// Between the middles of two lines that follow each other in a row (or column) the density is one over their
// distance, outside of all lines it is 0.
Spread spread_of(const BitGrid& rows) {
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

}  // namespace

Ink even_density(const Ink& ink, const Box& box) {
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

Image even_density(const Image& image, float width_px, int32_t side_px) {
  const int32_t longer = std::max(image.width, image.height);
  // An axis of the picture, and of its middle lines' box in a square.
  struct Axis {
    float begin, end;      // of the box, in pixels
    float share, margin;   // of the square's side_px: the box, what is before it
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
  const Axis across(image.width, longer, width_px), down(image.height, longer, width_px);
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
  const float line = width_px * static_cast<float>(side_px) / static_cast<float>(longer);  // as it will be
  const float scale =
      (static_cast<float>(side_px) - line) / std::max(span(across, of_rows), span(down, of_columns));
  // Of the pixels to be, in those of the picture.
  const auto edges = [&](const Axis& axis, const Spread& s, int32_t pixels) {
    const float from = s.at(axis.margin), inner = span(axis, s) * scale;
    const int32_t count = std::clamp(round_to_int(inner + line), 1, side_px);
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

}  // namespace biji
