// Choice of device, number format and threads.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

namespace biji {

// name: "auto" (CUDA if there is one), "cpu", "cuda", "cuda:1". Throws std::runtime_error when it is not
// there.
at::Device choose_device(const std::string& name);

// threads: for operations on the CPU; 0 = one a core, shared by so many processes. Returns how many it set. The count decides the order in
// which sums are added, so a run must keep it to be repeatable bit for bit.
int set_threads(int threads, int processes = 1);

// name: "auto", "fp32", "bf16" or "fp16". auto: those that the device multiplies in hardware, of which the fastest is
// for the caller to find; the others: that one. Throws std::runtime_error for what the device cannot do (fp16 needs CUDA,
// bf16 on CUDA a compute capability of 8.0).
std::vector<at::ScalarType> precisions(const std::string& name, at::Device device);
std::string precision_name(at::ScalarType type);

// Whether an Autocast to another type lives on this thread.
bool autocasts(at::Device device);

// While it lives, LibTorch runs matrix products and convolutions in the given type. kFloat: nothing changes.
class Autocast {
 public:
  Autocast(at::Device device, at::ScalarType type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::Device device_;
  bool on_;
};

}  // namespace biji
