#include "native/train/init.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "native/base/random.h"
#include "native/nets/model.h"
#include "native/vary/augment.h"
#include "native/vary/draw.h"

namespace biji {
namespace {

struct Start {
  std::string network;
  Labels classes;
  FloatTensors tensors;
  std::string prefix;  // of the tensors' names
  Origin origin;
  bool exported = false;  // a model; else a run
  bool unsettled = false;
};
Start read_start(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "state.json")) {
    ExportedWeights model = load_exported_weights(folder);
    return {model.network, model.classes, std::move(model.tensors), "", {model.command, model.terms},
            true,          true};
  }
  RunState run = read_run(folder);
  FloatTensors tensors = load_checkpoint(folder, run);
  return {run.network, run.classes,  std::move(tensors), "average.", {run.command, run.terms},
          false,       run.unsettled};
}

}  // namespace

Origin start_from(Net& net, const std::filesystem::path& folder, const RunState& state, const Dataset& data,
                  bool quiet) {
  const Start start = read_start(folder);
  if (start.network != state.network || start.classes != state.classes)
    throw std::runtime_error(folder.string() + ": is " + (start.exported ? "a model" : "a run") + " of " +
                             start.network + " with " + std::to_string(start.classes.size()) +
                             " classes; --init takes one of the same network and classes");
  Growth growth;
  try {
    growth = import_smaller(net, start.prefix, start.tensors);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(folder.string() + ": " + error.what());
  }
  if (start.unsettled)
    settle(net, settling_samples(data, state.recipe, mix_seed(state.seed, 0x5e771e), state.threads)
                    .to(net.state().device()));
  if (growth.blocks > 0 && !quiet)
    std::printf("%s: %d residual blocks fewer; the new ones begin as nothing\n", folder.c_str(),
                growth.blocks);
  if (growth.planes > 0 && !quiet)
    std::printf("%s: %d planes of input fewer; the new ones begin without weight\n", folder.c_str(),
                growth.planes);
  return start.origin;
}

at::Tensor settling_samples(const Dataset& data, const Recipe& recipe, uint64_t seed, int threads) {
  const at::Tensor index = permutation(data.size(), seed).slice(0, 0, 1024);
  at::manual_seed(seed);
  if (!data.drawn()) return augment(data.pixels.cpu().index_select(0, index), recipe.augment);
  const Drawn drawn =
      draw(data, index,
           {.input = data.input, .strength = recipe.augment, .seed = seed, .threads = std::max(1, threads)});
  return augment(drawn.pixels, recipe.augment, rows_of(drawn.pixels.size(0), drawn.scans));
}

}  // namespace biji
