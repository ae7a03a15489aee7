// CASIA's scans (.gnt) and pen strokes (.pot).

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "native/data/casia.h"
#include "native/data/class_table.h"
#include "native/data/import.h"
#include "shared/binarize.h"
#include "shared/normalize.h"

namespace biji {
namespace {

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

// ---- what differs between scans and ink ----

// sizes: what the summary says about the first samples; a, b: sums over them.
struct Scans {
  using Sample = GntSample;
  static constexpr const char* kExtension = ".gnt";
  static constexpr PackKind kKind = PackKind::kPixels;
  static constexpr auto read = read_gnt;
  static void make(GntSample&& sample, Imported& made, const InputSpec& input) {
    const Result<Image> ink = ink_from_gray(sample.gray, Shade::kDark, Scene::kCharacter);
    Result<Image> square = ink.ok() ? normalize(ink.value, input) : ink;
    if (square.ok())
      made.pixels = std::move(square.value.pixels);
    else
      made.left_out = "there is no ink";
  }
  static std::pair<double, double> sizes(const GntSample& sample) {
    return {sample.gray.width, sample.gray.height};
  }
  static std::string about(double width, double height, const InputSpec& input) {
    char text[64];
    std::snprintf(text, sizeof text, "some %.0f x %.0f -> %d x %d", width, height, input.size_px,
                  input.size_px);
    return text;
  }
};

struct Strokes {
  using Sample = PotSample;
  static constexpr const char* kExtension = ".pot";
  static constexpr PackKind kKind = PackKind::kStrokes;
  static constexpr auto read = read_pot;
  static void make(PotSample&& sample, Imported& made, const InputSpec&) {
    made.ink = std::move(sample.ink);
    for (int32_t s = 0; s < made.ink.stroke_count(); ++s)
      if (made.ink.stroke(s).size() > 65535) made.left_out = "a stroke has more than 65,535 points";
  }
  static std::pair<double, double> sizes(const PotSample& sample) {
    return {sample.ink.stroke_count(), static_cast<double>(sample.ink.points.size())};
  }
  static std::string about(double strokes, double points, const InputSpec&) {
    char text[64];
    std::snprintf(text, sizeof text, "some %.0f strokes and %.0f points each", strokes, points);
    return text;
  }
};

// The mean of sizes() over the first samples.
template <class Format>
class Sizes {
 public:
  void add(const typename Format::Sample& sample) {
    if (count_ == 256) return;
    ++count_;
    const auto [a, b] = Format::sizes(sample);
    a_ += a, b_ += b;
  }
  std::string text(const InputSpec& input) const { return Format::about(a_ / count_, b_ / count_, input); }

 private:
  int count_ = 0;
  double a_ = 0, b_ = 0;
};

template <class Format>
void import_format(const PrepareOptions& options) {
  ClassTable table(options.classes.empty() ? "gb2312-1" : options.classes);
  const WriterFilter filter(options.writers);
  Writers writers;
  Sizes<Format> sizes;

  const InputSpec input = options.input ? options.input->spec : kHanziInput.picture();
  ImportedPack pack(options, Format::kKind, input);
  using Item = std::pair<Imported, typename Format::Sample>;
  Import<Item> import(options, pack, each<Item>([&](Item&& item) {
                        Format::make(std::move(item.second), item.first, input);
                        return std::move(item.first);
                      }));
  std::optional<Progress>& progress = pack.progress;
  const int64_t files =
      for_each_file(options.from, Format::kExtension, [&](ByteStream& stream, const ReadProgress& at) {
        if (!progress)
          progress.emplace("prepare", std::max<int64_t>(1, static_cast<int64_t>(at.total >> 20)));
        const std::string writer = writer_of(stream.name());
        if (!filter.allows(writer)) return true;
        const uint16_t group = writers.find(writer);
        int64_t number = 0;
        Format::read(stream, pack.skipped, [&](typename Format::Sample&& sample) {
          Imported made{stream.name() + ", sample " + std::to_string(++number)};
          if (const std::optional<uint16_t> label = table.find(sample.label)) {
            made.label = *label;
            made.group = group;
            sizes.add(sample);
            import.push({std::move(made), std::move(sample)});
          } else {
            pack.skipped.add("the character is not among the classes", made.where);
          }
          return true;
        });
        const auto done = static_cast<int64_t>(at.done >> 20);
        if (progress->due(done))
          progress->show(done, std::to_string(pack.count()) + " samples, " + writer, 1, "MB");
        return true;
      });
  import.finish();
  if (progress) progress->clear();
  if (pack.count() == 0)
    throw std::runtime_error(options.from.front().string() + ": " +
                             (files == 0 ? std::string("no ") + Format::kExtension + " file is there"
                                         : std::to_string(files) + " files, but no sample that is wanted") +
                             pack.skipped.text());
  const auto [classes, moved] = table.finish();
  pack.commit(options.set + (options.writers.empty() ? "" : "-" + options.writers), classes, moved,
              writers.names, kTermsCasia,
              " by " + std::to_string(writers.names.size()) +
                  (writers.names.size() == 1 ? " writer, " : " writers, ") + sizes.text(input));
}

}  // namespace

void import_casia(const PrepareOptions& options) {
  if (options.set == "hwdb")
    import_format<Scans>(options);
  else
    import_format<Strokes>(options);
}

}  // namespace biji
