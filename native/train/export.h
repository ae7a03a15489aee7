// A run as an exported model: model.onnx, model.json (the card), labels.txt, golden.json; README.md where there is none
// (card.h), for its author to edit.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace biji {

struct ExportOptions {
  std::filesystem::path run;
  std::filesystem::path out;                    // its last component is the model's name
  std::string precision = "fp32";               // of the stored weights: onnx_model.h, stored_of
  std::vector<std::filesystem::path> evaluate;  // packs whose accuracy goes into model.json
  std::string version = "0.1.0";
  bool quiet = false;
  std::string title = {};                        // for menus; empty: the name
  bool last = false;                             // the weights of the run's end, not its best ones
  std::vector<std::filesystem::path> data = {};  // packs of the run that lie elsewhere now (sources.h)
};

// Writes the folder; model.json last, so that it never names a file that is not there. model.json holds
//   name, title, network, version, input_version,
//   input {size, box, centring: "mass"|"box"|"density", pen, directions, order, scale, mean, type: "u8"}: the network sees
//   pixel * scale - mean,
//   classes, labels, opset, file, bytes, sha256, precision, parameters, multiply_adds,
//   temperature, temperature_from: logits are divided by it before softmax,
//   look_again {below, slant}: TestTimeAugmentation, only of networks that look twice,
//   rejection {threshold, false_accept, false_reject, scribbles, characters}: an answer whose probability is below
//   the threshold had better be none; the shares of so many scribbles and characters that end up on the wrong side,
//   training {command, seed, epochs, held_out, git_commit, seconds, mean_of [RUN:WEIGHT, of an average]}, data [{name, samples}],
//   accuracy {set: 0..1}, measured_on: the set whose figure stands for the model, the first one;
//   precisions {fp32, fp16, int8: 0..1, samples}: on the samples that the temperature is from;
//   terms [words of terms.h], licence: what follows from them
// golden.h says what golden.json holds.
void export_model(const ExportOptions& options);

}  // namespace biji
