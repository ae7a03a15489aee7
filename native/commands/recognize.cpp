#include "native/commands/recognize.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <variant>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/base/progress.h"
#include "native/commands/annotate.h"
#include "native/commands/commands.h"
#include "native/commands/options.h"
#include "native/data/ink_file.h"
#include "native/train/read.h"
#include "native/train/run_model.h"

namespace biji {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void print_lines(const std::string& text, const std::string& prefix) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::printf("%s%s\n", prefix.c_str(), text.substr(begin, end - begin).c_str());
    begin = end + 1;
  }
  std::fflush(stdout);
}

using Input = std::variant<Photo, Ink>;

Input read_input(const fs::path& path) {
  if (is_ink_name(path)) return read_ink(path);
  return read_photo(path);
}

Err begin(Reader& reader, const Input& input, const ReadOptions& options) {
  if (const Ink* ink = std::get_if<Ink>(&input)) return reader.begin(*ink, options);
  return begin(reader, std::get<Photo>(input), options);
}

// On stderr: nothing was found, or the model is unsure.
void report_doubts(const std::string& name, const Readings& readings) {
  if (readings.characters.empty()) std::fprintf(stderr, "biji: %s: found no characters\n", name.c_str());
  const auto unsure = std::count_if(readings.characters.begin(), readings.characters.end(),
                                    [](const ReadCharacter& character) { return !character.sure; });
  if (unsure > 0)
    std::fprintf(
        stderr,
        "biji: %s: %lld character%s unsure; --annotate shows which, --min-probability leaves them out\n",
        name.c_str(), static_cast<long long>(unsure), unsure == 1 ? " is" : "s are");
}

json to_json(const Box& box) {
  return {{"x", box.x}, {"y", box.y}, {"width", box.width}, {"height", box.height}};
}

// Adds what was read to a picture's entry.
void put(json& entry, const Readings& readings, const Labels& classes) {
  entry["sure"] = readings.sure;
  entry["candidates"] = entry["lines"] = entry["characters"] = json::array();
  for (const ReadText& reading : readings.candidates)
    entry["candidates"].push_back({{"text", reading.text}, {"probability", reading.probability}});
  for (const ReadLine& line : readings.lines)
    entry["lines"].push_back({{"box", to_json(line.box)}, {"begin", line.begin}, {"end", line.end}});
  for (const ReadCharacter& character : readings.characters) {
    json candidates = json::array();
    for (const Candidate& candidate : character.candidates)
      candidates.push_back(
          {{"text", classes[static_cast<size_t>(candidate.index)]}, {"probability", candidate.probability}});
    entry["characters"].push_back({{"text", character.text},
                                   {"box", to_json(character.box)},
                                   {"line", character.line},
                                   {"sure", character.sure},
                                   {"candidates", std::move(candidates)}});
  }
}

// Whether there is a file that begins as ink does; what --json writes begins with a brace.
bool holds_array(const fs::path& path) {
  std::ifstream file(path);
  char first = 0;
  return file >> first && first == '[';
}

// "a.jpg.svg", or "a.jpg-2.svg" when a picture of that name from another folder came before.
fs::path svg_path(const fs::path& folder, const fs::path& image, std::set<std::string>& taken) {
  std::string name = image.filename().string();
  for (int i = 2; !taken.insert(name).second; ++i) name = image.filename().string() + "-" + std::to_string(i);
  return folder / (name + ".svg");
}

}  // namespace

Err begin(Reader& reader, const Photo& photo, const ReadOptions& options) {
  const Result<Image> gray = gray_from_rgba(photo.rgba, photo.width, photo.height);
  return gray.ok() ? reader.begin(gray.value, options) : gray.err;
}

std::string confident_text(const Readings& readings, double min_probability) {
  std::string text;
  for (const ReadLine& line : readings.lines) {
    std::string kept;
    for (int32_t i = line.begin; i < line.end; ++i) {
      const ReadCharacter& character = readings.characters[static_cast<size_t>(i)];
      if (character.candidates[0].probability >= min_probability) kept += character.text;
    }
    if (!kept.empty()) text += (text.empty() ? "" : "\n") + kept;
  }
  return text;
}

int64_t recognize(const RecognizeOptions& options, const std::atomic<bool>* stop) {
  Model model = load_model(options.model);
  ReadOptions reading = options.reading;
  Result<std::vector<uint8_t>> allow = parse_allow(options.allow, model.classes);
  if (!allow.ok())
    throw std::runtime_error("--allow \"" + options.allow + "\": " +
                             (allow.err == Err::kEmpty ? "leaves no character of " + options.model.string()
                                                       : "is no set of characters such as 0-9 or A-Za-z"));
  reading.allow = std::move(allow.value);
  Reader reader;
  if (reader.set_model(reader_model(model)) != Err::kOk)
    throw std::runtime_error(options.model.string() + ": has settings out of range; export the model again");

  json images = json::array();
  std::set<std::string> taken;
  const bool json_only = options.json == "-";
  Progress progress("recognize", static_cast<int64_t>(options.inputs.size()));
  int64_t done = 0;
  for (const fs::path& path : options.inputs) {
    if (stop != nullptr && *stop) break;
    const std::string name = path.string();
    json& entry = images.emplace_back(json{{"file", name}});
    Input input;
    try {
      input = read_input(path);
      if (const Err err = begin(reader, input, reading); err != Err::kOk)
        throw std::runtime_error(name + ": " +
                                 (err == Err::kTooLarge ? "has more than " + std::to_string(kMaxCharacters) +
                                                              " characters; cut it into parts"
                                                        : err_message(err)));
    } catch (const std::runtime_error& error) {
      progress.clear();
      std::fprintf(stderr, "biji: %s\n", error.what());
      entry["error"] = error.what();
      continue;
    }
    read(reader, model.net);
    const Readings& readings = reader.result();
    ++done;
    const std::string text =
        options.min_probability > 0 ? confident_text(readings, options.min_probability) : readings.text;
    progress.clear();
    if (!json_only) print_lines(text, options.inputs.size() > 1 ? name + ": " : "");
    report_doubts(name, readings);
    if (const Photo* photo = std::get_if<Photo>(&input)) {
      entry["width"] = photo->width;
      entry["height"] = photo->height;
    }
    entry["text"] = text;
    put(entry, readings, model.classes);
    if (!options.annotate.empty()) {
      const auto svg = [&](const auto& given) { return annotated_svg(given, readings, model.classes); };
      write_file(svg_path(options.annotate, path, taken), std::visit(svg, input));
    }
    const auto seen = static_cast<int64_t>(images.size());
    if (options.inputs.size() > 1 && progress.due(seen)) progress.show(seen, name, 1, "inputs");
  }
  progress.clear();
  if (!options.json.empty()) {
    const json all = {{"format", 2},
                      {"model", options.model.string()},
                      {"min_probability", options.min_probability},
                      {"images", images}};
    // A file's name may be bytes that are no UTF-8.
    const std::string text = json_text(all, 1) + "\n";
    if (json_only)
      std::fputs(text.c_str(), stdout);
    else
      write_file(options.json, text);
  }
  return static_cast<int64_t>(options.inputs.size()) - done;
}

void add_recognize(CLI::App& app) {
  const auto options = std::make_shared<RecognizeOptions>();
  const auto segment = std::make_shared<std::string>("auto"), ink = std::make_shared<std::string>("auto");
  CLI::App* command = app.add_subcommand("recognize", "read photographs, scans and ink: to text");
  command->footer(
      "Examples:\n  biji recognize photo.jpg --model models/digits\n"
      "  biji recognize *.jpg --model models/digits --annotate seen --json seen.json\n"
      "  biji recognize seven.png --model models/digits --segment none --candidates 3 --json\n"
      "Text goes to stdout line by line. A browser shows what --annotate writes; the pointer on a box brings "
      "up "
      "its candidates.");
  command
      ->add_option("INPUT", options->inputs,
                   "PNG or JPEG files, or ink: .json files of strokes [{x: [..], y: [..]}, ..], y down")
      ->required();
  command->add_option("--model", options->model, "an exported model's folder, or a run's")->required();
  command->add_option("--annotate", options->annotate,
                      "write each picture with boxes, texts and probabilities into this folder (SVG)");
  command
      ->add_option("--json", options->json,
                   "write boxes and candidates to this file; without one, print only them")
      ->expected(0, 1)
      ->default_str("-");
  command->add_option("--candidates", options->reading.candidates, "of each character, in --json")
      ->check(number_in(1, 1024))
      ->capture_default_str();
  command->add_option("--allow", options->allow, "characters that may be read, such as 0-9");
  command->add_option("--segment", *segment, "auto, or none: a picture is one character")
      ->check(CLI::IsMember({"auto", "none"}))
      ->capture_default_str();
  command->add_option("--ink", *ink, "against the paper: auto, dark or light")
      ->check(CLI::IsMember({"auto", "dark", "light"}))
      ->capture_default_str();
  command
      ->add_option("--min-probability", options->min_probability,
                   "characters less probable are left out of the text; 0 keeps all, as the page does")
      ->check(number_in(0, 1))
      ->capture_default_str();

  command->callback([options, segment, ink] {
    if (is_photo_name(options->json) || holds_array(options->json))
      throw Misuse("--json would write over the input " + options->json.string() +
                   "; put it last, or --json=-");
    options->reading.split = *segment == "auto";
    options->reading.shade = *ink == "auto" ? Shade::kAuto : *ink == "dark" ? Shade::kDark : Shade::kLight;
    const int64_t failed = recognize(*options, stop_on_signal());
    check_output();
    if (failed > 0) throw Failed();
  });
}

}  // namespace biji
