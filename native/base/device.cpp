#include "native/base/device.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/version.h>
#if defined(BIJI_CUDA)
#include <ATen/cuda/CUDAContext.h>
#endif

#include <fstream>
#include <stdexcept>
#include <thread>

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#define BIJI_AUTOCAST_BY_DEVICE 1
#endif

namespace biji {
namespace {

// In hardware.
bool multiplies_bf16(at::Device device) {
#if defined(BIJI_CUDA)
  if (device.is_cuda()) return at::cuda::getDeviceProperties(device.index())->major >= 8;
#endif
  if (!device.is_cpu()) return false;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("flags", 0) == 0)
      return line.find(" avx512_bf16") != std::string::npos || line.find(" amx_bf16") != std::string::npos;
  return false;
}

void set_autocast(at::Device device, bool on) {
#ifdef BIJI_AUTOCAST_BY_DEVICE
  at::autocast::set_autocast_enabled(device.type(), on);
#else
  device.is_cuda() ? at::autocast::set_enabled(on) : at::autocast::set_cpu_enabled(on);
#endif
}

}  // namespace

at::Device choose_device(const std::string& name) {
  if (name == "auto") return at::hasCUDA() ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  at::Device device(at::kCPU);
  try {
    device = at::Device(name);
  } catch (const std::exception&) {
    throw std::runtime_error("device \"" + name + "\" is unknown; use auto, cpu, cuda or cuda:N");
  }
  if (device.is_cpu()) return device;
  if (!device.is_cuda() || !at::hasCUDA())
    throw std::runtime_error("device \"" + name +
                             "\" is not available in this build or machine; use --device cpu");
  return at::Device(at::kCUDA, device.has_index() ? device.index() : static_cast<at::DeviceIndex>(0));
}

int set_threads(int threads, int processes) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / processes);
  at::set_num_threads(threads);
  return threads;
}

std::vector<at::ScalarType> precisions(const std::string& name, at::Device device) {
  if (name == "fp32") return {at::kFloat};
  if (name == "bf16") {
    if (device.is_cuda() && !multiplies_bf16(device))
      throw std::runtime_error("bf16 training needs a CUDA device of compute capability 8.0 or more, which " +
                               device.str() + " is not; use --precision fp16 or fp32");
    return {at::kBFloat16};
  }
  if (name == "fp16") {
    if (!device.is_cuda()) throw std::runtime_error("fp16 training needs CUDA; use --precision bf16 or fp32");
    return {at::kHalf};
  }
  if (name != "auto")
    throw std::runtime_error("precision \"" + name + "\" is unknown; use auto, fp32, bf16 or fp16");
  if (multiplies_bf16(device)) return {at::kFloat, at::kBFloat16};
  return {at::kFloat};
}

std::string precision_name(at::ScalarType type) {
  return type == at::kBFloat16 ? "bf16" : type == at::kHalf ? "fp16" : "fp32";
}

bool autocasts(at::Device device) {
#ifdef BIJI_AUTOCAST_BY_DEVICE
  return at::autocast::is_autocast_enabled(device.type());
#else
  return device.is_cuda() ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
#endif
}

Autocast::Autocast(at::Device device, at::ScalarType type) : device_(device), on_(type != at::kFloat) {
  if (!on_) return;
#ifdef BIJI_AUTOCAST_BY_DEVICE
  at::autocast::set_autocast_dtype(device.type(), type);
#else
  device.is_cuda() ? at::autocast::set_autocast_gpu_dtype(type) : at::autocast::set_autocast_cpu_dtype(type);
#endif
  set_autocast(device, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!on_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  set_autocast(device_, false);
}

}  // namespace biji
