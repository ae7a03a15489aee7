#include "native/base/upload.h"

#include <cassert>

#if defined(BIJI_CUDA)
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace biji {

#if defined(BIJI_CUDA)

struct Upload::Stream {
  explicit Stream(at::Device device) : stream(c10::cuda::getStreamFromPool(false, device.index())) {}
  c10::cuda::CUDAStream stream;
  at::cuda::CUDAEvent done;
};

Upload::Upload(at::Device device) : device_(device) {
  if (device.is_cuda()) stream_ = std::make_unique<Stream>(device);
}

at::Tensor Upload::operator()(const at::Tensor& buffer) {
  if (!stream_) return buffer;
  assert(buffer.is_pinned());
  const c10::cuda::CUDAStream computing = c10::cuda::getCurrentCUDAStream(device_.index());
  at::Tensor out;
  {
    const c10::cuda::CUDAStreamGuard guard(stream_->stream);
    out = at::empty(buffer.sizes(), buffer.options().device(device_).pinned_memory(false));
    out.copy_(buffer, true);
    stream_->done.record(stream_->stream);
  }
  stream_->done.block(computing);
  out.record_stream(
      computing.unwrap());  // its memory is not given to the next upload before it has been read
  return out;
}

#else

struct Upload::Stream {};
Upload::Upload(at::Device device) : device_(device) {
  assert(device.is_cpu());
}
at::Tensor Upload::operator()(const at::Tensor& buffer) {
  return buffer;
}

#endif

Upload::~Upload() = default;

at::Tensor Upload::buffer(at::IntArrayRef sizes, at::ScalarType type) const {
  return at::empty(sizes, at::TensorOptions().dtype(type).pinned_memory(device_.is_cuda()));
}

}  // namespace biji
