#include "native/vary/ink_augment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

#include "shared/binarize.h"
#include "shared/raster.h"

namespace biji {
namespace {

// Keeps every step-th point and the ends of each stroke.
Ink thinned(const Ink& ink, size_t step) {
  Ink out;
  std::vector<Point> kept;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    kept.clear();
    for (size_t i = 0; i < stroke.size(); i += step) kept.push_back(stroke[i]);
    if (!stroke.empty() && (stroke.size() - 1) % step != 0) kept.push_back(stroke.back());
    out.add_stroke(kept);
  }
  return out;
}

// Strokes joined to the one before with probability join, or cut in two with probability cut.
Ink regrouped(const Ink& ink, float join, float cut, Random& random) {
  Ink out;
  out.points = ink.points;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const int32_t end = ink.ends[static_cast<size_t>(s)];
    const int32_t begin = s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1];
    if (s > 0 && random.chance(join)) out.ends.pop_back();
    if (end - begin >= 8 && random.chance(cut))
      out.ends.push_back(begin +
                         static_cast<int32_t>(random.uniform(0.2f, 0.8f) * static_cast<float>(end - begin)));
    out.ends.push_back(end);
  }
  return out;
}

// Corners cut as in fast writing: each stroke in steps of a fiftieth of the box, under a bell curve.
// ink: its longer side is 1. sigma: of the bell curve, along the stroke, in the same unit. Ends stay where they are.
Ink rounded(const Ink& ink, float sigma) {
  constexpr float kStep = 0.02f;
  Ink out;
  std::vector<Point> even, smooth;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    const std::span<const Point> stroke = ink.stroke(s);
    if (stroke.size() < 3) {
      out.add_stroke(stroke);
      continue;
    }
    even.assign(1, stroke[0]);
    float left = kStep;  // to the next point
    for (size_t i = 1; i < stroke.size(); ++i) {
      const Point &a = stroke[i - 1], &b = stroke[i];
      const float length = std::hypot(b.x - a.x, b.y - a.y);
      float way = left;
      for (; way < length; way += kStep) {
        Point p = a;
        p.x += (b.x - a.x) * way / length;
        p.y += (b.y - a.y) * way / length;
        even.push_back(p);
      }
      left = way - length;
    }
    even.push_back(stroke.back());
    const auto last = static_cast<int32_t>(even.size()) - 1;
    const auto reach = static_cast<int32_t>(2 * sigma / kStep) + 1;
    std::array<float, 32> bell;
    for (int32_t d = 0; d <= reach; ++d) {
      const float x = static_cast<float>(d) * kStep / sigma;
      bell[static_cast<size_t>(d)] = std::exp(-x * x / 2);
    }
    smooth = even;
    for (int32_t i = 1; i < last; ++i) {
      const int32_t span = std::min({reach, i, last - i});  // so that the ends draw nothing towards them
      float x = 0, y = 0, sum = 0;
      for (int32_t d = -span; d <= span; ++d) {
        const float w = bell[static_cast<size_t>(std::abs(d))];
        const Point& p = even[static_cast<size_t>(i + d)];
        x += w * p.x;
        y += w * p.y;
        sum += w;
      }
      smooth[static_cast<size_t>(i)].x = x / sum;
      smooth[static_cast<size_t>(i)].y = y / sum;
    }
    out.add_stroke(smooth);
  }
  return out;
}

// Moves and scales parts of the character, each of a few strokes that follow one another, as writers differ in how they
// share the square among its components. ink: its longer side is 1. amount: standard deviation of a shift.
void move_parts(Ink& ink, float amount, Random& random) {
  int32_t begin = 0;
  while (begin < ink.stroke_count()) {
    const int32_t end = std::min(ink.stroke_count(), begin + 2 + static_cast<int32_t>(random.next() % 5));
    const int32_t first = begin == 0 ? 0 : ink.ends[static_cast<size_t>(begin) - 1];
    const std::span<Point> part(ink.points.data() + first,
                                ink.points.data() + ink.ends[static_cast<size_t>(end) - 1]);
    begin = end;
    if (part.empty()) continue;
    const Box box = bounds(std::span<const Point>(part));
    const float mx = box.x + box.width / 2, my = box.y + box.height / 2;
    const float dx = amount * random.normal(), dy = amount * random.normal();
    const float sx = 1 + std::clamp(2 * amount * random.normal(), -0.3f, 0.3f);
    const float sy = 1 + std::clamp(2 * amount * random.normal(), -0.3f, 0.3f);
    for (Point& p : part) {
      p.x = mx + dx + sx * (p.x - mx);
      p.y = my + dy + sy * (p.y - my);
    }
  }
}

// The pen pressed unevenly, from stroke to stroke and along each. spread: standard deviation; 0.5 is the mean.
void press(Ink& ink, float spread, Random& random) {
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    float pressure = 0.5f + spread * random.normal();
    const int32_t begin = s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1];
    for (int32_t i = begin; i < ink.ends[static_cast<size_t>(s)]; ++i) {
      ink.points[static_cast<size_t>(i)].pressure = std::clamp(pressure, 0.1f, 1.f);
      pressure += 0.3f * spread * random.normal() + 0.2f * (0.5f - pressure);
    }
  }
}

// Ink of uneven darkness, as pencils and scanners leave it: smooth from one of a few random shades to the next.
// lightest: the least share that is left of a pixel's value.
void fade(Image& image, float lightest, Random& random) {
  constexpr int32_t kCells = 6;
  std::array<float, (kCells + 1) * (kCells + 1)> shades;
  for (float& shade : shades) shade = random.uniform(lightest, 1);
  struct Column {
    size_t cell;
    float share;
  };
  std::vector<Column> columns(static_cast<size_t>(image.width));
  for (int32_t x = 0; x < image.width; ++x) {
    const float u = static_cast<float>(x) / static_cast<float>(image.width) * kCells;
    const auto i = static_cast<int32_t>(u);
    columns[static_cast<size_t>(x)] = {static_cast<size_t>(i), u - static_cast<float>(i)};
  }
  for (int32_t y = 0; y < image.height; ++y) {
    const float v = static_cast<float>(y) / static_cast<float>(image.height) * kCells;
    const auto j = static_cast<int32_t>(v);
    const float b = v - static_cast<float>(j);
    const float* above = &shades[static_cast<size_t>(j * (kCells + 1))];
    const float* below = above + kCells + 1;
    uint8_t* pixels = &image.at(0, y);
    for (const Column& column : columns) {
      uint8_t& pixel = *pixels++;
      if (pixel == 0) continue;
      const size_t i = column.cell;
      const float a = column.share;
      const float shade =
          (1 - b) * ((1 - a) * above[i] + a * above[i + 1]) + b * ((1 - a) * below[i] + a * below[i + 1]);
      pixel = static_cast<uint8_t>(static_cast<float>(pixel) * shade + 0.5f);
    }
  }
}

// Strokes written the other way round, each with this probability.
void turn_strokes(Ink& ink, float probability, Random& random) {
  for (int32_t s = 0; s < ink.stroke_count(); ++s)
    if (random.chance(probability))
      std::reverse(ink.points.begin() + (s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1]),
                   ink.points.begin() + ink.ends[static_cast<size_t>(s)]);
}

// Strokes written in another order: each, with this probability, changes places with any other.
void reorder_strokes(Ink& ink, float probability, Random& random) {
  const auto count = static_cast<uint64_t>(ink.stroke_count());
  std::vector<int32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t s = 0; s < count; ++s)
    if (random.chance(probability)) std::swap(order[s], order[random.next() % count]);
  Ink out;
  for (const int32_t s : order) out.add_stroke(ink.stroke(s));
  ink = std::move(out);
}

// Pressure as writers vary it: more in some directions than in others, less towards the ends of strokes.
// ink: its longer side is 1. Adds to what the points have, and leaves it in 0.1..1.
void press_by_way(Ink& ink, Random& random) {
  const float by_direction = random.uniform(0, 0.3f), firmest = random.uniform(0, static_cast<float>(M_PI));
  const float at_begin = random.uniform(-0.1f, 0.3f), at_end = random.uniform(0, 0.5f);
  const float begins = random.uniform(0.02f, 0.15f), ends = random.uniform(0.02f, 0.25f);
  std::vector<float> way;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    Point* p = ink.points.data() + (s == 0 ? 0 : ink.ends[static_cast<size_t>(s) - 1]);
    const size_t n = ink.stroke(s).size();
    way.assign(n, 0);
    for (size_t i = 1; i < n; ++i) way[i] = way[i - 1] + std::hypot(p[i].x - p[i - 1].x, p[i].y - p[i - 1].y);
    for (size_t i = 0; i < n; ++i) {
      const Point &a = p[i == 0 ? 0 : i - 1], &b = p[std::min(i + 1, n - 1)];
      p[i].pressure += by_direction * std::cos(2 * (std::atan2(b.y - a.y, b.x - a.x) - firmest)) -
                       at_begin * std::max(0.f, 1 - way[i] / begins) -
                       at_end * std::max(0.f, 1 - (way[n - 1] - way[i]) / ends);
      p[i].pressure = std::clamp(p[i].pressure, 0.1f, 1.f);
    }
  }
}

// One pass of the kernel 1 2 1 along rows and columns, in place: a variance of half a pixel squared.
void blur(std::vector<float>& shade, int32_t width, int32_t height) {
  const auto w = static_cast<size_t>(width);
  std::vector<float> padded(w + 2);
  for (int32_t y = 0; y < height; ++y) {
    float* row = shade.data() + static_cast<size_t>(y) * w;
    std::copy_n(row, w, padded.data() + 1);
    for (size_t x = 0; x < w; ++x) row[x] = 0.25f * (padded[x] + 2 * padded[x + 1] + padded[x + 2]);
  }
  // All columns side by side.
  std::vector<float> before(w), below(w);
  for (int32_t y = 0; y < height; ++y) {
    float* row = shade.data() + static_cast<size_t>(y) * w;
    const float* next = y + 1 < height ? row + w : below.data();
    for (size_t x = 0; x < w; ++x) {
      const float was = row[x];
      row[x] = 0.25f * (before[x] + 2 * was + next[x]);
      before[x] = was;
    }
  }
}

}  // namespace

Ink vary(const Ink& ink, float strength, uint64_t seed) {
  assert(!ink.empty());
  if (strength <= 0) return ink;
  Random random(seed);
  const float s = strength;
  Ink out = random.chance(0.3f) ? thinned(ink, 2 + random.next() % 3) : ink;

  // The longer side becomes 1, the middle 0.
  const Box box = bounds(out);
  const float unit = 1 / std::max({box.width, box.height, 1e-6f});
  for (Point& p : out.points) {
    p.x = (p.x - box.x - box.width / 2) * unit;
    p.y = (p.y - box.y - box.height / 2) * unit;
  }

  // Each stroke about its own middle.
  const float careless = random.uniform(0, 1) * s;  // some writers are steadier than others
  for (int32_t k = 0; k < out.stroke_count(); ++k) {
    const std::span<const Point> read = out.stroke(k);
    if (read.empty()) continue;
    const Box mine = bounds(read);
    const float mx = mine.x + mine.width / 2, my = mine.y + mine.height / 2;
    const float dx = 0.03f * careless * random.normal(), dy = 0.03f * careless * random.normal();
    const float turn = 0.07f * careless * random.normal();
    const float scale = 1 + std::clamp(0.07f * careless * random.normal(), -0.3f, 0.3f);
    Point* p = out.points.data() + (read.data() - out.points.data());
    for (size_t i = 0; i < read.size(); ++i) {
      const float x = p[i].x - mx, y = p[i].y - my;
      p[i].x = mx + dx + scale * (x - turn * y);
      p[i].y = my + dy + scale * (y + turn * x);
    }
  }
  if (random.chance(0.6f * s)) move_parts(out, 0.04f * s * random.uniform(), random);
  if (random.chance(0.4f * s)) out = regrouped(out, random.uniform(0, 0.5f), 0.1f, random);
  if (random.chance(0.4f * s)) out = rounded(out, random.uniform(0.01f, 0.05f));

  // Axes that are curved (one end of the character wider than the other), waves across it, then a linear map.
  const float bend_x = 0.35f * s * random.uniform(-1, 1), bend_y = 0.35f * s * random.uniform(-1, 1);
  struct Wave {
    float kx, ky, phase, ax, ay;
  };
  std::array<Wave, 3> waves;
  for (Wave& w : waves) {
    const float angle = random.uniform(0, 2 * static_cast<float>(M_PI));
    const float k = random.uniform(2.5f, 9);  // radians over the character
    const float a = 0.09f * s / (1 + 0.25f * k) * random.uniform();
    w = {k * std::cos(angle), k * std::sin(angle), random.uniform(0, 2 * static_cast<float>(M_PI)),
         a * random.normal(), a * random.normal()};
  }
  const float angle = random.uniform(-0.18f, 0.18f) * s, shear = random.uniform(-0.25f, 0.25f) * s;
  const float aspect = std::exp(random.uniform(-0.2f, 0.2f) * s);
  const float c = std::cos(angle), d = std::sin(angle);
  for (Point& p : out.points) {
    float x = p.x + bend_x * (p.x * p.x - 0.25f), y = p.y + bend_y * (p.y * p.y - 0.25f);
    for (const Wave& w : waves) {
      const float wave = std::sin(w.kx * p.x + w.ky * p.y + w.phase);
      x += w.ax * wave;
      y += w.ay * wave;
    }
    x = x * aspect + shear * y;
    p.x = c * x - d * y;
    p.y = d * x + c * y;
  }
  return out;
}

Image scanned(Ink ink, Random& random) {
  assert(!ink.empty());
  press(ink, random.uniform(0.05f, 0.3f), random);
  press_by_way(ink, random);
  const Box box = bounds(ink);
  const float side = random.uniform(40, 110), pen = std::min(std::exp(random.uniform(0.2f, 1.7f)), side / 16);
  const float scale = side / std::max({box.width, box.height, 1e-6f});
  const auto passes = static_cast<int32_t>(random.next() % (side < 60 ? 2 : 3));
  const float margin = pen + static_cast<float>(passes) + 2;
  Image image(static_cast<int32_t>(box.width * scale + 2 * margin) + 1,
              static_cast<int32_t>(box.height * scale + 2 * margin) + 1);
  draw_ink(ink, {box.x, box.y, scale, margin + random.uniform(), margin + random.uniform()}, pen,
           random.uniform(0.6f, 1.8f), image);
  if (random.chance(0.5f)) fade(image, random.uniform(0.4f, 1), random);

  std::vector<float> shade(image.pixels.begin(), image.pixels.end());
  const float grain = random.uniform(0, 0.8f);
  for (int32_t pass = 0; pass < passes; ++pass) blur(shade, image.width, image.height);
  for (float& v : shade)
    if (v > 0) v *= 1 - grain * random.uniform();
  blur(shade, image.width, image.height);
  const float darkest = *std::max_element(shade.begin(), shade.end());
  const float gamma = std::exp(random.uniform(-0.4f, 0.7f)), cut = random.uniform(0, 0.3f);
  for (size_t i = 0; i < shade.size(); ++i) {
    if (shade[i] == 0) {  // most of the paper
      image.pixels[i] = 0;
      continue;
    }
    const float v = std::pow(shade[i] / darkest, gamma);
    image.pixels[i] = v < cut ? 0 : static_cast<uint8_t>(255 * v + 0.5f);
  }
  return image;
}

Result<Image> draw_varied(const Ink& ink, const InputSpec& spec, float strength, uint64_t seed,
                          float as_pictures) {
  if (strength <= 0 || ink.empty()) return normalize(ink, spec);
  Random random(mix_seed(seed, 0x9e17));
  Ink varied = vary(ink, strength, seed);
  if (spec.directions > 0 && random.chance(1 - as_pictures)) {
    if (random.chance(0.2f)) turn_strokes(varied, random.uniform(0, 0.3f), random);
    if (spec.order && random.chance(0.2f)) reorder_strokes(varied, random.uniform(0, 0.5f), random);
    InputSpec pen = spec;
    pen.pen_px *= random.uniform(0.8f, 1.2f);
    return normalize(varied, pen);
  }
  if (random.chance(spec.directions > 0 ? 0.2f : 0.7f)) {
    InputSpec pen = spec.picture();
    pen.pen_px *= std::exp(random.uniform(-0.5f, 0.74f));
    return with_blank_directions(normalize(varied, pen).value, spec);
  }
  if (random.chance(0.45f)) {
    Image paper = scanned(std::move(varied), random);
    for (uint8_t& v : paper.pixels) v = 255 - v;
    const Result<Image> read = ink_from_gray(paper, Shade::kDark, Scene::kCharacter);
    return read.ok() ? normalize(read.value, spec) : read;
  }
  const Box box = bounds(varied);
  const float side = random.uniform(48, 176), pen = side * std::exp(random.uniform(-4, -2.2f));
  const float scale = side / std::max({box.width, box.height, 1e-6f});
  const float margin = pen / 2 + 1;
  Image canvas(static_cast<int32_t>(box.width * scale + 2 * margin) + 1,
               static_cast<int32_t>(box.height * scale + 2 * margin) + 1);
  const bool uneven = random.chance(0.3f);
  if (uneven) press(varied, 0.25f, random);
  draw_ink(varied, {box.x, box.y, scale, margin + random.uniform(), margin + random.uniform()},
           std::max(pen, 0.8f), uneven ? random.uniform(0, 1) : 0, canvas);
  if (uneven) fade(canvas, random.uniform(0.2f, 0.8f), random);
  return normalize(canvas, spec);
}

}  // namespace biji
