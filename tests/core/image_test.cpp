#include "shared/image.h"

#include <gtest/gtest.h>

#include "tests/core/samples.h"

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

TEST(Resample, WithEqualPixelsIsResize) {
  const Image image = random_photo(3);
  for (const int32_t size : {10, 33}) {
    std::vector<float> columns, rows;
    for (int32_t i = 0; i <= size; ++i) {
      columns.push_back(std::min(static_cast<float>(i * image.width) / static_cast<float>(size),
                                 static_cast<float>(image.width)));
      rows.push_back(std::min(static_cast<float>(i * image.height) / static_cast<float>(size),
                              static_cast<float>(image.height)));
    }
    const Image a = resample(image, columns, rows), b = resize(image, size, size);
    ASSERT_EQ(a.pixels.size(), b.pixels.size());
    for (size_t i = 0; i < a.pixels.size(); ++i) ASSERT_NEAR(a.pixels[i], b.pixels[i], 1) << i;
  }
}

TEST(Resample, EachPixelIsTheMeanOfItsOwnPart) {
  Image image(6, 1);
  image.pixels = {10, 20, 30, 40, 50, 60};
  const float columns[] = {0, 4, 5.5f, 5.75f, 6}, rows[] = {0, 1};
  const Image out = resample(image, columns, rows);
  ASSERT_EQ(out.width, 4);
  ASSERT_EQ(out.height, 1);
  EXPECT_EQ(out.at(0, 0), 25);
  EXPECT_EQ(out.at(1, 0), 53);  // (50 + 60 / 2) / 1.5
  EXPECT_EQ(out.at(2, 0), 60);  // narrower than a pixel: between pixel centres
  EXPECT_EQ(out.at(3, 0), 60);
}

TEST(Leaning, RowsMoveAsideInProportionToTheirHeight) {
  Image image(3, 5);
  for (int32_t y = 0; y < 5; ++y) image.at(1, y) = 200;
  const Image right = sheared(image, 0.5f), left = sheared(image, -0.5f);
  ASSERT_EQ(right.width, 3 + 2 + 1);
  ASSERT_EQ(right.height, 5);
  for (int32_t y = 0; y < 5; ++y) {
    int32_t of_right = 0, of_left = 0;
    for (int32_t x = 0; x < right.width; ++x) {
      of_right += right.at(x, y);
      of_left += left.at(x, y);
    }
    EXPECT_EQ(of_right, 200);
    EXPECT_EQ(of_left, 200);
    const int32_t x = 1 + y / 2;
    EXPECT_EQ(right.at(x, y), y % 2 == 0 ? 200 : 100) << y;  // between two pixels in odd rows
    EXPECT_EQ(left.at(3 - (y + 1) / 2, y), y % 2 == 0 ? 200 : 100) << y;
  }
  EXPECT_TRUE(sheared(Image(), 0.5f).empty());
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
