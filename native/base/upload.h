// Copies from the CPU's memory to a device while that computes.
#pragma once

#include <ATen/ATen.h>

#include <memory>

namespace biji {

class Upload {
 public:
  explicit Upload(at::Device device);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Where to write what is to be uploaded: page-locked memory, which a CUDA device fetches by itself. It is taken from
  // a store that knows which uploads are done, so that a few buffers go round. Values undefined.
  at::Tensor buffer(at::IntArrayRef sizes, at::ScalarType type) const;

  // A buffer's values on the device: queued on a stream of its own, which work on the current stream waits for and the
  // program does not. The buffer must not be written afterwards. On the CPU: the buffer itself.
  at::Tensor operator()(const at::Tensor& buffer);

 private:
  struct Stream;
  const at::Device device_;
  std::unique_ptr<Stream> stream_;  // of a CUDA device
};

}  // namespace biji
