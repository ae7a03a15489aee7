// The ink of one pad as a document: finished strokes, the stroke under the pen, and the history of edits.
// Plain data and arithmetic: no drawing, clock or browser, so it is tested natively (tests/core/ink_document_test.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shared/ink.h"

namespace biji {

// Strokes live in an append-only pool; the page shows a list of them. An edit removes strokes from that list and
// adds strokes at its end, so that undo and redo of a stroke, an erasure, a clear or a replacement are one operation.
//
// Memory is bounded: at most kMaxInkPoints points are visible, and the oldest history is forgotten when the pool
// reaches kMaxPoolPoints or the history kMaxEdits.
class InkDocument {
 public:
  static constexpr int32_t kMaxPoolPoints = 2 * kMaxInkPoints;
  static constexpr int32_t kMaxEdits = 4096;

  // ---- the stroke under the pen ---------------------------------------------------------------------------------
  // Coordinates in CSS pixels, y down; pressure is clamped to 0..1. Safe for untrusted values: kBadData for a
  // coordinate that is not finite or beyond kMaxCoordinate; kTooLarge when the document is full (the point is
  // dropped, the rest stays as it is).

  // Ends a stroke still in progress first.
  Err begin_stroke(Point point);
  // Drops the point when it repeats the last position. kBadArgument without a stroke in progress.
  Err extend_stroke(Point point);
  // Makes the stroke in progress an edit. kEmpty without one.
  Err end_stroke();
  // Forgets the stroke in progress. kEmpty without one.
  Err cancel_stroke();
  // Empty when the pen is up. Valid until the next call that changes the document.
  std::span<const Point> live() const { return live_; }

  // ---- edits: each returns kEmpty when there is nothing to do, and then changes nothing -------------------------
  // An edit while the pen is down ends the stroke in progress first.

  Err undo();
  Err redo();
  // Removes all strokes.
  Err clear();
  // Removes the topmost stroke that passes within radius of (x, y).
  Err erase(float x, float y, float radius);
  // Replaces all strokes. ends as in Ink; strokes without points are left out. Safe for untrusted input: kBadData or
  // kTooLarge as in make_ink, and then nothing is changed.
  Err replace(std::span<const Point> points, std::span<const int32_t> ends);

  bool can_undo() const { return !undone_all(); }
  bool can_redo() const { return done_ < static_cast<int32_t>(edits_.size()); }

  // ---- what is on the page --------------------------------------------------------------------------------------

  int32_t stroke_count() const { return static_cast<int32_t>(visible_.size()); }
  // Points of the finished strokes.
  int32_t point_count() const { return visible_points_; }
  // The i-th finished stroke in drawing order, i in [0, stroke_count()). Valid until the next change.
  std::span<const Point> stroke(int32_t i) const;
  // A copy of the finished strokes.
  Ink ink() const;
  // Bytes held, for tests of growth.
  int64_t memory_bytes() const;

 private:
  // A stroke of the pool: points pool_[begin, end).
  struct Range {
    int32_t begin = 0;
    int32_t end = 0;
  };
  // A stroke taken out of visible_, and where it was.
  struct Removed {
    int32_t position = 0;
    int32_t stroke = 0;
  };
  // removed: ascending positions in the list before the edit. added: indices into ranges_.
  struct Edit {
    std::vector<Removed> removed;
    std::vector<int32_t> added;
  };

  bool undone_all() const { return done_ == 0; }
  Err check(Point& point) const;
  int32_t store(std::span<const Point> points);
  void commit(Edit edit);
  void apply(const Edit& edit);
  void revert(const Edit& edit);
  void drop_redo();
  void forget_oldest();
  void recount();

  std::vector<Point> pool_;
  std::vector<Range> ranges_;
  std::vector<int32_t> visible_;  // indices into ranges_
  int32_t visible_points_ = 0;
  std::vector<Edit> edits_;  // edits_[0, done_) are applied, the rest can be redone
  int32_t done_ = 0;
  std::vector<Point> live_;
};

}  // namespace biji
