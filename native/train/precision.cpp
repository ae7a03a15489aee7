#include "native/train/precision.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "native/base/device.h"
#include "native/nets/network.h"
#include "native/train/step.h"

namespace biji {
namespace {

using Clock = std::chrono::steady_clock;

// Less precise numbers must be worth it.
constexpr double kWorthwhile = 1.05;

// Steps each, of which the fastest counts: other programs may slow any of them down. Long ones say enough with two.
constexpr int kLeast = 2, kMost = 8;
constexpr std::chrono::seconds kEnough{3};

struct Trial {
  Trial(at::ScalarType type, const RunState& of, const at::Tensor& merged, at::Device device)
      : state(of), alone({}, device) {
    state.precision = precision_name(type);
    Net net(network_row(of.network).build(static_cast<int32_t>(of.classes.size()), of.input), device);
    net.initialise(1);
    step.emplace(std::move(net), state, alone, device, merged, false);
    step->begin();
  }
  double seconds(const Minibatch& batch) {
    const Clock::time_point start = Clock::now();
    step->run(batch);
    step->loss_sum();  // waits for the device
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  RunState state;
  Ranks alone;
  std::optional<Step> step;
};

}  // namespace

std::vector<TimedPrecision> by_speed(const std::vector<at::ScalarType>& candidates, const RunState& state,
                                     const Minibatch& batch, const at::Tensor& merged, at::Device device,
                                     Ranks& ranks) {
  std::vector<TimedPrecision> timed;
  for (const at::ScalarType type : candidates) timed.push_back({type});
  if (timed.size() < 2) return timed;
  std::vector<std::unique_ptr<Trial>> trials;
  for (const at::ScalarType type : candidates) {
    trials.push_back(std::make_unique<Trial>(type, state, merged, device));
    trials.back()->seconds(batch);  // memory, kernels
  }
  std::vector<double> best(trials.size(), INFINITY);
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kMost && (i < kLeast || Clock::now() - start < kEnough); ++i)
    for (size_t k = 0; k < trials.size(); ++k) best[k] = std::min(best[k], trials[k]->seconds(batch));
  at::Tensor all = at::tensor(best, at::kDouble).to(device);
  ranks.mean(all);
  all = all.cpu();
  for (size_t k = 0; k < timed.size(); ++k) timed[k].seconds = all.data_ptr<double>()[k];
  auto first = timed.begin();
  for (auto it = timed.begin(); it != timed.end(); ++it)
    if (it->seconds * kWorthwhile < first->seconds) first = it;
  std::rotate(timed.begin(), first, first + 1);
  return timed;
}

}  // namespace biji
