// An exported model, read back: the folder that the page loads and that export_model() (native/train/export.h) writes.
//
//   model.onnx   the network (onnx_model.h)
//   model.json   what it is: see export.h
//   labels.txt   one class a line, UTF-8
//   golden.json  ten inputs with their logits, by which any runtime can be checked
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "native/data/pack.h"
#include "native/nets/net.h"
#include "shared/decode.h"
#include "shared/labels.h"

namespace biji {

// A network with its weights and labels.
struct Model {
  Net net;  // folded, on the CPU
  Labels classes;
  double temperature = 1;
  TestTimeAugmentation look = {};
  double rejection = 0;  // a character whose best candidate is less probable is not sure
};

// Checks the files' sizes and sha256, and that this program makes the input that the model reads. Throws
// std::runtime_error naming the file.
Model load_exported_model(const std::filesystem::path& folder);

// An exported model's weights, unfolded() (net.h), to go on from.
struct ExportedWeights {
  FloatTensors tensors;
  std::string network;
  InputSpec input;  // that they learned from
  int32_t input_version = 1;
  Labels classes;
  std::string command;           // that trained them
  Terms terms;                   // of use of all that they learned from
  std::vector<DataSource> data;  // that they learned from, without paths
  std::string git_commit;        // of the program that trained them
};
// Throws std::runtime_error naming the file.
ExportedWeights load_exported_weights(const std::filesystem::path& folder);

// As model.json has it.
nlohmann::json input_card(const InputSpec& input);
// A float as people write it: 0.8, not 0.800000011920929.
double short_number(float value);

}  // namespace biji
