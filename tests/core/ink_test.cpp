#include "shared/ink.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/core/samples.h"

namespace biji {
namespace {

TEST(Ink, StrokesAreConsecutiveRunsOfPoints) {
  Ink ink = line_ink(0, 0, 1, 1);
  append(ink, line_ink(5, 5, 9, 7));
  ASSERT_EQ(ink.stroke_count(), 2);
  EXPECT_EQ(ink.stroke(1)[0].x, 5);
  EXPECT_EQ(ink.stroke(1).size(), 2u);
}

TEST(Ink, BoundsHoldAllPoints) {
  const Box box = bounds(circle_ink(10, 20, 5));
  EXPECT_FLOAT_EQ(box.x, 5);
  EXPECT_FLOAT_EQ(box.y, 15);
  EXPECT_FLOAT_EQ(box.width, 10);
  EXPECT_FLOAT_EQ(box.height, 10);
  EXPECT_EQ(bounds(Ink{}).width, 0);
}

TEST(MakeInk, AcceptsParallelArrays) {
  const float xy[] = {1, 2, 3, 4, 5, 6};
  const float pressure[] = {0.25f, 2, std::numeric_limits<float>::quiet_NaN()};
  const int32_t ends[] = {1, 1, 3};
  const Result<Ink> ink = make_ink(xy, pressure, ends);
  ASSERT_TRUE(ink.ok());
  EXPECT_EQ(ink.value.stroke_count(), 3);
  EXPECT_TRUE(ink.value.stroke(1).empty());
  EXPECT_EQ(ink.value.stroke(2)[1].y, 6);
  EXPECT_EQ(ink.value.points[0].pressure, 0.25f);
  EXPECT_EQ(ink.value.points[1].pressure, 1.f);
  EXPECT_EQ(ink.value.points[2].pressure, 0.5f);
}

TEST(MakeInk, RefusesWhatContradictsItself) {
  const float xy[] = {1, 2, 3, 4};
  const float nan[] = {1, std::numeric_limits<float>::quiet_NaN()};
  const float far[] = {1, 2e7f};
  const int32_t two[] = {2}, one[] = {1}, three[] = {3}, backwards[] = {2, 1}, negative[] = {-1, 2};
  EXPECT_EQ(make_ink(xy, {}, one).err, Err::kBadData);
  EXPECT_EQ(make_ink(xy, {}, three).err, Err::kBadData);
  EXPECT_EQ(make_ink(xy, {}, backwards).err, Err::kBadData);
  EXPECT_EQ(make_ink(xy, {}, negative).err, Err::kBadData);
  EXPECT_EQ(make_ink(std::span(xy).first(3), {}, one).err, Err::kBadData);
  EXPECT_EQ(make_ink(xy, std::span(xy).first(1), two).err, Err::kBadData);
  EXPECT_EQ(make_ink(nan, {}, one).err, Err::kBadData);
  EXPECT_EQ(make_ink(far, {}, one).err, Err::kBadData);
}

TEST(Leaning, InkMovesAsideInProportionToItsHeight) {
  Ink ink;
  ink.add_stroke(std::vector<Point>{{3, 0}, {3, 8, 7, 0.25f}});
  const Ink right = sheared(ink, 0.5f), left = sheared(ink, -0.5f);
  EXPECT_EQ(right.points[0].x, 3);
  EXPECT_EQ(right.points[1].x, 7);
  EXPECT_EQ(left.points[1].x, -1);
  EXPECT_EQ(right.points[1].y, 8);
  EXPECT_EQ(right.points[1].pressure, 0.25f);
  EXPECT_EQ(right.ends, ink.ends);
}

TEST(MakeInk, RefusesMoreThanAnybodyDraws) {
  const std::vector<float> xy(2 * (static_cast<size_t>(kMaxInkPoints) + 1));
  const int32_t ends[] = {kMaxInkPoints + 1};
  EXPECT_EQ(make_ink(xy, {}, ends).err, Err::kTooLarge);
  const std::vector<int32_t> strokes(static_cast<size_t>(kMaxInkStrokes) + 1);
  EXPECT_EQ(make_ink({}, {}, strokes).err, Err::kTooLarge);
}

}  // namespace
}  // namespace biji
