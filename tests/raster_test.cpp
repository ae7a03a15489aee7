#include "shared/raster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/samples.h"

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

// The darkest value of each plane: right, down, left, up.
std::array<int, 4> directions(const Ink& ink, float reach_px = 1.5f) {
  Image planes(32, 4 * 32);
  draw_directions(ink, {}, 2, reach_px, planes);
  std::array<int, 4> most{};
  for (int32_t y = 0; y < planes.height; ++y)
    for (int32_t x = 0; x < planes.width; ++x)
      most[static_cast<size_t>(y) / 32] = std::max<int>(most[static_cast<size_t>(y) / 32], planes.at(x, y));
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
  Image planes(32, 4 * 32);
  draw_directions(ink, {}, 2, 1.5f, planes);
  const Image picture = drawn(ink, 2);
  EXPECT_TRUE(std::equal(picture.pixels.begin(), picture.pixels.end(), planes.pixels.begin() + 2 * 32 * 32));
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

TEST(DrawDirections, DotsAndStandingStillHaveNone) {
  Ink ink = line_ink(16, 16, 16, 16);
  const Point point{8, 8, 0, 0.5f};
  ink.add_stroke({&point, 1});
  EXPECT_EQ(directions(ink), (std::array{0, 0, 0, 0}));
}

}  // namespace
}  // namespace biji
