#include "native/nets/net.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <random>
#include <stdexcept>

#include "native/nets/cpu/batch_norm.h"
#include "native/nets/cpu/convolution.h"

namespace biji {
namespace {

constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;

int64_t product(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (const int64_t n : shape) size *= n;
  return size;
}

at::Tensor view_of(const at::Tensor& flat, int64_t offset, const std::vector<int64_t>& shape) {
  const at::Tensor part = flat.slice(0, offset, offset + product(shape));
  if (shape.size() != 4) return part.view(shape);
  return part.view({shape[0], shape[2], shape[3], shape[1]}).permute({0, 3, 1, 2});
}

// Convolutions run nearly twice as fast on a CPU when channels are innermost, and on CUDA's tensor cores
// likewise. With one channel both layouts have the same bytes, and only these strides tell LibTorch which one
// is meant.
at::Tensor channels_last(const at::Tensor& x) {
  const at::Tensor dense = x.contiguous();
  const int64_t h = x.size(2), w = x.size(3);
  return x.size(1) == 1 ? dense.as_strided(x.sizes(), {h * w, 1, w, 1}) : dense;
}

}  // namespace

Net::Net(Network network, at::Device device, at::ScalarType type) : network_(std::move(network)) {
  int64_t sizes[3] = {};  // weights, gains and biases, statistics
  const auto group = [](Role role) { return role == Role::kWeight ? 0 : role == Role::kStatistic ? 2 : 1; };
  for (const Node& node : network_.nodes)
    for (const Parameter& parameter : biji::parameters(network_, node))
      sizes[group(parameter.role)] += product(parameter.shape);
  weights_ = sizes[0];
  parameters_ = sizes[0] + sizes[1];
  const int64_t statistics = (parameters_ + 3) / 4 * 4;
  state_ = at::zeros({statistics + sizes[2]}, at::TensorOptions().device(device).dtype(type));

  int64_t offsets[3] = {0, weights_, statistics};
  for (const Node& node : network_.nodes) {
    auto& tensors = node_tensors_.emplace_back();
    for (Parameter& parameter : biji::parameters(network_, node)) {
      int64_t& offset = offsets[group(parameter.role)];
      tensors.push_back(view_of(state_, offset, parameter.shape));
      offset += product(parameter.shape);
      entries_.push_back({std::move(parameter), tensors.back()});
    }
  }
}

void Net::initialise(uint64_t seed) {
  // Own generator: std::normal_distribution differs between standard libraries.
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  const auto normal = [&] { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * M_PI * uniform()); };
  for (Entry& entry : entries_) {
    const auto& shape = entry.parameter.shape;
    const std::string& name = entry.parameter.name;
    at::Tensor values = at::zeros(shape, at::kDouble);
    double* v = values.data_ptr<double>();
    const bool lstm = name.starts_with("lstm.");
    if (lstm || name.starts_with("rnn.")) {
      const int64_t units = shape[0] / (lstm ? 4 : 1);
      const double bound = 1 / std::sqrt(static_cast<double>(units));
      for (int64_t i = 0; i < values.numel(); ++i)
        v[i] = entry.parameter.role == Role::kWeight ? (2 * uniform() - 1) * bound : 0;
      if (name == "lstm.bias_input")
        for (int64_t i = units; i < 2 * units; ++i) v[i] = 1;
    } else if (entry.parameter.role == Role::kWeight) {
      const bool last = &entry == &entries_.back() || &entry == &entries_.back() - 1;  // logits start small
      const double deviation = std::sqrt((last ? 0.1 : 2.0) / static_cast<double>(product(shape) / shape[0]));
      for (int64_t i = 0; i < values.numel(); ++i) v[i] = normal() * deviation;
    } else if (entry.parameter.role == Role::kGain || name.ends_with(".variance")) {
      values.fill_(1);
    }
    const at::NoGradGuard no_grad;
    entry.tensor.copy_(values);
  }
}

void Net::enable_gradients() {
  gradient_ = at::zeros({parameters_}, state_.options());
  for (Entry& entry : entries_) {
    if (entry.parameter.role == Role::kStatistic) continue;
    entry.tensor.set_requires_grad(true);
    // The gradient is a view with the parameter's own strides, into which backward() accumulates.
    entry.tensor.mutable_grad() =
        gradient_.as_strided(entry.tensor.sizes(), entry.tensor.strides(), entry.tensor.storage_offset());
  }
}

at::Tensor Net::forward(const at::Tensor& input, bool training) {
  std::vector<at::Tensor> values(network_.nodes.size());
  for (size_t i = 0; i < network_.nodes.size(); ++i) {
    const Node& node = network_.nodes[i];
    const std::vector<at::Tensor>& p = node_tensors_[i];
    at::Tensor x = node.a >= 0 ? values[static_cast<size_t>(node.a)] : input;
    at::Tensor& y = values[i];
    switch (node.op) {
      case Op::kInput:
        y = channels_last(x);
        break;
      case Op::kConv:
        if (training && !node.bias && can_block(x, p[0]))
          y = conv2d_blocked(x, p[0], node.stride, node.pad);
        else
          y = at::conv2d(plain(x), p[0], node.bias ? p[1] : at::Tensor(), {node.stride, node.stride},
                         {node.pad, node.pad});
        break;
      case Op::kBatchNorm: {
        // What follows is computed along with it: ReLU, or the sum with a residual and then ReLU.
        const auto is = [&](size_t j, Op op) {
          return j < network_.nodes.size() && network_.nodes[j].op == op;
        };
        const auto self = static_cast<int32_t>(i);
        const bool add = is(i + 1, Op::kAdd) && network_.nodes[i + 1].b == self;
        const size_t last = i + add;
        const bool relu = is(last + 1, Op::kRelu) && network_.nodes[last + 1].a == static_cast<int32_t>(last);
        const at::Tensor residual = add ? values[static_cast<size_t>(network_.nodes[i + 1].a)] : at::Tensor();
        i = last + relu;
        values[i] = batch_norm(x, {p[0], p[1], p[2], p[3], kBatchNormMomentum, kBatchNormEps}, residual, relu,
                               training);
        break;
      }
      case Op::kRelu:
        y = node.a > 0 ? at::relu_(x) : at::relu(x);
        break;  // nobody else reads x
      case Op::kMaxPool:
        y = at::max_pool2d(plain(x), {node.kernel, node.kernel}, {node.stride, node.stride});
        break;
      case Op::kGlobalAveragePool:
        y = x.mean({2, 3}).flatten(1);
        break;
      case Op::kLinear:
        y = at::linear(plain(x).flatten(1), p[0], node.bias ? p[1] : at::Tensor());
        break;
      case Op::kDropout:
        y = at::dropout(x, node.rate, training);
        break;
      case Op::kAdd:
        y = plain(x) + plain(values[static_cast<size_t>(node.b)]);
        break;
      case Op::kRnn: {
        const at::Tensor zero = at::zeros({1, x.size(0), node.shape.channels}, x.options());
        const at::Tensor no_bias = at::zeros_like(p[2]);  // LibTorch has two, which are added
        const auto result = at::rnn_tanh(plain(x).squeeze(1), zero, {p[0], p[1], p[2], no_bias}, true, 1, 0.,
                                         training, false, true);
        y = std::get<1>(result)[0];
        break;
      }
      case Op::kLstm: {
        const at::Tensor zero = at::zeros({1, x.size(0), node.shape.channels}, x.options());
        const auto result =
            at::lstm(plain(x).squeeze(1), {zero, zero}, p, true, 1, 0., training, false, true);
        y = std::get<1>(result)[0];
        break;
      }
    }
  }
  return values.back();
}

at::Tensor Net::tensor(const std::string& name) const {
  for (const Entry& entry : entries_)
    if (entry.parameter.name == name) return entry.tensor;
  assert(!"no such parameter");
  return {};
}

Net fold(const Net& net) {
  const at::NoGradGuard no_grad;
  Net out(folded(net.network()), at::kCPU);
  for (const Net::Entry& entry : out.entries())
    for (const Net::Entry& from : net.entries())
      if (from.parameter.name == entry.parameter.name) entry.tensor.copy_(from.tensor);
  const std::vector<Node>& nodes = net.network().nodes;
  for (const Node& node : nodes) {
    if (node.op != Op::kBatchNorm) continue;
    const Node& conv = nodes[static_cast<size_t>(node.a)];
    const auto of = [&](const std::string& name) { return net.tensor(name).to(at::kCPU, at::kDouble); };
    // y = (w*x + b - mean) / sqrt(variance + eps) * gain + bias, in double so that only the result is
    // rounded.
    const at::Tensor factor = of(node.name + ".gain") / (of(node.name + ".variance") + kBatchNormEps).sqrt();
    at::Tensor bias = -of(node.name + ".mean");
    if (conv.bias) bias = bias + of(conv.name + ".bias");
    out.tensor(conv.name + ".weight").copy_(of(conv.name + ".weight") * factor.view({-1, 1, 1, 1}));
    out.tensor(conv.name + ".bias").copy_(bias * factor + of(node.name + ".bias"));
  }
  return out;
}

void export_tensors(const Net& net, const std::string& prefix, FloatTensors& out) {
  for (const Net::Entry& entry : net.entries()) {
    const at::Tensor values = entry.tensor.detach().cpu().contiguous();
    out[prefix + entry.parameter.name] = {
        entry.parameter.shape, {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
  }
}

at::Tensor tensor_of(const FloatTensors& tensors, const std::string& name,
                     const std::vector<int64_t>& shape) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.shape != shape)
    throw std::runtime_error("the weights do not fit the network at \"" + name + "\"");
  return at::tensor(found->second.data).view(shape);
}

void import_tensors(Net& net, const std::string& prefix, const FloatTensors& tensors) {
  const at::NoGradGuard no_grad;
  for (const Net::Entry& entry : net.entries())
    entry.tensor.copy_(tensor_of(tensors, prefix + entry.parameter.name, entry.parameter.shape));
}

Growth import_smaller(Net& net, const std::string& prefix, const FloatTensors& tensors) {
  const at::NoGradGuard no_grad;
  const auto fits = [&](const Net::Entry& entry) {
    const auto found = tensors.find(prefix + entry.parameter.name);
    return found != tensors.end() && found->second.shape == entry.parameter.shape;
  };
  if (std::all_of(net.entries().begin(), net.entries().end(), fits)) {
    import_tensors(net, prefix, tensors);
    return {};
  }
  // A layer is a convolution and the batch normalisation that follows it, or a linear layer; each kind has its count.
  struct Layer {
    std::string name, norm;
    std::vector<int64_t> shape;
  };
  const auto layers_of = [](auto&& each_weight) {
    std::vector<Layer> layers;
    for (const std::string kind : {"conv", "linear"})
      for (int i = 1;; ++i) {
        const std::string number = std::to_string(i);
        const std::vector<int64_t>* shape = each_weight(kind + number + ".weight");
        if (!shape) break;
        layers.push_back({kind + number, kind == "conv" ? "bn" + number : "", *shape});
      }
    return layers;
  };
  std::vector<Layer> from = layers_of([&](const std::string& name) -> const std::vector<int64_t>* {
    const auto found = tensors.find(prefix + name);
    return found == tensors.end() ? nullptr : &found->second.shape;
  });
  const std::vector<Layer> to = layers_of([&](const std::string& name) -> const std::vector<int64_t>* {
    for (const Net::Entry& entry : net.entries())
      if (entry.parameter.name == name) return &entry.parameter.shape;
    return nullptr;
  });
  const auto differ = [](const std::string& at) {
    return std::runtime_error("the weights do not fit the network at \"" + at + "\"");
  };
  if (from.empty() || to.empty()) throw differ(net.entries()[0].parameter.name);

  Growth growth;
  FloatTensors grown;  // the first layer's weights, as this network's first layer has them
  if (const auto &small = from[0].shape, &large = to[0].shape; small != large) {
    if (small.size() != 4 || large.size() != 4 || small[1] >= large[1]) throw differ(from[0].name);
    growth.planes = static_cast<int>(large[1] - small[1]);
    const std::string name = prefix + from[0].name + ".weight";
    at::Tensor weight = at::zeros(large);
    std::vector<int64_t> of_old = large;
    of_old[1] = small[1];
    weight.slice(1, 0, small[1]).copy_(tensor_of(tensors, name, of_old));
    grown[name] = {large, {weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel()}};
    from[0].shape = large;
  }
  int added = 0;
  size_t next = 0;  // of from
  for (const Layer& layer : to) {
    if (next < from.size() && from[next].shape == layer.shape) {
      const Layer& source = from[next++];
      for (const Net::Entry& entry : net.entries()) {
        const std::string& name = entry.parameter.name;
        for (const auto& [mine, theirs] : {std::pair{layer.name, source.name}, {layer.norm, source.norm}}) {
          if (mine.empty() || !name.starts_with(mine + ".")) continue;
          const std::string old = prefix + theirs + name.substr(mine.size());
          entry.tensor.copy_(tensor_of(grown.contains(old) ? grown : tensors, old, entry.parameter.shape));
        }
      }
      continue;
    }
    ++added;
    for (size_t i = 0; i < net.network().nodes.size(); ++i) {
      const Node& node = net.network().nodes[i];
      // With its last gain 0 a residual block carries its input on as it is.
      if (node.op != Op::kAdd || net.network().nodes[static_cast<size_t>(node.b)].name != layer.norm)
        continue;
      net.tensor(layer.norm + ".gain").zero_();
      ++growth.blocks;
    }
  }
  if (next != from.size() || added != 2 * growth.blocks)
    throw differ(next < from.size() ? from[next].name : to[0].name);
  return growth;
}

FloatTensors unfolded(FloatTensors weights) {
  FloatTensors norms;
  for (const auto& [name, bias] : weights) {
    if (!name.starts_with("conv") || !name.ends_with(".bias")) continue;
    const std::string norm = "bn" + name.substr(4, name.size() - 4 - 5);
    norms[norm + ".bias"] = bias;
    for (const auto& [statistic, value] :
         {std::pair{".gain", 1.f}, {".mean", 0.f}, {".variance", 1 - static_cast<float>(kBatchNormEps)}})
      norms[norm + statistic] = {bias.shape, std::vector<float>(bias.data.size(), value)};
  }
  weights.merge(norms);
  return weights;
}

void settle(Net& net, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  const Network whole = net.network();
  for (const Node& node : whole.nodes) {
    if (node.op != Op::kBatchNorm) continue;
    Network head = whole;  // what leads to it
    head.nodes.resize(static_cast<size_t>(node.a) + 1);
    Net part(head, net.state().device());
    for (const Net::Entry& entry : part.entries()) entry.tensor.copy_(net.tensor(entry.parameter.name));
    const at::Tensor y = part.forward(x, false).to(at::kDouble);

    const auto of = [&](const char* name) { return net.tensor(node.name + name).to(at::kDouble); };
    at::Tensor filters = net.tensor(whole.nodes[static_cast<size_t>(node.a)].name + ".weight");
    const at::Tensor length = filters.to(at::kDouble).square().sum({1, 2, 3}).sqrt();
    const at::Tensor scale = at::where(length > 0, std::sqrt(2.) / length, at::ones_like(length));
    const at::Tensor mean = y.mean({0, 2, 3}), variance = y.var({0, 2, 3}, false) * scale.square();
    // (y - mean of old) * factor + bias = (y * scale - mean of new) / deviation of new * gain + bias of new
    const at::Tensor factor = of(".gain") / (of(".variance") + kBatchNormEps).sqrt();
    net.tensor(node.name + ".bias").add_((mean - of(".mean")) * factor);
    net.tensor(node.name + ".gain").copy_(factor / scale * (variance + kBatchNormEps).sqrt());
    net.tensor(node.name + ".mean").copy_(mean * scale);
    net.tensor(node.name + ".variance").copy_(variance);
    filters.mul_(scale.view({-1, 1, 1, 1}));
  }
}

}  // namespace biji
