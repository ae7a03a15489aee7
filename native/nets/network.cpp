#include "native/nets/network.h"

#include <cassert>
#include <cmath>
#include <stdexcept>

namespace biji {
namespace {

// Appends nodes; every function returns the index of what it made.
class Builder {
 public:
  Builder(std::string name, const InputSpec& input) : network_{std::move(name), input, {}} {
    push({.op = Op::kInput, .name = "input", .shape = {input.channels(), input.size_px, input.size_px}});
  }

  int conv(int x, int channels, int kernel, int pad, int stride = 1, bool bias = true) {
    const Shape in = shape(x);
    const auto side = [&](int32_t n) { return (n + 2 * pad - kernel) / stride + 1; };
    return push({.op = Op::kConv,
                 .name = "conv" + std::to_string(++convs_),
                 .a = x,
                 .shape = {channels, side(in.height), side(in.width)},
                 .kernel = kernel,
                 .stride = stride,
                 .pad = pad,
                 .bias = bias});
  }
  int relu(int x) { return push({.op = Op::kRelu, .a = x, .shape = shape(x)}); }
  // Padded so that stride 1 keeps the size.
  int conv_bn(int x, int channels, int kernel = 3, int stride = 1) {
    x = conv(x, channels, kernel, kernel / 2, stride, false);
    return push({.op = Op::kBatchNorm, .name = "bn" + std::to_string(convs_), .a = x, .shape = shape(x)});
  }
  int conv_bn_relu(int x, int channels, int kernel = 3, int stride = 1) {
    return relu(conv_bn(x, channels, kernel, stride));
  }
  // Two convolutions around which the input is carried (K. He et al., 2015).
  int residual(int x) {
    const int y = conv_bn(conv_bn_relu(x, shape(x).channels), shape(x).channels);
    return relu(push({.op = Op::kAdd, .a = x, .b = y, .shape = shape(x)}));
  }
  int max_pool(int x, int kernel = 2) {
    const Shape in = shape(x);
    return push({.op = Op::kMaxPool,
                 .a = x,
                 .shape = {in.channels, in.height / kernel, in.width / kernel},
                 .kernel = kernel,
                 .stride = kernel});
  }
  int global_average_pool(int x) {
    return push({.op = Op::kGlobalAveragePool, .a = x, .shape = {shape(x).channels, 1, 1}});
  }
  int linear(int x, int features) {
    return push({.op = Op::kLinear,
                 .name = "linear" + std::to_string(++linears_),
                 .a = x,
                 .shape = {features, 1, 1}});
  }
  int dropout(int x, float rate) {
    return push({.op = Op::kDropout, .a = x, .shape = shape(x), .rate = rate});
  }
  int rnn(int x, int units) { return push({.op = Op::kRnn, .name = "rnn", .a = x, .shape = {units, 1, 1}}); }
  int lstm(int x, int units) {
    return push({.op = Op::kLstm, .name = "lstm", .a = x, .shape = {units, 1, 1}});
  }

  Network done() { return std::move(network_); }

 private:
  Shape shape(int x) const { return network_.nodes[static_cast<size_t>(x)].shape; }
  int push(Node node) {
    network_.nodes.push_back(std::move(node));
    return static_cast<int>(network_.nodes.size()) - 1;
  }
  Network network_;
  int convs_ = 0;
  int linears_ = 0;
};

// ---- the networks
// --------------------------------------------------------------------------------------------------

Network mnist_dense(int32_t classes, const InputSpec& input) {
  Builder b("mnist-dense", input);
  int x = b.relu(b.linear(0, 32));
  x = b.relu(b.linear(x, 16));
  b.linear(x, classes);
  return b.done();
}

// As it was first shown: the layer of 1024 has neither an activation nor dropout.
Network mnist_cnn(int32_t classes, const InputSpec& input) {
  Builder b("mnist-cnn", input);
  int x = b.max_pool(b.relu(b.conv(0, 32, 5, 2)));
  x = b.max_pool(b.relu(b.conv(x, 64, 5, 2)));
  b.linear(b.linear(x, 1024), classes);
  return b.done();
}

Network mnist_rnn(int32_t classes, const InputSpec& input) {
  Builder b("mnist-rnn", input);
  b.linear(b.rnn(0, 50), classes);
  return b.done();
}

Network mnist_lstm(int32_t classes, const InputSpec& input) {
  Builder b("mnist-lstm", input);
  b.linear(b.lstm(0, 50), classes);
  return b.done();
}

// As Caffe has it: no activation behind the convolutions.
Network lenet5(int32_t classes, const InputSpec& input) {
  Builder b("lenet5", input);
  int x = b.max_pool(b.conv(0, 20, 5, 0));
  x = b.max_pool(b.conv(x, 50, 5, 0));
  x = b.relu(b.linear(x, 500));
  b.linear(x, classes);
  return b.done();
}

// Ours. The 5x5 stem halves the side at once, so that nothing is computed at full size; pooling to 3x3
// instead of a global mean keeps where a stroke lies, which digits are told apart by.
Network digits(int32_t classes, const InputSpec& input) {
  Builder b("digits", input);
  int x = b.conv_bn_relu(0, 32, 5, 2);  // 14 x 14
  x = b.residual(x);
  x = b.conv_bn_relu(x, 56, 3, 2);  // 7 x 7
  x = b.residual(x);
  x = b.dropout(b.max_pool(x), 0.1f);  // 3 x 3
  b.linear(x, classes);
  return b.done();
}

// Ours. As digits, wider and with the last pooling replaced by the layer that reads it.
Network letters(int32_t classes, const InputSpec& input) {
  Builder b("letters", input);
  int x = b.conv_bn_relu(0, 48, 5, 2);  // 14 x 14
  x = b.residual(x);
  x = b.conv_bn_relu(x, 96, 3, 2);  // 7 x 7
  x = b.residual(x);
  x = b.dropout(b.max_pool(x), 0.2f);  // 3 x 3
  b.linear(x, classes);
  return b.done();
}

// Ours. Four fifths of the work happen at 12 x 12 and at 6 x 6, in equal parts. A layer in front of the classifier reads
// the last 3 x 3, so that where something lies counts, and keeps the classifier small; inputs of 40 px fit it, too.
Network hanzi(int32_t classes, const InputSpec& input) {
  Builder b("hanzi", input);
  int x = b.conv_bn_relu(0, 32, 5, 2);  // 24 x 24
  x = b.conv_bn_relu(x, 64, 3, 2);      // 12 x 12
  for (int i = 0; i < 2; ++i) x = b.residual(x);
  x = b.conv_bn_relu(x, 128, 3, 2);  // 6 x 6
  for (int i = 0; i < 2; ++i) x = b.residual(x);
  x = b.conv_bn_relu(x, 256, 3, 2);  // 3 x 3
  b.linear(b.linear(x, 256), classes);
  return b.done();
}

Network emnist_resnet(int32_t classes, const InputSpec& input) {
  Builder b("emnist-resnet", input);
  int x = b.conv_bn_relu(b.conv_bn_relu(0, 32), 64);
  x = b.max_pool(x, 3);  // 9 x 9
  for (int i = 0; i < 10; ++i) x = b.residual(x);
  x = b.global_average_pool(b.conv_bn_relu(x, 64));
  x = b.dropout(b.relu(b.linear(x, 256)), 0.5f);
  b.linear(x, classes);
  return b.done();
}

bool recurrent(Op op) {
  return op == Op::kRnn || op == Op::kLstm;
}

// Chosen on hanzi's validation writers (docs/experiments/hanzi-test-time-augmentation.md); no other values were tried for
// letters. Digits gain nothing by it.
constexpr TestTimeAugmentation kLook = {.below = 0.8f, .shear = 0.12f};

}  // namespace

const std::vector<NetworkRow>& network_table() {
  static const std::vector<NetworkRow> table = {
      {"digits", "our digits: residual 3x3 convolutions", kDigitsInput.pen(), digits},
      {"letters", "our letters: residual 3x3 convolutions", kLettersInput.pen(), letters, kLook},
      {"hanzi", "our Chinese characters: residual 3x3 convolutions, a narrow linear layer", kHanziInput,
       hanzi, kLook},
      {"emnist-resnet",
       "3x3x32, 3x3x64, pool 3, ten residual blocks of 64, conv, global pooling, 256, dropout, 62",
       kLettersInput, emnist_resnet},
      {"mnist-dense", "784-32-16-10", kDigitsInput, mnist_dense},
      {"mnist-cnn", "5x5x32, pool, 5x5x64, pool, 1024, 10", kDigitsInput, mnist_cnn},
      {"mnist-rnn", "simple RNN (tanh) of 50 units over 28 rows", kDigitsInput, mnist_rnn},
      {"mnist-lstm", "LSTM of 50 units over 28 rows", kDigitsInput, mnist_lstm},
      {"lenet5", "5x5x20, pool, 5x5x50, pool, 500, 10", kDigitsInput, lenet5},
  };
  return table;
}

Network NetworkRow::build(int32_t classes, const InputSpec& with) const {
  Network network = define(classes, with);
  for (const Node& node : network.nodes)
    if (node.shape.height < 1 || node.shape.width < 1)
      throw std::runtime_error(std::string(name) + ": cannot read an input of " +
                               std::to_string(with.size_px) + " px; choose one nearer to its " +
                               std::to_string(input.size_px));
  return network;
}

InputSpec NetworkRow::input_of(int32_t size_px) const {
  InputSpec spec = scaled(input, size_px > 0 ? size_px : input.size_px);
  spec.pen_px = std::round(spec.pen_px * 1e4f) / 1e4f;  // as cards have it
  return spec;
}

InputSpec scaled(const InputSpec& input, int32_t size_px) {
  if (size_px == input.size_px) return input;
  const float scale = static_cast<float>(size_px) / static_cast<float>(input.size_px);
  return {size_px,          static_cast<int32_t>(static_cast<float>(input.box_px) * scale),
          input.centring,   input.pen_px * scale,
          input.directions, input.order};
}

const NetworkRow& network_row(std::string_view name) {
  std::string known;
  for (const NetworkRow& row : network_table()) {
    if (row.name == name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw std::runtime_error("no network is called \"" + std::string(name) + "\"; there are: " + known);
}

std::vector<Parameter> parameters(const Network& network, const Node& node) {
  const auto in = [&] { return network.nodes[static_cast<size_t>(node.a)].shape; };
  const int64_t out = node.shape.channels;
  std::vector<Parameter> list;
  const auto add = [&](const char* suffix, std::vector<int64_t> shape, Role role) {
    list.push_back({node.name + suffix, std::move(shape), role});
  };
  switch (node.op) {
    case Op::kConv:
      add(".weight", {out, in().channels, node.kernel, node.kernel}, Role::kWeight);
      break;
    case Op::kLinear:
      add(".weight", {out, in().size()}, Role::kWeight);
      break;
    case Op::kBatchNorm:
      add(".gain", {out}, Role::kGain);
      add(".bias", {out}, Role::kBias);
      add(".mean", {out}, Role::kStatistic);
      add(".variance", {out}, Role::kStatistic);
      return list;
    case Op::kRnn:
      add(".weight_input", {out, in().width}, Role::kWeight);
      add(".weight_hidden", {out, out}, Role::kWeight);
      break;
    case Op::kLstm:  // gates in LibTorch's order: input, forget, cell, output
      add(".weight_input", {4 * out, in().width}, Role::kWeight);
      add(".weight_hidden", {4 * out, out}, Role::kWeight);
      add(".bias_input", {4 * out}, Role::kBias);
      add(".bias_hidden", {4 * out}, Role::kBias);
      return list;
    default:
      return list;
  }
  if (node.bias) add(".bias", {out}, Role::kBias);
  return list;
}

bool fits_input(const Network& network, int32_t size_px) {
  std::vector<int32_t> sides;
  for (const Node& node : network.nodes) {
    const int32_t in = node.a < 0 ? size_px : sides[static_cast<size_t>(node.a)];
    const bool reads_all = node.op == Op::kLinear || recurrent(node.op);
    if (in < 1 || (reads_all && in != network.nodes[static_cast<size_t>(node.a)].shape.height)) return false;
    const bool slides = node.op == Op::kConv || node.op == Op::kMaxPool;
    sides.push_back(reads_all || node.op == Op::kGlobalAveragePool ? 1
                    : slides ? (in + 2 * node.pad - node.kernel) / node.stride + 1
                             : in);
  }
  return true;
}

namespace {

int64_t elements(const Parameter& parameter) {
  int64_t size = 1;
  for (const int64_t n : parameter.shape) size *= n;
  return size;
}

}  // namespace

int64_t parameter_count(const Network& network, const Node& node) {
  int64_t count = 0;
  for (const Parameter& parameter : parameters(network, node))
    if (parameter.role != Role::kStatistic) count += elements(parameter);
  return count;
}

int64_t parameter_count(const Network& network) {
  int64_t total = 0;
  for (const Node& node : network.nodes) total += parameter_count(network, node);
  return total;
}

int64_t multiply_adds(const Network& network, const Node& node) {
  // Each weight is used once for every position of the output, a recurrent one for every row of the input.
  const int64_t uses = recurrent(node.op) ? network.nodes[static_cast<size_t>(node.a)].shape.height
                                          : int64_t{node.shape.height} * node.shape.width;
  int64_t count = 0;
  for (const Parameter& parameter : parameters(network, node))
    if (parameter.role == Role::kWeight) count += elements(parameter) * uses;
  return count;
}

int64_t multiply_adds(const Network& network) {
  int64_t total = 0;
  for (const Node& node : network.nodes) total += multiply_adds(network, node);
  return total;
}

Network folded(const Network& network) {
  Network out{network.name, network.input, {}};
  std::vector<int32_t> moved;  // index of a node here -> index in out
  for (const Node& node : network.nodes) {
    if (node.op == Op::kDropout) {
      moved.push_back(moved[static_cast<size_t>(node.a)]);
    } else if (node.op == Op::kBatchNorm) {
      const int32_t conv = moved[static_cast<size_t>(node.a)];
      assert(out.nodes[static_cast<size_t>(conv)].op == Op::kConv);
      out.nodes[static_cast<size_t>(conv)].bias = true;
      moved.push_back(conv);
    } else {
      Node copy = node;
      if (copy.a >= 0) copy.a = moved[static_cast<size_t>(copy.a)];
      if (copy.b >= 0) copy.b = moved[static_cast<size_t>(copy.b)];
      out.nodes.push_back(std::move(copy));
      moved.push_back(static_cast<int32_t>(out.nodes.size()) - 1);
    }
  }
  return out;
}

}  // namespace biji
