#include "wasm/ink_document.h"

#include <algorithm>
#include <cmath>

namespace biji {
namespace {

// Squared distance from (x, y) to the segment a-b.
float distance2(float x, float y, const Point& a, const Point& b) {
  const float dx = b.x - a.x, dy = b.y - a.y;
  const float length2 = dx * dx + dy * dy;
  const float t = length2 > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / length2, 0.0f, 1.0f) : 0.0f;
  const float ex = a.x + t * dx - x, ey = a.y + t * dy - y;
  return ex * ex + ey * ey;
}

bool touches(std::span<const Point> stroke, float x, float y, float radius) {
  const float radius2 = radius * radius;
  if (stroke.size() == 1) return distance2(x, y, stroke[0], stroke[0]) <= radius2;
  for (size_t i = 1; i < stroke.size(); i++)
    if (distance2(x, y, stroke[i - 1], stroke[i]) <= radius2) return true;
  return false;
}

// False for a coordinate that the encoder would refuse. Pressure and time are repaired instead: they are hints.
bool sanitize(Point& point) {
  // Written so that NaN fails.
  if (!(std::fabs(point.x) <= kMaxCoordinate) || !(std::fabs(point.y) <= kMaxCoordinate)) return false;
  point.pressure = point.pressure >= 0 ? std::min(point.pressure, 1.0f) : point.pressure < 0 ? 0.0f : 0.5f;
  if (!std::isfinite(point.t_ms)) point.t_ms = 0;
  return true;
}

}  // namespace

Err InkDocument::check(Point& point) const {
  if (!sanitize(point)) return Err::kBadData;
  if (visible_points_ + static_cast<int32_t>(live_.size()) >= kMaxInkPoints) return Err::kTooLarge;
  return Err::kOk;
}

Err InkDocument::begin_stroke(Point point) {
  if (!live_.empty()) end_stroke();
  if (stroke_count() >= kMaxInkStrokes) return Err::kTooLarge;
  if (const Err err = check(point); err != Err::kOk) return err;
  live_.push_back(point);
  return Err::kOk;
}

Err InkDocument::extend_stroke(Point point) {
  if (live_.empty()) return Err::kBadArgument;
  if (const Err err = check(point); err != Err::kOk) return err;
  if (point.x == live_.back().x && point.y == live_.back().y) return Err::kOk;
  live_.push_back(point);
  return Err::kOk;
}

Err InkDocument::end_stroke() {
  if (live_.empty()) return Err::kEmpty;
  drop_redo();  // before the stroke is stored: what redo would add is the newest part of the pool
  Edit edit;
  edit.added.push_back(store(live_));
  live_.clear();
  commit(std::move(edit));
  return Err::kOk;
}

Err InkDocument::cancel_stroke() {
  if (live_.empty()) return Err::kEmpty;
  live_.clear();
  return Err::kOk;
}

Err InkDocument::undo() {
  if (!live_.empty()) end_stroke();
  if (undone_all()) return Err::kEmpty;
  revert(edits_[--done_]);
  return Err::kOk;
}

Err InkDocument::redo() {
  if (!live_.empty()) end_stroke();
  if (!can_redo()) return Err::kEmpty;
  apply(edits_[done_++]);
  return Err::kOk;
}

Err InkDocument::clear() {
  if (!live_.empty()) end_stroke();
  if (visible_.empty()) return Err::kEmpty;
  Edit edit;
  edit.removed.reserve(visible_.size());
  for (int32_t i = 0; i < stroke_count(); i++) edit.removed.push_back({i, visible_[i]});
  drop_redo();
  commit(std::move(edit));
  return Err::kOk;
}

Err InkDocument::erase(float x, float y, float radius) {
  if (!live_.empty()) end_stroke();
  for (int32_t i = stroke_count() - 1; i >= 0; i--) {
    if (!touches(stroke(i), x, y, radius)) continue;
    Edit edit;
    edit.removed.push_back({i, visible_[i]});
    drop_redo();
    commit(std::move(edit));
    return Err::kOk;
  }
  return Err::kEmpty;
}

Err InkDocument::replace(std::span<const Point> points, std::span<const int32_t> ends) {
  if (points.size() > static_cast<size_t>(kMaxInkPoints) ||
      ends.size() > static_cast<size_t>(kMaxInkStrokes)) {
    return Err::kTooLarge;
  }
  int32_t begin = 0;
  for (const int32_t end : ends) {
    if (end < begin) return Err::kBadData;
    begin = end;
  }
  if (begin != static_cast<int32_t>(points.size())) return Err::kBadData;
  std::vector<Point> checked(points.begin(), points.end());
  for (Point& point : checked)
    if (!sanitize(point)) return Err::kBadData;

  if (!live_.empty()) end_stroke();
  if (checked.empty() && visible_.empty()) return Err::kEmpty;
  drop_redo();
  Edit edit;
  for (int32_t i = 0; i < stroke_count(); i++) edit.removed.push_back({i, visible_[i]});
  begin = 0;
  for (const int32_t end : ends) {
    if (end > begin) edit.added.push_back(store(std::span<const Point>(checked).subspan(begin, end - begin)));
    begin = end;
  }
  commit(std::move(edit));
  return Err::kOk;
}

std::span<const Point> InkDocument::stroke(int32_t i) const {
  assert(i >= 0 && i < stroke_count());
  const Range range = ranges_[visible_[i]];
  return std::span<const Point>(pool_).subspan(range.begin, range.end - range.begin);
}

Ink InkDocument::ink() const {
  Ink out;
  out.points.reserve(visible_points_);
  out.ends.reserve(visible_.size());
  for (int32_t i = 0; i < stroke_count(); i++) {
    const auto points = stroke(i);
    out.points.insert(out.points.end(), points.begin(), points.end());
    out.ends.push_back(static_cast<int32_t>(out.points.size()));
  }
  return out;
}

int64_t InkDocument::memory_bytes() const {
  int64_t bytes = (pool_.capacity() + live_.capacity()) * sizeof(Point) + ranges_.capacity() * sizeof(Range) +
                  visible_.capacity() * sizeof(int32_t) + edits_.capacity() * sizeof(Edit);
  for (const Edit& edit : edits_)
    bytes += edit.removed.capacity() * sizeof(Removed) + edit.added.capacity() * sizeof(int32_t);
  return bytes;
}

int32_t InkDocument::store(std::span<const Point> points) {
  const auto begin = static_cast<int32_t>(pool_.size());
  pool_.insert(pool_.end(), points.begin(), points.end());
  ranges_.push_back({begin, static_cast<int32_t>(pool_.size())});
  return static_cast<int32_t>(ranges_.size()) - 1;
}

// Needs drop_redo() first.
void InkDocument::commit(Edit edit) {
  edits_.push_back(std::move(edit));
  apply(edits_[done_++]);
  if (done_ > kMaxEdits || static_cast<int32_t>(pool_.size()) > kMaxPoolPoints) forget_oldest();
}

void InkDocument::apply(const Edit& edit) {
  for (size_t i = edit.removed.size(); i-- > 0;) visible_.erase(visible_.begin() + edit.removed[i].position);
  visible_.insert(visible_.end(), edit.added.begin(), edit.added.end());
  recount();
}

void InkDocument::revert(const Edit& edit) {
  visible_.resize(visible_.size() - edit.added.size());
  for (const Removed& removed : edit.removed)
    visible_.insert(visible_.begin() + removed.position, removed.stroke);
  recount();
}

// Strokes that only a redo could bring back are the last of the pool, because the edits that added them are the last.
void InkDocument::drop_redo() {
  int32_t first = static_cast<int32_t>(ranges_.size());
  for (size_t i = done_; i < edits_.size(); i++)
    for (const int32_t stroke : edits_[i].added) first = std::min(first, stroke);
  if (first < static_cast<int32_t>(ranges_.size())) {
    pool_.resize(ranges_[first].begin);
    ranges_.resize(first);
  }
  edits_.resize(done_);
}

// Forgets the older half of the history, then every stroke that neither the page nor the rest of the history needs.
void InkDocument::forget_oldest() {
  const int32_t forgotten = (done_ + 1) / 2;
  edits_.erase(edits_.begin(), edits_.begin() + forgotten);
  done_ -= forgotten;

  std::vector<int32_t> renamed(ranges_.size(), -1);
  const auto keep = [&](int32_t stroke) { renamed[stroke] = 0; };
  for (const int32_t stroke : visible_) keep(stroke);
  for (const Edit& edit : edits_) {
    for (const Removed& removed : edit.removed) keep(removed.stroke);
    for (const int32_t stroke : edit.added) keep(stroke);
  }
  int32_t points = 0, strokes = 0;
  for (size_t i = 0; i < ranges_.size(); i++) {
    if (renamed[i] < 0) continue;
    const Range range = ranges_[i];
    std::copy(pool_.begin() + range.begin, pool_.begin() + range.end, pool_.begin() + points);
    ranges_[strokes] = {points, points + range.end - range.begin};
    points = ranges_[strokes].end;
    renamed[i] = strokes++;
  }
  pool_.resize(points);
  ranges_.resize(strokes);
  for (int32_t& stroke : visible_) stroke = renamed[stroke];
  for (Edit& edit : edits_) {
    for (Removed& removed : edit.removed) removed.stroke = renamed[removed.stroke];
    for (int32_t& stroke : edit.added) stroke = renamed[stroke];
  }
  // One edit that removes or adds more than the pool may hold keeps its strokes alive: go on until it is forgotten.
  if (static_cast<int32_t>(pool_.size()) > kMaxPoolPoints && done_ > 0) forget_oldest();
}

void InkDocument::recount() {
  visible_points_ = 0;
  for (const int32_t stroke : visible_) visible_points_ += ranges_[stroke].end - ranges_[stroke].begin;
}

}  // namespace biji
