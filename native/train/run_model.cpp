#include "native/train/run_model.h"

namespace biji {

namespace fs = std::filesystem;

Model load_model(const fs::path& folder) {
  if (!fs::exists(folder / "state.json")) return load_exported_model(folder);
  RunState state = read_run(folder);
  const Net net = run_net(folder, state);
  return {fold(net), state.classes, 1, network_row(state.network).look};
}

Net run_net(const fs::path& folder, RunState& state, bool last) {
  check_input(folder, state);
  const FloatTensors tensors = last ? load_checkpoint(folder, state) : load_best(folder, state);
  Net net(network_row(state.network).build(static_cast<int32_t>(state.classes.size()), state.input),
          at::kCPU);
  import_tensors(net, "average.", tensors);
  return net;
}

}  // namespace biji
