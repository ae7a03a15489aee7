#include "shared/decode.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shared/labels.h"

namespace biji {
namespace {

Labels digits() {
  return parse_labels("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n").value;
}

TEST(ParseLabels, OneALine) {
  EXPECT_EQ(parse_labels("你\r\n好").value, (Labels{"你", "好"}));
  EXPECT_EQ(parse_labels("a\nfi\n").value, (Labels{"a", "fi"}));
}

TEST(ParseLabels, RefusesBrokenFiles) {
  EXPECT_EQ(parse_labels("").err, Err::kEmpty);
  EXPECT_EQ(parse_labels("a\n\nb").err, Err::kBadData);
  for (const char* bad : {"\xff", "\xe4\xbd", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"})
    EXPECT_EQ(parse_labels(bad).err, Err::kBadData) << bad;
  std::string many;
  for (int i = 0; i < 65536; ++i) many += "x\n";
  EXPECT_EQ(parse_labels(many).err, Err::kTooLarge);
}

TEST(FillsSquares, WhenMostLabelsAreIdeographs) {
  EXPECT_FALSE(fills_squares(digits()));
  EXPECT_FALSE(fills_squares({"A", "b", "川"}));
  EXPECT_FALSE(fills_squares({"川", "b"}));
  EXPECT_FALSE(fills_squares({"一二", "三四"}));  // texts, not characters
  EXPECT_TRUE(fills_squares({"八", "儿", "川", "A", "1"}));
  EXPECT_TRUE(fills_squares({"𠀀"}));  // beyond the first 65,536 code points
}

TEST(ParseAllow, RangesAndSingles) {
  EXPECT_EQ(parse_allow("2-4", digits()).value, (std::vector<uint8_t>{0, 0, 1, 1, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(parse_allow("08", digits()).value, (std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(parse_allow("", digits()).value, std::vector<uint8_t>(10, 1));
  const Labels mixed = {"你", "a", "-", "b"};
  EXPECT_EQ(parse_allow("一-龥-", mixed).value, (std::vector<uint8_t>{1, 0, 1, 0}));
}

TEST(ParseAllow, RefusesWhatAllowsNothing) {
  EXPECT_EQ(parse_allow("x", digits()).err, Err::kEmpty);
  EXPECT_EQ(parse_allow("9-0", digits()).err, Err::kBadData);
  EXPECT_EQ(parse_allow("\xff", digits()).err, Err::kBadData);
}

TEST(TopK, IsASoftmaxBestFirst) {
  const float logits[] = {0, 2, 1};
  const auto best = top_k(logits, {}, 1, 2);
  ASSERT_EQ(best.value.size(), 2u);
  EXPECT_EQ(best.value[0].index, 1);
  EXPECT_EQ(best.value[1].index, 2);
  EXPECT_NEAR(best.value[0].probability, std::exp(2) / (1 + std::exp(1) + std::exp(2)), 1e-6);
}

TEST(TopK, TemperatureFlattens) {
  const float logits[] = {0, 4};
  EXPECT_NEAR(top_k(logits, {}, 2, 1).value[0].probability, 1 / (1 + std::exp(-2)), 1e-6);
}

TEST(TopK, OnlyAllowedClassesShareTheProbability) {
  const float logits[] = {9, 1, 1};
  const uint8_t allow[] = {0, 1, 1};
  const auto best = top_k(logits, allow, 1, 10);
  ASSERT_EQ(best.value.size(), 2u);
  EXPECT_EQ(best.value[0].index, 1);  // a tie goes to the lower index
  EXPECT_FLOAT_EQ(best.value[0].probability, 0.5f);
}

TEST(TopK, StrangeLogitsGiveNoNan) {
  const float logits[] = {NAN, -INFINITY, 1};
  EXPECT_FLOAT_EQ(top_k(logits, {}, 1, 1).value[0].probability, 1);
  const float broken[] = {NAN, NAN};
  EXPECT_FLOAT_EQ(top_k(broken, {}, 1, 1).value[0].probability, 0.5f);
  const float infinite[] = {INFINITY, 0};
  EXPECT_FALSE(std::isnan(top_k(infinite, {}, 1, 1).value[0].probability));
  const float large[] = {1e30f, -1e30f};
  EXPECT_FLOAT_EQ(top_k(large, {}, 1e-3f, 1).value[0].probability, 1);
}

TEST(TopK, RefusesMisuse) {
  const float logits[] = {0, 1};
  const uint8_t short_allow[] = {1}, none[] = {0, 0};
  EXPECT_EQ(top_k(logits, {}, 1, 0).err, Err::kBadArgument);
  EXPECT_EQ(top_k(logits, {}, 0, 1).err, Err::kBadArgument);
  EXPECT_EQ(top_k(logits, {}, NAN, 1).err, Err::kBadArgument);
  EXPECT_EQ(top_k(logits, {}, INFINITY, 1).err, Err::kBadArgument);
  EXPECT_EQ(top_k(logits, short_allow, 1, 1).err, Err::kBadArgument);
  EXPECT_EQ(top_k(logits, none, 1, 1).err, Err::kEmpty);
  EXPECT_EQ(top_k({}, {}, 1, 1).err, Err::kEmpty);
}

TEST(SecondLook, IsForThoseOfWhichTheModelIsUnsure) {
  const float logits[] = {9, 0, 0, 1, 0, 0, 0, 2, 0};
  EXPECT_EQ(unsure(logits, 3, 1, 0.9f), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(unsure(logits, 3, 1, 0.6f), (std::vector<int32_t>{1}));  // 0.576 and 0.787
  EXPECT_EQ(unsure(logits, 3, 1, 0), std::vector<int32_t>{});
  EXPECT_EQ(unsure(logits, 3, 10, 0.9f), (std::vector<int32_t>{0, 1, 2}));
}

TEST(Labels, TextFallsIntoCodePoints) {
  EXPECT_EQ(split_code_points("aB\u4e00\U0001f600"),
            (std::vector<std::string>{"a", "B", "\u4e00", "\U0001f600"}));
  EXPECT_EQ(split_code_points(""), std::vector<std::string>());
  EXPECT_EQ(split_code_points("\xe4\xb8"), (std::vector<std::string>{"\xe4", "\xb8"}));  // cut short
}

TEST(BestReadings, AreTheMostProbableProducts) {
  const std::vector<Candidate> characters[] = {{{1, 0.6f}, {7, 0.4f}}, {{0, 0.9f}, {6, 0.1f}}};
  const auto readings = best_readings(characters, 3);
  ASSERT_EQ(readings.size(), 3u);
  EXPECT_EQ(readings[0].choice, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(readings[1].choice, (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(readings[2].choice, (std::vector<int32_t>{0, 1}));
  EXPECT_NEAR(readings[1].probability, 0.36, 1e-6);
  EXPECT_TRUE(best_readings({}, 3).empty());
}

}  // namespace
}  // namespace biji
