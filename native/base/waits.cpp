#include "native/base/waits.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <iterator>
#include <mutex>

namespace biji {
namespace {

std::mutex mutex;
int64_t total = 0;
std::string first_name;

bool waits(const at::RecordFunction& call) {
  const std::string name = call.name();
  constexpr const char* kReaders[] = {"aten::_local_scalar_dense",
                                      "aten::nonzero",
                                      "aten::masked_select",
                                      "aten::equal",
                                      "aten::_unique",
                                      "aten::_unique2",
                                      "aten::unique_consecutive"};
  if (std::find(std::begin(kReaders), std::end(kReaders), name) != std::end(kReaders)) return true;
  const auto& inputs = call.inputs();
  if (name == "aten::to") {
    // To the device that it is on already, as on the CPU, this does nothing, but on another it would. Autograd's own
    // conversions name type and device; they stay on the device.
    const bool device =
        std::any_of(inputs.begin(), inputs.end(), [](const auto& each) { return each.isDevice(); });
    return device && (inputs[1].isNone() || inputs[1].isDevice());
  }
  if (name != "aten::copy_" || inputs.size() < 3) return false;
  const at::Tensor &to = inputs[0].toTensor(), &from = inputs[1].toTensor();
  return to.device() != from.device() && !inputs[2].toBool();
}

std::unique_ptr<at::ObserverContext> look(const at::RecordFunction& call) {
  if (!waits(call)) return nullptr;
  const std::lock_guard lock(mutex);
  if (total++ == 0) first_name = call.name();
  return nullptr;
}

}  // namespace

WaitCount::WaitCount() {
  {
    const std::lock_guard lock(mutex);
    total = 0;
    first_name.clear();
  }
  handle_ = at::addGlobalCallback(
      at::RecordFunctionCallback(look).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

WaitCount::~WaitCount() {
  at::removeCallback(handle_);
}

int64_t WaitCount::count() const {
  const std::lock_guard lock(mutex);
  return total;
}

std::string WaitCount::first() const {
  const std::lock_guard lock(mutex);
  return first_name;
}

}  // namespace biji
