#include "wasm/ink_document.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace biji {
namespace {

// A stroke of n points to the right, starting at (x, y).
void write(InkDocument& document, float x, float y, int32_t n = 3) {
  ASSERT_EQ(document.begin_stroke({x, y}), Err::kOk);
  for (int32_t i = 1; i < n; i++)
    ASSERT_EQ(document.extend_stroke({x + i, y, static_cast<float>(i)}), Err::kOk);
  ASSERT_EQ(document.end_stroke(), Err::kOk);
}

// Where each stroke begins: enough to tell strokes apart.
std::vector<float> starts(const InkDocument& document) {
  std::vector<float> out;
  for (int32_t i = 0; i < document.stroke_count(); i++) out.push_back(document.stroke(i)[0].x);
  return out;
}

using Starts = std::vector<float>;

TEST(InkDocument, AStrokeIsLiveUntilThePenLifts) {
  InkDocument document;
  EXPECT_EQ(document.begin_stroke({1, 2, 3, 0.25f}), Err::kOk);
  EXPECT_EQ(document.extend_stroke({4, 5, 6, 0.75f}), Err::kOk);
  EXPECT_EQ(document.live().size(), 2u);
  EXPECT_EQ(document.stroke_count(), 0);
  EXPECT_EQ(document.end_stroke(), Err::kOk);
  EXPECT_TRUE(document.live().empty());
  ASSERT_EQ(document.stroke_count(), 1);
  EXPECT_EQ(document.stroke(0)[1].y, 5);
  EXPECT_EQ(document.stroke(0)[1].pressure, 0.75f);
  EXPECT_EQ(document.point_count(), 2);
}

TEST(InkDocument, ARepeatedPositionIsOnePoint) {
  InkDocument document;
  document.begin_stroke({1, 1});
  EXPECT_EQ(document.extend_stroke({1, 1, 8}), Err::kOk);
  document.end_stroke();
  EXPECT_EQ(document.point_count(), 1);
}

TEST(InkDocument, ACancelledStrokeLeavesNoTrace) {
  InkDocument document;
  write(document, 0, 0);
  document.begin_stroke({50, 50});
  EXPECT_EQ(document.cancel_stroke(), Err::kOk);
  EXPECT_EQ(document.cancel_stroke(), Err::kEmpty);
  EXPECT_EQ(starts(document), Starts{0});
  EXPECT_EQ(document.end_stroke(), Err::kEmpty);
  EXPECT_FALSE(document.can_redo());
}

TEST(InkDocument, ASecondPenDownEndsTheFirstStroke) {
  InkDocument document;
  document.begin_stroke({1, 0});
  document.begin_stroke({2, 0});
  document.end_stroke();
  EXPECT_EQ(starts(document), (Starts{1, 2}));
}

TEST(InkDocument, UndoAndRedoGoThroughStrokesEraseAndClear) {
  InkDocument document;
  for (float x : {0.f, 100.f, 200.f}) write(document, x, 0);
  EXPECT_EQ(document.erase(101, 1, 5), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{0, 200}));
  EXPECT_EQ(document.clear(), Err::kOk);
  EXPECT_EQ(starts(document), Starts{});

  EXPECT_EQ(document.undo(), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{0, 200}));
  EXPECT_EQ(document.undo(), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{0, 100, 200}));  // back in its place
  for (int i = 0; i < 3; i++) EXPECT_EQ(document.undo(), Err::kOk);
  EXPECT_EQ(document.undo(), Err::kEmpty);
  EXPECT_EQ(document.stroke_count(), 0);
  EXPECT_EQ(document.point_count(), 0);

  for (int i = 0; i < 4; i++) EXPECT_EQ(document.redo(), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{0, 200}));
  EXPECT_EQ(document.redo(), Err::kOk);
  EXPECT_EQ(document.redo(), Err::kEmpty);
  EXPECT_EQ(document.stroke_count(), 0);
}

TEST(InkDocument, ANewStrokeForgetsWhatWasUndone) {
  InkDocument document;
  write(document, 1, 0);
  write(document, 2, 0);
  document.undo();
  write(document, 3, 0);
  EXPECT_FALSE(document.can_redo());
  EXPECT_EQ(starts(document), (Starts{1, 3}));
  document.undo();
  document.undo();
  document.redo();
  document.redo();
  EXPECT_EQ(starts(document), (Starts{1, 3}));
}

TEST(InkDocument, UndoDuringAStrokeTakesThatStroke) {
  InkDocument document;
  write(document, 1, 0);
  document.begin_stroke({2, 0});
  EXPECT_EQ(document.undo(), Err::kOk);
  EXPECT_EQ(starts(document), Starts{1});
  EXPECT_EQ(document.redo(), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{1, 2}));
}

TEST(InkDocument, EraseTakesTheTopmostStrokeWithinTheRadius) {
  InkDocument document;
  document.begin_stroke({0, 0});
  document.extend_stroke({100, 0});  // passes (50, 0) between its samples
  document.end_stroke();
  write(document, 50, 2, 1);
  EXPECT_EQ(document.erase(50, 10, 5), Err::kEmpty);
  EXPECT_EQ(document.erase(50, 0, 5), Err::kOk);
  EXPECT_EQ(starts(document), Starts{0});
  EXPECT_EQ(document.erase(50, 3, 5), Err::kOk);
  EXPECT_EQ(document.stroke_count(), 0);
}

TEST(InkDocument, ReplaceIsOneEditAndDropsEmptyStrokes) {
  InkDocument document;
  write(document, 7, 0);
  const std::vector<Point> points{{1, 1}, {2, 2}, {3, 3}};
  const std::vector<int32_t> ends{2, 2, 3};
  EXPECT_EQ(document.replace(points, ends), Err::kOk);
  EXPECT_EQ(starts(document), (Starts{1, 3}));
  const Ink ink = document.ink();
  EXPECT_EQ(ink.points.size(), 3u);
  EXPECT_EQ(ink.ends, (std::vector<int32_t>{2, 3}));
  document.undo();
  EXPECT_EQ(starts(document), Starts{7});
}

TEST(InkDocument, ReplaceRefusesWhatIsNotInkAndKeepsWhatWasThere) {
  InkDocument document;
  write(document, 7, 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Point> good{{1, 1}, {2, 2}};
  const std::vector<Point> bad{{1, 1}, {nan, 2}}, far{{1, 1}, {2, 2e7f}};
  const auto ends = [](std::vector<int32_t> e) { return e; };
  EXPECT_EQ(document.replace(bad, ends({2})), Err::kBadData);
  EXPECT_EQ(document.replace(far, ends({2})), Err::kBadData);
  EXPECT_EQ(document.replace(good, ends({1})), Err::kBadData);
  EXPECT_EQ(document.replace(good, ends({3})), Err::kBadData);
  EXPECT_EQ(document.replace(good, ends({2, 1})), Err::kBadData);
  EXPECT_EQ(document.replace(good, ends({-1, 2})), Err::kBadData);
  EXPECT_EQ(document.replace(good, {}), Err::kBadData);
  const std::vector<Point> many(kMaxInkPoints + 1);
  EXPECT_EQ(document.replace(many, ends({kMaxInkPoints + 1})), Err::kTooLarge);
  EXPECT_EQ(starts(document), Starts{7});
  document.undo();
  EXPECT_FALSE(document.can_undo());
}

TEST(InkDocument, UntrustedPointsAreRepairedOrRefused) {
  InkDocument document;
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(document.begin_stroke({nan, 0}), Err::kBadData);
  EXPECT_EQ(document.begin_stroke({0, -inf}), Err::kBadData);
  EXPECT_EQ(document.extend_stroke({0, 0}), Err::kBadArgument);
  EXPECT_EQ(document.begin_stroke({0, 0, nan, nan}), Err::kOk);
  EXPECT_EQ(document.extend_stroke({1, 0, inf, 9}), Err::kOk);
  EXPECT_EQ(document.extend_stroke({2, 0, 0, -9}), Err::kOk);
  document.end_stroke();
  const auto stroke = document.stroke(0);
  EXPECT_EQ(stroke[0].pressure, 0.5f);
  EXPECT_EQ(stroke[0].t_ms, 0);
  EXPECT_EQ(stroke[1].pressure, 1);
  EXPECT_EQ(stroke[1].t_ms, 0);
  EXPECT_EQ(stroke[2].pressure, 0);
}

TEST(InkDocument, AFullPageDropsFurtherPointsAndStaysUsable) {
  InkDocument document;
  const std::vector<Point> points(kMaxInkPoints - 2);
  const std::vector<int32_t> ends{kMaxInkPoints - 2};
  ASSERT_EQ(document.replace(points, ends), Err::kOk);
  EXPECT_EQ(document.begin_stroke({1, 1}), Err::kOk);
  EXPECT_EQ(document.extend_stroke({2, 1}), Err::kOk);
  EXPECT_EQ(document.extend_stroke({3, 1}), Err::kTooLarge);
  EXPECT_EQ(document.end_stroke(), Err::kOk);
  EXPECT_EQ(document.begin_stroke({1, 1}), Err::kTooLarge);
  EXPECT_EQ(document.clear(), Err::kOk);
  EXPECT_EQ(document.begin_stroke({1, 1}), Err::kOk);
}

TEST(InkDocument, MemoryStaysBoundedOverHoursOfWritingAndClearing) {
  InkDocument document;
  int64_t settled = 0;
  for (int page = 0; page < 3000; page++) {  // 1.5 million points
    for (int i = 0; i < 5; i++) write(document, static_cast<float>(i), 0, 100);
    document.clear();
    if (page == 2000) settled = document.memory_bytes();
  }
  EXPECT_LE(document.memory_bytes(), settled * 5 / 4);
  EXPECT_LT(document.memory_bytes(), 40 << 20);
  EXPECT_EQ(document.undo(), Err::kOk);  // the recent past is still there
  EXPECT_EQ(starts(document), (Starts{0, 1, 2, 3, 4}));
}

// Whatever one does, undoing all and redoing all comes back to the same page.
TEST(InkDocument, RandomEditsUndoAndRedoToTheSamePage) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) { return static_cast<int32_t>(random() % n); };
  for (int round = 0; round < 200; round++) {
    InkDocument document;
    for (int step = 0; step < 40; step++) {
      switch (below(8)) {
        case 0:
          document.undo();
          break;
        case 1:
          document.redo();
          break;
        case 2:
          document.erase(static_cast<float>(below(100)), 0, 4);
          break;
        case 3:
          if (below(4) == 0) document.clear();
          break;
        case 4: {
          const std::vector<Point> points{{static_cast<float>(below(100)), 0},
                                          {static_cast<float>(below(100)), 1}};
          const std::vector<int32_t> ends{1, 2};
          document.replace(points, ends);
          break;
        }
        default:
          write(document, static_cast<float>(below(100)), static_cast<float>(below(3)), 1 + below(4));
      }
    }
    while (document.can_redo()) document.redo();
    const Ink before = document.ink();
    int32_t undone = 0;
    while (document.undo() == Err::kOk) undone++;
    EXPECT_EQ(document.stroke_count(), 0);
    for (int32_t i = 0; i < undone; i++) EXPECT_EQ(document.redo(), Err::kOk);
    const Ink after = document.ink();
    ASSERT_EQ(after.ends, before.ends);
    for (size_t i = 0; i < before.points.size(); i++) {
      ASSERT_EQ(after.points[i].x, before.points[i].x);
      ASSERT_EQ(after.points[i].y, before.points[i].y);
    }
  }
}

}  // namespace
}  // namespace biji
