#include "native/commands/report_texts.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "native/base/device.h"
#include "native/base/file.h"
#include "native/base/json.h"
#include "native/base/progress.h"
#include "native/commands/report/files.h"
#include "native/commands/report_page.h"
#include "native/data/picture.h"
#include "native/data/png.h"
#include "native/train/read.h"

namespace biji {
namespace {

using nlohmann::json;

constexpr size_t kPrinted = 20, kListed = 1000;

struct Writer {
  std::string name;
  TextMetrics metrics;
};

// The highest rate first.
std::vector<Writer> writers_of(const TextEvaluation& e) {
  std::map<std::string, std::vector<TextAnswer>> by_name;
  for (size_t i = 0; i < e.groups.size(); ++i) by_name[e.groups[i]].push_back(e.answers[i]);
  std::vector<Writer> writers;
  for (const auto& [name, answers] : by_name) writers.push_back({name, summarise(answers)});
  std::stable_sort(writers.begin(), writers.end(), [](const Writer& a, const Writer& b) {
    return a.metrics.character_error_rate() > b.metrics.character_error_rate();
  });
  return writers;
}

void print(const TextEvaluation& e) {
  const TextMetrics& m = e.metrics;
  const auto number = [](int64_t n) { return static_cast<long long>(n); };
  std::printf("%lld texts, %lld read without an error (%.2f %%)\n", number(m.texts), number(m.right),
              100 * static_cast<double>(m.right) / static_cast<double>(m.texts));
  std::printf("character error rate %.2f %% (%.2f %% ignoring case): %lld errors in %lld characters\n",
              100 * m.character_error_rate(), 100 * m.character_error_rate_ignoring_case(), number(m.errors),
              number(m.characters));
  std::printf("word error rate %.2f %% of %lld words\n", 100 * m.word_error_rate(), number(m.words));
  if (m.unknown > 0)
    std::printf("%lld characters are none that the model knows (%.2f %%)\n", number(m.unknown),
                100 * static_cast<double>(m.unknown) / static_cast<double>(m.characters));
  const std::vector<int64_t> worst = worst_texts(e.answers);
  if (!worst.empty()) std::printf("\nworst texts\nsample  errors  says, read as\n");
  for (size_t i = 0; i < std::min(kPrinted, worst.size()); ++i) {
    const TextAnswer& answer = e.answers[static_cast<size_t>(worst[i])];
    std::printf("%6lld  %6lld  %s -> %s\n", number(worst[i]), number(answer.errors), answer.truth.c_str(),
                answer.answer.c_str());
  }
  if (e.groups.empty()) return;
  std::printf("\nworst groups\n  texts  character error rate\n");
  const std::vector<Writer> writers = writers_of(e);
  for (size_t i = 0; i < std::min(kPrinted / 2, writers.size()); ++i)
    std::printf("%7lld  %6.2f %%  %s\n", number(writers[i].metrics.texts),
                100 * writers[i].metrics.character_error_rate(), writers[i].name.c_str());
}

// Text that may stand in HTML.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

std::string cell(const std::string& content, const char* of = "") {
  return (*of ? std::string("<td class=\"") + of + "\">" : "<td>") + content + "</td>";
}

// The rows of the page's tables.
std::string worst_rows(const TextEvaluation& e, std::span<const std::shared_ptr<const Pack>> packs) {
  constexpr size_t kShown = 100;
  constexpr int32_t kWidth = 360, kHeight = 64;
  std::string rows;
  const std::vector<int64_t> worst = worst_texts(e.answers);
  for (size_t i = 0; i < std::min(kShown, worst.size()); ++i) {
    const TextAnswer& answer = e.answers[static_cast<size_t>(worst[i])];
    const Ink ink = packs[static_cast<size_t>(answer.pack)]->ink(answer.sample);
    const std::string picture = base64(png(text_picture(ink, kWidth, kHeight)));
    rows += "<tr>" + cell("<img alt=\"\" src=\"data:image/png;base64," + picture + "\">", "start ink") +
            cell(escaped(answer.truth), "start") + cell(escaped(answer.answer), "start") +
            cell(std::to_string(answer.errors)) + cell(std::to_string(worst[i])) + "</tr>\n";
  }
  return rows;
}

std::string page(const TextEvaluation& e, std::span<const std::shared_ptr<const Pack>> packs) {
  const TextMetrics& m = e.metrics;
  std::string sources, writers;
  for (const DataSource& source : e.data)
    sources +=
        (sources.empty() ? "" : ", ") + escaped(source.name) + " (" + std::to_string(source.samples) + ")";
  for (const Writer& writer : writers_of(e))
    writers += "<tr>" + cell(escaped(writer.name), "start") + cell(std::to_string(writer.metrics.texts)) +
               cell(percent(writer.metrics.character_error_rate())) + "</tr>\n";
  const std::map<std::string_view, std::string> values = {
      {"style-hashes", policy_hash(report_files::page_css)},
      {"page.css", std::string(report_files::page_css)},
      {"model", escaped(e.model) + " (" + e.network + ")"},
      {"data", sources},
      {"error-rate", percent(m.character_error_rate())},
      {"ignoring-case", percent(m.character_error_rate_ignoring_case())},
      {"word-error-rate", percent(m.word_error_rate())},
      {"texts", std::to_string(m.texts)},
      {"right", std::to_string(m.right)},
      {"characters", std::to_string(m.characters)},
      {"unknown", std::to_string(m.unknown)},
      {"worst", worst_rows(e, packs)},
      {"groups", writers}};
  return filled_in(report_files::texts_html, [&](std::string_view name) { return values.at(name); });
}

}  // namespace

json to_json(const TextEvaluation& e) {
  const TextMetrics& m = e.metrics;
  json out = {{"format", 1},
              {"model", e.model},
              {"network", e.network},
              {"texts", m.texts},
              {"right", m.right},
              {"characters", m.characters},
              {"errors", m.errors},
              {"character_error_rate", m.character_error_rate()},
              {"character_error_rate_ignoring_case", m.character_error_rate_ignoring_case()},
              {"words", m.words},
              {"word_errors", m.word_errors},
              {"word_error_rate", m.word_error_rate()},
              {"unknown", m.unknown}};
  out["data"] = out["worst"] = out["groups"] = json::array();
  for (const DataSource& source : e.data)
    out["data"].push_back({{"name", source.name}, {"path", source.path}, {"samples", source.samples}});
  for (const int64_t i : worst_texts(e.answers)) {
    if (out["worst"].size() == kListed) break;
    const TextAnswer& answer = e.answers[static_cast<size_t>(i)];
    out["worst"].push_back({{"sample", i},
                            {"truth", answer.truth},
                            {"answer", answer.answer},
                            {"errors", answer.errors},
                            {"characters", answer.characters}});
  }
  for (const Writer& writer : writers_of(e))
    out["groups"].push_back({{"name", writer.name},
                             {"texts", writer.metrics.texts},
                             {"characters", writer.metrics.characters},
                             {"errors", writer.metrics.errors},
                             {"character_error_rate", writer.metrics.character_error_rate()}});
  return out;
}

void report_texts(const ReportOptions& options, Model& model) {
  TextEvaluation e;
  std::vector<std::shared_ptr<const Pack>> packs;
  for (const auto& path : options.data) {
    const auto pack = packs.emplace_back(std::make_shared<const Pack>(path));
    if (pack->info().kind != PackKind::kTexts)
      throw std::runtime_error(path.string() + ": holds single characters, " + options.data[0].string() +
                               " texts; measure them apart");
    e.data.push_back({pack->info().name, path.string(), pack->count()});
  }
  const bool grouped =
      std::any_of(packs.begin(), packs.end(), [](const auto& p) { return !p->groups().empty(); });
  for (const auto& pack : packs)
    for (int64_t i = 0; grouped && i < pack->count(); ++i)
      e.groups.push_back(pack->groups().empty()
                             ? pack->info().name
                             : pack->info().groups[pack->groups()[static_cast<size_t>(i)]]);
  int64_t samples = 0;
  for (const DataSource& source : e.data) samples += source.samples;
  if (samples == 0) throw std::runtime_error(options.data[0].string() + ": holds no texts to measure on");

  e.model = options.model.string();
  e.network = model.net.network().name;
  Net net(model.net.network(), choose_device(options.device));
  net.state().copy_(model.net.state());
  Progress progress("eval", samples);
  e.answers = texts_of(reader_model(model), net, packs, [&](int64_t done) {
    if (progress.due(done)) progress.show(done, "", 1, "texts");
  });
  progress.clear();
  e.metrics = summarise(e.answers);

  const bool json_to_stdout = options.json == "-";
  if (json_to_stdout)
    std::printf("%s\n", json_text(to_json(e), 1).c_str());
  else
    print(e);
  if (!options.json.empty() && !json_to_stdout) write_file(options.json, json_text(to_json(e), 1) + "\n");
  if (options.html.empty()) return;
  write_file(options.html, page(e, packs));
  std::fprintf(json_to_stdout ? stderr : stdout, "wrote %s\n", options.html.c_str());
}

}  // namespace biji
