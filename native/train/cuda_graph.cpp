#include "native/train/cuda_graph.h"

#include <stdexcept>
#include <string>

#if defined(BIJI_CUDA)
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace biji {

#if defined(BIJI_CUDA)

struct OwnStream::Guard {
  explicit Guard(at::Device device) : guard(c10::cuda::getStreamFromPool(false, device.index())) {}
  ~Guard() { guard.current_stream().synchronize(); }
  c10::cuda::CUDAStreamGuard guard;
};

OwnStream::OwnStream(at::Device device) {
  if (device.is_cuda()) guard_ = std::make_unique<Guard>(device);
}

struct Recorded::Graph {
  at::cuda::CUDAGraph graph;
};

Recorded::Recorded(at::Device device) {
  if (!device.is_cuda()) throw std::runtime_error("--cuda-graphs: needs a CUDA device, not " + device.str());
  graph_ = std::make_unique<Graph>();
}

void Recorded::operator()(const std::function<void()>& body) {
  constexpr int kWarmUp = 3;
  if (calls_ < kWarmUp) {
    ++calls_;
    return body();
  }
  if (calls_ == kWarmUp) {
    try {
      graph_->graph.capture_begin();
      body();
      graph_->graph.capture_end();
    } catch (const std::exception& error) {
      const std::string message = error.what();
      throw std::runtime_error("the step could not be recorded (" + message.substr(0, message.find('\n')) +
                               "); go on without --cuda-graphs");
    }
    ++calls_;
  }
  graph_->graph.replay();
}

#else

struct OwnStream::Guard {};
OwnStream::OwnStream(at::Device) {}

struct Recorded::Graph {};
Recorded::Recorded(at::Device) {
  throw std::runtime_error(
      "--cuda-graphs: this build has no CUDA; leave it out, or build with LibTorch for CUDA");
}
void Recorded::operator()(const std::function<void()>&) {}

#endif

OwnStream::~OwnStream() = default;
Recorded::~Recorded() = default;

}  // namespace biji
