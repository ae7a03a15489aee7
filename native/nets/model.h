// An exported model: the folder that the page loads.
//
//   model.onnx   the network (onnx_model.h)
//   model.json   what it is: see write_model
//   labels.txt   one class a line, UTF-8
//   golden.json  ten inputs with their logits, by which any runtime can be checked
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "native/nets/net.h"
#include "shared/decode.h"

namespace biji {

// A network with its weights and labels, from a run's newest checkpoint (averaged weights) or an exported
// model.
struct Model {
  Net net;  // folded, on the CPU
  Labels classes;
  double temperature = 1;
  LookAgain look = {};
};

// folder: a training run (state.json) or an exported model (model.json; its sha256, size and input_version
// are checked). Throws std::runtime_error naming the file.
Model load_model(const std::filesystem::path& folder);

// An exported model's weights, unfolded() (net.h), to go on from. The input that they learned from is not looked at.
struct ExportedWeights {
  FloatTensors tensors;
  std::string network;
  Labels classes;
  std::string command;  // that trained them
};
// Throws std::runtime_error naming the file.
ExportedWeights load_exported_weights(const std::filesystem::path& folder);

struct ExportOptions {
  // The first one's card and calibration; the weights are the mean of all. Runs that went on from the same weights in
  // different ways often average to a network better than each (M. Wortsman et al., "Model soups", 2022); others do not.
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out;                    // its last component is the model's name
  std::string precision = "fp32";               // of the stored weights: onnx_model.h, stored_of
  std::vector<std::filesystem::path> evaluate;  // packs whose accuracy goes into model.json
  std::string version = "0.1.0";
  bool quiet = false;
  std::string title = {};  // for menus; empty: the name
};

// Writes the folder; model.json last, so that it never names a file that is not there. model.json holds
//   name, title, network, version, input_version,
//   input {size, box, centring: "mass"|"box"|"density", pen, directions, order, scale, mean, type: "u8"}: the network sees
//   pixel * scale - mean,
//   classes, labels, opset, file, bytes, sha256, precision, parameters, multiply_adds,
//   temperature, temperature_from: logits are divided by it before softmax,
//   look_again {below, slant}: LookAgain, only of networks that look twice,
//   rejection {threshold, false_accept, false_reject, scribbles, characters}: an answer whose probability is below
//   the threshold had better be none; the shares of so many scribbles and characters that end up on the wrong side,
//   training {command, seed, epochs, held_out, git_commit, seconds, mean_of [runs, where several]}, data [{name, samples}],
//   accuracy {set: 0..1}, measured_on: the set whose figure stands for the model, the first one;
//   precisions {fp32, fp16, int8: 0..1, samples}: on the samples that the temperature is from; licence
// golden.json holds
//   input_version, size, tolerance, inputs [{label, pixels: base64 of channels*size*size bytes, logits: [classes]}]
// with one sample for each of ten classes, or scribbles without a label where the data may not be passed on.
// The logits are LibTorch's in float32 with the weights as stored. tolerance is the largest difference that
// another float32 runtime may show: ten times the largest distance between those logits and the same network
// in float64. (LibTorch adds in some 16 partial sums; a runtime that adds one by one may err sqrt(16) = 4
// times as much, both err, and 10 inputs are a small sample.)
void export_model(const ExportOptions& options);

}  // namespace biji
