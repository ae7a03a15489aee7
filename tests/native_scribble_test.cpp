// What is no character: made the same each time, and learned to be doubted.

#include <gtest/gtest.h>

#include "native/scribble.h"
#include "native/train.h"
#include "tests/native_testing.h"

namespace biji {
namespace {

TEST(Scribble, OfEveryKindLeavesInk) {
  const at::Tensor images = scribbles(300, {"a", "b"}, kLettersInput, 1);
  ASSERT_EQ(images.sizes(), (std::vector<int64_t>{300, 28, 28}));
  EXPECT_GT(images.amax({1, 2}).min().item<int>(), 100);
}

TEST(Scribble, IsTheSameForTheSameSeed) {
  const Labels classes = {"a"};
  EXPECT_TRUE(at::equal(scribbles(40, classes, kHanziInput, 7), scribbles(40, classes, kHanziInput, 7)));
  EXPECT_FALSE(at::equal(scribbles(40, classes, kHanziInput, 7), scribbles(40, classes, kHanziInput, 8)));
}

TEST(Scribble, IsNoSingleLineWhereThatIsACharacter) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Ink ink = scribble(false, seed);
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

}  // namespace
}  // namespace biji
