#include "shared/segment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared/raster.h"
#include "tests/core/samples.h"

namespace biji {
namespace {

// A 5 (two strokes), a 1 and a 0 in a row, x from 0 to 200.
Ink three_digits() {
  Ink ink = line_ink(10, 0, 50, 0);
  const Point five[] = {
      {12, 4, 0, 0.5f}, {10, 40, 0, 0.5f}, {45, 45, 0, 0.5f}, {45, 85, 0, 0.5f}, {8, 95, 0, 0.5f}};
  ink.add_stroke(five);
  append(ink, line_ink(100, 0, 98, 96));
  append(ink, circle_ink(160, 50, 40));
  return ink;
}

TEST(SegmentInk, DigitsInARowAreSeparate) {
  const auto characters = segment(three_digits(), {});
  ASSERT_EQ(characters.size(), 3u);
  EXPECT_EQ(characters[0].strokes, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(characters[1].strokes, (std::vector<int32_t>{2}));
  EXPECT_EQ(characters[2].strokes, (std::vector<int32_t>{3}));
  EXPECT_EQ(characters[2].line, 0);
}

TEST(SegmentInk, ReadingOrderDoesNotDependOnDrawingOrder) {
  Ink ink = circle_ink(160, 50, 40);
  append(ink, line_ink(100, 0, 98, 96));
  const auto characters = segment(ink, {});
  ASSERT_EQ(characters.size(), 2u);
  EXPECT_EQ(characters[0].strokes, (std::vector<int32_t>{1}));
}

TEST(SegmentInk, LinesAreReadFromTheTop) {
  Ink ink = circle_ink(50, 300, 40);
  append(ink, circle_ink(150, 300, 40));
  append(ink, circle_ink(60, 50, 40));
  const auto characters = segment(ink, {});
  ASSERT_EQ(characters.size(), 3u);
  EXPECT_EQ(characters[0].strokes, (std::vector<int32_t>{2}));
  EXPECT_EQ(characters[0].line, 0);
  EXPECT_EQ(characters[1].strokes, (std::vector<int32_t>{0}));
  EXPECT_EQ(characters[2].line, 1);
}

TEST(SegmentInk, StrokesThatTouchAreOneCharacter) {
  Ink k = line_ink(0, 0, 0, 100);
  const Point arms[] = {{60, 0, 0, 0.5f}, {2, 50, 0, 0.5f}, {60, 100, 0, 0.5f}};
  k.add_stroke(arms);
  EXPECT_EQ(segment(k, {}).size(), 1u);
}

TEST(SegmentInk, TheDotOfAnIJoinsItsStem) {
  Ink i = line_ink(50, 40, 50, 100);
  append(i, line_ink(49, 15, 51, 16));
  append(i, circle_ink(120, 60, 40));
  EXPECT_EQ(segment(i, {}).size(), 2u);
}

TEST(SegmentInk, PartsOfASquareCharacterStayTogether) {
  Ink river = line_ink(0, 0, 0, 100);  // three separate strokes side by side, as in 川
  append(river, line_ink(45, 10, 45, 90));
  append(river, line_ink(90, 0, 90, 100));
  EXPECT_EQ(segment(river, {true}).size(), 1u);
  EXPECT_EQ(segment(river, {false}).size(), 3u);
}

// Characters whose strokes do not touch, size units large, their corner at x, y.
Ink eight(float x, float y, float size) {  // 八
  Ink ink = line_ink(x + 0.35f * size, y + 0.1f * size, x, y + 0.9f * size);
  append(ink, line_ink(x + 0.55f * size, y, x + size, y + 0.95f * size));
  return ink;
}
Ink child(float x, float y, float size) {  // 儿
  Ink ink = line_ink(x + 0.35f * size, y, x, y + size);
  const Point hook[] = {{x + 0.6f * size, y, 0, 0.5f},
                        {x + 0.62f * size, y + 0.9f * size, 0, 0.5f},
                        {x + size, y + 0.85f * size, 0, 0.5f}};
  ink.add_stroke(hook);
  return ink;
}
Ink three(float x, float y, float size) {  // 三
  Ink ink;
  for (const float at : {0.05f, 0.45f, 0.95f})
    append(ink, line_ink(x, y + at * size, x + size, y + at * size));
  return ink;
}
Ink river(float x, float y, float size) {  // 川
  Ink ink = line_ink(x + 0.1f * size, y, x, y + size);
  append(ink, line_ink(x + 0.5f * size, y + 0.1f * size, x + 0.5f * size, y + 0.8f * size));
  append(ink, line_ink(x + 0.95f * size, y, x + 0.95f * size, y + size));
  return ink;
}
Image map_of(const Ink& ink) {
  const Box box = bounds(ink);
  Image image(static_cast<int32_t>(box.width) + 40, static_cast<int32_t>(box.height) + 40);
  draw_ink(ink, {box.x, box.y, 1, 20, 20}, 5, 0, image);
  return image;
}

TEST(SegmentInk, ASquareCharacterOfLooseStrokesIsOneAloneAndInALine) {
  constexpr Ink (*kCharacters[])(float, float, float) = {eight, child, river, three};
  for (const auto character : kCharacters) {
    const Ink alone = character(0, 0, 90);
    EXPECT_EQ(segment(alone, {true}).size(), 1u);
    EXPECT_EQ(segment(map_of(alone), {true}).characters.size(), 1u);
  }
  Ink line, page;
  for (int32_t i = 0; i < 4; ++i) append(line, kCharacters[i](128.f * static_cast<float>(i), 3, 90));
  for (const float y : {0.f, 140.f}) {
    for (int32_t i = 0; i < 4; ++i) append(page, kCharacters[i](128.f * static_cast<float>(i), y, 90));
  }
  EXPECT_EQ(segment(line, {true}).size(), 4u);
  EXPECT_EQ(segment(map_of(line), {true}).characters.size(), 4u);
  const auto characters = segment(page, {true});
  ASSERT_EQ(characters.size(), 8u);
  EXPECT_EQ(characters[3].line, 0);
  EXPECT_EQ(characters[4].line, 1);
  EXPECT_EQ(segment(map_of(page), {true}).characters.size(), 8u);
}

TEST(SegmentInk, FourSquaresInASquareAreFour) {
  Ink page;
  for (const float y : {0.f, 130.f})
    for (const float x : {0.f, 130.f}) append(page, circle_ink(x + 45, y + 45, 45));
  EXPECT_EQ(segment(page, {true}).size(), 4u);
}

TEST(SegmentInk, EveryStrokeBelongsToOneCharacter) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const bool square : {false, true}) {
      const Ink ink = random_ink(seed);
      std::vector<int32_t> seen(ink.stroke_count(), 0);
      for (const InkCharacter& character : segment(ink, {square}))
        for (const int32_t stroke : character.strokes) ++seen[stroke];
      EXPECT_EQ(seen, std::vector<int32_t>(ink.stroke_count(), 1));
    }
  }
}

TEST(SegmentInk, NoInkHasNoCharacters) {
  EXPECT_TRUE(segment(Ink{}, {}).empty());
  Ink hollow;
  hollow.add_stroke({});
  EXPECT_TRUE(segment(hollow, {}).empty());
}

TEST(SegmentImage, FindsTheSameCharactersAsInInk) {
  Image image(220, 120);
  draw_ink(three_digits(), {0, 0, 1, 10, 10}, 5, 0, image);
  const ImageCharacters found = segment(image, {});
  ASSERT_EQ(found.characters.size(), 3u);
  EXPECT_NEAR(found.characters[1].rect.x, 106, 3);
}

TEST(SegmentImage, SpecksAreNotCharacters) {
  Image image(220, 120);
  draw_ink(circle_ink(60, 60, 40), {}, 5, 0, image);
  image.at(200, 10) = 255;
  image.at(201, 10) = 255;
  EXPECT_EQ(segment(image, {}).characters.size(), 1u);
  EXPECT_TRUE(segment(Image(50, 50), {}).characters.empty());
}

TEST(SegmentImage, FaintPencilIsInkWhereNothingIsStronger) {
  Image image(220, 120);
  draw_ink(three_digits(), {0, 0, 1, 10, 10}, 5, 0, image);
  Image trace = image;
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(v / 4);
  EXPECT_EQ(segment(image, {}).characters.size(), 3u);
  for (uint8_t& v : trace.pixels) v = std::min<uint8_t>(v, kFaintInk - 1);
  EXPECT_TRUE(segment(trace, {}).characters.empty());
}

TEST(SegmentImage, ExtractLeavesNeighboursOut) {
  Image image(100, 100);
  draw_ink(circle_ink(40, 50, 30), {}, 4, 0, image);
  const int64_t alone = total(image);
  draw_ink(line_ink(92, 10, 92, 90), {}, 4, 0, image);
  const ImageCharacters found = segment(image, {});
  ASSERT_EQ(found.characters.size(), 2u);
  EXPECT_EQ(total(extract(image, found, found.characters[0])), alone);
}

}  // namespace
}  // namespace biji
