#include "shared/binarize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/core/samples.h"

namespace biji {
namespace {

// Dark lines on paper whose light falls off to a third across the picture.
Image uneven_photo() {
  Image image(200, 150);
  Xorshift random(7);
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

// Ink of every shade from next to none to `darkest` in equal parts, on white.
Image shaded_scan(int32_t darkest) {
  Image gray(64, 64);
  for (int32_t y = 0; y < 64; ++y)
    for (int32_t x = 0; x < 64; ++x)
      gray.at(x, y) = y >= 20 && y < 30 ? static_cast<uint8_t>(255 - x * darkest / 63) : 255;
  return gray;
}

// Of what is ink in gray.
double mean_shade(const Image& ink, const Image& gray) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < ink.pixels.size(); ++i)
    if (gray.pixels[i] < 255 - 31) sum += ink.pixels[i], ++count;
  return sum / count;
}

TEST(InkFromGray, PaleScansAreDarkenedAndStayInOrder) {
  Image gray = shaded_scan(200);
  gray.at(40, 40) = 0;  // one black speck does not make it dark
  const Image ink = ink_from_gray(gray, Shade::kDark, Scene::kCharacter).value;
  EXPECT_NEAR(mean_shade(ink, gray), 150, 1);
  EXPECT_EQ(ink.at(3, 3), 0);
  EXPECT_EQ(ink.at(40, 40), 255);
  for (int32_t x = 1; x < 64; ++x) EXPECT_GE(ink.at(x, 25), ink.at(x - 1, 25)) << x;

  // No further than light goes: half way between paper and black is three quarters.
  gray = shaded_scan(110);
  gray.at(40, 40) = 127;
  gray.at(42, 40) = 0;
  const Image darkest = ink_from_gray(gray, Shade::kDark, Scene::kCharacter).value;
  EXPECT_EQ(darkest.at(40, 40), 192);
  EXPECT_LT(mean_shade(darkest, gray), 140);
}

TEST(InkFromGray, DarkScansAndDrawnInkKeepTheirShades) {
  Image dark = shaded_scan(255);
  for (uint8_t& v : dark.pixels)
    if (v < 255) v = static_cast<uint8_t>(v / 2);
  const Image ink = ink_from_gray(dark, Shade::kDark, Scene::kCharacter).value;
  Image pale(64, 64);  // one pale shade with soft edges
  for (int32_t y = 0; y < 64; ++y)
    for (int32_t x = 0; x < 64; ++x)
      pale.at(x, y) = y < 20 || y > 29 ? 255 : y == 20 || y == 29 ? 230 : y == 21 || y == 28 ? 200 : 180;
  const Image drawn = ink_from_gray(pale, Shade::kDark, Scene::kCharacter).value;
  for (size_t i = 0; i < ink.pixels.size(); ++i) {
    ASSERT_EQ(ink.pixels[i], 255 - dark.pixels[i]);
    ASSERT_EQ(drawn.pixels[i], 255 - pale.pixels[i]);
  }
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
  Xorshift random(3);
  for (uint8_t& v : noise.pixels) v = static_cast<uint8_t>(150 + random.below(60));
  EXPECT_EQ(total(ink_from_gray(noise, Shade::kAuto).value), 0);
}

// A page of 200 x 150: paper of this shade, two strokes across the middle (unless blank), half of it in the
// shadow of something with a sharp edge that runs through the strokes, a little noise.
Image shadowed_page(int32_t paper, bool blank) {
  Image image(200, 150);
  Xorshift random(5);
  for (int32_t y = 0; y < 150; ++y) {
    for (int32_t x = 0; x < 200; ++x) {
      const bool ink = !blank && x >= 60 && x < 140 && ((y >= 60 && y < 64) || (y >= 90 && y < 94));
      const int32_t shade = (ink ? paper / 4 : paper) * (2 * x + y > 280 ? 1 : 2) / 2;
      image.at(x, y) = static_cast<uint8_t>(std::min(255, shade + random.below(5)));
    }
  }
  return image;
}

TEST(InkFromGray, AShadowsEdgeIsNotInkAndInkOnBothSidesOfItIs) {
  for (const int32_t paper : {200, 300}) {  // 300: overexposed, white without a grain
    const Result<Image> ink = ink_from_gray(shadowed_page(paper, false), Shade::kAuto);
    ASSERT_TRUE(ink.ok());
    EXPECT_GT(ink.value.at(70, 62), 127) << paper;
    EXPECT_GT(ink.value.at(130, 92), 127) << paper;
    int32_t found = 0;
    for (const uint8_t v : ink.value.pixels) found += v > 127;
    EXPECT_NEAR(found, 2 * 80 * 4, 100) << paper;
    EXPECT_EQ(total(ink_from_gray(shadowed_page(paper, true), Shade::kAuto).value), 0) << paper;
  }
}

TEST(InkFromGray, WhatRunsOverTheSidesOfAPageIsNotInk) {
  Image page = shadowed_page(200, true);
  for (int32_t y = 0; y < 150; ++y)
    for (int32_t x = 0; x < 200; ++x)
      if (std::abs(y - x / 2 - 20) < 3) page.at(x, y) = 30;  // a fold
  EXPECT_EQ(total(ink_from_gray(page, Shade::kDark).value), 0);
  // The picture of one character may be cut that narrowly.
  EXPECT_GT(total(ink_from_gray(page, Shade::kDark, Scene::kCharacter).value), 0);
}

TEST(InkFromGray, LightInkOnADarkBoardIsFound) {
  Image board = shadowed_page(200, false);
  for (uint8_t& v : board.pixels) v = static_cast<uint8_t>(255 - v);
  const Result<Image> ink = ink_from_gray(board, Shade::kAuto);
  EXPECT_GT(ink.value.at(70, 62), 127);
  EXPECT_EQ(ink.value.at(70, 30), 0);
}

TEST(InkFromGray, NoiseOfAnyStrengthIsNoInk) {
  for (const int32_t strength : {1, 3, 10, 30, 60, 127})
    for (const Shade shade : {Shade::kAuto, Shade::kDark, Shade::kLight}) {
      Xorshift random(4);
      Image noise(60, 40);
      for (uint8_t& v : noise.pixels)
        v = static_cast<uint8_t>(127 + (static_cast<int32_t>(random.below(3)) - 1) * strength);
      const Result<Image> ink = ink_from_gray(noise, shade);
      ASSERT_TRUE(ink.ok());
      EXPECT_EQ(total(ink.value), 0) << strength << " " << static_cast<int>(shade);
      if (strength > 30) continue;
      for (int32_t x = 15; x < 45; ++x)  // a line stands out from it
        for (int32_t y = 19; y < 22; ++y) noise.at(x, y) = shade == Shade::kLight ? 255 : 0;
      EXPECT_GT(total(ink_from_gray(noise, shade).value), 0) << strength << " " << static_cast<int>(shade);
    }
}

TEST(InkFromGray, PaperOfAnySizeHasNoInk) {
  for (const int32_t size : {1, 2, 3, 9})
    for (const bool upright : {false, true}) {
      Image image(upright ? 1 : size, upright ? size : 1);
      for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(size * 20);
      const Result<Image> ink = ink_from_gray(image, Shade::kAuto);
      ASSERT_TRUE(ink.ok()) << size;
      EXPECT_EQ(ink.value.width, image.width);
      EXPECT_EQ(ink.value.height, image.height);
      EXPECT_EQ(total(ink.value), 0) << size;
    }
  EXPECT_EQ(ink_from_gray(Image{}, Shade::kAuto).err, Err::kBadData);
}

}  // namespace
}  // namespace biji
