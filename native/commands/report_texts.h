// `biji eval` of packs of texts: character error rate, words, the worst; as text, JSON and a page.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "native/commands/report.h"
#include "native/data/pack.h"
#include "native/nets/model.h"
#include "native/train/texts.h"

namespace biji {

struct TextEvaluation {
  std::string model;    // its folder
  std::string network;  // of network_table()
  std::vector<DataSource> data;
  std::vector<TextAnswer> answers;  // [samples], in the order of data
  TextMetrics metrics;
  std::vector<std::string> groups;  // [samples]: who wrote it; empty = the data have none
};

// Rates are shares, 0..1 (and above: more can be read than is there). Later versions may add keys; these stay:
//   format 1, model, network
//   data          [{name, path, samples}]
//   texts, right  how many there are, how many were read without an error
//   characters, errors, character_error_rate, character_error_rate_ignoring_case
//   words, word_errors, word_error_rate
//   unknown       characters of the texts that no label of the model has
//   worst         [{sample, truth, answer, errors, characters}], at most 1,000; sample counts from 0 through all of data
//   groups        [{name, texts, characters, errors, character_error_rate}], the highest rate first
nlohmann::json to_json(const TextEvaluation& evaluation);

// Measures, prints the figures, writes what was asked for. Throws std::runtime_error for packs of something else.
void report_texts(const ReportOptions& options, Model& model);

}  // namespace biji
