// Ink or a picture to text. One class, because reading takes turns: which inputs come next depends on the logits of
// those before. The page, `biji recognize` and `biji eval` are each a short loop around it:
//
//   Err err = reader.begin(ink, options);
//   for (Batch batch = reader.next(); batch.count > 0; batch = reader.next())
//     err = reader.feed(logits of batch.input);
//   reader.result()
//
// Models that read single characters: ink and pictures are cut into characters by geometry (segment.h), each is encoded
// (encode.h); those that the model is unsure about are read again, sheared to either side (test-time augmentation).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "decode.h"
#include "encode.h"
#include "labels.h"
#include "result.h"

namespace biji {

// What must be known of a model; model.json has all of it.
struct ReaderModel {
  InputSpec input;
  Labels labels;          // [classes]
  float temperature = 1;  // logits are divided by it
  float rejection =
      0;  // rejection threshold: a character whose best candidate is less probable is not sure; 0..1
  TestTimeAugmentation look = {};
};

struct ReadOptions {
  bool split = true;                // find characters; false: everything given is one character
  int32_t candidates = 10;          // of each character, and readings of the whole, at most: 1..1024
  std::vector<uint8_t> allow = {};  // [classes] flags of parse_allow; empty = all
  Shade shade = Shade::kAuto;       // is the ink darker or lighter than the paper? pictures only
};

// What the model should look at now.
struct Batch {
  std::span<const uint8_t> input;  // [count, channels, size_px, size_px] u8, until the next call
  int32_t count = 0;               // 0: the reading is done
};

// Points begin .. end-1 of a stroke of the ink that was given.
struct StrokeRange {
  int32_t stroke = 0;
  int32_t begin = 0;
  int32_t end = 0;
};

struct ReadCharacter {
  std::string text;
  Box box;                            // in the unit of the ink, or pixels of the picture
  int32_t line = 0;                   // index into Readings::lines
  std::vector<StrokeRange> strokes;   // of ink; empty for pictures
  std::vector<Candidate> candidates;  // indices of labels, best first, never empty
  bool sure = true;                   // the best candidate is not less probable than ReaderModel::rejection
};

// Characters begin .. end-1, and the box around them.
struct ReadLine {
  Box box;
  int32_t begin = 0;
  int32_t end = 0;
};

// A reading of the whole input, '\n' between lines, UTF-8.
struct ReadText {
  std::string text;
  float probability = 0;
};

struct Readings {
  std::string text;                  // of the best candidate; empty when there is nothing to read
  std::vector<ReadText> candidates;  // whole readings, best first
  std::vector<ReadLine> lines;
  std::vector<ReadCharacter> characters;  // in reading order
  bool sure = true;                       // all characters are
};

// Not for several threads at once. Everything it returns belongs to it and stays until the next begin().
class Reader {
 public:
  // memory_bytes: of logits kept, with the input bytes that they belong to, so that reading the same character again
  // costs no inference; the oldest go first. batch: inputs in one Batch at most, >= 1.
  explicit Reader(int64_t memory_bytes = 4 << 20, int32_t batch = 64)
      : memory_bytes_(memory_bytes), batch_limit_(batch) {}

  // kBadArgument for an invalid input, no labels, or a temperature, rejection or augmentation out of range; the model
  // is then as it was. Forgets everything.
  Err set_model(ReaderModel model);
  const ReaderModel& model() const { return model_; }

  // Begins to read. Nothing to read is no error: the result is empty. kBadArgument for options out of range or before
  // set_model(); kTooLarge over kMaxCharacters; kBadData for an empty picture. After an error there is no result.
  // Safe for untrusted input within the limits of make_ink and Image. gray: 0 = black, 255 = white.
  Err begin(const Ink& ink, const ReadOptions& options);
  Err begin(const Image& gray, const ReadOptions& options);
  // The same for characters that are separate already, encoded by append_character() or append_square().
  Err begin(Encoded characters, const ReadOptions& options);

  // What the model should look at now; the same batch again until feed() was called.
  Batch next();
  // logits: [count of the last batch, classes]. kBadData for another length: the batch then still waits for its logits.
  // NaN counts as -infinity.
  Err feed(std::span<const float> logits);

  // Complete once next() has returned an empty batch.
  const Readings& result() const { return result_; }
  // The logits of a character that was read, the mean over its views: [classes]. i: 0..characters-1 (assert).
  std::span<const float> logits(int32_t i) const;

 private:
  struct Remembered {
    uint64_t hash = 0;
    std::vector<uint8_t> input;
    std::vector<float> logits;
  };
  // One input of a character, and its logits.
  struct View {
    int32_t character = 0;
    std::vector<uint8_t> input;
    std::vector<float> logits;  // empty: not known yet
  };
  Err start(Result<Encoded> encoded, const ReadOptions& options);
  void add_view(int32_t character, std::span<const uint8_t> input);
  bool shear_unsure();
  void average_views();
  void decode();
  void remember(const View& view);
  const Remembered* recall(std::span<const uint8_t> input) const;
  size_t classes() const { return model_.labels.size(); }

  int64_t memory_bytes_;
  int32_t batch_limit_;
  ReaderModel model_;
  ReadOptions options_;
  std::vector<Remembered> memory_;  // a ring: the oldest is replaced
  size_t oldest_ = 0;

  Encoded encoded_;
  std::vector<int32_t> stroke_points_;  // how many each stroke of the ink has
  std::vector<View> views_;             // first one of each character, then those of the unsure ones
  size_t looked_up_ = 0;                // views_ before this one are known or asked for
  std::vector<size_t> asked_;           // of views_: in the batch under way
  std::vector<uint8_t> batch_;          // their input
  std::vector<float> logits_;           // [characters, classes]: the mean over views
  bool sheared_ = false;                // the unsure ones have had their views
  bool done_ = true;
  Readings result_;
};

}  // namespace biji
