#include "wasm/core.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "shared/reader.h"

using namespace biji;

struct biji_core {
  Reader reader;
  ReaderModel model;  // as far as it is known; complete with biji_core_set_model
  ReadOptions options;
  Batch batch;
  void* scratch = nullptr;  // malloc'ed, so that a hostile size fails without ending the program
  int32_t scratch_bytes = 0;
  std::vector<int32_t> words;  // the result
  std::string text;            // of it

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

// The scratch buffer's first `bytes` bytes; false when it is shorter.
bool scratch_text(const biji_core* core, int32_t bytes, std::string_view& text) {
  const std::span<const char> span = scratch_span<char>(core, 0, bytes);
  text = {span.data(), span.size()};
  return static_cast<int64_t>(span.size()) == bytes;
}

// What was read before: after a call that fails there is no result.
void forget(biji_core* core) {
  core->batch = {};
  core->reader.begin(Encoded(), {});
}

// Writes a result as biji_core_result describes it.
class ResultWriter {
 public:
  ResultWriter(std::vector<int32_t>& words, std::string& text) : words_(words), text_(text) {
    words_.clear();
    text_.clear();
  }
  void put(int32_t word) { words_.push_back(word); }
  void put_count(size_t count) { put(static_cast<int32_t>(count)); }
  void put(float value) {
    int32_t word;
    std::memcpy(&word, &value, sizeof word);
    put(word);
  }
  void put(const std::string& text) {
    put_count(text_.size());
    put_count(text.size());
    text_ += text;
  }
  void put(const Box& box) {
    for (const float value : {box.x, box.y, box.width, box.height}) put(value);
  }
  void put(const Readings& result) {
    put(int32_t{result.sure});
    put_count(result.candidates.size());
    put_count(result.lines.size());
    put_count(result.characters.size());
    for (const ReadText& reading : result.candidates) {
      put(reading.text);
      put(reading.probability);
    }
    for (const ReadLine& line : result.lines) {
      put(line.box);
      put(line.begin);
      put(line.end);
    }
    for (const ReadCharacter& character : result.characters) put(character);
  }

 private:
  void put(const ReadCharacter& character) {
    put(character.text);
    put(character.box);
    put(character.line);
    put(int32_t{character.sure});
    put_count(character.strokes.size());
    put_count(character.candidates.size());
    for (const StrokeRange& range : character.strokes)
      for (const int32_t word : {range.stroke, range.begin, range.end}) put(word);
    for (const Candidate& candidate : character.candidates) {
      put(candidate.index);
      put(candidate.probability);
    }
  }
  std::vector<int32_t>& words_;
  std::string& text_;
};

}  // namespace

int32_t biji_core_abi(void) {
  return BIJI_CORE_ABI;
}
biji_core* biji_core_create(void) {
  return new (std::nothrow) biji_core;
}
void biji_core_destroy(biji_core* core) {
  delete core;
}
const char* biji_core_error_text(int32_t code) {
  return err_message(static_cast<Err>(code));
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

int32_t biji_core_set_input(biji_core* core, int32_t size_px, int32_t box_px, int32_t centring, float pen_px,
                            int32_t directions, int32_t order) {
  const InputSpec spec{size_px, box_px, static_cast<Centring>(centring), pen_px, directions, order != 0};
  if (!valid(spec)) return status(Err::kBadArgument);
  core->model.input = spec;
  return status(Err::kOk);
}

int32_t biji_core_set_augmentation(biji_core* core, float below, float shear) {
  if (!(below >= 0 && below <= 1) || !(shear >= 0 && shear <= 1)) return status(Err::kBadArgument);
  core->model.look = {below, shear};
  return status(Err::kOk);
}

int32_t biji_core_set_model(biji_core* core, int32_t bytes, float temperature, float rejection) {
  std::string_view text;
  if (!scratch_text(core, bytes, text)) return status(Err::kBadArgument);
  Result<Labels> labels = parse_labels(text);
  if (!labels.ok()) return status(labels.err);
  core->model.labels = std::move(labels.value);
  core->model.temperature = temperature;
  core->model.rejection = rejection;
  core->options.allow.clear();
  core->batch = {};
  return status(core->reader.set_model(core->model));
}

int32_t biji_core_input_version(const biji_core* core) {
  return input_version(core->model.input);
}
int32_t biji_core_label_count(const biji_core* core) {
  return static_cast<int32_t>(core->reader.model().labels.size());
}

int32_t biji_core_set_options(biji_core* core, int32_t bytes, int32_t candidates, int32_t split) {
  if (candidates < 1 || candidates > 1024) return status(Err::kBadArgument);
  std::string_view text;
  if (!scratch_text(core, bytes, text)) return status(Err::kBadArgument);
  Result<std::vector<uint8_t>> allow = std::vector<uint8_t>();
  if (bytes > 0) allow = parse_allow(text, core->reader.model().labels);
  if (!allow.ok()) return status(allow.err);
  core->options.allow = std::move(allow.value);
  core->options.candidates = candidates;
  core->options.split = split != 0;
  return status(Err::kOk);
}

int32_t biji_core_begin_ink(biji_core* core, int32_t points, int32_t strokes) {
  forget(core);
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
  return status(core->reader.begin(ink.value, core->options));
}

int32_t biji_core_begin_image(biji_core* core, int32_t width, int32_t height, int32_t channels,
                              int32_t shade) {
  forget(core);
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
  core->options.shade = static_cast<Shade>(shade);
  return status(core->reader.begin(gray, core->options));
}

int32_t biji_core_next(biji_core* core) {
  core->batch = core->reader.next();
  return core->batch.count;
}
const uint8_t* biji_core_batch(const biji_core* core) {
  return core->batch.input.data();
}

int32_t biji_core_feed(biji_core* core, int32_t count) {
  const int64_t values = int64_t{count} * biji_core_label_count(core);
  const auto logits = scratch_span<float>(core, 0, values);
  if (static_cast<int64_t>(logits.size()) != values) return status(Err::kBadData);
  return status(core->reader.feed(logits));
}

const int32_t* biji_core_result(biji_core* core) {
  ResultWriter(core->words, core->text).put(core->reader.result());
  return core->words.data();
}
int32_t biji_core_result_words(const biji_core* core) {
  return static_cast<int32_t>(core->words.size());
}
const char* biji_core_text(const biji_core* core) {
  return core->text.c_str();
}
