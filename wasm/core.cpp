#include "wasm/core.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "shared/decode.h"
#include "shared/encode.h"

using namespace biji;

struct biji_core {
  EncodeOptions options;
  Labels labels;
  std::vector<uint8_t> allow;  // [labels], empty = all
  void* scratch = nullptr;     // malloc'ed, so that a hostile size fails without ending the program
  int32_t scratch_bytes = 0;
  float below = 0;  // biji_core_set_look_again
  Encoded encoded;
  std::vector<int32_t> again;        // characters of encoded to look at once more
  std::vector<uint8_t> again_input;  // [kLeanings, again, channels, size, size]
  int32_t candidate_count = 0;
  std::vector<int32_t> indices;      // [characters, candidate_count]
  std::vector<float> probabilities;  // [characters, candidate_count]
  struct Text {
    std::string text;
    float probability;
  };
  std::vector<Text> readings;

  ~biji_core() { std::free(scratch); }
};

namespace {

int32_t status(Err err) {
  return static_cast<int32_t>(err);
}

// The scratch buffer as count values of T from byte offset; empty when it is too short for that.
template <class T>
std::span<const T> scratch_span(const biji_core* core, int64_t offset, int64_t count) {
  if (count < 0 || offset + count * int64_t{sizeof(T)} > core->scratch_bytes) return {};
  return {reinterpret_cast<const T*>(static_cast<const char*>(core->scratch) + offset),
          static_cast<size_t>(count)};
}

int32_t keep(biji_core* core, Result<Encoded> result) {
  core->again.clear();
  core->again_input.clear();
  if (!result.ok()) {
    core->encoded = {};
    return status(result.err);
  }
  core->encoded = std::move(result.value);
  return status(Err::kOk);
}

}  // namespace

biji_core* biji_core_create(void) {
  return new (std::nothrow) biji_core;
}
void biji_core_destroy(biji_core* core) {
  delete core;
}
const char* biji_core_error_text(int32_t code) {
  return err_message(static_cast<Err>(code));
}

int32_t biji_core_set_input(biji_core* core, int32_t size_px, int32_t box_px, int32_t centring, float pen_px,
                            int32_t directions, int32_t order) {
  const InputSpec spec{size_px, box_px, static_cast<Centring>(centring), pen_px, directions, order != 0};
  if (!valid(spec)) return status(Err::kBadArgument);
  core->options.spec = spec;
  return status(Err::kOk);
}

int32_t biji_core_set_look_again(biji_core* core, float below, float slant) {
  if (!(below >= 0 && below <= 1) || !(slant >= 0 && slant <= 1)) return status(Err::kBadArgument);
  core->below = below;
  core->options.slant = below > 0 ? slant : 0;
  return status(Err::kOk);
}

int32_t biji_core_input_version(const biji_core* core) {
  return input_version(core->options.spec);
}

int32_t biji_core_set_labels(biji_core* core, int32_t bytes) {
  const std::span<const char> text = scratch_span<char>(core, 0, bytes);
  if (static_cast<int32_t>(text.size()) != bytes) return status(Err::kBadArgument);
  Result<Labels> labels = parse_labels({text.data(), text.size()});
  if (!labels.ok()) return status(labels.err);
  core->labels = std::move(labels.value);
  core->options.square = fills_squares(core->labels);
  core->allow.clear();
  return status(Err::kOk);
}

int32_t biji_core_label_count(const biji_core* core) {
  return static_cast<int32_t>(core->labels.size());
}

int32_t biji_core_set_allow(biji_core* core, int32_t bytes) {
  const std::span<const char> text = scratch_span<char>(core, 0, bytes);
  if (static_cast<int32_t>(text.size()) != bytes) return status(Err::kBadArgument);
  if (bytes == 0) {
    core->allow.clear();
    return status(Err::kOk);
  }
  Result<std::vector<uint8_t>> allow = parse_allow({text.data(), text.size()}, core->labels);
  if (!allow.ok()) return status(allow.err);
  core->allow = std::move(allow.value);
  return status(Err::kOk);
}

void* biji_core_scratch(biji_core* core, int32_t bytes) {
  if (bytes < 0) return nullptr;
  if (bytes > core->scratch_bytes || core->scratch == nullptr) {
    std::free(core->scratch);
    core->scratch = std::malloc(static_cast<size_t>(bytes) + 16);  // malloc aligns to 16 here and natively
    core->scratch_bytes = core->scratch == nullptr ? 0 : bytes;
  }
  return core->scratch;
}

int32_t biji_core_encode_ink(biji_core* core, int32_t points, int32_t strokes, int32_t split) {
  if (points < 0 || strokes < 0) return status(Err::kBadArgument);
  if (points > kMaxInkPoints || strokes > kMaxInkStrokes) return status(Err::kTooLarge);
  const int64_t n = points;
  const auto xy = scratch_span<float>(core, 0, 2 * n);
  const auto pressure = scratch_span<float>(core, 8 * n, n);
  const auto ends = scratch_span<int32_t>(core, 12 * n, strokes);
  if (static_cast<int64_t>(xy.size()) != 2 * n || static_cast<int32_t>(ends.size()) != strokes)
    return status(Err::kBadData);
  Result<Ink> ink = make_ink(xy, pressure, ends);
  if (!ink.ok()) return status(ink.err);
  core->options.split = split != 0;
  return keep(core, encode(ink.value, core->options));
}

int32_t biji_core_encode_image(biji_core* core, int32_t width, int32_t height, int32_t channels,
                               int32_t shade, int32_t split) {
  if (width < 1 || height < 1 || (channels != 1 && channels != 4) || shade < 0 || shade > 2)
    return status(Err::kBadArgument);
  const int64_t pixels = int64_t{width} * height;
  if (width > kMaxImageSide || height > kMaxImageSide || pixels > kMaxImagePixels)
    return status(Err::kTooLarge);
  const auto data = scratch_span<uint8_t>(core, 0, pixels * channels);
  if (static_cast<int64_t>(data.size()) != pixels * channels) return status(Err::kBadData);
  Image gray;
  if (channels == 4) {
    Result<Image> converted = gray_from_rgba(data, width, height);
    if (!converted.ok()) return status(converted.err);
    gray = std::move(converted.value);
  } else {
    gray = Image(width, height);
    std::memcpy(gray.pixels.data(), data.data(), data.size());
  }
  core->options.split = split != 0;
  core->options.shade = static_cast<Shade>(shade);
  return keep(core, encode(gray, core->options));
}

int32_t biji_core_count(const biji_core* core) {
  return core->encoded.count();
}
const uint8_t* biji_core_input(const biji_core* core) {
  return core->encoded.input.data();
}
const float* biji_core_boxes(const biji_core* core) {
  static_assert(sizeof(Box) == 4 * sizeof(float));
  return reinterpret_cast<const float*>(core->encoded.boxes.data());
}
const int32_t* biji_core_lines(const biji_core* core) {
  return core->encoded.lines.data();
}

int32_t biji_core_look_again(biji_core* core, int32_t classes, float temperature) {
  core->again.clear();
  core->again_input.clear();
  if (classes < 1 || classes != biji_core_label_count(core)) return status(Err::kBadData);
  if (!usable_temperature(temperature)) return status(Err::kBadArgument);
  const int64_t count = core->encoded.count();
  const auto logits = scratch_span<float>(core, 0, count * classes);
  if (static_cast<int64_t>(logits.size()) != count * classes) return status(Err::kBadData);
  const std::vector<uint8_t>& leaning = core->encoded.leaning;
  if (leaning.empty()) return status(Err::kOk);
  core->again = unsure(logits, classes, temperature, core->below);
  const size_t each = leaning.size() / (static_cast<size_t>(count) * kLeanings);
  for (size_t side = 0; side < kLeanings; ++side)
    for (const int32_t i : core->again) {
      const auto from = leaning.begin() + static_cast<ptrdiff_t>((i * size_t{kLeanings} + side) * each);
      core->again_input.insert(core->again_input.end(), from, from + static_cast<ptrdiff_t>(each));
    }
  return status(Err::kOk);
}
int32_t biji_core_again_count(const biji_core* core) {
  return kLeanings * static_cast<int32_t>(core->again.size());
}
const uint8_t* biji_core_again_input(const biji_core* core) {
  return core->again_input.data();
}

int32_t biji_core_decode(biji_core* core, int32_t classes, float temperature, int32_t k) {
  core->candidate_count = 0;
  core->indices.clear();
  core->probabilities.clear();
  core->readings.clear();
  if (k < 1 || k > 1024) return status(Err::kBadArgument);
  if (classes < 1 || classes != biji_core_label_count(core)) return status(Err::kBadData);
  const int32_t count = core->encoded.count();
  const int64_t seen = int64_t{count} + biji_core_again_count(core);
  const auto given = scratch_span<float>(core, 0, seen * classes);
  if (static_cast<int64_t>(given.size()) != seen * classes) return status(Err::kBadData);
  const size_t first = static_cast<size_t>(count) * classes;
  std::vector<float> logits(given.begin(), given.begin() + static_cast<ptrdiff_t>(first));
  average_views(logits, core->again, given.subspan(first), classes);

  std::vector<std::vector<Candidate>> characters;
  for (int32_t i = 0; i < count; ++i) {
    const auto row = std::span<const float>(logits).subspan(static_cast<size_t>(i) * classes, classes);
    Result<std::vector<Candidate>> best = top_k(row, core->allow, temperature, k);
    if (!best.ok()) return status(best.err);
    for (const Candidate& candidate : best.value) {
      core->indices.push_back(candidate.index);
      core->probabilities.push_back(candidate.probability);
    }
    core->candidate_count = static_cast<int32_t>(best.value.size());
    characters.push_back(std::move(best.value));
  }
  for (const Reading& reading : best_readings(characters, k)) {
    biji_core::Text text{{}, reading.probability};
    for (int32_t i = 0; i < count; ++i) {
      if (i > 0 && core->encoded.lines[i] != core->encoded.lines[i - 1]) text.text += '\n';
      text.text += core->labels[characters[i][reading.choice[i]].index];
    }
    core->readings.push_back(std::move(text));
  }
  return status(Err::kOk);
}

int32_t biji_core_candidate_count(const biji_core* core) {
  return core->candidate_count;
}
const int32_t* biji_core_candidate_indices(const biji_core* core) {
  return core->indices.data();
}
const float* biji_core_candidate_probabilities(const biji_core* core) {
  return core->probabilities.data();
}

int32_t biji_core_reading_count(const biji_core* core) {
  return static_cast<int32_t>(core->readings.size());
}
const char* biji_core_reading_text(const biji_core* core, int32_t i) {
  return i < 0 || i >= biji_core_reading_count(core) ? nullptr : core->readings[i].text.c_str();
}
float biji_core_reading_probability(const biji_core* core, int32_t i) {
  return i < 0 || i >= biji_core_reading_count(core) ? 0 : core->readings[i].probability;
}
