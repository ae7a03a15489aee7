// Turns the official distribution of a data set into a pack: scans and pictures pass through the encoder of
// the page, ink is kept as strokes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shared/normalize.h"

namespace biji {

// The input of a network and what the network is called.
struct NamedInput {
  std::string name;
  InputSpec spec;
};

struct PrepareOptions {
  std::string set = {};         // a name of prepare_sets()
  std::string split = "train";  // idx sets: "train", "test", or what else the files are called
  std::vector<std::filesystem::path> from = {};  // idx sets: folders, searched in this order; CASIA: anything
                                                 // that for_each_file (archive.h) reads; png: folders
  std::filesystem::path out = {};
  // Samples of other classes are left out. idx sets: characters as in parse_allow (decode.h), "0-9"; empty: all.
  // CASIA, unipen, png: "gb2312-1" (3,755 characters), "all" that are found (sorted), or a text file with one label a line;
  // empty: gb2312-1 for CASIA, all for unipen and png. Not for texts.
  std::string classes = {};
  // CASIA: "1001-1200,1205", by the files' names. unipen: "app/DaveMeek,pendigits/28", or a text file with one a line.
  // Empty: all.
  std::string writers = {};
  // unipen only.
  std::string without_writers = {};  // these are left out; as for writers
  std::string categories =
      {};  // "1a,1b"; empty: 1a to 1d. Files outside a distribution have none and always count
  std::string collections = {};          // "app,tos"; empty: all
  std::string without_collections = {};  // these are left out
  int64_t cap = 0;     // of the samples of one label by one writer, the first so many; 0: all
  bool texts = false;  // a pack of texts; of categories 4 to 8 in any case
  // idx sets: packs of pixels; samples that show the same writing as one in there (alike.h) are left out.
  std::vector<std::filesystem::path> without = {};
  // idx sets, hwdb, png: the input to make, a picture. Empty: for hwdb that of hanzi, else that of digits for the classes 0-9, of letters where only a-z
  // and A-Z join them, else of hanzi; for idx sets of which all classes are kept, the set's own.
  std::optional<NamedInput> input = {};
  // Throw where a file ends within a sample or cannot be read; else what precedes is kept, with a warning.
  bool strict = false;
  int threads = 0;  // 0 = one a core
};

// "mnist"; "emnist" (byclass), "emnist-bymerge", "emnist-balanced", "emnist-letters", "emnist-digits",
// "emnist-mnist"; "hwdb" (.gnt), "olhwdb" (.pot); "unipen" (also Pendigits); "png": folders FOLDER/LABEL/*.png, one a class, named by its
// label in UTF-8 or as `biji show --png-dir` names them (label_of_folder in picture.h). Each file is one
// character, dark on light or light on dark; hidden files are ignored.
std::vector<std::string> prepare_sets();

// Writes the pack; prints progress and a summary (samples, classes, samples a class, what was skipped and
// why). Memory does not grow with the set but for 12 bytes a sample (idx sets: the files themselves).
// Throws std::runtime_error naming the file and what to try.
void prepare(const PrepareOptions& options);

}  // namespace biji
