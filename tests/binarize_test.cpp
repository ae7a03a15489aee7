#include "shared/binarize.h"

#include <gtest/gtest.h>

#include "tests/samples.h"

namespace biji {
namespace {

// Dark lines on paper whose light falls off to a third across the picture.
Image uneven_photo() {
  Image image(200, 150);
  Random random(7);
  for (int32_t y = 0; y < 150; ++y) {
    for (int32_t x = 0; x < 200; ++x) {
      const int32_t light = 240 - x * 160 / 200;
      const bool ink = (x / 4) % 8 == 3 && y > 30 && y < 120;
      image.at(x, y) = static_cast<uint8_t>((ink ? light / 3 : light) + random.below(5));
    }
  }
  return image;
}

TEST(InkFromGray, ACanvasKeepsItsAntiAliasing) {
  Image canvas(30, 30);
  for (uint8_t& v : canvas.pixels) v = 255;
  canvas.at(15, 15) = 0;
  canvas.at(15, 16) = 77;
  const Result<Image> ink = ink_from_gray(canvas, Shade::kAuto);
  ASSERT_TRUE(ink.ok());
  EXPECT_EQ(ink.value.at(15, 15), 255);
  EXPECT_EQ(ink.value.at(15, 16), 178);
  EXPECT_EQ(ink.value.at(3, 3), 0);
}

TEST(InkFromGray, LightInkOnBlackIsFoundAndUnchanged) {
  Image board(30, 30);
  board.at(15, 15) = 200;
  EXPECT_EQ(ink_from_gray(board, Shade::kAuto).value.pixels, board.pixels);
}

TEST(InkFromGray, TheShadeCanBeForced) {
  Image board(30, 30);
  board.at(15, 15) = 200;
  EXPECT_EQ(total(ink_from_gray(board, Shade::kDark).value), 0);
}

TEST(InkFromGray, UnevenLightDoesNotBecomeInk) {
  const Image photo = uneven_photo();
  const Result<Image> ink = ink_from_gray(photo, Shade::kAuto);
  ASSERT_TRUE(ink.ok());
  int32_t wrong = 0;
  for (int32_t y = 0; y < 150; ++y)
    for (int32_t x = 0; x < 200; ++x) {
      const bool truth = (x / 4) % 8 == 3 && y > 30 && y < 120;
      wrong += (ink.value.at(x, y) > 127) != truth;
    }
  EXPECT_LT(wrong, 100);
}

TEST(InkFromGray, NoiseAloneIsNotInk) {
  Image noise(120, 90);
  Random random(3);
  for (uint8_t& v : noise.pixels) v = static_cast<uint8_t>(150 + random.below(60));
  EXPECT_EQ(total(ink_from_gray(noise, Shade::kAuto).value), 0);
}

TEST(InkFromGray, SurvivesAnySize) {
  for (const int32_t size : {1, 2, 3, 9}) {
    Image image(size, 1);
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(size * 20);
    EXPECT_TRUE(ink_from_gray(image, Shade::kAuto).ok());
  }
  EXPECT_EQ(ink_from_gray(Image{}, Shade::kAuto).err, Err::kBadData);
}

}  // namespace
}  // namespace biji
