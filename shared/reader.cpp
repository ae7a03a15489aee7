#include "shared/reader.h"

#include <algorithm>
#include <cassert>

namespace biji {
namespace {

// FNV-1a, 64 bits.
uint64_t hash_of(std::span<const uint8_t> bytes) {
  uint64_t hash = 14695981039346656037u;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

bool is_share(float v) {
  return v >= 0 && v <= 1;
}

Box around(const Box& a, const Box& b) {
  const float x = std::min(a.x, b.x), y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x, std::max(a.y + a.height, b.y + b.height) - y};
}

}  // namespace

Err Reader::set_model(ReaderModel model) {
  if (!valid(model.input) || model.labels.empty() || !usable_temperature(model.temperature) ||
      !is_share(model.rejection) || !is_share(model.look.below) || !is_share(model.look.shear))
    return Err::kBadArgument;
  model_ = std::move(model);
  memory_.clear();
  oldest_ = 0;
  start(Err::kEmpty, {});
  return Err::kOk;
}

Err Reader::begin(const Ink& ink, const ReadOptions& options) {
  const EncodeOptions encoding{model_.input, options.split, fills_squares(model_.labels)};
  const Err err = start(encode(ink, encoding), options);
  stroke_points_.clear();
  for (int32_t i = 0; i < ink.stroke_count(); ++i)
    stroke_points_.push_back(static_cast<int32_t>(ink.stroke(i).size()));
  return err;
}

Err Reader::begin(const Image& gray, const ReadOptions& options) {
  return start(encode(gray, {model_.input, options.split, fills_squares(model_.labels), options.shade}),
               options);
}

Err Reader::begin(Encoded characters, const ReadOptions& options) {
  if (characters.count() == 0) return start(Err::kEmpty, options);
  for (std::vector<int32_t>& strokes : characters.strokes)
    strokes.clear();  // of many inks: they mean nothing
  return start(std::move(characters), options);
}

Err Reader::start(Result<Encoded> encoded, const ReadOptions& options) {
  encoded_ = {};
  views_.clear();
  asked_.clear();
  looked_up_ = 0;
  sheared_ = false;
  done_ = true;
  logits_.clear();
  result_ = {};
  const bool allows = options.allow.empty() || (options.allow.size() == classes() &&
                                                std::any_of(options.allow.begin(), options.allow.end(),
                                                            [](uint8_t flag) { return flag != 0; }));
  if (classes() == 0 || options.candidates < 1 || options.candidates > 1024 || !allows)
    return Err::kBadArgument;
  if (encoded.err == Err::kEmpty) return Err::kOk;
  if (!encoded.ok()) return encoded.err;
  options_ = options;
  encoded_ = std::move(encoded.value);
  const size_t each = encoded_.input.size() / static_cast<size_t>(encoded_.count());
  for (int32_t i = 0; i < encoded_.count(); ++i)
    add_view(i, std::span<const uint8_t>(encoded_.input).subspan(static_cast<size_t>(i) * each, each));
  encoded_.input = {};
  done_ = false;
  return Err::kOk;
}

void Reader::add_view(int32_t character, std::span<const uint8_t> input) {
  views_.push_back({character, {input.begin(), input.end()}, {}});
}

Batch Reader::next() {
  while (!done_ && asked_.empty()) {
    batch_.clear();
    for (; looked_up_ < views_.size() && static_cast<int32_t>(asked_.size()) < batch_limit_; ++looked_up_) {
      View& view = views_[looked_up_];
      if (const Remembered* known = recall(view.input)) {
        view.logits = known->logits;
      } else {
        asked_.push_back(looked_up_);
        batch_.insert(batch_.end(), view.input.begin(), view.input.end());
      }
    }
    if (!asked_.empty() || shear_unsure()) continue;
    average_views();
    decode();
    done_ = true;
    views_.clear();
  }
  if (done_) return {};
  return {batch_, static_cast<int32_t>(asked_.size())};
}

Err Reader::feed(std::span<const float> logits) {
  if (asked_.empty() || logits.size() != asked_.size() * classes()) return Err::kBadData;
  for (size_t i = 0; i < asked_.size(); ++i) {
    View& view = views_[asked_[i]];
    const auto row = logits.subspan(i * classes(), classes());
    view.logits.assign(row.begin(), row.end());
    remember(view);
  }
  asked_.clear();
  return Err::kOk;
}

// Gives the characters that the model is unsure about their sheared views, once. True when there are any.
bool Reader::shear_unsure() {
  const TestTimeAugmentation& look = model_.look;
  if (sheared_ || look.below <= 0 || look.shear <= 0) return false;
  sheared_ = true;
  const size_t first = views_.size();
  std::vector<float> all;
  for (const View& view : views_) all.insert(all.end(), view.logits.begin(), view.logits.end());
  const std::vector<int32_t> which =
      unsure(all, static_cast<int32_t>(classes()), model_.temperature, look.below);
  for (const float shear : {look.shear, -look.shear}) {
    for (const int32_t i : which) {
      const Result<Image> view = sheared_view(encoded_, i, model_.input, shear);
      if (view.ok()) add_view(i, view.value.pixels);  // else its other views must do
    }
  }
  return views_.size() > first;
}

// The mean of logits is the geometric mean of probabilities.
void Reader::average_views() {
  const auto count = static_cast<size_t>(encoded_.count());
  logits_.assign(count * classes(), 0);
  std::vector<int32_t> seen(count);
  for (const View& view : views_) {
    float* sum = &logits_[static_cast<size_t>(view.character) * classes()];
    for (size_t c = 0; c < classes(); ++c)
      sum[c] = seen[view.character] == 0 ? view.logits[c] : sum[c] + view.logits[c];
    ++seen[view.character];
  }
  for (size_t i = 0; i < count; ++i)
    if (seen[i] > 1)
      for (size_t c = 0; c < classes(); ++c) logits_[i * classes() + c] /= static_cast<float>(seen[i]);
}

void Reader::decode() {
  std::vector<std::vector<Candidate>> candidates;
  for (int32_t i = 0; i < encoded_.count(); ++i) {
    Result<std::vector<Candidate>> best =
        top_k(logits(i), options_.allow, model_.temperature, options_.candidates);
    assert(best.ok());  // start() has seen to everything that could be wrong
    ReadCharacter character;
    character.text = model_.labels[best.value[0].index];
    character.box = encoded_.boxes[i];
    character.line = encoded_.lines[i];
    for (const int32_t stroke : encoded_.strokes[i])
      character.strokes.push_back({stroke, 0, stroke_points_[stroke]});
    character.sure = best.value[0].probability >= model_.rejection;
    character.candidates = best.value;
    candidates.push_back(std::move(best.value));

    if (i == 0 || character.line != encoded_.lines[i - 1]) {
      result_.lines.push_back({character.box, i, i + 1});
    } else {
      ReadLine& line = result_.lines.back();
      line.box = around(line.box, character.box);
      line.end = i + 1;
    }
    character.line = static_cast<int32_t>(result_.lines.size()) - 1;
    result_.sure = result_.sure && character.sure;
    result_.characters.push_back(std::move(character));
  }
  for (const Reading& reading : best_readings(candidates, options_.candidates)) {
    ReadText whole{{}, reading.probability};
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (i > 0 && result_.characters[i].line != result_.characters[i - 1].line) whole.text += '\n';
      whole.text += model_.labels[candidates[i][reading.choice[i]].index];
    }
    result_.candidates.push_back(std::move(whole));
  }
  result_.text = result_.candidates[0].text;
}

std::span<const float> Reader::logits(int32_t i) const {
  assert(i >= 0 && (static_cast<size_t>(i) + 1) * classes() <= logits_.size());
  return std::span<const float>(logits_).subspan(static_cast<size_t>(i) * classes(), classes());
}

void Reader::remember(const View& view) {
  const int64_t each = static_cast<int64_t>(view.input.size() + sizeof(float) * view.logits.size());
  const int64_t room = memory_bytes_ / std::max<int64_t>(each, 1);
  if (room < 1) return;
  Remembered entry{hash_of(view.input), view.input, view.logits};
  if (static_cast<int64_t>(memory_.size()) < room) {
    memory_.push_back(std::move(entry));
  } else {
    memory_[oldest_] = std::move(entry);
    oldest_ = (oldest_ + 1) % memory_.size();
  }
}

const Reader::Remembered* Reader::recall(std::span<const uint8_t> input) const {
  if (memory_.empty()) return nullptr;
  const uint64_t hash = hash_of(input);
  for (const Remembered& entry : memory_)
    if (entry.hash == hash && std::equal(input.begin(), input.end(), entry.input.begin(), entry.input.end()))
      return &entry;
  return nullptr;
}

}  // namespace biji
