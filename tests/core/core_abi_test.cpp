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
    EXPECT_EQ(set_labels("0\n1\n2\n"), 0);
    EXPECT_EQ(set_options("", 2, 1), 0);
  }
  ~CoreAbi() override { biji_core_destroy(core); }

  int32_t fill(const void* bytes, size_t count) {
    std::memcpy(biji_core_scratch(core, static_cast<int32_t>(count)), bytes, count);
    return static_cast<int32_t>(count);
  }
  int32_t set_labels(const std::string& labels, float temperature = 1, float rejection = 0) {
    return biji_core_set_model(core, fill(labels.data(), labels.size()), temperature, rejection);
  }
  int32_t set_options(const std::string& allow, int32_t candidates, int32_t split) {
    return biji_core_set_options(core, fill(allow.data(), allow.size()), candidates, split);
  }
  int32_t feed(std::vector<float> logits, int32_t count) {
    fill(logits.data(), logits.size() * sizeof(float));
    return biji_core_feed(core, count);
  }

  // Two vertical strokes: two characters.
  int32_t begin_two() {
    struct {
      float xy[8] = {0, 0, 0, 90, 100, 0, 100, 90};
      float pressure[4] = {0.5f, 0.5f, 0.5f, 0.5f};
      int32_t ends[2] = {2, 4};
    } ink;
    fill(&ink, sizeof ink);
    return biji_core_begin_ink(core, 4, 2);
  }
  std::string text() {
    const int32_t* words = biji_core_result(core);
    return words[1] == 0 ? "" : std::string(biji_core_text(core) + words[4], words[5]);
  }

  biji_core* core;
};

float as_float(int32_t word) {
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

TEST_F(CoreAbi, InkGoesInAndTextComesOut) {
  ASSERT_EQ(begin_two(), 0);
  ASSERT_EQ(biji_core_next(core), 2);
  ASSERT_EQ(feed({0, 5, 0, 0, 0, 5}, 2), 0);
  ASSERT_EQ(biji_core_next(core), 0);
  EXPECT_EQ(text(), "12");
  const int32_t* w = biji_core_result(core);
  EXPECT_EQ(w[0], 1);  // sure
  ASSERT_EQ(w[1], 2);  // readings
  ASSERT_EQ(w[2], 1);  // lines
  ASSERT_EQ(w[3], 2);  // characters
  EXPECT_GT(as_float(w[6]), 0.9f);
  const int32_t* line = w + 4 + 2 * 3;
  EXPECT_EQ(as_float(line[2]), 100);  // width
  EXPECT_EQ(line[4], 0);
  EXPECT_EQ(line[5], 2);
  const int32_t* first = line + 6;
  EXPECT_EQ(std::string(biji_core_text(core) + first[0], first[1]), "1");
  EXPECT_EQ(first[8], 1);  // one stroke
  EXPECT_EQ(first[9], 2);  // two candidates
  const int32_t* second = first + 10 + 3 * first[8] + 2 * first[9];
  EXPECT_EQ(as_float(second[2]), 100);  // x
  EXPECT_EQ(second[10], 1);             // stroke 1, points 0 and 1
  EXPECT_EQ(second[11], 0);
  EXPECT_EQ(second[12], 2);
  EXPECT_EQ(second[13], 2);  // label
  EXPECT_EQ(second + 10 + 3 + 4, w + biji_core_result_words(core));
}

TEST_F(CoreAbi, WithoutSplittingEverythingIsOneCharacter) {
  ASSERT_EQ(set_options("", 2, 0), 0);
  ASSERT_EQ(begin_two(), 0);
  EXPECT_EQ(biji_core_next(core), 1);
}

TEST_F(CoreAbi, LabelsTellHowCharactersAreFound) {
  ASSERT_EQ(set_labels("八\n儿\n川\n"), 0);
  ASSERT_EQ(begin_two(), 0);
  EXPECT_EQ(biji_core_next(core), 1);
  ASSERT_EQ(set_labels("0\n1\n2\n"), 0);
  ASSERT_EQ(begin_two(), 0);
  EXPECT_EQ(biji_core_next(core), 2);
}

TEST_F(CoreAbi, NoInkGivesAnEmptyResult) {
  ASSERT_EQ(biji_core_begin_ink(core, 0, 0), 0);
  EXPECT_EQ(biji_core_next(core), 0);
  EXPECT_EQ(biji_core_result(core)[0], 1);
  EXPECT_EQ(biji_core_result_words(core), 4);
}

TEST_F(CoreAbi, ImagesMayBeGreyOrColour) {
  auto* pixels = static_cast<uint8_t*>(biji_core_scratch(core, 40 * 40 * 4));
  std::memset(pixels, 255, 40 * 40 * 4);
  for (int y = 5; y < 35; ++y) std::memset(pixels + 4 * (40 * y + 20), 0, 3);
  EXPECT_EQ(biji_core_begin_image(core, 40, 40, 4, 0), 0);
  ASSERT_EQ(biji_core_next(core), 1);
  const std::vector<uint8_t> colour(biji_core_batch(core), biji_core_batch(core) + 28 * 28);
  std::memset(pixels, 255, 40 * 40);
  for (int y = 5; y < 35; ++y) pixels[40 * y + 20] = 0;
  EXPECT_EQ(biji_core_begin_image(core, 40, 40, 1, 0), 0);
  ASSERT_EQ(biji_core_next(core), 1);
  EXPECT_EQ(colour, std::vector<uint8_t>(biji_core_batch(core), biji_core_batch(core) + 28 * 28));
}

TEST_F(CoreAbi, WrongArgumentsAreRefused) {
  biji_core_scratch(core, 64);
  EXPECT_NE(biji_core_begin_ink(core, 1 << 30, 1), 0);
  EXPECT_NE(biji_core_begin_ink(core, -1, 0), 0);
  EXPECT_NE(biji_core_begin_ink(core, 20, 1), 0);  // more than scratch holds
  EXPECT_NE(biji_core_begin_image(core, 1000, 1000, 4, 0), 0);
  EXPECT_NE(biji_core_begin_image(core, 0, 1, 4, 0), 0);
  EXPECT_NE(biji_core_begin_image(core, 2, 2, 3, 0), 0);
  EXPECT_NE(biji_core_begin_image(core, 2, 2, 4, 7), 0);
  EXPECT_NE(biji_core_set_model(core, 1 << 30, 1, 0), 0);
  EXPECT_NE(set_labels("0\n1\n", 0), 0);
  EXPECT_NE(set_labels("0\n1\n", 1, 2), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 9, 2.5f, 0, 0), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 1, 2.5f, 3, 0), 0);
  EXPECT_NE(biji_core_set_input(core, 28, 20, 1, 2.5f, 0, 1), 0);
  EXPECT_NE(biji_core_set_augmentation(core, 0.5f, 2), 0);
  EXPECT_NE(biji_core_set_augmentation(core, -1, 0.1f), 0);
  EXPECT_NE(set_options("", 0, 1), 0);
  EXPECT_NE(set_options("", 1025, 1), 0);
  EXPECT_NE(set_options("x", 1, 1), 0);
  EXPECT_EQ(biji_core_scratch(core, -1), nullptr);
}

TEST_F(CoreAbi, AFailedBeginningLeavesNoResult) {
  ASSERT_EQ(begin_two(), 0);
  ASSERT_EQ(biji_core_next(core), 2);
  EXPECT_NE(biji_core_begin_image(core, 1 << 20, 1, 1, 0), 0);
  EXPECT_EQ(biji_core_next(core), 0);
  EXPECT_EQ(biji_core_result_words(core) == 0 || biji_core_result(core)[3] == 0, true);
}

TEST_F(CoreAbi, LogitsMustMatchTheBatch) {
  ASSERT_EQ(begin_two(), 0);
  EXPECT_NE(feed({0, 0, 0}, 1), 0);  // nobody has asked yet
  ASSERT_EQ(biji_core_next(core), 2);
  EXPECT_NE(feed({0, 0, 0}, 1), 0);
  EXPECT_NE(biji_core_feed(core, 1 << 30), 0);
  EXPECT_NE(biji_core_feed(core, -1), 0);
  ASSERT_EQ(biji_core_next(core), 2);  // still to be answered
  EXPECT_EQ(feed({0, 5, 0, 0, 0, 5}, 2), 0);
}

TEST_F(CoreAbi, UnsureCharactersAreLookedAtOnceMore) {
  ASSERT_EQ(biji_core_set_augmentation(core, 0.8f, 0.125f), 0);
  ASSERT_EQ(set_labels("0\n1\n2\n"), 0);
  ASSERT_EQ(begin_two(), 0);
  ASSERT_EQ(biji_core_next(core), 2);
  ASSERT_EQ(feed({0, 9, 0, 1, 0, 0}, 2), 0);
  ASSERT_EQ(biji_core_next(core), 2);  // the second character, sheared to either side
  const uint8_t* views = biji_core_batch(core);
  EXPECT_NE(std::memcmp(views, views + 28 * 28, 28 * 28), 0);
  ASSERT_EQ(feed({0, 0, 5, 0, 0, 5}, 2), 0);
  ASSERT_EQ(biji_core_next(core), 0);
  EXPECT_EQ(text(), "12");
}

TEST_F(CoreAbi, AllowRestrictsAndEmptyAllowsAll) {
  ASSERT_EQ(set_options("02", 9, 0), 0);
  ASSERT_EQ(begin_two(), 0);
  ASSERT_EQ(biji_core_next(core), 1);
  ASSERT_EQ(feed({0, 9, 1}, 1), 0);
  ASSERT_EQ(biji_core_next(core), 0);
  EXPECT_EQ(text(), "2");
  ASSERT_EQ(set_options("", 9, 0), 0);
  ASSERT_EQ(begin_two(), 0);
  ASSERT_EQ(biji_core_next(core), 0);  // remembered
  EXPECT_EQ(text(), "1");
}

TEST(CoreErrors, EveryStatusHasASentenceOfItsOwn) {
  std::set<std::string> sentences = {biji_core_error_text(-1)};  // of what is no status
  const auto last = static_cast<int32_t>(Err::kNoMemory);
  for (int32_t status = 0; status <= last; ++status)
    EXPECT_TRUE(sentences.insert(biji_core_error_text(status)).second) << biji_core_error_text(status);
}

}  // namespace
}  // namespace biji
