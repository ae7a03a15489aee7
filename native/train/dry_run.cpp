#include "native/train/dry_run.h"

#include <sys/resource.h>

#include <cstdio>

#include "native/base/progress.h"
#include "native/nets/summary.h"

namespace biji {

int64_t peak_memory_bytes() {
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void print_rehearsal(const Network& network, const Rehearsal& r) {
  const auto number = [](int64_t n) { return static_cast<long long>(n); };
  const auto mb = [](int64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("\n%s\n", layer_table(network).c_str());
  std::printf("data      %lld samples to train on, %lld to validate; %.1f MB on the device\n",
              number(r.samples), number(r.validation), mb(r.data_bytes));
  std::printf("steps     %lld of %lld samples an epoch, %lld in all\n", number(r.steps_per_epoch),
              number(r.batch), number(r.total_steps));
  std::printf("memory    weights, gradient, optimiser and average %.1f MB; the process %.0f MB so far\n",
              mb(r.state_bytes), mb(r.peak_bytes));
  std::printf("disk      %.1f MB a checkpoint, of which at most four lie there\n", mb(r.checkpoint_bytes));
  std::printf("step      %.1f ms, %.0f %% of it waiting for input; %.0f images/s (the first one %.1f ms)\n",
              1e3 * r.step, r.step > 0 ? 100 * r.input / r.step : 0, static_cast<double>(r.batch) / r.step,
              1e3 * r.first_step);
  const double epoch = r.step * static_cast<double>(r.steps_per_epoch) + r.validating;
  const double epochs = static_cast<double>(r.total_steps) / static_cast<double>(r.steps_per_epoch);
  std::printf("time      about %s an epoch, %s of it validating; %s in all\n", duration(epoch).c_str(),
              duration(r.validating).c_str(), duration(epoch * epochs).c_str());
  std::printf("Nothing was written.\n");
  std::fflush(stdout);
}

}  // namespace biji
