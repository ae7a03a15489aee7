#include "native/data/prepare.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "native/base/file.h"
#include "native/base/pipeline.h"
#include "native/base/progress.h"
#include "native/data/alike.h"
#include "native/data/casia.h"
#include "native/data/idx.h"
#include "native/data/pack.h"
#include "native/data/picture.h"
#include "shared/binarize.h"
#include "shared/encode.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 256;  // samples that a thread works on at a time

// A set that is distributed as idx files. Adding one is adding a row.
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

int thread_count(const PrepareOptions& options) {
  return options.threads > 0 ? options.threads
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// What every set tells about itself at the end.
void print_summary(const PrepareOptions& options, const std::string& name, const Labels& classes,
                   const std::vector<int64_t>& per_class, const std::string& sizes, double seconds,
                   const Skipped& skipped) {
  int64_t samples = 0, present = 0;
  for (const int64_t n : per_class) samples += n, present += n > 0;
  std::printf("%s: %lld samples of %lld classes%s, %s (%.0f samples/s)\n", name.c_str(),
              static_cast<long long>(samples), static_cast<long long>(present), sizes.c_str(),
              duration(seconds).c_str(), static_cast<double>(samples) / std::max(seconds, 1e-9));
  if (classes.size() <= 100) {
    for (size_t c = 0; c < per_class.size(); ++c)
      std::printf("  %s %6lld%s", classes[c].c_str(), static_cast<long long>(per_class[c]),
                  c % 8 == 7 || c + 1 == per_class.size() ? "\n" : "");
  } else {
    std::vector<int64_t> counts(per_class);
    std::sort(counts.begin(), counts.end());
    std::printf("  samples a class: %lld to %lld, median %lld", static_cast<long long>(counts.front()),
                static_cast<long long>(counts.back()), static_cast<long long>(counts[counts.size() / 2]));
    if (const auto empty = static_cast<size_t>(std::count(counts.begin(), counts.end(), 0)))
      std::printf("; %zu of the %zu classes have none", empty, classes.size());
    std::printf("\n");
  }
  for (const auto& [reason, entry] : skipped.reasons)
    std::printf("skipped %lld: %s (first: %s)\n", static_cast<long long>(entry.count), reason.c_str(),
                entry.first.c_str());
  std::printf("wrote %s: %.1f MB\n", options.out.c_str(),
              static_cast<double>(fs::file_size(options.out)) / 1e6);
}

// ---- idx
// -----------------------------------------------------------------------------------------------------------

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

// The network whose input suits these labels.
struct Reader {
  std::string name;
  InputSpec input;
};
Reader network_for(const Labels& classes) {
  const auto all = [&](int (*is)(int)) {
    return std::all_of(classes.begin(), classes.end(), [&](const std::string& label) {
      return std::all_of(label.begin(), label.end(), [&](char c) {
        return static_cast<unsigned char>(c) < 128 && is(static_cast<unsigned char>(c)) != 0;
      });
    });
  };
  if (all(std::isdigit)) return {"digits", kDigitsInput};
  if (all(std::isalnum)) return {"letters", kLettersInput};
  return {"hanzi", kHanziInput};
}

void prepare_idx(const PrepareOptions& options, const IdxSet& set) {
  const std::string split = set.emnist || options.split != "test" ? options.split : "t10k";
  Labels classes;
  std::istringstream words(set.classes);
  for (std::string word; words >> word;) classes.push_back(word);
  if (set.emnist) check_mapping(options, set, classes);
  const LabelledImages images = read_idx_pair(options.from, set.prefix + split, set.emnist,
                                              static_cast<uint32_t>(classes.size()) + set.first_label);
  const size_t area = size_t{images.height} * images.width;

  const Result<std::vector<uint8_t>> wanted = parse_allow(options.classes, classes);
  if (!wanted.ok())
    throw std::runtime_error("--classes \"" + options.classes + "\": no class of the set \"" + set.name +
                             "\" is among these characters; write them like 0-9 or A-Za-z");
  Labels kept;
  std::vector<uint16_t> moved(classes.size());
  for (size_t c = 0; c < classes.size(); ++c) {
    moved[c] = static_cast<uint16_t>(kept.size());
    if (wanted.value[c]) kept.push_back(classes[c]);
  }
  const InputSpec input = options.network != "auto"       ? options.network_input.picture()
                          : kept.size() == classes.size() ? set.input
                                                          : network_for(kept).input.picture();
  const Alike others(options.without);

  PackWriter pack(options.out, PackKind::kPixels, input);
  std::vector<int64_t> per_class(kept.size());
  Skipped skipped;
  Progress progress("prepare", std::max<int64_t>(1, images.count));
  struct Made {
    const char* left_out = nullptr;  // why
    uint16_t label = 0;
    Image image;
  };
  int64_t next = 0;
  Pipeline<uint32_t, std::vector<Made>> pipeline(
      thread_count(options),
      [&](uint32_t begin) {
        std::vector<Made> block;
        std::vector<Image> raw;     // where they are to be compared
        std::vector<size_t> which;  // of block
        for (uint32_t i = begin; i < std::min<uint32_t>(begin + kBlock, images.count); ++i) {
          Made& made = block.emplace_back();
          const int number = images.labels[i] - set.first_label;
          if (number < 0 || !wanted.value[static_cast<size_t>(number)]) {
            made.left_out =
                number < 0 ? "the label is not of this set" : "the character is not among the classes";
            continue;
          }
          made.label = moved[static_cast<size_t>(number)];
          Image image(static_cast<int32_t>(images.width), static_cast<int32_t>(images.height));
          std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(i * area), area,
                      image.pixels.begin());
          Result<Image> normal = normalize(image, input);
          if (!normal.ok()) {
            made.left_out = "the image is blank";
            continue;
          }
          made.image = std::move(normal.value);
          if (options.without.empty()) continue;
          raw.push_back(std::move(image));
          which.push_back(block.size() - 1);
        }
        const std::vector<float> likeness = others.likeness(raw);
        for (size_t k = 0; k < which.size(); ++k)
          if (likeness[k] >= kSameWriting)
            block[which[k]].left_out = "the same writing is in a pack of --without";
        return block;
      },
      [&](std::vector<Made> block) {
        for (const Made& made : block) {
          const std::string where = "image " + std::to_string(next++);
          if (made.left_out != nullptr) {
            skipped.add(made.left_out, where);
            continue;
          }
          pack.add(made.label, 0, made.image.pixels);
          ++per_class[made.label];
        }
        if (progress.due(next)) progress.show(next, "", 1, "images");
      });
  for (uint32_t begin = 0; begin < images.count; begin += kBlock) pipeline.push(begin);
  pipeline.finish();
  progress.clear();
  const std::string name = std::string(set.name) + "-" + options.split;
  pack.commit(name, kept);
  print_summary(options, name, kept, per_class,
                ", " + std::to_string(images.width) + "x" + std::to_string(images.height) + " -> " +
                    std::to_string(input.size_px) + "x" + std::to_string(input.size_px),
                progress.seconds(), skipped);
}

// ---- tables of classes, writers
// ------------------------------------------------------------------------------------

// Labels as numbers; "all" grows as labels turn up and is sorted in the end.
class ClassTable {
 public:
  explicit ClassTable(const std::string& which) : open_(which == "all") {
    if (open_) return;
    if (which == "gb2312-1") {
      labels_ = gb2312_level1();
    } else {
      Result<Labels> labels = parse_labels(read_file(which, 1 << 20));
      if (!labels.ok())
        throw std::runtime_error(which +
                                 ": is no list of classes (one label a line, UTF-8); --classes also takes "
                                 "gb2312-1 or all");
      labels_ = std::move(labels.value);
    }
    for (size_t i = 0; i < labels_.size(); ++i) index_.emplace(labels_[i], static_cast<uint16_t>(i));
  }

  std::optional<uint16_t> find(const std::string& label) {
    const auto found = index_.find(label);
    if (found != index_.end()) return found->second;
    if (!open_ || labels_.size() >= 65535) return std::nullopt;
    const auto index = static_cast<uint16_t>(labels_.size());
    labels_.push_back(label);
    index_.emplace(label, index);
    return index;
  }

  // The final order, and where each number of find() went.
  std::pair<Labels, std::vector<uint16_t>> finish() const {
    std::vector<uint16_t> order(labels_.size()), moved(labels_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint16_t>(i);
    if (open_) std::sort(order.begin(), order.end(), [&](auto a, auto b) { return labels_[a] < labels_[b]; });
    Labels sorted;
    for (size_t i = 0; i < order.size(); ++i) {
      sorted.push_back(labels_[order[i]]);
      moved[order[i]] = static_cast<uint16_t>(i);
    }
    return {std::move(sorted), std::move(moved)};
  }

 private:
  bool open_;
  Labels labels_;
  std::unordered_map<std::string, uint16_t> index_;
};

// "1001-1200,1205" as a set of numbers.
class WriterFilter {
 public:
  explicit WriterFilter(const std::string& text) {
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
      int first = 0, last = 0;
      const char* end = part.data() + part.size();
      const auto a = std::from_chars(part.data(), end, first);
      last = first;
      auto stop = a.ptr;
      if (a.ec == std::errc() && stop != end && *stop == '-') {
        const auto b = std::from_chars(stop + 1, end, last);
        stop = b.ec == std::errc() ? b.ptr : part.data();
      }
      if (a.ec != std::errc() || stop != end || last < first)
        throw std::runtime_error("--writers \"" + text + "\": write it like 1001-1200,1205");
      ranges_.emplace_back(first, last);
    }
  }
  bool allows(const std::string& writer) const {
    if (ranges_.empty()) return true;
    int number = -1;
    std::from_chars(writer.data(), writer.data() + writer.size(), number);
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](const auto& r) { return number >= r.first && number <= r.second; });
  }

 private:
  std::vector<std::pair<int, int>> ranges_;
};

// Who wrote a file: "a.zip: dir/1001-c.gnt" -> "1001"; a name without a number in front as it is.
std::string writer_of(const std::string& stream_name) {
  std::string name = stream_name.substr(stream_name.find_last_of("/ ") + 1);
  name = name.substr(0, name.find('.'));
  size_t digits = 0;
  while (digits < name.size() && std::isdigit(static_cast<unsigned char>(name[digits]))) ++digits;
  return digits > 0 ? name.substr(0, digits) : name;
}

// ---- CASIA
// ---------------------------------------------------------------------------------------------------------

// One loop for scans and ink. Sample: GntSample or PotSample; Made: what goes into the pack.
template <class Sample, class Made>
void prepare_casia(const PrepareOptions& options, const char* extension, PackKind kind,
                   void (*read)(ByteStream&, Skipped&, const std::function<bool(Sample&&)>&),
                   Result<Made> (*make)(Sample&&), std::string (*sizes)(const std::vector<Sample>&)) {
  ClassTable table(options.classes.empty() ? "gb2312-1" : options.classes);
  const WriterFilter writers(options.writers);
  PackWriter pack(options.out, kind, kHanziInput.picture());
  std::vector<std::string> groups;
  std::map<std::string, uint16_t> group_index;
  std::vector<int64_t> per_class;
  Skipped skipped;
  std::string some_sizes;

  struct Item {
    uint16_t label, group;
    std::string where;
  };
  struct Block {
    std::vector<Item> items;
    std::vector<Sample> samples;
  };
  struct MadeBlock {
    std::vector<Item> items;
    std::vector<Result<Made>> made;
  };
  Pipeline<Block, MadeBlock> pipeline(
      thread_count(options),
      [make](Block block) {
        MadeBlock out{std::move(block.items), {}};
        for (Sample& sample : block.samples) out.made.push_back(make(std::move(sample)));
        return out;
      },
      [&](MadeBlock block) {
        for (size_t i = 0; i < block.items.size(); ++i) {
          const Item& item = block.items[i];
          if (!block.made[i].ok()) {
            skipped.add("there is no ink", item.where);
            continue;
          }
          if constexpr (std::is_same_v<Made, Image>)
            pack.add(item.label, item.group, block.made[i].value.pixels);
          else
            pack.add(item.label, item.group, block.made[i].value);
          if (per_class.size() <= item.label) per_class.resize(item.label + size_t{1});
          ++per_class[item.label];
        }
      });

  std::optional<Progress> progress;
  Block block;
  const int64_t files =
      for_each_file(options.from, extension, [&](ByteStream& stream, const ReadProgress& at) {
        if (!progress)
          progress.emplace("prepare", std::max<int64_t>(1, static_cast<int64_t>(at.total >> 20)));
        const std::string writer = writer_of(stream.name());
        if (!writers.allows(writer)) return true;
        const auto [group, fresh] = group_index.emplace(writer, static_cast<uint16_t>(groups.size()));
        if (fresh) groups.push_back(writer);
        if (groups.size() > 65535) throw std::runtime_error("more than 65,535 writers in one pack");
        int64_t number = 0;
        read(stream, skipped, [&](Sample&& sample) {
          const std::string where = stream.name() + ", sample " + std::to_string(++number);
          if (const std::optional<uint16_t> label = table.find(sample.label)) {
            block.items.push_back({*label, group->second, where});
            block.samples.push_back(std::move(sample));
            if (block.items.size() == kBlock) {
              if (some_sizes.empty()) some_sizes = sizes(block.samples);
              pipeline.push(std::move(block));
              block = {};
            }
          } else {
            skipped.add("the character is not among the classes", where);
          }
          return true;
        });
        const auto done = static_cast<int64_t>(at.done >> 20);
        if (progress->due(done)) {
          const std::string samples = std::to_string(pack.count()) + " samples, " + writer;
          progress->show(done, samples, 1, "MB");
        }
        return true;
      });
  if (!block.items.empty()) {
    if (some_sizes.empty()) some_sizes = sizes(block.samples);
    pipeline.push(std::move(block));
  }
  pipeline.finish();
  if (progress) progress->clear();
  if (pack.count() == 0) {
    std::string why = files == 0 ? std::string("no ") + extension + " file is there"
                                 : std::to_string(files) + " files, but no sample that is wanted";
    for (const auto& [reason, entry] : skipped.reasons) why += "; " + reason + " (" + entry.first + ")";
    throw std::runtime_error(options.from.front().string() + ": " + why);
  }
  auto [classes, moved] = table.finish();
  pack.relabel(moved);
  per_class.resize(classes.size());
  std::vector<int64_t> sorted(classes.size());
  for (size_t i = 0; i < moved.size(); ++i) sorted[moved[i]] = per_class[i];
  std::string name = options.set;
  if (!options.writers.empty()) name += "-" + options.writers;
  pack.commit(name, classes, groups);
  print_summary(
      options, name, classes, sorted,
      " by " + std::to_string(groups.size()) + (groups.size() == 1 ? " writer, " : " writers, ") + some_sizes,
      progress->seconds(), skipped);
}

Result<Image> make_scan(GntSample&& sample) {
  const Result<Image> ink = ink_from_gray(sample.gray, Shade::kDark, Scene::kCharacter);
  return ink.ok() ? normalize(ink.value, kHanziInput.picture()) : ink;
}

Result<Ink> make_strokes(PotSample&& sample) {
  for (int32_t s = 0; s < sample.ink.stroke_count(); ++s)
    if (sample.ink.stroke(s).size() > 65535) return Err::kTooLarge;
  return std::move(sample.ink);
}

std::string scan_sizes(const std::vector<GntSample>& samples) {
  double width = 0, height = 0;
  for (const GntSample& s : samples) width += s.gray.width, height += s.gray.height;
  char text[64];
  std::snprintf(text, sizeof text, "some %.0f x %.0f -> %d x %d", width / static_cast<double>(samples.size()),
                height / static_cast<double>(samples.size()), kHanziInput.size_px, kHanziInput.size_px);
  return text;
}

std::string ink_sizes(const std::vector<PotSample>& samples) {
  double strokes = 0, points = 0;
  for (const PotSample& s : samples) {
    strokes += s.ink.stroke_count();
    points += static_cast<double>(s.ink.points.size());
  }
  char text[64];
  std::snprintf(text, sizeof text, "some %.0f strokes and %.0f points each",
                strokes / static_cast<double>(samples.size()), points / static_cast<double>(samples.size()));
  return text;
}

// ---- PNG
// -----------------------------------------------------------------------------------------------------------

constexpr uint64_t kMaxPngBytes = 1ull << 29;  // kMaxImagePixels at 16 bits a channel, uncompressed
constexpr int64_t kNamedFiles = 20;            // of damaged files, all that are told by name

struct PngFolder {
  fs::path path;
  std::string label;
};

// In the order of --from, then of names.
std::vector<PngFolder> png_folders(const PrepareOptions& options, Skipped& skipped) {
  std::vector<PngFolder> found;
  for (const fs::path& root : options.from) {
    if (!fs::is_directory(root)) throw std::runtime_error(root.string() + ": is not a folder");
    std::vector<PngFolder> inside;
    for (const auto& entry : fs::directory_iterator(root)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      if (!entry.is_directory()) {
        skipped.add("lies beside the folders of the classes", entry.path().string());
        continue;
      }
      std::string label = label_of_folder(name);
      const Result<Labels> parsed = parse_labels(label);
      if (!parsed.ok() || parsed.value.size() != 1 || parsed.value[0] != label)
        throw std::runtime_error(entry.path().string() +
                                 ": the folder's name is no label (UTF-8, without line breaks)");
      inside.push_back({entry.path(), std::move(label)});
    }
    std::sort(inside.begin(), inside.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    found.insert(found.end(), inside.begin(), inside.end());
  }
  return found;
}

void prepare_png(const PrepareOptions& options) {
  struct Item {
    fs::path path;
    uint16_t label;
  };
  Skipped skipped;
  ClassTable table(options.classes.empty() ? "all" : options.classes);
  std::vector<Item> items;
  for (const PngFolder& folder : png_folders(options, skipped)) {
    const std::optional<uint16_t> label = table.find(folder.label);
    if (!label) {
      skipped.add("the folder's name is not among the classes", folder.path.string());
      continue;
    }
    const size_t first = items.size();
    for (const auto& entry : fs::directory_iterator(folder.path)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      std::string extension = entry.path().extension().string();
      for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (extension == ".png" && entry.is_regular_file())
        items.push_back({entry.path(), *label});
      else
        skipped.add("is no .png file", entry.path().string());
    }
    std::sort(items.begin() + static_cast<std::ptrdiff_t>(first), items.end(),
              [](const Item& a, const Item& b) { return a.path < b.path; });
  }
  const auto fail = [&] {
    std::string why;
    for (const auto& [reason, entry] : skipped.reasons) why += "; " + reason + " (" + entry.first + ")";
    throw std::runtime_error(
        options.from.front().string() +
        ": no picture could be taken; expected are folders named by their class with .png "
        "files in them, such as " +
        (options.from.front() / "7" / "a.png").string() + why);
  };
  if (items.empty()) fail();
  auto [classes, moved] = table.finish();
  const Reader network =
      options.network == "auto" ? network_for(classes) : Reader{options.network, options.network_input};
  EncodeOptions encode_options{.spec = network.input.picture(), .split = false};

  struct Made {
    std::vector<uint8_t> pixels;  // empty: why
    std::string why;
    bool damaged = false;
  };
  PackWriter pack(options.out, PackKind::kPixels, encode_options.spec);
  std::vector<int64_t> per_class(classes.size());
  Progress progress("prepare", static_cast<int64_t>(items.size()));
  size_t next = 0;
  int64_t named = 0;
  Pipeline<size_t, std::vector<Made>> pipeline(
      thread_count(options),
      [&](size_t begin) {
        std::vector<Made> block;
        for (size_t i = begin; i < std::min(begin + kBlock, items.size()); ++i) {
          Made& made = block.emplace_back();
          try {
            const std::string bytes = read_file(items[i].path, kMaxPngBytes);
            Result<Encoded> encoded = encode(
                read_png({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}), encode_options);
            if (encoded.ok())
              made.pixels = std::move(encoded.value.input);
            else
              made.why = err_message(encoded.err);
          } catch (const std::runtime_error& error) {
            made.why = error.what();
            made.damaged = true;
          }
        }
        return block;
      },
      [&](std::vector<Made> block) {
        for (const Made& made : block) {
          const Item& item = items[next++];
          if (!made.pixels.empty()) {
            const uint16_t label = moved[item.label];
            pack.add(label, 0, made.pixels);
            ++per_class[label];
            continue;
          }
          skipped.add(made.damaged ? "cannot be read" : made.why, item.path.string());
          if (!made.damaged || ++named > kNamedFiles) continue;
          progress.clear();
          std::fprintf(stderr, "skipped %s: %s\n", item.path.c_str(), made.why.c_str());
        }
        const auto done = static_cast<int64_t>(next);
        if (progress.due(done)) progress.show(done, "", 1, "images");
      });
  for (size_t begin = 0; begin < items.size(); begin += kBlock) pipeline.push(begin);
  pipeline.finish();
  progress.clear();
  if (pack.count() == 0) fail();
  fs::path root = fs::absolute(options.from.front()).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // given with a slash at the end
  std::string name = root.filename().string();
  std::replace(name.begin(), name.end(), '\n', ' ');
  pack.commit(name, classes);
  const std::string size = std::to_string(encode_options.spec.size_px);
  print_summary(options, name, classes, per_class,
                ", " + size + "x" + size + " as " + network.name + " reads them", progress.seconds(),
                skipped);
}

}  // namespace

std::vector<std::string> prepare_sets() {
  std::vector<std::string> names;
  for (const IdxSet& set : kIdxSets) names.emplace_back(set.name);
  names.insert(names.end(), {"hwdb", "olhwdb", "png"});
  return names;
}

void prepare(const PrepareOptions& options) {
  for (const IdxSet& set : kIdxSets)
    if (options.set == set.name) return prepare_idx(options, set);
  if (options.set == "hwdb")
    return prepare_casia<GntSample, Image>(options, ".gnt", PackKind::kPixels, read_gnt, make_scan,
                                           scan_sizes);
  if (options.set == "olhwdb")
    return prepare_casia<PotSample, Ink>(options, ".pot", PackKind::kStrokes, read_pot, make_strokes,
                                         ink_sizes);
  if (options.set == "png") return prepare_png(options);
  throw std::runtime_error("no data set is called \"" + options.set + "\"");
}

std::vector<std::string> gb2312_level1() {
  // Rows 16 to 55 of the code table; the last one ends early.
  std::vector<std::string> labels;
  for (int row = 0xb0; row <= 0xd7; ++row)
    for (int cell = 0xa1; cell <= (row == 0xd7 ? 0xf9 : 0xfe); ++cell)
      labels.push_back(gbk_to_utf8(static_cast<uint8_t>(row), static_cast<uint8_t>(cell)));
  return labels;
}

}  // namespace biji
