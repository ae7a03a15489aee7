#include "shared/normalize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "shared/raster.h"
#include "tests/core/samples.h"

namespace biji {
namespace {

constexpr InputSpec kDensity{48, 44, Centring::kDensity, 2.5f};
constexpr InputSpec kSpecs[] = {kDigitsInput, kLettersInput, {48, 44, Centring::kBox, 2.5f}, kDensity};

Ink moved(Ink ink, float scale, float dx, float dy) {
  for (Point& point : ink.points) point = {point.x * scale + dx, point.y * scale + dy, 0, point.pressure};
  return ink;
}

// Ink as a picture of its own: size x size canvas, ink light, drawn with a pen of pen_px.
Image picture(const Ink& ink, int32_t size, float pen_px) {
  const Box box = bounds(ink);
  const float longer = std::max(box.width, box.height);
  const float scale = 0.7f * static_cast<float>(size) / longer;
  Image image(size, size);
  draw_ink(ink, {box.x, box.y, scale, 0.15f * static_cast<float>(size), 0.15f * static_cast<float>(size)},
           pen_px, 0, image);
  return image;
}

// Mean absolute difference of two images of the same size, 0..255.
double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

// Refused ink has no pixels, and nothing equals nothing.
std::vector<uint8_t> normalized(const Ink& ink, const InputSpec& spec) {
  const Result<Image> image = normalize(ink, spec);
  EXPECT_TRUE(image.ok());
  return image.value.pixels;
}

TEST(Normalize, MovingInkChangesNothing) {
  for (uint64_t seed = 0; seed < 50; ++seed)
    for (const InputSpec& spec : kSpecs)
      EXPECT_EQ(normalized(random_ink(seed), spec),
                normalized(moved(random_ink(seed), 1, 2048, -1024), spec));
}

TEST(Normalize, ScalingInkByAPowerOfTwoChangesNothing) {
  for (uint64_t seed = 0; seed < 50; ++seed)
    for (const InputSpec& spec : kSpecs)
      EXPECT_EQ(normalized(random_ink(seed), spec), normalized(moved(random_ink(seed), 0.0625f, 0, 0), spec));
}

TEST(Normalize, InkFillsItsBoxAndStaysInside) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const InputSpec& spec : kSpecs) {
      const Box ink_box = bounds(random_ink(seed));
      const Result<Image> image = normalize(random_ink(seed), spec);
      ASSERT_TRUE(image.ok());
      ASSERT_EQ(image.value.width, spec.size_px);
      const Rect box = bounds(image.value, 0);
      if (std::max(ink_box.width, ink_box.height) == 0) continue;  // a dot is as large as the pen
      EXPECT_NEAR(std::max(box.width, box.height), spec.box_px, 2);
      // Nothing is cut off, wherever in the square it comes to lie.
      InputSpec middle = spec;
      if (spec.centring == Centring::kMass) middle.centring = Centring::kBox;
      const Rect whole = bounds(normalize(random_ink(seed), middle).value, 0);
      const int32_t margin = (spec.size_px - spec.box_px) / 2 - 1;
      EXPECT_GE(std::min(whole.x, whole.y), margin);
      EXPECT_LE(std::max(whole.x + whole.width, whole.y + whole.height), spec.size_px - margin);
      EXPECT_NEAR(box.width, whole.width, 1);
      EXPECT_NEAR(box.height, whole.height, 1);
    }
  }
}

TEST(Normalize, APictureThatIsNormalizedComesBackUnchanged) {
  int32_t seen = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    for (const InputSpec& spec : kSpecs) {
      if (spec.centring == Centring::kDensity) continue;
      const Image once = normalize(picture(random_ink(seed), 28 + static_cast<int32_t>(seed), 3), spec).value;
      if (once.empty()) continue;
      EXPECT_EQ(normalize(once, spec).value.pixels, once.pixels) << seed;
      ++seen;
    }
  }
  EXPECT_GT(seen, 200);
}

TEST(Normalize, MassIsCentredWhereMnistHasIt) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Image image = normalize(random_ink(seed), kDigitsInput).value;
    const Rect box = bounds(image, 0);
    double x_moment = 0, y_moment = 0;
    for (int32_t y = 0; y < 28; ++y)
      for (int32_t x = 0; x < 28; ++x) {
        x_moment += x * image.at(x, y);
        y_moment += y * image.at(x, y);
      }
    const auto sum = static_cast<double>(total(image));
    // Half a pixel, unless the edge of the square is in the way.
    if (box.x > 0 && box.x + box.width < 28) {
      EXPECT_NEAR(x_moment / sum, 14, 0.501);
    }
    if (box.y > 0 && box.y + box.height < 28) {
      EXPECT_NEAR(y_moment / sum, 14, 0.501);
    }
  }
}

TEST(Normalize, PensFromThinToThickLookAlike) {
  const Ink ink = circle_ink(0, 0, 50);
  const Image reference = normalize(ink, kDigitsInput).value;
  for (const float pen_px : {2.f, 4.f, 7.f, 10.f})
    EXPECT_LT(difference(normalize(picture(ink, 300, pen_px), kDigitsInput).value, reference), 20) << pen_px;
}

TEST(Normalize, ThePictureOfInkLooksLikeTheInk) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Ink ink = random_ink(seed);
    if (std::max(bounds(ink).width, bounds(ink).height) < 50) continue;
    const Image from_ink = normalize(ink, kDigitsInput).value;
    const Image from_picture = normalize(picture(ink, 200, 18), kDigitsInput).value;
    EXPECT_LT(difference(from_ink, from_picture), 16) << seed;
  }
}

// Four lines close together and one far away: the lines spread, by ink and by picture alike.
TEST(Normalize, DensityGivesDetailItsShareOfTheSquare) {
  Ink ink;
  for (const float x : {0.f, 12.f, 24.f, 36.f, 200.f})
    ink.add_stroke(std::vector<Point>{{x, 0, 0, 0.5f}, {x, 200, 0, 0.5f}});
  InputSpec box = kDensity;
  box.centring = Centring::kBox;
  const auto dense_share = [](const Image& image) {  // of the box, the four lines'
    const auto dark = [&](int32_t x) { return image.at(x, image.height / 2) > 100; };
    const Rect all = bounds(image, 100);
    int32_t last = all.x;  // the right edge of the fourth line
    for (int32_t x = all.x; x < all.x + all.width * 3 / 4; ++x)
      if (dark(x)) last = x;
    return static_cast<double>(last - all.x) / all.width;
  };
  const Image drawn = picture(ink, 300, 5);
  EXPECT_NEAR(dense_share(normalize(ink, box).value), 0.2, 0.05);
  EXPECT_GT(dense_share(normalize(ink, kDensity).value), 0.27);
  EXPECT_NEAR(dense_share(normalize(drawn, kDensity).value), dense_share(normalize(ink, kDensity).value),
              0.05);
}

// Thick lines are spread as thin ones are: where something lies is a matter of their middles.
TEST(Normalize, DensityIsThatOfTheMiddlesOfLines) {
  const Ink ink = [] {
    Ink frame;
    for (const float at : {0.f, 30.f, 60.f, 90.f, 200.f}) {
      frame.add_stroke(std::vector<Point>{{at, 0, 0, 0.5f}, {at, 200, 0, 0.5f}});
      frame.add_stroke(std::vector<Point>{{0, at, 0, 0.5f}, {200, at, 0, 0.5f}});
    }
    return frame;
  }();
  const auto middles = [](const Image& image) {  // of the lines that a row between two others crosses
    const int32_t y = image.height * 5 / 6;
    std::vector<double> all;
    for (int32_t x = 0, begin = 0; x <= image.width; ++x) {
      const bool ink_here = x < image.width && image.at(x, y) > 127;
      if (ink_here && (x == 0 || image.at(x - 1, y) <= 127)) begin = x;
      if (!ink_here && x > 0 && image.at(x - 1, y) > 127) all.push_back((begin + x) / 2.);
    }
    return all;
  };
  for (const float pen : {6.f, 10.f, 15.f, 20.f}) {
    InputSpec spec = kDensity;
    spec.pen_px = pen * static_cast<float>(spec.box_px) / (210 + pen);  // as wide as in the picture
    const std::vector<double> drawn = middles(normalize(ink, spec).value);
    const std::vector<double> seen = middles(normalize(picture(ink, 300, pen), kDensity).value);
    ASSERT_EQ(drawn.size(), 5u) << pen;
    ASSERT_EQ(seen.size(), 5u) << pen;
    for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(seen[i], drawn[i], 0.8) << pen << ", line " << i;
  }
}

// However closely its points lie, and wherever its strokes end, the same ink is the same picture.
TEST(Normalize, DensityIsThatOfTheLinesNotOfThePoints) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Ink ink = random_ink(seed);
    Ink dense;
    for (int32_t s = 0; s < ink.stroke_count(); ++s) {
      std::vector<Point> stroke;
      for (const Point& p : ink.stroke(s)) {
        for (int k = 1; k <= (stroke.empty() || s % 2 == 0 ? 0 : 7); ++k) {
          const Point from = stroke[stroke.size() - static_cast<size_t>(k)];
          const float t = static_cast<float>(k) / 8;
          stroke.push_back({from.x + (p.x - from.x) * t, from.y + (p.y - from.y) * t, 0, p.pressure});
        }
        stroke.push_back(p);
      }
      dense.add_stroke(stroke);
    }
    EXPECT_LT(difference(normalize(ink, kDensity).value, normalize(dense, kDensity).value), 1) << seed;
  }
}

// A horizontal line stays one, and one stray dot far off takes little of the square.
TEST(Normalize, DensityKeepsThinShapesThinAndStrayDotsAway) {
  const Rect line = bounds(normalize(line_ink(0, 0, 100, 4), kDensity).value, 50);
  EXPECT_LE(line.height, 8);
  EXPECT_GE(line.width, 42);
  Ink stray = circle_ink(0, 0, 50);
  stray.add_stroke(std::vector<Point>{{300, 0, 0, 0.5f}, {301, 0, 0, 0.5f}});
  InputSpec box = kDensity;
  box.centring = Centring::kBox;
  EXPECT_GT(total(normalize(stray, kDensity).value), 13 * total(normalize(stray, box).value) / 10);
}

TEST(Normalize, NothingIsRefusedByName) {
  EXPECT_EQ(normalize(Ink{}, kDigitsInput).err, Err::kEmpty);
  EXPECT_EQ(normalize(Image{}, kDigitsInput).err, Err::kEmpty);
  EXPECT_EQ(normalize(Image(30, 30), kDigitsInput).err, Err::kEmpty);
}

TEST(Normalize, ADotIsInkToo) {
  Ink dot;
  const Point point{1e6f, -1e6f, 0, 0.5f};
  dot.add_stroke({&point, 1});
  const Result<Image> image = normalize(dot, kLettersInput);
  ASSERT_TRUE(image.ok());
  EXPECT_GT(image.value.at(14, 14), 200);
}

// The factor that would fill the box is not a finite float.
TEST(Normalize, InkTooSmallToScaleIsADot) {
  for (const InputSpec& spec : kSpecs) {
    const std::vector<uint8_t> dot = normalized(line_ink(0, 0, 0, 0), spec);
    for (const float length : {1e-44f, 1e-38f, 1e-31f})
      EXPECT_EQ(normalized(line_ink(0, 0, length, length), spec), dot) << length;
  }
}

TEST(Normalize, SpecsOutsideTheirRangeAreRefused) {
  const Ink ink = circle_ink(0, 0, 1);
  for (const InputSpec& spec :
       {InputSpec{7, 5, Centring::kMass, 1}, InputSpec{257, 20, Centring::kMass, 1},
        InputSpec{28, 29, Centring::kMass, 1}, InputSpec{28, 20, Centring::kMass, 0},
        InputSpec{28, 20, Centring::kMass, NAN}, InputSpec{28, 20, static_cast<Centring>(3), 2},
        InputSpec{28, 20, static_cast<Centring>(-1), 2}, InputSpec{28, 20, Centring::kBox, 2, 3},
        InputSpec{28, 20, Centring::kMass, 2, 3}, InputSpec{28, 20, Centring::kBox, 2, 0, true}})
    EXPECT_EQ(normalize(ink, spec).err, Err::kBadArgument);
}

// Behind the picture, which stays as it was, come the directions; of a picture nobody knows them.
TEST(Normalize, DirectionsComeBehindThePicture) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Ink ink = random_ink(seed);
    const Image all = normalize(ink, kHanziInput).value, alone = normalize(ink, kHanziInput.picture()).value;
    ASSERT_EQ(all.width, kHanziInput.size_px);
    ASSERT_EQ(all.height, kHanziInput.channels() * kHanziInput.size_px);
    EXPECT_TRUE(std::equal(alone.pixels.begin(), alone.pixels.end(), all.pixels.begin()));
    EXPECT_GT(total(all), total(alone));
    const Image blank = normalize(alone, kHanziInput).value;
    ASSERT_EQ(blank.pixels.size(), all.pixels.size());
    EXPECT_EQ(total(blank), total(normalize(alone, kHanziInput.picture()).value));
  }
}

TEST(LineWidth, IsMeasuredWithinATenth) {
  for (const float pen_px : {4.f, 8.f, 12.f})
    EXPECT_NEAR(line_width_px(picture(circle_ink(0, 0, 50), 300, pen_px)), pen_px, 0.1f * pen_px);
  EXPECT_EQ(line_width_px(Image(5, 5)), 0);
}

}  // namespace
}  // namespace biji
