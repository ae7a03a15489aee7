// Networks as data: one short list of operations from which everything else follows. LibTorch interprets it
// (net.h), the exporter writes it as ONNX (export.h), and the counts on a model's card are computed from it.
// A new network is one function and one row of the table in network.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/decode.h"
#include "shared/normalize.h"

namespace biji {

// Of one sample; a vector is [channels, 1, 1].
struct Shape {
  int32_t channels = 0;
  int32_t height = 1;
  int32_t width = 1;
  int64_t size() const { return int64_t{channels} * height * width; }
};

enum class Op {
  kInput,      // [channels, h, w], 0 = paper .. 1 = ink
  kConv,       // kernel x kernel, zero padding on all sides
  kBatchNorm,  // eps 1e-5; folded into the convolution before it for export
  kRelu,
  kMaxPool,            // kernel x kernel, stride, no padding
  kGlobalAveragePool,  // mean over height and width
  kLinear,             // flattens its input first (channel, row, column)
  kDropout,            // training only; removed for export
  kAdd,
  // These read the rows of a [1, h, w] input from top to bottom and give the last hidden state.
  kRnn,   // h = tanh(W x + R h + b) (J. Elman, 1990)
  kLstm,  // S. Hochreiter and J. Schmidhuber, 1997, with a forget gate
};

// a, b: indices of earlier nodes, -1 = none. shape: of the output. name: prefix of its parameters.
struct Node {
  Op op;
  std::string name = {};
  int32_t a = -1;
  int32_t b = -1;
  Shape shape;
  int32_t kernel = 0;
  int32_t stride = 1;
  int32_t pad = 0;
  bool bias = true;
  float rate = 0;  // dropout probability
};

// The last node gives the logits [classes].
struct Network {
  std::string name = {};
  InputSpec input;
  std::vector<Node> nodes;
  int32_t classes() const { return nodes.back().shape.channels; }
};

// What a node learns or remembers. Weights are decayed by the optimiser, gains and biases are not; statistics
// (running mean and variance) are no parameters but belong to the model.
enum class Role { kWeight, kGain, kBias, kStatistic };
struct Parameter {
  std::string name;            // "<node>.weight"
  std::vector<int64_t> shape;  // as LibTorch has it: convolution [out, in, kernel, kernel], linear [out, in]
  Role role;
};
std::vector<Parameter> parameters(const Network& network, const Node& node);

// Whether the same weights compute logits from inputs of that side, too.
bool fits_input(const Network& network, int32_t size_px);

int64_t parameter_count(const Network& network, const Node& node);
int64_t parameter_count(const Network& network);
// Multiply-adds of one sample in convolutions, linear and recurrent layers.
int64_t multiply_adds(const Network& network, const Node& node);
int64_t multiply_adds(const Network& network);

// The network as exported: batch normalisation folded into the convolution before it, dropout removed.
Network folded(const Network& network);

struct NetworkRow {
  const char* name;
  const char* summary;
  InputSpec input;  // unless a recipe or a model's card says another
  Network (*define)(int32_t classes, const InputSpec& input);
  TestTimeAugmentation look = {};

  // Throws std::runtime_error for an input too small for it.
  Network build(int32_t classes, const InputSpec& with) const;
  Network build(int32_t classes) const { return build(classes, input); }
  // input in another size, box and pen in proportion; 0 = as it is.
  InputSpec input_of(int32_t size_px) const;
};

// The same input in another size, box and pen in proportion.
InputSpec scaled(const InputSpec& input, int32_t size_px);

// All networks that `biji train` knows.
const std::vector<NetworkRow>& network_table();
// Throws std::runtime_error listing the known names.
const NetworkRow& network_row(std::string_view name);

}  // namespace biji
