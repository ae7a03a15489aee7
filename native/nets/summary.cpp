#include "native/nets/summary.h"

#include <cstdio>

namespace biji {
namespace {

// 1234567 as "1,234,567".
std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string side_by_side(int32_t a, int32_t b) {
  return std::to_string(a) + "x" + std::to_string(b);
}

std::string what(const Node& node) {
  const std::string window = side_by_side(node.kernel, node.kernel) +
                             (node.stride > 1 ? ", stride " + std::to_string(node.stride) : "");
  char rate[16];
  std::snprintf(rate, sizeof rate, "%g", node.rate);
  switch (node.op) {
    case Op::kInput:
      return "input";
    case Op::kConv:
      return "convolution " + window;
    case Op::kBatchNorm:
      return "batch normalisation";
    case Op::kRelu:
      return "ReLU";
    case Op::kMaxPool:
      return "max pooling " + window;
    case Op::kGlobalAveragePool:
      return "global average pooling";
    case Op::kLinear:
      return "linear";
    case Op::kDropout:
      return std::string("dropout ") + rate;
    case Op::kAdd:
      return "addition";
    case Op::kRnn:
      return "simple RNN";
    case Op::kLstm:
      return "LSTM";
  }
  return "";
}

std::string row(const std::string& name, const std::string& operation, const std::string& shape,
                const std::string& parameters, const std::string& multiply_adds) {
  char text[160];
  std::snprintf(text, sizeof text, "%-10s  %-26s  %-12s  %12s  %14s\n", name.c_str(), operation.c_str(),
                shape.c_str(), parameters.c_str(), multiply_adds.c_str());
  return text;
}

}  // namespace

std::string layer_table(const Network& network) {
  std::string table = row("layer", "operation", "output", "parameters", "multiply-adds");
  const auto number = [](int64_t n) { return n > 0 ? with_commas(n) : std::string(); };
  for (const Node& node : network.nodes) {
    const Shape& shape = node.shape;
    std::string output = std::to_string(shape.channels);
    if (shape.height > 1 || shape.width > 1) output += "x" + side_by_side(shape.height, shape.width);
    table += row(node.name, what(node), output, number(parameter_count(network, node)),
                 number(multiply_adds(network, node)));
  }
  return table + row("", "", "", with_commas(parameter_count(network)), with_commas(multiply_adds(network)));
}

}  // namespace biji
