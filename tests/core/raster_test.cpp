#include "shared/raster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "shared/normalize.h"
#include "tests/core/samples.h"

namespace biji {
namespace {

Image drawn(const Ink& ink, float pen_px, int32_t size = 32, float pressure_gain = 0) {
  Image image(size, size);
  draw_ink(ink, {}, pen_px, pressure_gain, image);
  return image;
}

TEST(DrawInk, ALineAlongPixelsHasItsExactArea) {
  const Image image = drawn(line_ink(8, 16, 24, 16), 4);
  EXPECT_EQ(image.at(16, 15), 255);
  EXPECT_EQ(image.at(16, 14), 255);
  EXPECT_EQ(image.at(16, 13), 0);
  EXPECT_EQ(image.at(16, 17), 255);
  EXPECT_EQ(image.at(16, 18), 0);
}

TEST(DrawInk, ALineBetweenPixelsCoversBothByHalf) {
  const Image image = drawn(line_ink(8, 16, 24, 16), 1);
  EXPECT_EQ(image.at(16, 15), 128);
  EXPECT_EQ(image.at(16, 16), 128);
}

TEST(DrawInk, LinesThinnerThanAPixelFadeInProportion) {
  const Image image = drawn(line_ink(8, 16.5f, 24, 16.5f), 0.25f);
  EXPECT_EQ(image.at(16, 16), 64);
  EXPECT_EQ(image.at(16, 15), 0);
}

TEST(DrawInk, AStrokeOfOnePointIsARoundDot) {
  Ink ink;
  const Point point{16, 16, 0, 0.5f};
  ink.add_stroke({&point, 1});
  const Image image = drawn(ink, 8);
  const double area = static_cast<double>(total(image)) / 255;
  EXPECT_NEAR(area, 50.3, 1.5);  // pi * 4^2
  EXPECT_EQ(image.at(12, 12), 0);
}

TEST(DrawInk, CrossingTwiceIsNotDarker) {
  Ink twice = line_ink(4, 4, 28, 28);
  append(twice, line_ink(4, 4, 28, 28));
  EXPECT_EQ(drawn(twice, 3).pixels, drawn(line_ink(4, 4, 28, 28), 3).pixels);
}

TEST(DrawInk, PressureWidensTheLine) {
  Ink ink = line_ink(8, 16, 24, 16);
  for (Point& point : ink.points) point.pressure = 1;
  EXPECT_GT(total(drawn(ink, 4, 32, 1)), total(drawn(ink, 4, 32, 0)));
}

TEST(DrawInk, InkOutsideTheImageIsClipped) {
  EXPECT_EQ(total(drawn(line_ink(-100, -100, -50, 1e7f), 3)), 0);
  EXPECT_GT(total(drawn(line_ink(-1e6f, 16, 1e6f, 16), 3)), 0);
}

// The picture, four planes of directions and that of the order, 32 x 32 each.
std::array<Image, 6> planes(const Ink& ink, float reach_px = 1.5f) {
  Image all(32, 6 * 32);
  draw_with_directions(ink, {}, 2, reach_px, true, all);
  std::array<Image, 6> apart;
  for (size_t k = 0; k < 6; ++k) {
    apart[k] = Image(32, 32);
    std::copy_n(all.pixels.begin() + static_cast<std::ptrdiff_t>(k * 32 * 32), 32 * 32,
                apart[k].pixels.begin());
  }
  return apart;
}

// The darkest value of each plane: right, down, left, up.
std::array<int, 4> directions(const Ink& ink, float reach_px = 1.5f) {
  const std::array<Image, 6> all = planes(ink, reach_px);
  std::array<int, 4> most{};
  for (size_t k = 0; k < 4; ++k)
    most[k] = *std::max_element(all[k + 1].pixels.begin(), all[k + 1].pixels.end());
  return most;
}

TEST(DrawDirections, TellWhichWayALineWasDrawn) {
  EXPECT_EQ(directions(line_ink(8, 16, 24, 16)), (std::array{255, 0, 0, 0}));
  EXPECT_EQ(directions(line_ink(16, 8, 16, 24)), (std::array{0, 255, 0, 0}));
  EXPECT_EQ(directions(line_ink(24, 16, 8, 16)), (std::array{0, 0, 255, 0}));
  EXPECT_EQ(directions(line_ink(16, 24, 16, 8)), (std::array{0, 0, 0, 255}));
  const std::array<int, 4> slanted = directions(line_ink(24, 8, 8, 24));
  EXPECT_EQ(slanted[0] + slanted[3], 0);
  EXPECT_EQ(slanted[1], slanted[2]);
  EXPECT_NEAR(slanted[1], 180, 3);  // 255 / sqrt(2)
}

TEST(DrawDirections, LieWhereThePictureHasTheLine) {
  const Ink ink = line_ink(24, 16, 8, 16);
  const std::array<Image, 6> all = planes(ink);
  EXPECT_EQ(all[0].pixels, drawn(ink, 2).pixels);
  EXPECT_EQ(all[3].pixels, all[0].pixels);
}

// A line of steps along the grid that points were rounded to is slanted as a whole.
TEST(DrawDirections, SeeBeyondTheGridOfPoints) {
  std::vector<Point> steps;
  for (float i = 0; i < 40; ++i) {
    steps.push_back({4 + i / 2, 4 + i / 2, 0, 0.5f});
    steps.push_back({4.5f + i / 2, 4 + i / 2, 0, 0.5f});
  }
  Ink ink;
  ink.add_stroke(steps);
  for (const int value : {0, 1}) {
    EXPECT_NEAR(directions(ink, 3)[static_cast<size_t>(value)], 180, 25);
    EXPECT_EQ(directions(ink, 0)[static_cast<size_t>(value)], 255);
  }
}

TEST(DrawDirections, DotsAndStandingStillHaveNoneButAreInThePicture) {
  Ink ink = line_ink(16, 16, 16, 16);
  const Point point{8, 8, 0, 0.5f};
  ink.add_stroke({&point, 1});
  EXPECT_EQ(directions(ink), (std::array{0, 0, 0, 0}));
  EXPECT_EQ(planes(ink)[0].pixels, drawn(ink, 2).pixels);
}

TEST(DrawDirections, TheOrderFadesEvenlyOverAllStrokes) {
  Ink ink = line_ink(4, 8, 28, 8);
  ink.add_stroke(std::vector<Point>{{28, 24}, {20, 24}, {4, 24}});  // back again, in two pieces
  const Image order = planes(ink)[5];
  const auto moment = [&](int32_t x, int32_t y) { return order.at(x, y) / 255.f; };
  EXPECT_NEAR(moment(4, 8), 1, 0.02);
  EXPECT_NEAR(moment(16, 8), 0.8, 0.02);  // a quarter of the way, of 1 .. 0.2
  EXPECT_NEAR(moment(27, 8), 0.6, 0.02);
  EXPECT_NEAR(moment(27, 24), 0.6, 0.02);
  EXPECT_NEAR(moment(16, 24), 0.4, 0.02);
  EXPECT_NEAR(moment(4, 24), 0.2, 0.02);
}

TEST(DrawDirections, DotsAreInTheOrderToo) {
  const Point dot{8, 8}, other{20, 20};
  Ink ink;
  ink.add_stroke({&dot, 1});
  EXPECT_EQ(planes(ink)[5].pixels, planes(ink)[0].pixels);
  ink.add_stroke(std::vector<Point>{{28, 4}, {28, 28}});
  ink.add_stroke({&other, 1});
  const std::array<Image, 6> all = planes(ink);
  EXPECT_EQ(all[5].at(8, 8), all[0].at(8, 8));
  EXPECT_NEAR(all[5].at(20, 20), 0.2 * all[0].at(20, 20), 1);
}

constexpr InputSpec kOrdered{48, 44, Centring::kBox, 2, kDirections, true};

TEST(DrawDirections, DoNotDependOnTheUnit) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Ink tiny = random_ink(seed);
    for (Point& point : tiny.points) {
      point.x *= 0x1p-90f;
      point.y *= 0x1p-90f;
    }
    EXPECT_EQ(normalize(tiny, kOrdered).value.pixels, normalize(random_ink(seed), kOrdered).value.pixels)
        << seed;
  }
}

// A stroke that goes to and fro by less than pixels tell apart at its place, behind a dot and before another.
TEST(DrawDirections, TheOrderEndsBeforeItTurnsRound) {
  const Point first{0, 0, 0, 0.5f}, last{2000, 0, 0, 0.5f};
  std::vector<Point> to_and_fro;
  for (int i = 0; i < 50; ++i)
    to_and_fro.push_back({1000, i % 2 ? std::nextafter(1001.f, 2000.f) : 1001, 0, 0.5f});
  Ink ink;
  ink.add_stroke({&first, 1});
  ink.add_stroke(to_and_fro);
  ink.add_stroke({&last, 1});
  const Image planes = normalize(ink, kOrdered).value;
  const int32_t top = (1 + kDirections) * 48;
  EXPECT_GT(bounds(crop(planes, {40, 0, 8, 48}), 0).width, 1);     // the last dot is in the picture,
  EXPECT_EQ(bounds(crop(planes, {40, top, 8, 48}), 51).width, 0);  // and nothing is left of the order there
}

TEST(DrawDirections, AreTheSameWithoutTheOrder) {
  const Ink ink = line_ink(24, 8, 8, 24);
  Image with(32, 6 * 32), without(32, 5 * 32);
  draw_with_directions(ink, {}, 2, 1.5f, true, with);
  draw_with_directions(ink, {}, 2, 1.5f, false, without);
  EXPECT_TRUE(std::equal(without.pixels.begin(), without.pixels.end(), with.pixels.begin()));
}

}  // namespace
}  // namespace biji
