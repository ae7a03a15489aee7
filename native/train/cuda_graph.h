// CUDA graphs: a GPU waits while the CPU launches a step's hundreds of small kernels one by one. Recorded once, they are
// launched together.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>

namespace biji {

// While it lives, this thread queues its work for a CUDA device on a stream of its own, because the default one cannot
// be recorded. Nothing on other devices or in a build without CUDA.
class OwnStream {
 public:
  explicit OwnStream(at::Device device);
  ~OwnStream();
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

// Something that is computed again and again from the same tensors into the same tensors.
class Recorded {
 public:
  // Throws std::runtime_error when this build has no CUDA or the device is none.
  explicit Recorded(at::Device device);
  ~Recorded();
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  // Computes body. The first few calls run it, so that libraries can prepare; the next one records it; all later ones
  // replay the record without running it. So body must not depend on anything but the contents of its tensors and the
  // device's default generator, and must not wait for the device. What it assigned to tensors while it was recorded
  // stays where it is and gets new values. Within OwnStream only. Throws std::runtime_error when it cannot be recorded.
  void operator()(const std::function<void()>& body);

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
  int calls_ = 0;
};

}  // namespace biji
