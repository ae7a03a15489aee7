#include "native/commands/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "native/base/device.h"
#include "native/base/file.h"
#include "native/base/json.h"
#include "native/base/progress.h"
#include "native/commands/report_page.h"
#include "native/commands/report_texts.h"
#include "native/data/dataset.h"
#include "native/train/read.h"
#include "native/train/run_model.h"
#include "native/vary/draw.h"

namespace biji {
namespace {

using nlohmann::json;

json share(int64_t part, int64_t whole) {
  return whole > 0 ? json(static_cast<double>(part) / static_cast<double>(whole)) : json();
}

double percent(int64_t part, int64_t whole) {
  return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

// Labels end the lines: some are twice as wide as others.
void print(const Evaluation& e) {
  const Metrics& m = e.metrics;
  const auto label = [&](int32_t c) { return e.classes[static_cast<size_t>(c)].c_str(); };
  const auto number = [](int64_t n) { return static_cast<long long>(n); };
  std::printf("%lld samples, %lld errors\n", number(m.count), number(m.errors));
  std::printf("top-1 %.3f %% (%.2f to %.2f)", 100 * m.top1, 100 * m.top1_low, 100 * m.top1_high);
  if (e.classes.size() <= 20)
    std::printf("   top-2 %.3f %%   top-3 %.3f %%\n", 100 * m.top2, 100 * m.top3);
  else
    std::printf("   top-5 %.3f %%   top-10 %.3f %%\n", 100 * m.top5, 100 * m.top10);
  std::printf("loss %.5f   calibration error %.4f   mean recall %.3f %%\n", m.loss, m.calibration_error,
              100 * m.mean_recall);

  constexpr size_t kRows = 20;
  const auto confused = most_confused_with(m);
  std::printf("\n%ssamples    recall  precision  class, most often taken for\n",
              e.classes.size() > kRows ? "worst classes\n" : "");
  const auto order = worst_classes(m);
  for (size_t i = 0; i < std::min(kRows, order.size()); ++i) {
    const ClassCounts& k = m.classes[static_cast<size_t>(order[i])];
    if (k.samples == 0) break;
    std::printf("%7lld  %6.2f %%", number(k.samples), percent(k.right, k.samples));
    if (k.answered > 0)
      std::printf("   %6.2f %%", percent(k.right, k.answered));
    else
      std::printf("          -");
    const Confusion& to = confused[static_cast<size_t>(order[i])];
    std::printf("  %s", label(order[i]));
    if (to.count > 0) std::printf(" -> %s (%lld)", label(to.answer), number(to.count));
    std::printf("\n");
  }
  if (const auto pairs = confused_pairs(m.confusions); !pairs.empty()) {
    std::printf("\nmost confused pairs\n");
    for (size_t i = 0; i < std::min(kRows, pairs.size()); ++i)
      std::printf("%7lld  %s -> %s %lld, %s -> %s %lld\n", number(pairs[i].count()), label(pairs[i].a),
                  label(pairs[i].b), number(pairs[i].a_as_b), label(pairs[i].b), label(pairs[i].a),
                  number(pairs[i].b_as_a));
  }
  if (const auto groups = group_rows(e); !groups.empty()) {
    std::printf("\nworst groups\n");
    for (size_t i = 0; i < std::min(kRows / 2, groups.size()); ++i)
      std::printf("%7lld  %6.2f %%  %s\n", number(groups[i].samples), 100 * groups[i].accuracy(),
                  groups[i].name.c_str());
  }
}

}  // namespace

std::vector<GroupRow> group_rows(const Evaluation& e) {
  std::vector<GroupRow> rows;
  if (e.groups.empty()) return rows;
  const auto counts = by_group(e.answers, e.groups, static_cast<int64_t>(e.group_names.size()));
  for (size_t g = 0; g < counts.size(); ++g)
    if (counts[g].samples > 0) rows.push_back({e.group_names[g], counts[g].samples, counts[g].right});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const GroupRow& a, const GroupRow& b) { return a.accuracy() < b.accuracy(); });
  return rows;
}

std::vector<int32_t> worst_classes(const Metrics& m) {
  std::vector<int32_t> order(m.classes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const ClassCounts &x = m.classes[static_cast<size_t>(a)], &y = m.classes[static_cast<size_t>(b)];
    if (x.samples == 0 || y.samples == 0) return x.samples > y.samples;
    if (x.right * y.samples != y.right * x.samples) return x.right * y.samples < y.right * x.samples;
    return x.samples > y.samples;
  });
  return order;
}

std::vector<Confusion> most_confused_with(const Metrics& m) {
  std::vector<Confusion> of_class(m.classes.size());
  for (const Confusion& c : m.confusions)  // the first of each truth is its most frequent
    if (Confusion& entry = of_class[static_cast<size_t>(c.truth)]; entry.count == 0) entry = c;
  return of_class;
}

json to_json(const Evaluation& e) {
  const Metrics& m = e.metrics;
  const auto label = [&](int32_t c) { return e.classes[static_cast<size_t>(c)]; };
  json out = {
      {"format", 1},
      {"model", e.model},
      {"network", e.network},
      {"parameters", e.parameters},
      {"multiply_adds", e.multiply_adds},
      {"temperature", e.temperature},
      {"look_again",
       {{"below", std::round(e.look.below * 1e4) / 1e4}, {"slant", std::round(e.look.shear * 1e4) / 1e4}}},
      {"samples", m.count},
      {"errors", m.errors},
      {"loss", m.loss},
      {"top1", m.top1},
      {"top1_low", m.top1_low},
      {"top1_high", m.top1_high},
      {"top2", m.top2},
      {"top3", m.top3},
      {"top5", m.top5},
      {"top10", m.top10},
      {"mean_recall", m.mean_recall},
      {"calibration_error", m.calibration_error}};
  for (const char* list :
       {"data", "calibration", "classes", "confusions", "pairs", "worst_errors", "groups", "epochs"})
    out[list] = json::array();
  for (const DataSource& source : e.data)
    out["data"].push_back({{"name", source.name}, {"path", source.path}, {"samples", source.samples}});
  for (size_t i = 0; i < m.bins.size(); ++i) {
    const CalibrationBin& bin = m.bins[i];
    const auto edge = [&](size_t k) { return static_cast<double>(k) / static_cast<double>(m.bins.size()); };
    out["calibration"].push_back({{"from", edge(i)},
                                  {"to", edge(i + 1)},
                                  {"samples", bin.count},
                                  {"confidence", bin.count > 0 ? json(bin.confidence) : json()},
                                  {"accuracy", bin.count > 0 ? json(bin.accuracy) : json()}});
  }
  const auto confused = most_confused_with(m);
  for (size_t c = 0; c < m.classes.size(); ++c) {
    const ClassCounts& k = m.classes[c];
    json with;
    if (confused[c].count > 0) with = {{"label", label(confused[c].answer)}, {"count", confused[c].count}};
    out["classes"].push_back({{"label", e.classes[c]},
                              {"samples", k.samples},
                              {"recall", share(k.right, k.samples)},
                              {"precision", share(k.right, k.answered)},
                              {"confused_with", with}});
  }
  for (const Confusion& c : m.confusions)
    out["confusions"].push_back({{"truth", label(c.truth)}, {"answer", label(c.answer)}, {"count", c.count}});
  for (const ConfusedPair& p : confused_pairs(m.confusions))
    out["pairs"].push_back(
        {{"a", label(p.a)}, {"b", label(p.b)}, {"a_as_b", p.a_as_b}, {"b_as_a", p.b_as_a}});
  for (const int64_t i : worst_errors(e.answers)) {
    if (out["worst_errors"].size() == 1000) break;
    const Answer& a = e.answers[static_cast<size_t>(i)];
    out["worst_errors"].push_back({{"sample", i},
                                   {"truth", label(a.truth)},
                                   {"answer", label(a.best)},
                                   {"probability", a.probability},
                                   {"truth_probability", std::exp(a.log_likelihood)},
                                   {"truth_rank", a.rank + 1}});
  }
  for (const GroupRow& row : group_rows(e))
    out["groups"].push_back({{"name", row.name}, {"samples", row.samples}, {"accuracy", row.accuracy()}});
  for (const EpochRow& row : e.epochs)
    out["epochs"].push_back({{"epoch", row.epoch},
                             {"loss", row.loss},
                             {"accuracy", row.accuracy},
                             {"val_loss", row.val_loss >= 0 ? json(row.val_loss) : json()},
                             {"val_accuracy", row.val_accuracy >= 0 ? json(row.val_accuracy) : json()},
                             {"lr", row.lr},
                             {"seconds", row.seconds}});
  return out;
}

void report(const ReportOptions& options) {
  Model model = load_model(options.model);
  if (Pack(options.data.front()).info().kind == PackKind::kTexts) return report_texts(options, model);
  const Dataset data = load_test_data(options.data, model.classes, model.net.network().input);
  const int64_t samples = data.size();
  if (samples == 0) throw std::runtime_error(options.data[0].string() + ": holds no samples to measure on");
  if (data.merged.defined())
    throw std::runtime_error(options.data.back().string() +
                             ": merges classes that the model tells apart; measure on a set that does not");

  const Network& network = model.net.network();
  Evaluation e;
  e.model = options.model.string();
  e.network = network.name;
  e.parameters = parameter_count(network);
  e.multiply_adds = multiply_adds(network);
  e.temperature = model.temperature;
  e.look = model.look;
  e.classes = model.classes;
  e.data = data.sources;
  if (data.groups.defined()) {
    e.groups.assign(data.groups.data_ptr<int64_t>(), data.groups.data_ptr<int64_t>() + samples);
    e.group_names = data.group_names;
  }
  if (std::filesystem::exists(options.model / "state.json")) e.epochs = read_run(options.model).epochs;

  const at::Device device = choose_device(options.device);
  at::globalContext().setAllowTF32CuDNN(false);  // its ten bits of mantissa would change answers
  Net net(network, device);
  net.state().copy_(model.net.state());
  Progress progress("eval", samples);
  e.answers = answers_of(reader_model(model), net, data, [&](int64_t done) {
    if (progress.due(done)) progress.show(done, "", 1, "images");
  });
  progress.clear();
  e.metrics = summarise(e.answers, network.classes());

  const bool json_to_stdout = options.json == "-";
  if (!json_to_stdout) print(e);
  if (!options.json.empty()) {
    const std::string text = json_text(to_json(e), 1) + "\n";
    if (json_to_stdout)
      std::fwrite(text.data(), 1, text.size(), stdout);
    else
      write_file(options.json, text);
  }
  if (!options.html.empty()) {
    write_file(options.html, report_page(e, [&](int64_t i) {
                 const at::Tensor pixels = inputs(data, i, i + 1).contiguous();  // the picture comes first
                 const auto side = static_cast<int32_t>(pixels.size(-1));
                 Image image(side, side);
                 std::copy_n(pixels.data_ptr<uint8_t>(), image.pixels.size(), image.pixels.begin());
                 return image;
               }));
    std::fprintf(json_to_stdout ? stderr : stdout, "wrote %s\n", options.html.c_str());
  }
}

}  // namespace biji
