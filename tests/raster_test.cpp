#include "shared/raster.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace biji
