// The C interface that JavaScript calls, with the arguments that JavaScript might get wrong.
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "shared/result.h"
#include "wasm/core.h"

namespace biji {
namespace {

class CoreAbi : public testing::Test {
 protected:
  CoreAbi() : core(biji_core_create()) {
    EXPECT_EQ(biji_core_set_input(core, 28, 20, 0, 2.5f, 0, 0), 0);
    EXPECT_EQ(set_text("0\n1\n2\n", biji_core_set_labels), 0);
  }
  ~CoreAbi() override { biji_core_destroy(core); }

  int32_t set_text(const std::string& text, int32_t (*set)(biji_core*, int32_t)) {
    std::memcpy(biji_core_scratch(core, static_cast<int32_t>(text.size())), text.data(), text.size());
    return set(core, static_cast<int32_t>(text.size()));
  }

  // Two vertical strokes: two characters.
  int32_t encode_two(int32_t split) {
    struct {
      float xy[8] = {0, 0, 0, 90, 100, 0, 100, 90};
      float pressure[4] = {0.5f, 0.5f, 0.5f, 0.5f};
      int32_t ends[2] = {2, 4};
    } ink;
    std::memcpy(biji_core_scratch(core, sizeof ink), &ink, sizeof ink);
    return biji_core_encode_ink(core, 4, 2, split);
  }

  biji_core* core;
};

TEST_F(CoreAbi, InkGoesInAndTextComesOut) {
  ASSERT_EQ(encode_two(1), 0);
  ASSERT_EQ(biji_core_count(core), 2);
  EXPECT_EQ(biji_core_boxes(core)[4], 100);
  const float logits[] = {0, 5, 0, 0, 0, 5};
  std::memcpy(biji_core_scratch(core, sizeof logits), logits, sizeof logits);
  ASSERT_EQ(biji_core_decode(core, 3, 1, 2), 0);
  EXPECT_EQ(biji_core_candidate_count(core), 2);
  EXPECT_EQ(biji_core_candidate_indices(core)[2], 2);
  ASSERT_EQ(biji_core_reading_count(core), 2);
  EXPECT_STREQ(biji_core_reading_text(core, 0), "12");
  EXPECT_GT(biji_core_reading_probability(core, 0), 0.9f);
  EXPECT_EQ(biji_core_reading_text(core, 2), nullptr);
  EXPECT_EQ(biji_core_reading_text(core, -1), nullptr);
}

TEST_F(CoreAbi, WithoutSplittingEverythingIsOneCharacter) {
  ASSERT_EQ(encode_two(0), 0);
  EXPECT_EQ(biji_core_count(core), 1);
}

TEST_F(CoreAbi, LabelsTellHowCharactersAreFound) {
  ASSERT_EQ(set_text("八\n儿\n川\n", biji_core_set_labels), 0);
  ASSERT_EQ(encode_two(1), 0);
  EXPECT_EQ(biji_core_count(core), 1);
  ASSERT_EQ(set_text("0\n1\n2\n", biji_core_set_labels), 0);
  ASSERT_EQ(encode_two(1), 0);
  EXPECT_EQ(biji_core_count(core), 2);
}

TEST_F(CoreAbi, NoInkIsAStatusOfItsOwn) {
  EXPECT_EQ(biji_core_encode_ink(core, 0, 0, 1), static_cast<int32_t>(Err::kEmpty));
  EXPECT_EQ(biji_core_count(core), 0);
}

TEST_F(CoreAbi, ImagesMayBeGreyOrColour) {
  auto* pixels = static_cast<uint8_t*>(biji_core_scratch(core, 40 * 40 * 4));
  std::memset(pixels, 255, 40 * 40 * 4);
  for (int y = 5; y < 35; ++y) std::memset(pixels + 4 * (40 * y + 20), 0, 3);
  EXPECT_EQ(biji_core_encode_image(core, 40, 40, 4, 0, 1), 0);
  EXPECT_EQ(biji_core_count(core), 1);
  std::memset(pixels, 0, 40 * 40);
  pixels[40 * 20 + 20] = 255;
  EXPECT_EQ(biji_core_encode_image(core, 40, 40, 1, 2, 0), 0);
}

TEST_F(CoreAbi, LyingSizesAreRefused) {
  biji_core_scratch(core, 16);
  EXPECT_NE(biji_core_encode_ink(core, 1000000, 1, 1), 0);
  EXPECT_NE(biji_core_encode_ink(core, -1, 1, 1), 0);
  EXPECT_NE(biji_core_encode_ink(core, 1 << 18, 1, 1), 0);
  EXPECT_NE(biji_core_encode_image(core, 65535, 65535, 4, 0, 1), 0);
  EXPECT_NE(biji_core_encode_image(core, 16384, 4096, 4, 0, 1), 0);
  EXPECT_NE(biji_core_encode_image(core, 2, 2, 3, 0, 1), 0);
  EXPECT_NE(biji_core_encode_image(core, 2, 2, 4, 7, 1), 0);
  EXPECT_NE(biji_core_set_labels(core, 1 << 30), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 9, 2.5f, 0, 0), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 1, 2.5f, 3, 0), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 1, 2.5f, 0, 1), 0);
  EXPECT_NE(biji_core_set_look_again(core, 0.5f, 2), 0);
  EXPECT_NE(biji_core_set_look_again(core, -1, 0.1f), 0);
  EXPECT_EQ(biji_core_scratch(core, -1), nullptr);
}

TEST_F(CoreAbi, LogitsMustMatchTheLabels) {
  ASSERT_EQ(encode_two(1), 0);
  biji_core_scratch(core, 4096);
  EXPECT_NE(biji_core_decode(core, 4, 1, 1), 0);
  EXPECT_NE(biji_core_decode(core, 3, 0, 1), 0);
  EXPECT_NE(biji_core_decode(core, 3, 1, 0), 0);
  EXPECT_EQ(biji_core_reading_count(core), 0);
}

TEST_F(CoreAbi, LooksAgainWhereTheModelIsUnsure) {
  const auto set_logits = [&](std::vector<float> logits) {
    std::memcpy(biji_core_scratch(core, static_cast<int32_t>(4 * logits.size())), logits.data(),
                4 * logits.size());
  };
  ASSERT_EQ(biji_core_set_look_again(core, 0.8f, 0.125f), 0);
  ASSERT_EQ(encode_two(1), 0);
  EXPECT_EQ(biji_core_again_count(core), 0);
  set_logits({0, 9, 0, 1, 0, 0});
  ASSERT_EQ(biji_core_look_again(core, 3, 1), 0);
  ASSERT_EQ(biji_core_again_count(core), 2);  // the second character, leaning to either side
  const size_t each = 28 * 28;
  const uint8_t* leaning = biji_core_again_input(core);
  EXPECT_NE(std::memcmp(leaning, leaning + each, each), 0);
  EXPECT_NE(std::memcmp(leaning, biji_core_input(core) + each, each), 0);
  set_logits({0, 9, 0, 1, 0, 0, 0, 0, 5, 0, 0, 5});
  ASSERT_EQ(biji_core_decode(core, 3, 1, 1), 0);
  EXPECT_STREQ(biji_core_reading_text(core, 0), "12");

  ASSERT_EQ(encode_two(1), 0);  // anew: nobody has looked again
  EXPECT_EQ(biji_core_again_count(core), 0);
  set_logits({0, 9, 0, 1, 0, 0});
  EXPECT_NE(biji_core_look_again(core, 4, 1), 0);
  EXPECT_NE(biji_core_look_again(core, 3, 0), 0);
  ASSERT_EQ(biji_core_decode(core, 3, 1, 1), 0);
  EXPECT_STREQ(biji_core_reading_text(core, 0), "10");

  ASSERT_EQ(biji_core_set_look_again(core, 0, 0), 0);  // a model that looks once
  ASSERT_EQ(encode_two(1), 0);
  set_logits({0, 9, 0, 1, 0, 0});
  ASSERT_EQ(biji_core_look_again(core, 3, 1), 0);
  EXPECT_EQ(biji_core_again_count(core), 0);
}

TEST_F(CoreAbi, AllowRestrictsAndEmptyAllowsAll) {
  ASSERT_EQ(set_text("02", biji_core_set_allow), 0);
  ASSERT_EQ(encode_two(0), 0);
  const float logits[] = {0, 9, 1};
  std::memcpy(biji_core_scratch(core, sizeof logits), logits, sizeof logits);
  ASSERT_EQ(biji_core_decode(core, 3, 1, 9), 0);
  EXPECT_EQ(biji_core_candidate_count(core), 2);
  EXPECT_STREQ(biji_core_reading_text(core, 0), "2");
  EXPECT_NE(set_text("x", biji_core_set_allow), 0);
  EXPECT_EQ(biji_core_set_allow(core, 0), 0);
}

TEST(CoreErrors, EveryStatusHasASentenceOfItsOwn) {
  std::set<std::string> sentences = {biji_core_error_text(-1)};  // of what is no status
  const auto last = static_cast<int32_t>(Err::kNoMemory);
  for (int32_t status = 0; status <= last; ++status)
    EXPECT_TRUE(sentences.insert(biji_core_error_text(status)).second) << biji_core_error_text(status);
}

}  // namespace
}  // namespace biji
