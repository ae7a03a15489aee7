// `biji eval`: how good a model is, for people (text and a page) and for programs (JSON). report_texts.h has it for words and
// lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "native/train/eval.h"
#include "native/train/run.h"

namespace biji {

// All results. The text, the JSON and the page (report_page.h) are three forms of them.
struct Evaluation {
  std::string model;    // its folder
  std::string network;  // of network_table()
  int64_t parameters = 0, multiply_adds = 0;
  double temperature = 1;
  TestTimeAugmentation look = {};
  Labels classes;
  std::vector<DataSource> data;  // what it was measured on
  std::vector<Answer> answers;   // [samples], in the order of data
  Metrics metrics;
  std::vector<int64_t> groups;  // [samples], index into group_names; empty = the data have none
  std::vector<std::string> group_names;
  std::vector<EpochRow> epochs;  // how the run went; empty for an exported model
};

struct GroupRow {
  std::string name;
  int64_t samples = 0, right = 0;
  double accuracy() const { return static_cast<double>(right) / static_cast<double>(samples); }
};
// The groups that have samples, the least accurate first.
std::vector<GroupRow> group_rows(const Evaluation& evaluation);

// Indices of all classes, the lowest recall first, then the most samples; classes without samples last.
std::vector<int32_t> worst_classes(const Metrics& metrics);

// For each class what it is most often taken for; count 0 = it never is.
std::vector<Confusion> most_confused_with(const Metrics& metrics);

// Shares are 0..1. What cannot be computed (the recall of a class without samples) is null. Classes appear by
// label. Later versions of this program may add keys; these stay:
//   format             1
//   model, network, parameters, multiply_adds, temperature, look_again {below, slant}
//   data               [{name, path, samples}]
//   samples, errors, loss (nats), top1, top1_low, top1_high (95 % interval), top2, top3, top5, top10,
//   mean_recall, calibration_error
//   calibration        [{from, to, samples, confidence, accuracy}], fifteenths of the answer's probability
//   classes            [{label, samples, recall, precision, confused_with: {label, count} or null}], in the
//                      model's order
//   confusions         [{truth, answer, count}], all that happened, most frequent first
//   pairs              [{a, b, a_as_b, b_as_a}], both directions of the above together, most frequent first
//   worst_errors       [{sample, truth, answer, probability, truth_probability, truth_rank}], at most
//                      1,000, the most certain first; sample counts from 0 through all of data, truth_rank from 1
//   groups             [{name, samples, accuracy}], the least accurate first; [] without groups
//   epochs             [{epoch, loss, accuracy, val_loss, val_accuracy, lr, seconds}]; [] for an exported
//                      model; null = not measured
nlohmann::json to_json(const Evaluation& evaluation);

struct ReportOptions {
  std::filesystem::path model;              // an exported model or a training run
  std::vector<std::filesystem::path> data;  // packs, measured together
  std::filesystem::path json;               // empty = none; "-" = print it instead of the text
  std::filesystem::path html;               // self-contained page; empty = none
  std::string device = "auto";              // "auto", "cpu", "cuda", "cuda:1"
};

// Measures, prints the figures, writes what was asked for. Throws std::runtime_error, also for packs without
// samples.
void report(const ReportOptions& options);

}  // namespace biji
