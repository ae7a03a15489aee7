#include "shared/segment.h"

#include <gtest/gtest.h>

#include "shared/raster.h"
#include "tests/samples.h"

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
