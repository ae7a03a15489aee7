// Whatever can be asked: an exported model, or the weights of a run as a model.
#pragma once

#include <filesystem>

#include "native/nets/model.h"
#include "native/train/run.h"

namespace biji {

// folder: a training run (state.json: the averaged weights of its best checkpoint, temperature 1) or an exported model
// (model.json). Throws std::runtime_error naming the file.
Model load_model(const std::filesystem::path& folder);

// The averaged weights of a run's best checkpoint, or of its last; state: what read_run() gave. Throws as load_best() and
// check_input().
Net run_net(const std::filesystem::path& folder, RunState& state, bool last = false);

}  // namespace biji
