// `biji recognize`: photographs to text, by the same encoder and decoder as the page.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "native/data/photo.h"
#include "native/nets/model.h"
#include "shared/reader.h"

namespace biji {

// Begins to read a photograph, as the page does; read() (native/train/read.h) goes on from there.
Err begin(Reader& reader, const Photo& photo, const ReadOptions& options);

// The text without the characters of which the best candidate is less probable than that; lines of which nothing is left
// are left out.
std::string confident_text(const Readings& readings, double min_probability);

struct RecognizeOptions {
  std::vector<std::filesystem::path> inputs;  // pictures, and ink in .json files (native/data/ink_file.h)
  std::filesystem::path model;                // an exported model or a training run
  std::filesystem::path annotate;             // a folder for one "<file name>.svg" an input; empty = none
  std::filesystem::path json;  // everything that was found, for programs; "-" = stdout, empty = none
  std::string allow;           // as parse_allow has it ("0-9"); empty = all
  double min_probability = 0;  // of characters in the text
  ReadOptions reading;
};

// Prints each line of text as soon as its picture is read (behind the file's name when there are several), an
// empty one for a picture without characters; with json "-", prints the JSON alone. How many characters are unsure, and a
// picture that cannot be read, is reported on stderr; the rest goes on. The JSON, with the fields of the page's result:
//   format (2), model, min_probability, images [{file, width, height, text, sure, candidates [{text, probability}],
//   lines [{box {x, y, width, height}, begin, end}], characters [{text, box, line, sure, candidates}]} or {file, error}]
// stop: ends after the picture that is being read; what is done by then is written. Returns how many pictures
// were not read. Throws std::runtime_error when the model cannot be loaded, allow does not fit it, or an
// output cannot be written.
int64_t recognize(const RecognizeOptions& options, const std::atomic<bool>* stop = nullptr);

}  // namespace biji
