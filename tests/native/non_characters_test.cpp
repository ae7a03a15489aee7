// What is no character: made the same each time, and learned to be doubted.

#include "native/vary/non_characters.h"

#include <gtest/gtest.h>

#include "native/train/train.h"
#include "native/vary/ink_augment.h"
#include "native/vary/skeleton.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

TEST(NonCharacter, OfEveryKindLeavesInk) {
  const at::Tensor images = non_characters(300, {"a", "b"}, kLettersInput, 1);
  ASSERT_EQ(images.sizes(), (std::vector<int64_t>{300, 28, 28}));
  EXPECT_GT(images.amax({1, 2}).min().item<int>(), 100);
}

TEST(NonCharacter, IsTheSameForTheSameSeed) {
  const Labels classes = {"a"};
  EXPECT_TRUE(
      at::equal(non_characters(40, classes, kHanziInput, 7), non_characters(40, classes, kHanziInput, 7)));
  EXPECT_FALSE(
      at::equal(non_characters(40, classes, kHanziInput, 7), non_characters(40, classes, kHanziInput, 8)));
}

TEST(NonCharacter, IsNoSingleLineWhereThatIsACharacter) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Ink ink = non_character(false, seed);
    EXPECT_FALSE(ink.stroke_count() == 1 && ink.points.size() == 2 && bounds(ink).width > 0.1f) << seed;
  }
}

TEST(Overlay, IsDarkerThanAnyOfItsParts) {
  const at::Tensor characters = at::randint(0, 255, {9, 28, 28}, at::kByte);
  const at::Tensor images = overlays(characters, 4);
  ASSERT_EQ(images.sizes(), (std::vector<int64_t>{4, 28, 28}));
  EXPECT_GT(images.to(at::kFloat).mean().item<float>(), characters.to(at::kFloat).mean().item<float>());
  EXPECT_EQ(overlays(characters, 100).size(0), 9);
}

// Lines drawn with a pen come back where they were.
TEST(Skeleton, FollowsTheMiddleOfLines) {
  Ink cross;
  cross.add_stroke(std::vector<Point>{{0, 0}, {1, 1}});
  cross.add_stroke(std::vector<Point>{{1, 0}, {0, 1}});
  const Image image = normalize(cross, kLettersInput).value;  // corners 3.3 pixels from the border
  const Ink ink = skeleton(image);
  EXPECT_GE(ink.stroke_count(), 2);  // from corner to corner, or from the crossing to each
  EXPECT_LE(ink.stroke_count(), 4);
  const Box box = bounds(ink);
  EXPECT_NEAR(box.x, 3.3, 1);
  EXPECT_NEAR(box.width, 21.4, 2);
  EXPECT_NEAR(box.height, 21.4, 2);
  for (const Point& p : ink.points)
    EXPECT_LT(std::min(std::abs(p.x - p.y), std::abs(p.x + p.y - 28)), 0.75f) << p.x << ", " << p.y;
}

TEST(Skeleton, FindsRingsAndDots) {
  Ink drawn;
  std::vector<Point> ring;
  for (int i = 0; i <= 40; ++i)
    ring.push_back(
        {std::cos(0.05f * static_cast<float>(M_PI * i)), std::sin(0.05f * static_cast<float>(M_PI * i))});
  drawn.add_stroke(ring);
  drawn.add_stroke(std::vector<Point>{{0, 0}});
  const Ink ink = skeleton(normalize(drawn, kLettersInput).value);
  ASSERT_EQ(ink.stroke_count(), 2);
  const Box big = bounds(ink.stroke(1)), dot = bounds(ink.stroke(0));
  EXPECT_NEAR(std::max(big.width, dot.width), 21, 2);
  EXPECT_LT(std::min(big.width, dot.width), 1);
  EXPECT_TRUE(skeleton(Image(28, 28)).empty());
}

TEST(Skeleton, OfAScanIsDrawnAnewAndOfNothingIsNot) {
  Image bar(28, 28);
  for (int32_t y = 4; y < 24; ++y) std::fill_n(&bar.at(12, y), 4, 255);
  Random random(7), same(7), other(8);
  const Result<Image> drawn = drawn_from_skeleton(bar, kLettersInput, 0.5f, random);
  ASSERT_TRUE(drawn.ok());
  EXPECT_EQ(drawn.value.pixels, drawn_from_skeleton(bar, kLettersInput, 0.5f, same).value.pixels);
  EXPECT_NE(drawn.value.pixels, drawn_from_skeleton(bar, kLettersInput, 0.5f, other).value.pixels);
  EXPECT_NE(drawn.value.pixels, bar.pixels);
  EXPECT_EQ(drawn_from_skeleton(Image(28, 28), kLettersInput, 0.5f, random).err, Err::kEmpty);
}

}  // namespace
}  // namespace biji
