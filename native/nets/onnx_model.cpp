#include "native/nets/onnx_model.h"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>

namespace biji {
namespace {

using onnx::NodeProto;
using onnx::TensorProto;

// LibTorch keeps LSTM gates as input, forget, cell, output; ONNX as input, output, forget, cell. Rows of the
// first dimension move in blocks; the two orders are each other's inverse taken twice, so both are spelled
// out.
at::Tensor reorder_gates(const at::Tensor& t, bool to_onnx) {
  const auto gates = t.chunk(4, 0);
  return to_onnx ? at::cat({gates[0], gates[3], gates[1], gates[2]})
                 : at::cat({gates[0], gates[2], gates[3], gates[1]});
}

// Integers and the scale of each row (output) such that values ~ integers * scales.
struct Quantised {
  at::Tensor integers;  // int8, as values
  at::Tensor scales;    // float [rows, 1, ...]
};
Quantised quantise(const at::Tensor& values) {
  const int64_t rows = values.size(0);
  std::vector<int64_t> shape(static_cast<size_t>(values.dim()), 1);
  shape[0] = rows;
  at::Tensor scales = values.abs().reshape({rows, -1}).amax(1).div_(127).contiguous();
  // Twelve bits, rounded up: the scale times any of the integers is then exact, and quantising the product gives
  // the same scale again.
  for (float* s = scales.data_ptr<float>(); s < scales.data_ptr<float>() + rows; ++s) {
    int exponent = 0;
    const float fraction = std::frexp(*s, &exponent);
    *s = *s > 0 ? std::ldexp(std::ceil(std::ldexp(fraction, 12)), exponent - 12) : 1;
  }
  scales = scales.view(shape);
  return {values.div(scales).round_().clamp_(-127, 127).to(at::kChar).contiguous(), scales};
}

bool recurrent(const std::string& parameter) {
  return parameter.starts_with("lstm.") || parameter.starts_with("rnn.");
}

// What becomes of a parameter of the net.
Stored stored_as(const Net& net, const Net::Entry& entry, Stored stored) {
  if (stored != Stored::kInt8) return stored;
  const bool first = &entry == &net.entries().front();
  const bool matrix = entry.parameter.role == Role::kWeight && !recurrent(entry.parameter.name);
  return matrix && !first ? Stored::kInt8 : Stored::kHalf;
}

// Small functions that append to the graph and return the name of the value they make.
class Graph {
 public:
  Graph(const Net& net, Stored stored) : net_(net), stored_(stored) {
    model_.set_ir_version(7);
    model_.set_producer_name("biji");
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    graph_ = model_.mutable_graph();
    graph_->set_name(net.network().name);
  }

  std::string node(const char* op, const std::string& name, const std::vector<std::string>& inputs,
                   const std::vector<std::string>& outputs = {}) {
    last_ = graph_->add_node();
    last_->set_op_type(op);
    last_->set_name(name);
    for (const auto& input : inputs) last_->add_input(input);
    for (const auto& output : outputs) last_->add_output(output);
    if (outputs.empty()) last_->add_output(name);
    return last_->output(last_->output_size() - 1);
  }
  void attribute(const char* name, int64_t value) {
    auto* a = last_->add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::INT);
    a->set_i(value);
  }
  void attribute(const char* name, const std::vector<int64_t>& values) {
    auto* a = last_->add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::INTS);
    for (const int64_t v : values) a->add_ints(v);
  }

  std::string constant(const std::string& name, const std::vector<int64_t>& values) {
    TensorProto* t = graph_->add_initializer();
    t->set_name(name);
    t->set_data_type(TensorProto::INT64);
    t->add_dims(static_cast<int64_t>(values.size()));
    t->set_raw_data(values.data(), values.size() * sizeof(int64_t));
    return name;
  }
  std::string scalar(const std::string& name, float value) {
    TensorProto* t = graph_->add_initializer();
    t->set_name(name);
    t->set_data_type(TensorProto::FLOAT);
    t->set_raw_data(&value, sizeof value);
    return name;
  }
  void tensor(const std::string& name, int32_t type, const at::Tensor& values) {
    TensorProto* t = graph_->add_initializer();
    t->set_name(name);
    t->set_data_type(type);
    for (const int64_t n : values.sizes()) t->add_dims(n);
    t->set_raw_data(values.data_ptr(), static_cast<size_t>(values.nbytes()));
  }
  // A parameter, or what was made of it; returns the name of its float value.
  std::string weight(const std::string& name, at::Tensor values, Stored stored) {
    values = values.detach().contiguous();
    if (stored == Stored::kFloat) {
      tensor(name, TensorProto::FLOAT, values);
      return name;
    }
    const Quantised q = stored == Stored::kInt8 ? quantise(values) : Quantised{};
    if (stored == Stored::kInt8)
      tensor(name, TensorProto::INT8, q.integers);
    else
      tensor(name, TensorProto::FLOAT16, values.to(at::kHalf));
    const std::string cast = node("Cast", name + ".f32", {name});
    attribute("to", TensorProto::FLOAT);
    if (stored == Stored::kHalf) return cast;
    tensor(name + ".scale", TensorProto::FLOAT, q.scales);
    return node("Mul", name + ".scaled", {cast, name + ".scale"});
  }
  std::string weight(const std::string& name, const at::Tensor& values) {
    return weight(name, values, stored_ == Stored::kFloat ? Stored::kFloat : Stored::kHalf);
  }
  std::string weight(const std::string& name) {
    for (const Net::Entry& entry : net_.entries())
      if (entry.parameter.name == name) return weight(name, entry.tensor, stored_as(net_, entry, stored_));
    throw std::logic_error("no parameter " + name);
  }

  void value_info(onnx::ValueInfoProto* info, const char* name, int32_t type,
                  const std::vector<int64_t>& sizes) {
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape()->add_dim()->set_dim_param("n");
    for (const int64_t n : sizes) tensor->mutable_shape()->add_dim()->set_dim_value(n);
  }
  onnx::GraphProto* graph() { return graph_; }
  std::string bytes() const {
    std::string out;
    if (!model_.SerializeToString(&out)) throw std::runtime_error("the ONNX model could not be serialised");
    return out;
  }

 private:
  const Net& net_;
  Stored stored_;
  onnx::ModelProto model_;
  onnx::GraphProto* graph_ = nullptr;
  NodeProto* last_ = nullptr;
};

// A simple RNN or an LSTM.
std::string recurrent_layer(Graph& g, const Net& net, const Node& node, const std::string& x) {
  const bool lstm = node.op == Op::kLstm;
  const auto part = [&](const char* suffix) {
    const at::Tensor values = net.tensor(node.name + suffix);
    return lstm ? reorder_gates(values, true) : values;
  };
  const std::string rows =
      g.node("Squeeze", node.name + ".rows", {x, g.constant(node.name + ".axis1", {1})});  // [n, h, w]
  const std::string sequence = g.node("Transpose", node.name + ".sequence", {rows});       // [h, n, w]
  g.attribute("perm", {1, 0, 2});
  const std::string w = g.weight(node.name + ".weight_input", part(".weight_input").unsqueeze(0));
  const std::string r = g.weight(node.name + ".weight_hidden", part(".weight_hidden").unsqueeze(0));
  const at::Tensor bias = part(lstm ? ".bias_input" : ".bias");
  const at::Tensor bias_hidden = lstm ? part(".bias_hidden") : at::zeros_like(bias);
  const std::string b = g.weight(node.name + ".bias", at::cat({bias, bias_hidden}).unsqueeze(0));
  const std::string hidden = g.node(lstm ? "LSTM" : "RNN", node.name, {sequence, w, r, b},
                                    {"", node.name + ".hidden"});  // [1, n, units]
  g.attribute("hidden_size", node.shape.channels);
  return g.node("Squeeze", node.name + ".last", {hidden, g.constant(node.name + ".axis0", {0})});
}

}  // namespace

Stored stored_of(const std::string& precision) {
  if (precision == "fp32") return Stored::kFloat;
  if (precision == "fp16") return Stored::kHalf;
  if (precision == "int8") return Stored::kInt8;
  throw std::runtime_error("precision \"" + precision + "\" is unknown; use fp32, fp16 or int8");
}

std::string to_onnx(const Net& net, Stored stored) {
  const at::NoGradGuard no_grad;
  Graph g(net, stored);
  const std::vector<Node>& nodes = net.network().nodes;
  const InputSpec& input = net.network().input;
  g.value_info(g.graph()->add_input(), "input", TensorProto::UINT8,
               {input.channels(), input.size_px, input.size_px});
  g.value_info(g.graph()->add_output(), "logits", TensorProto::FLOAT, {net.network().classes()});

  std::vector<std::string> values;  // the name of each node's output
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const std::string name = i + 1 == nodes.size() ? "logits" : std::string("v").append(std::to_string(i));
    const std::string x = node.a >= 0 ? values[static_cast<size_t>(node.a)] : "";
    switch (node.op) {
      case Op::kInput: {
        const std::string cast = g.node("Cast", "input.f32", {"input"});
        g.attribute("to", TensorProto::FLOAT);
        values.push_back(g.node("Mul", name, {cast, g.scalar("input.scale", 1.f / 255)}));
        break;
      }
      case Op::kConv: {
        const std::string w = g.weight(node.name + ".weight"), b = g.weight(node.name + ".bias");
        values.push_back(g.node("Conv", name, {x, w, b}));
        g.attribute("kernel_shape", {node.kernel, node.kernel});
        g.attribute("strides", {node.stride, node.stride});
        g.attribute("pads", {node.pad, node.pad, node.pad, node.pad});
        break;
      }
      case Op::kRelu:
        values.push_back(g.node("Relu", name, {x}));
        break;
      case Op::kMaxPool:
        values.push_back(g.node("MaxPool", name, {x}));
        g.attribute("kernel_shape", {node.kernel, node.kernel});
        g.attribute("strides", {node.stride, node.stride});
        g.attribute("pads", {0, 0, 0, 0});
        break;
      case Op::kGlobalAveragePool:
        values.push_back(g.node("GlobalAveragePool", name, {x}));
        break;
      case Op::kLinear: {
        const std::string flat = g.node("Flatten", name + ".flat", {x});
        g.attribute("axis", int64_t{1});
        const std::string w = g.weight(node.name + ".weight"), b = g.weight(node.name + ".bias");
        values.push_back(g.node("Gemm", name, {flat, w, b}));
        g.attribute("transB", int64_t{1});
        break;
      }
      case Op::kAdd:
        values.push_back(g.node("Add", name, {x, values[static_cast<size_t>(node.b)]}));
        break;
      case Op::kRnn:
      case Op::kLstm:
        values.push_back(recurrent_layer(g, net, node, x));
        break;
      case Op::kBatchNorm:
      case Op::kDropout:
        throw std::logic_error("to_onnx needs a folded network");
    }
  }
  return g.bytes();
}

FloatTensors weights_of_onnx(std::string_view bytes) {
  const at::NoGradGuard no_grad;
  onnx::ModelProto model;
  if (bytes.size() > (1u << 30) || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw std::runtime_error("not an ONNX file");
  std::map<std::string, at::Tensor> found;
  for (const TensorProto& t : model.graph().initializer()) {
    const bool half = t.data_type() == TensorProto::FLOAT16, byte = t.data_type() == TensorProto::INT8;
    if (!half && !byte && t.data_type() != TensorProto::FLOAT) continue;
    uint64_t elements = 1;
    std::vector<int64_t> shape;
    for (const int64_t n : t.dims()) {
      if (n < 0 || (n > 0 && elements > t.raw_data().size() / static_cast<uint64_t>(n)))
        throw std::runtime_error("the tensor \"" + t.name() + "\" has an impossible shape");
      elements *= static_cast<uint64_t>(n);
      shape.push_back(n);
    }
    if (t.raw_data().size() != elements * (half ? 2 : byte ? 1 : 4))
      throw std::runtime_error("the tensor \"" + t.name() + "\" has the wrong length");
    at::Tensor values = at::empty(shape, half ? at::kHalf : byte ? at::kChar : at::kFloat);
    if (elements > 0) std::memcpy(values.data_ptr(), t.raw_data().data(), t.raw_data().size());
    found[t.name()] = values.to(at::kFloat);
  }

  FloatTensors weights;
  const auto add = [&weights](const std::string& name, const at::Tensor& values) {
    const at::Tensor dense = values.contiguous();
    weights[name] = {dense.sizes().vec(), {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()}};
  };
  for (auto& [name, values] : found) {
    if (name.ends_with(".scale")) continue;
    if (const auto scale = found.find(name + ".scale"); scale != found.end()) {
      if (values.dim() == 0 || scale->second.numel() != values.size(0))
        throw std::runtime_error("the scale of \"" + name + "\" has another shape");
      std::vector<int64_t> rows(static_cast<size_t>(values.dim()), 1);
      rows[0] = values.size(0);
      values = values * scale->second.view(rows);
    }
    if (!recurrent(name)) {
      add(name, values);
      continue;
    }
    const bool lstm = name.starts_with("lstm."), biases = name.ends_with(".bias");
    const int64_t parts = (lstm ? 4 : 1) * (biases ? 2 : 1);
    if (values.dim() < 2 || values.size(0) != 1 || values.size(1) % parts != 0)
      throw std::runtime_error("the weight \"" + name + "\" has another shape");
    if (!lstm) {
      add(name, biases ? values[0].chunk(2)[0] + values[0].chunk(2)[1] : values[0]);
    } else if (biases) {
      add("lstm.bias_input", reorder_gates(values[0].chunk(2)[0], false));
      add("lstm.bias_hidden", reorder_gates(values[0].chunk(2)[1], false));
    } else {
      add(name, reorder_gates(values[0], false));
    }
  }
  return weights;
}

void from_onnx(std::string_view bytes, Net& net) {
  const FloatTensors weights = weights_of_onnx(bytes);
  for (const Net::Entry& entry : net.entries()) {
    const auto found = weights.find(entry.parameter.name);
    if (found == weights.end())
      throw std::runtime_error("there is no weight \"" + entry.parameter.name + "\" in it");
    if (found->second.shape != entry.parameter.shape)
      throw std::runtime_error("the weight \"" + entry.parameter.name + "\" has another shape");
  }
  import_tensors(net, "", weights);
}

void round_to(Net& net, Stored stored) {
  const at::NoGradGuard no_grad;
  for (const Net::Entry& entry : net.entries()) {
    const Stored how = stored_as(net, entry, stored);
    if (how == Stored::kHalf) entry.tensor.copy_(entry.tensor.to(at::kHalf));
    if (how == Stored::kInt8) {
      const Quantised q = quantise(entry.tensor.contiguous());
      entry.tensor.copy_(q.integers.to(at::kFloat) * q.scales);
    }
  }
}

}  // namespace biji
