#include "native/commands/show.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "native/base/file.h"
#include "native/commands/commands.h"
#include "native/commands/options.h"
#include "native/data/archive.h"
#include "native/data/casia.h"
#include "native/data/dataset.h"
#include "native/data/pack.h"
#include "native/data/picture.h"
#include "native/data/png.h"
#include "native/nets/network.h"
#include "native/train/batches.h"
#include "native/vary/draw.h"
#include "shared/binarize.h"
#include "shared/raster.h"

namespace biji {
namespace {

// pixels: u8 [h, w], or planes [n, h, w] that are put side by side.
Image to_image(const at::Tensor& planes) {
  const at::Tensor pixels = (planes.dim() == 2 ? planes : planes.permute({1, 0, 2}).flatten(1)).contiguous();
  Image image(static_cast<int32_t>(pixels.size(1)), static_cast<int32_t>(pixels.size(0)));
  std::copy_n(pixels.data_ptr<uint8_t>(), image.pixels.size(), image.pixels.begin());
  return image;
}

// A text as a part of a file's name: ASCII letters and digits, the first 60 bytes.
std::string file_name_of(const std::string& text) {
  std::string name = text.substr(0, 60);
  for (char& c : name)
    if (static_cast<unsigned char>(c) >= 128 || std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

// Collects the samples that were asked for: on the sheet, and as PNG files as they come.
class Gallery {
 public:
  explicit Gallery(const ShowOptions& options) : options_(options) {}

  // Whether a sample of this class would still be shown.
  bool wants(const std::string& label) const {
    if (!options_.class_label.empty() && label != options_.class_label) return false;
    return to_sheet() || to_file(label);
  }
  // False when no further sample of any class can be wanted.
  bool open() const { return to_sheet() || !options_.png_dir.empty(); }

  // number: of the sample, for the name of its file. text: the label is one, and goes into the name; else there is a
  // folder for each label.
  void add(const std::string& label, int64_t number, Image image, bool text = false) {
    if (options_.white_on_black)
      for (uint8_t& v : image.pixels) v = 255 - v;
    if (to_file(label)) {
      char name[32];
      std::snprintf(name, sizeof name, "%07lld", static_cast<long long>(number));
      const std::string file = name + (text ? "-" + file_name_of(label) : std::string()) + ".png";
      write_file((text ? options_.png_dir : options_.png_dir / folder_of_label(label)) / file, png(image));
      ++written_[label];
      ++files_;
    }
    if (to_sheet()) sheet_.push_back(std::move(image));
  }

  bool to_sheet() const {
    return !options_.sheet.empty() &&
           (options_.limit == 0 || static_cast<int64_t>(sheet_.size()) < options_.limit);
  }

  void finish() const { finish(options_.columns); }
  void finish(int32_t columns) const {
    if (!options_.sheet.empty()) {
      write_file(options_.sheet, png(contact_sheet(sheet_, columns)));
      std::printf("wrote %s: %zu samples\n", options_.sheet.c_str(), sheet_.size());
    }
    if (!options_.png_dir.empty())
      std::printf("wrote %lld files into %s\n", static_cast<long long>(files_), options_.png_dir.c_str());
  }

 private:
  bool to_file(const std::string& label) const {
    if (options_.png_dir.empty()) return false;
    const auto it = written_.find(label);
    return options_.limit == 0 || it == written_.end() || it->second < options_.limit;
  }

  const ShowOptions& options_;
  std::vector<Image> sheet_;
  std::map<std::string, int64_t> written_;  // files by class
  int64_t files_ = 0;
};

// Every eighth class on a line.
void print_counts(const std::vector<std::pair<std::string, int64_t>>& counts) {
  for (size_t c = 0; c < counts.size(); ++c)
    std::printf("  %s %6lld%s", counts[c].first.c_str(), static_cast<long long>(counts[c].second),
                c % 8 == 7 || c + 1 == counts.size() ? "\n" : "");
}

// Words and lines; what they say is in the names of the files, and printed row by row for the sheet.
void show_texts(const ShowOptions& options, const Pack& pack) {
  constexpr int32_t kHeight = 64;
  if (options.augmented || options.directions || options.extrapolate || options.skeletons)
    throw std::runtime_error(options.data.string() +
                             ": holds texts, which are shown as they were written only");
  std::printf("%s: %lld texts of %zu characters\n", pack.info().name.c_str(),
              static_cast<long long>(pack.count()), pack.info().classes.size());
  // A sheet as wide as one of characters.
  const int32_t columns = std::max(1, options.columns / 5),
                width = kHeight * std::max(1, options.columns / columns);
  Gallery gallery(options);
  std::string row;
  int32_t in_row = 0;
  bool found = options.class_label.empty();
  for (int64_t i = 0; i < pack.count() && gallery.open(); ++i) {
    const std::string text(pack.text(i));
    found |= text == options.class_label;
    if (!gallery.wants(text)) continue;
    const bool on_sheet = gallery.to_sheet();
    gallery.add(text, i, text_picture(pack.ink(i), width, kHeight), true);
    if (!on_sheet) continue;
    row += (in_row == 0 ? "" : " | ") + text;
    if (++in_row == columns) std::printf("  %s\n", std::exchange(row, "").c_str()), in_row = 0;
  }
  if (in_row > 0) std::printf("  %s\n", row.c_str());
  if (!found)
    throw std::runtime_error(options.data.string() + ": has no text \"" + options.class_label + "\"");
  gallery.finish(columns);
}

// The strokes of a pack as other programs read them, whatever limit says.
void write_jsonl(const ShowOptions& options, const Pack& pack) {
  const PackInfo& info = pack.info();
  if (info.kind == PackKind::kPixels)
    throw std::runtime_error(options.data.string() + ": holds pixels; --jsonl writes strokes");
  std::string lines;
  for (int64_t i = 0; i < pack.count(); ++i) {
    const std::string label = info.kind == PackKind::kTexts
                                  ? std::string(pack.text(i))
                                  : info.classes[pack.labels()[static_cast<size_t>(i)]];
    if (!options.class_label.empty() && label != options.class_label) continue;
    nlohmann::json line = {{"label", label}, {"ink", nlohmann::json::array()}};
    if (!pack.groups().empty()) line["writer"] = info.groups[pack.groups()[static_cast<size_t>(i)]];
    const Ink ink = pack.ink(i);
    for (int32_t s = 0; s < ink.stroke_count(); ++s) {
      nlohmann::json x = nlohmann::json::array(), y = x;
      for (const Point& point : ink.stroke(s)) {
        x.push_back(point.x);
        y.push_back(point.y);
      }
      line["ink"].push_back({{"x", std::move(x)}, {"y", std::move(y)}});
    }
    lines += line.dump() + "\n";
  }
  write_file(options.jsonl, lines);
  std::printf("wrote %s: %.1f MB\n", options.jsonl.c_str(), static_cast<double>(lines.size()) / 1e6);
}

// The network that reads such packs, unless another was named.
const NetworkRow& network_for(const ShowOptions& options, const PackInfo& info) {
  if (!options.network.empty()) return network_row(options.network);
  for (const NetworkRow& row : network_table())
    if (info.kind == PackKind::kPixels && row.input.picture() == info.input) return row;
  return network_row("hanzi");
}

// u8 [count, h, w] or [count, channels, h, w]. index: int64 [count].
at::Tensor shown(const ShowOptions& options, const Dataset& data, const at::Tensor& index, Recipe recipe) {
  if (options.augmented) {
    if (options.skeletons) recipe.skeletons = 1;
    if (options.extrapolate) recipe.extrapolated_style = 1;
    const float strength = options.strength >= 0 ? options.strength : recipe.augment;
    return varied(data, index, recipe, strength, options.seed, 1).mul_(255).round_().to(at::kByte);
  }
  const Peers peers = options.extrapolate ? peers_of(data) : Peers();
  return draw(data, index,
              {.input = data.input,
               .seed = options.seed,
               .extrapolate = options.extrapolate ? 1.f : 0.f,
               .peers = &peers,
               .skeletons = options.skeletons ? 1.f : 0.f})
      .pixels;
}

void show_pack(const ShowOptions& options) {
  const Pack pack(options.data);
  const PackInfo& info = pack.info();
  if (!options.jsonl.empty()) write_jsonl(options, pack);
  if (info.kind == PackKind::kTexts) return show_texts(options, pack);
  if ((options.directions || options.extrapolate) && info.kind != PackKind::kStrokes)
    throw std::runtime_error(options.data.string() + ": holds pixels; " +
                             (options.directions ? "only strokes say which way the pen went"
                                                 : "--extrapolated-style needs strokes"));
  const NetworkRow& row = network_for(options, info);
  const Dataset data =
      load_data(std::vector{options.data}, options.directions ? row.input : row.input.picture(), true);
  const auto classes = static_cast<int64_t>(data.classes.size());
  std::printf("%s: %lld samples, %lld classes, %d x %d\n", data.sources[0].name.c_str(),
              static_cast<long long>(data.size()), static_cast<long long>(classes), data.input.size_px,
              data.input.size_px);
  const at::Tensor totals = at::bincount(data.labels, {}, classes).contiguous();
  std::vector<std::pair<std::string, int64_t>> counts;
  for (int64_t c = 0; c < classes; ++c)
    counts.emplace_back(data.classes[static_cast<size_t>(c)], totals[c].item<int64_t>());
  if (counts.size() <= 100) print_counts(counts);
  if (!options.class_label.empty() &&
      std::find(data.classes.begin(), data.classes.end(), options.class_label) == data.classes.end())
    throw std::runtime_error(options.data.string() + ": has no class \"" + options.class_label + "\"");

  const auto label_of = [&](int64_t i) -> const std::string& {
    return data.classes[static_cast<size_t>(data.labels[i].item<int64_t>())];
  };
  Gallery gallery(options);
  // In batches, so that all of a large pack fit into memory.
  constexpr size_t kBatch = 1024;
  std::vector<int64_t> picks;
  const auto add_picks = [&] {
    const at::Tensor pixels = shown(options, data, at::tensor(picks, at::kLong), default_recipe(row.name));
    for (size_t k = 0; k < picks.size() && gallery.open(); ++k)
      if (gallery.wants(label_of(picks[k])))
        gallery.add(label_of(picks[k]), picks[k], to_image(pixels[static_cast<int64_t>(k)].squeeze(0)));
    picks.clear();
  };
  for (int64_t i = 0; i < data.size() && gallery.open(); ++i) {
    if (gallery.wants(label_of(i))) picks.push_back(i);
    if (picks.size() == kBatch || i + 1 == data.size()) add_picks();
  }
  gallery.finish();
}

// .gnt and .pot files, wherever they lie, drawn as the encoder sees them.
void show_casia(const ShowOptions& options) {
  constexpr InputSpec kSquare{64, 60, Centring::kBox, 3};
  if (options.augmented)
    throw std::runtime_error(options.data.string() +
                             ": --augmented shows packs; make one with `biji prepare`");
  const std::filesystem::path from[] = {options.data};
  Gallery gallery(options);
  Skipped skipped;
  std::map<std::string, int64_t> counts;  // samples by class
  int64_t samples = 0, files = 0;
  const auto take = [&](const std::string& label, const auto& encode) {
    ++counts[label];
    if (gallery.wants(label)) {
      Result<Image> image = encode();
      if (image.ok()) gallery.add(label, samples, std::move(image.value));
    }
    ++samples;
    return true;
  };
  files += for_each_file(from, ".gnt", [&](ByteStream& stream, const ReadProgress&) {
    read_gnt(stream, skipped, [&](GntSample&& sample) {
      return take(sample.label, [&]() -> Result<Image> {
        const Result<Image> ink = ink_from_gray(sample.gray, Shade::kDark, Scene::kCharacter);
        return ink.ok() ? normalize(ink.value, kSquare) : ink;
      });
    });
    return true;
  });
  files += for_each_file(from, ".pot", [&](ByteStream& stream, const ReadProgress&) {
    read_pot(stream, skipped, [&](PotSample&& sample) {
      return take(sample.label, [&] { return normalize(sample.ink, kSquare); });
    });
    return true;
  });
  if (files == 0)
    throw std::runtime_error(options.data.string() +
                             ": is no pack (.bjp), and holds no .gnt or .pot file that could be shown");
  std::printf("%lld files, %lld samples of %zu classes\n", static_cast<long long>(files),
              static_cast<long long>(samples), counts.size());
  if (counts.size() <= 100) print_counts({counts.begin(), counts.end()});
  for (const auto& [reason, entry] : skipped.reasons)
    std::printf("skipped %lld: %s (first in %s)\n", static_cast<long long>(entry.count), reason.c_str(),
                entry.first.c_str());
  if (!options.class_label.empty() && !counts.contains(options.class_label))
    throw std::runtime_error(options.data.string() + ": has no class \"" + options.class_label + "\"");
  gallery.finish();
}

}  // namespace

void show(const ShowOptions& options) {
  if (options.data.extension() == ".bjp")
    show_pack(options);
  else
    show_casia(options);
}

void add_show(CLI::App& app) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "look at data: PNG files by class, contact sheets");
  command->footer(
      "Examples:\n  biji show data/mnist-test.bjp --sheet sheet.png\n  biji show data/mnist-test.bjp "
      "--png-dir png --class 7 --limit 0\n"
      "  biji show data/mnist-train.bjp --augmented --sheet augmented.png\n"
      "  biji show data/olhwdb-train.bjp --augmented --directions --columns 4 --sheet directions.png\n"
      "  biji show data/unipen-words.bjp --sheet words.png             # prints what the words are, row by "
      "row\n"
      "  biji show HWDB1.1tst_gnt.zip --sheet scans.png --class \xe6\xb1\x89");
  command
      ->add_option("DATA", options->data, "a pack (.bjp); .gnt or .pot files, a folder or an archive of them")
      ->required();
  command->add_option("--png-dir", options->png_dir,
                      "write each sample as a PNG file, into one folder for each class; texts into this one");
  command->add_option("--sheet", options->sheet, "write one PNG file with many samples");
  command->add_option("--jsonl", options->jsonl,
                      "write the strokes of a pack as JSON, a sample a line: label, writer, ink (x, y)");
  command->add_option("--class", options->class_label, "show this class only; of texts, this text");
  command->add_option("--limit", options->limit, "samples on the sheet, and files for each class; 0 = all")
      ->check(number_from(0))
      ->capture_default_str();
  command->add_option("--columns", options->columns, "of the sheet")
      ->check(number_in(1, 1000))
      ->capture_default_str();
  std::vector<std::string> networks;
  for (const auto& row : network_table()) networks.emplace_back(row.name);
  command
      ->add_option("--network", options->network,
                   "show what this network reads, augmented by its default recipe. Default: by the pack, of "
                   "strokes hanzi")
      ->check(CLI::IsMember(networks));
  auto* augmented =
      command->add_flag("--augmented", options->augmented, "augment the samples as training does");
  command->add_option("--strength", options->strength, "of augmentation. Default: the network's")
      ->check(number_in(0, 2))
      ->needs(augmented);
  command->add_flag(
      "--skeletons,--as-ink", options->skeletons,
      "skeletonise all scans and draw them anew with another pen, as training does with a share of them");
  command->add_flag(
      "--directions", options->directions,
      "of strokes, show the planes that say which way the pen went (right, down, left, up) and when");
  command->add_flag("--extrapolated-style,--exaggerate", options->extrapolate,
                    "move each writer's style away from another writer's of the same character, as training "
                    "does with a share of them");
  command->add_flag("--white-on-black", options->white_on_black, "write pictures as MNIST's files are");
  command->add_option("--seed", options->seed, "of augmentation")->capture_default_str();

  command->callback([options] {
    show(*options);
    check_output();
  });
}

}  // namespace biji
