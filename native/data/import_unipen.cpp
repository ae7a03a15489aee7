// UNIPEN's pen ink: characters as classes, words and lines as texts.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "native/base/file.h"
#include "native/data/class_table.h"
#include "native/data/import.h"
#include "native/data/unipen.h"
#include "native/data/unipen_files.h"
#include "shared/labels.h"

namespace biji {
namespace {

constexpr size_t kNamed = 20;  // lost includes that are named

std::set<std::string> split_at(const std::string& text, const char* ends) {
  std::set<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find_first_of(ends, begin), text.size());
    if (end > begin) parts.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "app/DaveMeek,aga/crlmtchl", or a file with one a line.
std::set<std::string> writer_list(const std::string& text) {
  std::error_code error;
  if (std::filesystem::is_regular_file(text, error)) return split_at(read_file(text, 1 << 20), "\r\n");
  std::set<std::string> list = split_at(text, ",");
  for (const std::string& each : list)
    if (each.find('/') == std::string::npos)
      throw std::runtime_error("\"" + each +
                               "\" is neither a file with a list of writers nor one of them; write "
                               "COLLECTION/WRITER, such as app/DaveMeek");
  return list;
}

// Which files and writers are wanted.
struct Choice {
  std::set<std::string> categories, collections, without_collections, writers, without_writers;

  explicit Choice(const PrepareOptions& options)
      : categories(split_at(options.categories.empty() ? "1a,1b,1c,1d" : options.categories, ",")),
        collections(split_at(options.collections, ",")),
        without_collections(split_at(options.without_collections, ",")),
        writers(writer_list(options.writers)),
        without_writers(writer_list(options.without_writers)) {}

  // Files outside a distribution have no category.
  bool wants(const UnipenFiles::File& file) const {
    return (file.category.empty() || categories.contains(file.category)) &&
           (collections.empty() || collections.contains(file.collection)) &&
           !without_collections.contains(file.collection);
  }
  bool wants_writer(const std::string& writer) const {
    return (writers.empty() || writers.contains(writer)) && !without_writers.contains(writer);
  }
  bool texts() const {
    const auto several = [](const std::string& category) { return category >= "4" && category < "9"; };
    const auto count = std::count_if(categories.begin(), categories.end(), several);
    if (count > 0 && count < static_cast<std::ptrdiff_t>(categories.size()))
      throw std::runtime_error(
          "--categories has characters and texts: make a pack of each, or one of texts with --texts");
    return count > 0;
  }
};

// What a data file holds.
struct FileSamples {
  std::string name, collection;
  std::vector<UnipenSample> samples;
  std::vector<std::string> lost;
  Skipped skipped;
};

FileSamples read_file_samples(const UnipenFiles& files, const UnipenFiles::File& file) {
  FileSamples out{file.name, file.collection, {}, {}, {}};
  const std::optional<std::string> text = files.read(file);
  if (!text) {
    out.skipped.add("a data file is too large, no file, or a link out of the folder", file.name);
    return out;
  }
  out.lost = read_unipen(
      file.name, *text, [&](const std::string& path) { return files.include(file, path); }, out.skipped,
      [&](UnipenSample&& sample) {
        out.samples.push_back(std::move(sample));
        return true;
      });
  return out;
}

// Pendigits says who wrote a digit in the comment behind it: "8 12 224" is writer 12's eight.
std::string pendigits_writer(const UnipenSample& sample) {
  std::istringstream words(sample.comment);
  std::string label, writer, number, more;
  const bool three = words >> label >> writer >> number && !(words >> more);
  const auto is_number = [](const std::string& word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return three && sample.type == "DIGIT" && label == sample.label && is_number(writer) && is_number(number)
             ? writer
             : "";
}

// Takes the samples of the files, in order.
class Taker {
 public:
  Taker(const PrepareOptions& options, const Choice& choice, ImportedPack& pack, bool texts)
      : table(options.classes.empty() ? "all" : options.classes),
        options_(options),
        choice_(choice),
        pack_(pack),
        texts_(texts) {}

  void take(FileSamples&& file) {
    for (const auto& [reason, entry] : file.skipped.reasons) pack_.skipped.add(reason, entry);
    for (const std::string& path : file.lost) ++lost_[path];
    for (UnipenSample& sample : file.samples) take_sample(file, std::move(sample));
  }
  // By collection, and the includes that were not there.
  void print() const {
    for (const auto& [name, row] : collections_)
      std::printf("  %-12s %7lld %s by %zu %s\n", name.c_str(), static_cast<long long>(row.samples),
                  texts_ ? "texts" : "samples", row.writers.size(),
                  row.writers.size() == 1 ? "writer" : "writers");
    size_t named = 0;
    for (const auto& [path, count] : lost_) {
      if (++named > kNamed) continue;
      std::printf("missing or refused: .INCLUDE %s, by %lld %s\n", path.c_str(),
                  static_cast<long long>(count), count == 1 ? "file" : "files");
    }
    if (lost_.size() > kNamed) std::printf("missing or refused: %zu more includes\n", lost_.size() - kNamed);
    size_t unseen = 0;
    std::string first;
    for (const auto* list : {&choice_.writers, &choice_.without_writers})
      for (const std::string& writer : *list)
        if (!seen_.contains(writer) && unseen++ == 0) first = writer;
    if (unseen > 0)
      std::printf("%zu of the writers that were named have nothing here (first: %s)\n", unseen,
                  first.c_str());
  }
  // Whether all that was taken is Pendigits'.
  const char* terms() const { return pendigits_ ? kTermsPendigits : kTermsUnipen; }

  ClassTable table;
  Writers writers;

 private:
  struct Collection {
    int64_t samples = 0;
    std::set<uint16_t> writers;
  };

  void take_sample(const FileSamples& file, UnipenSample&& sample) {
    Imported made{file.name + ", component " + std::to_string(sample.component)};
    std::string collection = file.collection, writer = sample.writer;
    bool pendigits = false;
    if (writer.empty()) {
      writer = pendigits_writer(sample);
      if ((pendigits = !writer.empty())) collection = "pendigits";
    }
    if (writer.empty()) writer = "unknown";
    writer = collection + "/" + writer;
    seen_.insert(writer);
    if (!choice_.wants_writer(writer)) return;
    if (texts_) {
      if (sample.label.size() > kMaxPackText) return pack_.skipped.add("the text is too long", made.where);
      made.text = sample.label;
    } else {
      std::vector<int32_t> characters;
      if (!code_points(sample.label, characters) || characters.size() != 1)
        return pack_.skipped.add("the label has several characters; --texts would take it", made.where);
      const std::optional<uint16_t> label = table.find(sample.label);
      if (!label) return pack_.skipped.add("the character is not among the classes", made.where);
      made.label = *label;
    }
    for (int32_t s = 0; s < sample.ink.stroke_count(); ++s)
      if (sample.ink.stroke(s).size() > 65535)
        return pack_.skipped.add("a stroke has more than 65,535 points", made.where);
    made.group = writers.find(writer);
    if (options_.cap > 0 && ++taken_[{made.group, sample.label}] > options_.cap)
      return pack_.skipped.add("more than --cap samples of one label by one writer", made.where);
    made.ink = std::move(sample.ink);
    Collection& row = collections_[collection];
    ++row.samples;
    row.writers.insert(made.group);
    pendigits_ &= pendigits;
    pack_.add(std::move(made));
  }

  const PrepareOptions& options_;
  const Choice& choice_;
  ImportedPack& pack_;
  const bool texts_;
  bool pendigits_ = true;
  std::map<std::string, Collection> collections_;
  std::map<std::string, int64_t> lost_;
  std::set<std::string> seen_;
  std::map<std::pair<uint16_t, std::string>, int64_t> taken_;
};

std::string name_of(const PrepareOptions& options, const Taker& taker) {
  if (taker.terms() == std::string(kTermsPendigits)) return "pendigits";
  std::string name = "unipen";
  if (!options.categories.empty()) name += "-" + options.categories;
  return name;
}

}  // namespace

void import_unipen(const PrepareOptions& options) {
  const Choice choice(options);
  const bool texts = options.texts || choice.texts();
  if (texts && !options.classes.empty())
    throw std::runtime_error("--classes is for packs of characters, not for texts");
  const UnipenFiles files(options.from);
  std::vector<const UnipenFiles::File*> wanted;
  for (const UnipenFiles::File& file : files.files())
    if (choice.wants(file)) wanted.push_back(&file);
  if (wanted.empty())
    throw std::runtime_error(options.from.front().string() +
                             ": has no file of these categories and collections; --from takes "
                             "the folder that holds data/ and include/, or an archive of them");

  ImportedPack pack(options, texts ? PackKind::kTexts : PackKind::kStrokes, {});
  pack.progress.emplace("prepare", static_cast<int64_t>(wanted.size()));
  Taker taker(options, choice, pack, texts);
  int64_t done = 0;
  Pipeline<const UnipenFiles::File*, FileSamples> pipeline(
      thread_count(options),
      [&files](const UnipenFiles::File* file) { return read_file_samples(files, *file); },
      [&](FileSamples&& file) {
        const std::string collection = file.collection;
        taker.take(std::move(file));
        if (pack.progress->due(++done))
          pack.progress->show(done, std::to_string(pack.count()) + " samples, " + collection, 1, "files");
      });
  for (const UnipenFiles::File* file : wanted) pipeline.push(file);
  pipeline.finish();
  pack.progress->clear();
  if (pack.count() == 0) {
    taker.print();
    throw std::runtime_error(options.from.front().string() + ": " + std::to_string(wanted.size()) +
                             " files, but no sample that is wanted" + pack.skipped.text());
  }
  const auto [classes, moved] = taker.table.finish();
  const size_t writers = taker.writers.names.size();
  pack.commit(name_of(options, taker), texts ? Labels() : classes, moved, taker.writers.names, taker.terms(),
              " by " + std::to_string(writers) + (writers == 1 ? " writer" : " writers") + " in " +
                  std::to_string(wanted.size()) + (wanted.size() == 1 ? " file" : " files"));
  taker.print();
}

}  // namespace biji
