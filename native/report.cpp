#include "native/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "native/dataset.h"
#include "native/eval.h"
#include "native/file.h"
#include "native/model.h"
#include "native/picture.h"

namespace biji {
namespace {

using nlohmann::json;

struct Error {
  int64_t index, truth, answer;
  double probability;  // of the wrong answer
};

struct Confusion {
  int64_t truth, answer, count;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string fixed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::vector<Confusion> confusions(const Metrics& m, int64_t classes) {
  std::vector<Confusion> list;
  for (int64_t t = 0; t < classes; ++t)
    for (int64_t a = 0; a < classes; ++a)
      if (const int64_t n = m.confusion[static_cast<size_t>(t * classes + a)]; t != a && n > 0)
        list.push_back({t, a, n});
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return list;
}

// Self-contained: styles and pictures are inside, nothing is fetched.
std::string html(const Model& model, const Dataset& data, const Metrics& m, const std::vector<Error>& errors,
                 const json& summary) {
  const auto classes = static_cast<int64_t>(model.classes.size());
  const auto name = [&](int64_t c) { return escaped(model.classes[static_cast<size_t>(c)]); };
  std::string out =
      "<!doctype html><meta charset=utf-8><title>Report</title><style>body{font:15px "
      "system-ui;margin:2em;max-width:70em}"
      "td,th{padding:2px 8px;text-align:right}figure{display:inline-block;margin:6px;text-align:center}"
      "img{width:84px;image-rendering:pixelated;border:1px solid #ccc}</style>";
  out += "<h1>" + escaped(model.net.network().name) + " on " + escaped(data.sources[0].name) + "</h1><table>";
  for (const char* key : {"samples", "errors", "top1", "top2", "top3", "loss", "calibration_error"})
    out += std::string("<tr><th>") + key + "<td>" + summary.at(key).dump();
  out += "</table><h2>Worst errors</h2><p>Truth, then the answer and its probability.</p>";
  for (size_t i = 0; i < std::min<size_t>(errors.size(), 120); ++i) {
    const Error& e = errors[i];
    const at::Tensor pixels = inputs(data, e.index, e.index + 1)[0].contiguous();
    Image image(static_cast<int32_t>(pixels.size(1)), static_cast<int32_t>(pixels.size(0)));
    std::copy_n(pixels.data_ptr<uint8_t>(), image.pixels.size(), image.pixels.begin());
    const std::vector<uint8_t> bytes = png(image);
    out += "<figure><img alt=\"" + name(e.truth) + "\" src=\"data:image/png;base64," + base64(bytes) +
           "\"><figcaption>" + name(e.truth) + " &rarr; " + name(e.answer) +
           fixed(" %.0f %%", 100 * e.probability) + "<br>#" + std::to_string(e.index) +
           "</figcaption></figure>";
  }
  out += "<h2>Confusions</h2>";
  if (classes <= 100) {
    out += "<table><tr><th>truth \\ answer";
    for (int64_t a = 0; a < classes; ++a) out += "<th>" + name(a);
    for (int64_t t = 0; t < classes; ++t) {
      out += "<tr><th>" + name(t);
      int64_t total = 0;
      for (int64_t a = 0; a < classes; ++a) total += m.confusion[static_cast<size_t>(t * classes + a)];
      for (int64_t a = 0; a < classes; ++a) {
        const int64_t n = m.confusion[static_cast<size_t>(t * classes + a)];
        const double share = total > 0 ? static_cast<double>(n) / static_cast<double>(total) : 0;
        const char* colour = a == t ? "0,140,60" : "200,30,30";
        out += n == 0 ? "<td>"
                      : "<td style=\"background:rgba(" + std::string(colour) + "," +
                            fixed("%.2f", a == t ? share * 0.5 : std::min(1., share * 20 + 0.15)) + ")\">" +
                            std::to_string(n);
      }
    }
    out += "</table>";
  } else {
    out += "<table><tr><th>truth<th>answer<th>times";
    for (const Confusion& c : confusions(m, classes)) {
      if (c.count < 2) break;
      out += "<tr><td>" + name(c.truth) + "<td>" + name(c.answer) + "<td>" + std::to_string(c.count);
    }
    out += "</table>";
  }
  return out + "\n";
}

}  // namespace

void report(const ReportOptions& options) {
  Model model = load_model(options.model);
  const Dataset data = load_data(options.data, model.net.network().input);
  check_fits(data, model.classes, model.net.network().input);
  const auto classes = static_cast<int64_t>(model.classes.size());
  const at::Tensor logits = logits_of(model.net, data);
  const Metrics m = measure(logits, data.labels, model.temperature);

  const at::Tensor p = at::softmax(logits / model.temperature, 1).contiguous();
  const auto [best_p, best] = p.max(1);
  std::vector<Error> errors;
  for (int64_t i = 0; i < m.count; ++i) {
    const int64_t truth = data.labels[i].item<int64_t>(), answer = best[i].item<int64_t>();
    if (truth != answer) errors.push_back({i, truth, answer, best_p[i].item<double>()});
  }
  std::stable_sort(errors.begin(), errors.end(),
                   [](const Error& a, const Error& b) { return a.probability > b.probability; });

  json summary = {{"model", options.model.string()},
                  {"samples", m.count},
                  {"errors", errors.size()},
                  {"top1", m.top1},
                  {"top2", m.top2},
                  {"top3", m.top3},
                  {"loss", m.loss},
                  {"calibration_error", m.calibration_error},
                  {"temperature", model.temperature},
                  {"data", json::array()},
                  {"classes", json::array()}};
  for (const DataSource& source : data.sources) summary["data"].push_back(source.name);

  std::printf(
      "%lld samples, %zu errors\ntop-1 %.3f %%   top-2 %.3f %%   top-3 %.3f %%   loss %.5f   calibration "
      "error %.4f\n",
      static_cast<long long>(m.count), errors.size(), 100 * m.top1, 100 * m.top2, 100 * m.top3, m.loss,
      m.calibration_error);
  std::printf("class   samples   recall  precision\n");
  for (int64_t c = 0; c < classes; ++c) {
    int64_t of_class = 0, answered = 0;
    for (int64_t k = 0; k < classes; ++k) {
      of_class += m.confusion[static_cast<size_t>(c * classes + k)];
      answered += m.confusion[static_cast<size_t>(k * classes + c)];
    }
    const auto right = static_cast<double>(m.confusion[static_cast<size_t>(c * classes + c)]);
    const double recall = right / static_cast<double>(std::max<int64_t>(1, of_class)),
                 precision = right / static_cast<double>(std::max<int64_t>(1, answered));
    summary["classes"].push_back({{"label", model.classes[static_cast<size_t>(c)]},
                                  {"samples", of_class},
                                  {"recall", recall},
                                  {"precision", precision}});
    if (classes <= 100)
      std::printf("%5s  %8lld  %6.2f %%  %7.2f %%\n", model.classes[static_cast<size_t>(c)].c_str(),
                  static_cast<long long>(of_class), 100 * recall, 100 * precision);
  }
  if (classes <= 20) {
    std::printf("truth \\ answer\n     ");
    for (int64_t a = 0; a < classes; ++a) std::printf("%6s", model.classes[static_cast<size_t>(a)].c_str());
    for (int64_t t = 0; t < classes; ++t) {
      std::printf("\n%5s", model.classes[static_cast<size_t>(t)].c_str());
      for (int64_t a = 0; a < classes; ++a)
        std::printf("%6lld", static_cast<long long>(m.confusion[static_cast<size_t>(t * classes + a)]));
    }
    std::printf("\n");
  } else {
    std::printf("most confused:");
    const auto list = confusions(m, classes);
    for (size_t i = 0; i < std::min<size_t>(20, list.size()); ++i)
      std::printf(" %s->%s %lld", model.classes[static_cast<size_t>(list[i].truth)].c_str(),
                  model.classes[static_cast<size_t>(list[i].answer)].c_str(),
                  static_cast<long long>(list[i].count));
    std::printf("\n");
  }
  summary["confusion"] = m.confusion;
  if (!options.json.empty()) write_file(options.json, summary.dump(1) + "\n");
  if (!options.html.empty()) {
    write_file(options.html, html(model, data, m, errors, summary));
    std::printf("wrote %s\n", options.html.c_str());
  }
}

}  // namespace biji
