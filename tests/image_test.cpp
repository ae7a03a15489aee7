#include "shared/image.h"

#include <gtest/gtest.h>

#include "tests/samples.h"

namespace biji {
namespace {

TEST(GrayFromRgba, IsLumaOverWhite) {
  const uint8_t rgba[] = {255, 0, 0, 255, 10, 10, 10, 255, 0, 0, 0, 0, 0, 0, 0, 128};
  const Result<Image> gray = gray_from_rgba(rgba, 4, 1);
  ASSERT_TRUE(gray.ok());
  EXPECT_EQ(gray.value.at(0, 0), 76);
  EXPECT_EQ(gray.value.at(1, 0), 10);
  EXPECT_EQ(gray.value.at(2, 0), 255);
  EXPECT_EQ(gray.value.at(3, 0), 127);
}

TEST(GrayFromRgba, RefusesSizesThatLie) {
  const std::vector<uint8_t> rgba(16);
  EXPECT_EQ(gray_from_rgba(rgba, 2, 1).err, Err::kBadData);
  EXPECT_EQ(gray_from_rgba(rgba, 0, 1).err, Err::kBadArgument);
  EXPECT_EQ(gray_from_rgba(rgba, -4, -1).err, Err::kBadArgument);
  EXPECT_EQ(gray_from_rgba(rgba, 65535, 65535).err, Err::kTooLarge);
}

TEST(Resize, TheSameSizeIsTheSameImage) {
  const Image image = random_photo(1);
  EXPECT_EQ(resize(image, image.width, image.height).pixels, image.pixels);
}

TEST(Resize, ShrinkingKeepsTheMean) {
  const Image image = random_photo(2);
  for (const int32_t size : {1, 7, 28, 39}) {
    const Image small = resize(image, size, size);
    const double before = static_cast<double>(total(image)) / static_cast<double>(image.pixels.size());
    const double after = static_cast<double>(total(small)) / static_cast<double>(small.pixels.size());
    EXPECT_NEAR(before, after, 0.5) << size;
  }
}

TEST(Resize, AConstantStaysConstantAtAnySize) {
  Image image(13, 7);
  for (uint8_t& v : image.pixels) v = 200;
  for (const int32_t size : {1, 2, 5, 12, 14, 100})
    for (const uint8_t v : resize(image, size, 101 - size).pixels) ASSERT_EQ(v, 200) << size;
}

TEST(Bounds, HoldAllPixelsAboveTheThreshold) {
  Image image(10, 8);
  image.at(3, 2) = 50;
  image.at(7, 6) = 20;
  const Rect all = bounds(image, 0), dark = bounds(image, 30);
  EXPECT_EQ(all.x, 3);
  EXPECT_EQ(all.y, 2);
  EXPECT_EQ(all.width, 5);
  EXPECT_EQ(all.height, 5);
  EXPECT_EQ(dark.width, 1);
  EXPECT_EQ(bounds(image, 50).width, 0);
}

}  // namespace
}  // namespace biji
