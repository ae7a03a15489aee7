// What makes a program wait for its device.
//
// Launching work on a CUDA device takes microseconds; reading one number of its result waits for all that was launched
// before. So a training step must do neither that nor copy from memory that the device cannot fetch by itself.
#pragma once

#include <cstdint>
#include <string>

namespace biji {

// While it lives, counts LibTorch's operations, on all threads, that wait for a device or would if their tensors were on
// one: numbers read from a tensor (item), results whose size depends on values (nonzero), moves to a named device, and
// copies between devices that are not queued. So a step on the CPU tells what it would do on another device. At most one
// at a time.
class WaitCount {
 public:
  WaitCount();
  ~WaitCount();
  WaitCount(const WaitCount&) = delete;
  WaitCount& operator=(const WaitCount&) = delete;

  int64_t count() const;
  std::string first() const;  // the first one's name; empty without any

 private:
  uint64_t handle_;
};

}  // namespace biji
