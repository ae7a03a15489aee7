#include "native/commands/report_page.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/commands/report/files.h"
#include "native/data/png.h"

namespace biji {
namespace {

using nlohmann::json;

// As page.js shows them.
constexpr size_t kErrors = 120;      // on the contact sheet
constexpr size_t kPairs = 24;        // with pictures
constexpr size_t kPairPictures = 5;  // each direction

constexpr std::string_view kStyles[] = {"page.css"};
constexpr std::string_view kScripts[] = {"text.js", "charts.js", "tables.js", "page.js"};

std::string_view page_file(std::string_view name) {
  using namespace report_files;
  const std::map<std::string_view, std::string_view> files = {{"page.css", page_css},
                                                              {"text.js", text_js},
                                                              {"charts.js", charts_js},
                                                              {"tables.js", tables_js},
                                                              {"page.js", page_js}};
  return files.at(name);
}

// What a content security policy wants of scripts and styles: 'sha256-BASE64' for each.
std::string hashes(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    list += (list.empty() ? "" : " ") + policy_hash(page_file(name));
  }
  return list;
}

// JSON that can stand inside <script>: nothing in it opens or closes an element.
std::string in_script(const json& value) {
  std::string text;
  for (const char c : json_text(value))
    if (c == '<')  // stands in strings alone
      text += "\\u003c";
    else
      text += c;
  return text;
}

// The samples whose pictures are shown, in the order of worst_errors().
std::vector<int64_t> shown_samples(const Evaluation& e) {
  const std::vector<int64_t> worst = worst_errors(e.answers);
  std::vector<ConfusedPair> pairs = confused_pairs(e.metrics.confusions);
  pairs.resize(std::min(kPairs, pairs.size()));
  std::map<std::pair<int32_t, int32_t>, size_t> wanted;  // pictures by truth and answer
  for (const ConfusedPair& pair : pairs) wanted[{pair.a, pair.b}] = wanted[{pair.b, pair.a}] = kPairPictures;
  std::vector<int64_t> shown;
  for (size_t i = 0; i < worst.size(); ++i) {
    const Answer& answer = e.answers[static_cast<size_t>(worst[i])];
    const auto of_pair = wanted.find({answer.truth, answer.best});
    const bool in_pair = of_pair != wanted.end() && of_pair->second > 0;
    if (in_pair) --of_pair->second;
    if (in_pair || i < kErrors) shown.push_back(worst[i]);
  }
  return shown;
}

json pictures(const Evaluation& e, const std::function<Image(int64_t)>& picture) {
  json list = json::array();
  for (const int64_t i : shown_samples(e)) {
    const Answer& answer = e.answers[static_cast<size_t>(i)];
    list.push_back({{"sample", i},
                    {"truth", e.classes[static_cast<size_t>(answer.truth)]},
                    {"answer", e.classes[static_cast<size_t>(answer.best)]},
                    {"png", base64(png(picture(i)))}});
  }
  return list;
}

}  // namespace

std::string report_page(const Evaluation& e, const std::function<Image(int64_t)>& picture) {
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "style-hashes") return hashes(kStyles);
    if (name == "script-hashes") return hashes(kScripts);
    if (name == "report") return in_script(to_json(e));
    if (name == "pictures") return in_script(pictures(e, picture));
    return std::string(page_file(name));
  };
  return filled_in(report_files::page_html, value);
}

std::string policy_hash(std::string_view text) {
  const std::string digest = from_hexadecimal(sha256(text));
  return "'sha256-" + base64({reinterpret_cast<const uint8_t*>(digest.data()), digest.size()}) + "'";
}

std::string filled_in(std::string_view rest, const std::function<std::string(std::string_view)>& value) {
  std::string page;  // each {{name}} once, so that what is put in may hold braces
  for (size_t open; (open = rest.find("{{")) != std::string_view::npos;) {
    const size_t close = rest.find("}}", open);
    page += rest.substr(0, open);
    page += value(rest.substr(open + 2, close - open - 2));
    rest.remove_prefix(close + 2);
  }
  return page.append(rest);
}

}  // namespace biji
