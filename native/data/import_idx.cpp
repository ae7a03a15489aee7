// MNIST and EMNIST, as idx files.

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "native/base/file.h"
#include "native/data/alike.h"
#include "native/data/idx.h"
#include "native/data/import.h"
#include "native/data/npy.h"
#include "shared/labels.h"
#include "shared/normalize.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// Adding a set is adding a row.
struct IdxSet {
  const char* name;
  const char* prefix;   // of the files' names: "<prefix><split>-images-idx3-ubyte"
  const char* classes;  // labels separated by spaces; several characters: one of these
  uint8_t first_label;  // the number that stands for the first class
  InputSpec input;
  bool emnist;  // stored column-major, with a mapping file
};

// The fifteen letters whose cases look alike are one class each in the merged sets.
#define BIJI_DIGITS "0 1 2 3 4 5 6 7 8 9"
#define BIJI_MERGED \
  BIJI_DIGITS " A B Cc D E F G H Ii Jj Kk Ll Mm N Oo Pp Q R Ss T Uu Vv Ww Xx Yy Zz a b d e f g h n q r t"
constexpr IdxSet kIdxSets[] = {
    {"mnist", "", BIJI_DIGITS, 0, kDigitsInput, false},
    {"emnist", "emnist-byclass-",
     BIJI_DIGITS " A B C D E F G H I J K L M N O P Q R S T U V W X Y Z"
                 " a b c d e f g h i j k l m n o p q r s t u v w x y z",
     0, kLettersInput, true},
    {"emnist-bymerge", "emnist-bymerge-", BIJI_MERGED, 0, kLettersInput, true},
    {"emnist-balanced", "emnist-balanced-", BIJI_MERGED, 0, kLettersInput, true},
    {"emnist-letters", "emnist-letters-",
     "Aa Bb Cc Dd Ee Ff Gg Hh Ii Jj Kk Ll Mm Nn Oo Pp Qq Rr Ss Tt Uu Vv Ww Xx Yy Zz", 1, kLettersInput, true},
    {"emnist-digits", "emnist-digits-", BIJI_DIGITS, 0, kLettersInput, true},
    {"emnist-mnist", "emnist-mnist-", BIJI_DIGITS, 0, kLettersInput, true},
};

Labels classes_of(const IdxSet& set) {
  Labels classes;
  std::istringstream words(set.classes);
  for (std::string word; words >> word;) classes.push_back(word);
  return classes;
}

// "emnist-letters-mapping.txt": lines of a label and the codes of its characters. Where it is there, it must
// agree with the table.
void check_mapping(const PrepareOptions& options, const IdxSet& set, const Labels& classes) {
  for (const fs::path& folder : options.from) {
    const fs::path path = folder / (std::string(set.prefix) + "mapping.txt");
    if (!fs::is_regular_file(path)) continue;
    std::istringstream lines(read_file(path, 1 << 20));
    int label = 0, code = 0;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream numbers(line);
      if (!(numbers >> label)) continue;
      const int64_t index = label - set.first_label;
      while (numbers >> code)
        if (index < 0 || index >= static_cast<int64_t>(classes.size()) ||
            classes[static_cast<size_t>(index)].find(static_cast<char>(code)) == std::string::npos)
          throw std::runtime_error(path.string() + ": maps label " + std::to_string(label) +
                                   " to character code " + std::to_string(code) + ", which the set \"" +
                                   set.name + "\" does not; is it the mapping of another set?");
    }
    return;
  }
}

// What every image is held against.
struct Wanted {
  const LabelledImages& images;
  uint8_t first_label;
  std::vector<uint8_t> allowed;  // [classes of the set] flags
  InputSpec input;
  bool compare;        // whether others holds anything
  const Alike others;  // the same writing as in there is left out

  std::vector<Imported> make(const std::vector<uint32_t>& block) const;
  Imported normal(uint32_t i, const Image& image) const;
};

Image image_at(const LabelledImages& images, uint32_t i) {
  Image image(static_cast<int32_t>(images.width), static_cast<int32_t>(images.height));
  const size_t area = image.pixels.size();
  std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(i * area), area, image.pixels.begin());
  return image;
}

Imported Wanted::normal(uint32_t i, const Image& image) const {
  Imported made{"image " + std::to_string(i)};
  const int number = images.labels[i] - first_label;
  made.label = static_cast<uint16_t>(std::max(0, number));
  if (number < 0) {
    made.left_out = "the label is not of this set";
  } else if (!allowed[made.label]) {
    made.left_out = "the character is not among the classes";
  } else {
    Result<Image> square = normalize(image, input);
    if (square.ok())
      made.pixels = std::move(square.value.pixels);
    else
      made.left_out = "the image is blank";
  }
  return made;
}

std::vector<Imported> Wanted::make(const std::vector<uint32_t>& block) const {
  std::vector<Imported> made;
  std::vector<Image> raw;     // where they are to be compared
  std::vector<size_t> which;  // of made
  for (const uint32_t i : block) {
    Image image = image_at(images, i);
    made.push_back(normal(i, image));
    if (!compare || !made.back().left_out.empty()) continue;
    raw.push_back(std::move(image));
    which.push_back(made.size() - 1);
  }
  const std::vector<float> likeness = others.likeness(raw);
  for (size_t k = 0; k < which.size(); ++k)
    if (likeness[k] >= kSameWriting) made[which[k]].left_out = "the same writing is in a pack of --without";
  return made;
}

const IdxSet& set_called(const std::string& name) {
  for (const IdxSet& set : kIdxSets)
    if (name == set.name) return set;
  throw std::runtime_error("no data set is called \"" + name + "\"");
}

}  // namespace

std::vector<std::string> idx_sets() {
  std::vector<std::string> names;
  for (const IdxSet& set : kIdxSets) names.emplace_back(set.name);
  return names;
}

namespace {

// Keras' mnist.npz, given by name or in a folder; else the idx files.
LabelledImages images_of(const PrepareOptions& options, const IdxSet& set, uint32_t labels) {
  if (!set.emnist)
    for (const fs::path& from : options.from) {
      const fs::path file = fs::is_directory(from) ? from / "mnist.npz" : from;
      if (file.extension() == ".npz" && fs::is_regular_file(file))
        return read_npz(file, options.split, labels);
    }
  const std::string split = set.emnist || options.split != "test" ? options.split : "t10k";
  return read_idx_pair(options.from, set.prefix + split, set.emnist, labels);
}

}  // namespace

void import_idx(const PrepareOptions& options) {
  const IdxSet& set = set_called(options.set);
  const Labels classes = classes_of(set);
  if (set.emnist) check_mapping(options, set, classes);
  const LabelledImages images =
      images_of(options, set, static_cast<uint32_t>(classes.size()) + set.first_label);

  const Result<std::vector<uint8_t>> allowed = parse_allow(options.classes, classes);
  if (!allowed.ok())
    throw std::runtime_error("--classes \"" + options.classes + "\": no class of the set \"" + set.name +
                             "\" is among these characters; write them like 0-9 or A-Za-z");
  Labels kept;
  std::vector<uint16_t> moved;
  for (size_t c = 0; c < classes.size(); ++c) {
    moved.push_back(static_cast<uint16_t>(kept.size()));
    if (allowed.value[c]) kept.push_back(classes[c]);
  }
  const InputSpec input = options.input                   ? options.input->spec
                          : kept.size() == classes.size() ? set.input
                                                          : input_for(kept).spec;
  const Wanted wanted{images, set.first_label,          allowed.value,
                      input,  !options.without.empty(), Alike(options.without)};

  ImportedPack pack(options, PackKind::kPixels, input);
  Progress& progress = pack.progress.emplace("prepare", std::max<int64_t>(1, images.count));
  Import<uint32_t> import(
      options, pack, [&](const std::vector<uint32_t>& block) { return wanted.make(block); },
      [&] {
        if (progress.due(pack.seen())) progress.show(pack.seen(), "", 1, "images");
      });
  for (uint32_t i = 0; i < images.count; ++i) import.push(i);
  import.finish();
  progress.clear();
  const std::string side = std::to_string(input.size_px);
  pack.commit(
      std::string(set.name) + "-" + options.split, kept, moved, {}, kTermsNist,
      ", " + std::to_string(images.width) + "x" + std::to_string(images.height) + " -> " + side + "x" + side);
}

}  // namespace biji
