// A network with weights: LibTorch's interpretation of network.h.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <string>
#include <vector>

#include "native/nets/network.h"
#include "native/nets/safetensors.h"

namespace biji {

// All weights and statistics live in one flat tensor, state(), and each parameter is a view of it; likewise
// the gradients. So the optimiser, gradient clipping, averaging, checkpoints (and a reduction over machines)
// are each a few operations on one tensor.
//
//   state     [ weights | gains and biases | statistics ]
//   gradient  [ weights | gains and biases ]
//
// Statistics begin at a multiple of 16 bytes, as fast kernels want them; what lies before that is 0.
// Convolution weights are stored channels-last (out, kernel, kernel, in); tensor() shows them as LibTorch's
// [out, in, kernel, kernel].
class Net {
 public:
  // Zeros; call initialise() or fill the tensors. type: kFloat, or kDouble for a reference.
  Net(Network network, at::Device device, at::ScalarType type = at::kFloat);

  // He's initialisation (K. He et al., 2015), batch normalisation as identity; recurrent weights within
  // 1/sqrt(units), LSTM forget bias 1.
  // The same seed gives the same weights on every machine.
  void initialise(uint64_t seed);

  // Gradients are collected in gradient() by backward(); it must be zeroed before each step.
  void enable_gradients();

  // x: [n, 1, h, w], 0 = paper .. 1 = ink, of state's type and device. Returns logits [n, classes].
  // training: batch statistics and dropout; else running statistics.
  at::Tensor forward(const at::Tensor& x, bool training);

  const Network& network() const { return network_; }
  at::Tensor& state() { return state_; }
  at::Tensor& gradient() { return gradient_; }
  int64_t weight_count() const { return weights_; }        // the part of state that is decayed
  int64_t parameter_count() const { return parameters_; }  // the part of state that is learned

  struct Entry {
    Parameter parameter;
    at::Tensor tensor;  // a view of state
  };
  const std::vector<Entry>& entries() const { return entries_; }
  // Asserts that name exists.
  at::Tensor tensor(const std::string& name) const;

 private:
  Network network_;
  at::Tensor state_, gradient_;
  int64_t weights_ = 0, parameters_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::vector<at::Tensor>> node_tensors_;  // views in the order of parameters(node)
};

// The network as exported: its batch normalisation multiplied into the convolutions, on the CPU.
Net fold(const Net& net);

// Weights and statistics under "<prefix><parameter>". import and tensor_of throw std::runtime_error when a
// name is missing or a shape differs.
void export_tensors(const Net& net, const std::string& prefix, FloatTensors& out);
void import_tensors(Net& net, const std::string& prefix, const FloatTensors& tensors);
// The same from a smaller network of this kind. It may lack some of this one's residual blocks: its layers are found in
// their order by their shapes, and the blocks in between, as initialised but for a last gain of 0, do nothing until they
// are trained. Its input may lack this one's last planes: their weights begin as 0. Returns what is new.
struct Growth {
  int blocks = 0;  // residual ones
  int planes = 0;  // of the input
};
Growth import_smaller(Net& net, const std::string& prefix, const FloatTensors& tensors);
at::Tensor tensor_of(const FloatTensors& tensors, const std::string& name, const std::vector<int64_t>& shape);

// The parameters of a folded network as those of the network that it came from: batch normalisation that adds the bias
// and does nothing else. Those cannot be trained as they are: settle() must follow.
FloatTensors unfolded(FloatTensors weights);
// Gives batch normalisation the statistics of x (as forward() takes it, [n, c, h, w], a few hundred samples as they are
// trained on), and the convolutions before it filters of the length that initialise() gives them, without changing what
// the network computes.
void settle(Net& net, const at::Tensor& x);

}  // namespace biji
