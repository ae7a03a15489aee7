// `biji recognize`: photographs to text, by the same encoder and decoder as the page.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "native/data/photo.h"
#include "native/nets/model.h"
#include "shared/binarize.h"
#include "shared/decode.h"
#include "shared/ink.h"

namespace biji {

struct ReadingOptions {
  bool split = true;                // find lines and characters; false: the picture is one character
  Shade ink = Shade::kAuto;         // darker or lighter than the paper
  int32_t candidates = 10;          // of each character, at most
  std::vector<uint8_t> allow = {};  // [classes] flags of parse_allow; empty = all
  double min_probability = 0.3;     // a character whose best candidate has less is doubtful
};

// box: in pixels of the upright picture. doubtful: it is kept out of the text.
struct ReadCharacter {
  Box box;
  std::vector<Candidate> candidates;  // best first, never empty
  bool doubtful = false;
};

// One line of text, its characters in reading order.
struct ReadLine {
  std::vector<ReadCharacter> characters;
  std::string text;
};

// Lines from the top; none when there is nothing to read. kTooLarge over kMaxCharacters characters.
Result<std::vector<ReadLine>> read_page(Model& model, const Photo& photo, const ReadingOptions& options);

// The picture as an SVG file that any browser shows, in any script: a box round each character with its text
// and probability, doubtful ones dashed and in another colour, the other candidates as tooltips. The picture
// inside is a JPEG without the original's metadata.
std::string annotated_svg(const Photo& photo, const std::vector<ReadLine>& page, const Labels& classes);

struct RecognizeOptions {
  std::vector<std::filesystem::path> images;
  std::filesystem::path model;     // an exported model or a training run
  std::filesystem::path annotate;  // a folder for one "<file name>.svg" an image; empty = none
  std::filesystem::path json;      // everything that was found, for programs; "-" = stdout, empty = none
  std::string allow;               // as parse_allow has it ("0-9"); empty = all
  ReadingOptions reading;
};

// Prints each line of text as soon as its picture is read (behind the file's name when there are several), an
// empty one for a picture without characters; with json "-", prints the JSON alone. What was left out, and a
// picture that cannot be read, is reported on stderr; the rest goes on. The JSON:
//   format (1), model, min_probability, images [{file, width, height, text, characters [{line, box {x, y,
//   width, height}, text, doubtful, candidates [{text, probability}]}]} or {file, error}]
// stop: ends after the picture that is being read; what is done by then is written. Returns how many pictures
// were not read. Throws std::runtime_error when the model cannot be loaded, allow does not fit it, or an
// output cannot be written.
int64_t recognize(const RecognizeOptions& options, const std::atomic<bool>* stop = nullptr);

}  // namespace biji
