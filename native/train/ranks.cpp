#include "native/train/ranks.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "native/train/heartbeat.h"

#if defined(USE_C10D_GLOO) && __has_include(<gloo/context.h>)
#define BIJI_GLOO 1
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(USE_C10D_NCCL) && __has_include(<nccl.h>)
#define BIJI_NCCL 1
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace biji {
namespace {

#if TORCH_VERSION_MAJOR >= 2
using Backend = c10d::Backend;
#else
using Backend = c10d::ProcessGroup;
#endif
using Work = c10::intrusive_ptr<c10d::Work>;

constexpr std::chrono::minutes kPatience{5};
constexpr std::chrono::seconds kSilence{30};  // after which a rank counts as dead
constexpr int64_t kBucketBytes = 1 << 20;

std::optional<int> number(const char* name) {
  const char* text = std::getenv(name);
  if (!text || !*text) return std::nullopt;
  int value = 0;
  const char* end = text + std::strlen(text);
  if (const auto read = std::from_chars(text, end, value);
      read.ec != std::errc() || read.ptr != end || value < 0)
    throw std::runtime_error(std::string(name) + " is \"" + text + "\", which is no number");
  return value;
}

std::string text(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// Whether srun started this process. A batch script and the shell of salloc have Slurm's variables as well, for there are
// tasks in the job, but they are no task: their step is none or one of the numbers above SLURM_MAX_NORMAL_STEP_ID.
bool in_step(const char* name) {
  const char* value = std::getenv(name);
  return value && *value && std::strtoull(value, nullptr, 10) <= 0xfffffff0;
}

std::string lost_contact(const RankPlace& place, const std::string& reason) {
  return "rank " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
         " lost contact with the others (" + reason +
         "); see why another one ended, then start all of them again with --resume";
}

// Runs what talks to the others; their libraries' messages are long and do not say what to do.
template <class Function>
auto talk(const RankPlace& place, Function&& function) {
  try {
    return function();
  } catch (const std::exception& error) {
    const std::string message = error.what();
    throw std::runtime_error(lost_contact(place, message.substr(0, message.find('\n'))));
  }
}

}  // namespace

struct Ranks::Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
  c10::intrusive_ptr<Backend> backend;
  std::unique_ptr<Heartbeat> heartbeat;  // between CUDA devices; ends before the store
};

RankPlace rank_place() {
  struct Launcher {
    const char *rank, *size, *local, *local_size, *step = nullptr;
  };
  for (const Launcher& names : {Launcher{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
                                Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                                         "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
                                Launcher{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID",
                                         "SLURM_NTASKS_PER_NODE", "SLURM_STEP_ID"}}) {
    if (names.step && !in_step(names.step)) continue;
    const std::optional<int> rank = number(names.rank), size = number(names.size);
    if (!rank || !size) continue;
    if (*size < 1 || *rank >= *size)
      throw std::runtime_error(std::string(names.rank) + " is " + std::to_string(*rank) + " but " +
                               names.size + " is " + std::to_string(*size) + "; ranks count from 0");
    return {*rank, *size, number(names.local).value_or(0), std::max(1, number(names.local_size).value_or(1))};
  }
  return {};
}

Ranks::Ranks(const RankPlace& place, at::Device device) : place_(place) {
  if (place.size == 1) return;
  const std::string address = text("MASTER_ADDR", "127.0.0.1");
  const int port = number("MASTER_PORT").value_or(29500);
  const std::string where = address + ":" + std::to_string(port);
  group_ = std::make_unique<Group>();
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = place.rank == 0;
    options.numWorkers = static_cast<size_t>(place.size);
    options.timeout = kPatience;
    // LibTorch 2.4 and later would use libuv, which not every build of it has.
    [](auto& of) {
      if constexpr (requires { of.useLibUV; }) of.useLibUV = false;
    }(options);
    group_->store = c10::make_intrusive<c10d::TCPStore>(address, options);
  } catch (const std::exception& error) {
    const std::string message = error.what();
    throw std::runtime_error("rank " + std::to_string(place.rank) + " could not meet the others at " + where +
                             " (" + message.substr(0, message.find('\n')) + "); are all " +
                             std::to_string(place.size) +
                             " started, and is MASTER_PORT free and open there?");
  }
  const bool cuda = device.is_cuda();
#ifdef BIJI_NCCL
  if (cuda) {
    // Later versions would end the program themselves, without saying what to do.
    setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    group_->heartbeat = std::make_unique<Heartbeat>(
        address, port, place.rank, place.size, kSilence, [place](const std::string& reason) {
          std::fprintf(stderr, "biji: %s\n", lost_contact(place, reason).c_str());
          std::_Exit(1);  // the other threads may wait for the device for ever
        });
    group_->backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(group_->store, place.rank, place.size);
  }
#endif
#ifdef BIJI_GLOO
  if (!cuda) {
    auto options = c10d::ProcessGroupGloo::Options::create(kPatience);
    const std::string interface = text("GLOO_SOCKET_IFNAME", "");
    const bool here = address == "127.0.0.1" || address == "localhost";
    options->devices.push_back(!interface.empty()
                                   ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                               : here ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                      : c10d::ProcessGroupGloo::createDefaultDevice());
    group_->backend = talk(place, [&] {
      return c10::make_intrusive<c10d::ProcessGroupGloo>(group_->store, place.rank, place.size, options);
    });
  }
#endif
  if (!group_->backend)
    throw std::runtime_error(
        std::string("this build cannot train on several ") +
        (cuda ? "CUDA devices (it was made without NCCL)" : "CPUs (it was made without Gloo)"));
}

Ranks::~Ranks() = default;

void Ranks::broadcast(at::Tensor tensor) {
  if (!group_) return;
  talk(place_, [&] {
    std::vector<at::Tensor> list{tensor};
    return group_->backend->broadcast(list)->wait();
  });
}

void Ranks::sum(at::Tensor tensor) {
  if (!group_) return;
  talk(place_, [&] {
    std::vector<at::Tensor> list{tensor};
    return group_->backend->allreduce(list)->wait();
  });
}

void Ranks::mean(at::Tensor tensor) {
  sum(tensor);
  if (group_) tensor.mul_(1. / size());
}

// Ranges of the flat gradient in the order in which backward() finishes them. They are sent strictly in that order,
// so that all ranks agree whatever the order within a bucket.
struct GradientMean::Buckets {
  struct Bucket {
    at::Tensor gradient;
    int parameters = 0;  // in it
    int missing = 0;     // of them, in this step
  };
  const RankPlace place;
  Backend* backend = nullptr;
  std::vector<Bucket> list;
  std::vector<Work> sent;
  std::vector<std::shared_ptr<torch::autograd::Node>> accumulators;  // kept alive: their hooks are ours

  void arrived(size_t bucket) {
    --list[bucket].missing;
    while (sent.size() < list.size() && list[sent.size()].missing == 0) {
      std::vector<at::Tensor> tensors{list[sent.size()].gradient};
      sent.push_back(backend->allreduce(tensors));
    }
  }
};

GradientMean::GradientMean(Net& net, Ranks& ranks) {
  if (!ranks.group_) return;
  buckets_ = std::make_shared<Buckets>(Buckets{ranks.place_, ranks.group_->backend.get(), {}, {}, {}});
  // Weights from the last layer to the first, then all gains and biases: each group lies contiguous.
  std::vector<const Net::Entry*> order;
  for (const bool weights : {true, false})
    for (auto entry = net.entries().rbegin(); entry != net.entries().rend(); ++entry)
      if (entry->parameter.role != Role::kStatistic && (entry->parameter.role == Role::kWeight) == weights)
        order.push_back(&*entry);
  int64_t begin = 0, end = 0;  // of the open bucket
  const auto close = [&] {
    if (end > begin) buckets_->list.back().gradient = net.gradient().slice(0, begin, end);
    begin = end = 0;
  };
  bool weights = true;
  for (const Net::Entry* entry : order) {
    const int64_t from = entry->tensor.storage_offset(), to = from + entry->tensor.numel();
    const bool is_weight = entry->parameter.role == Role::kWeight;
    if (end == 0 || is_weight != weights || (end - begin) * 4 >= kBucketBytes) {
      close();
      buckets_->list.emplace_back();
      end = to;
      weights = is_weight;
    }
    begin = from;
    ++buckets_->list.back().parameters;
    const size_t bucket = buckets_->list.size() - 1;
    auto accumulator = torch::autograd::impl::grad_accumulator(entry->tensor);
    std::weak_ptr<Buckets> mine = buckets_;
    accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
        [mine, bucket](const torch::autograd::variable_list& outputs, const torch::autograd::variable_list&) {
          if (const auto buckets = mine.lock()) buckets->arrived(bucket);
          return outputs;
        }));
    buckets_->accumulators.push_back(std::move(accumulator));
  }
  close();
}

GradientMean::~GradientMean() = default;

void GradientMean::begin() {
  if (!buckets_) return;
  buckets_->sent.clear();
  for (Buckets::Bucket& bucket : buckets_->list) bucket.missing = bucket.parameters;
}

void GradientMean::finish() {
  if (!buckets_) return;
  talk(buckets_->place, [&] {
    for (const Work& work : buckets_->sent) work->wait();
    if (buckets_->sent.size() != buckets_->list.size()) throw std::runtime_error("a gradient is missing");
    for (Buckets::Bucket& bucket : buckets_->list) bucket.gradient.mul_(1. / buckets_->place.size);
    return true;
  });
}

}  // namespace biji
