#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "native/commands/commands.h"
#include "native/train/average.h"

namespace biji {

void add_import(CLI::App& app) {
  const auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "write an exported model as a run");
  command->footer(
      "Examples:\n  biji import models/hanzi --out runs/hanzi\n"
      "  biji import models/hanzi --data data/olhwdb-train.bjp --out runs/hanzi    # to be averaged with "
      "others");
  command->add_option("MODEL", options->model, "an exported model's folder")->required();
  command->add_option(
      "--data", options->data,
      "packs that give batch normalisation its statistics, as averaging needs them; `biji train "
      "--init` takes its own data");
  command->add_option("--out", options->out, "the new run's folder")->required();
  command->callback([=] {
    options->command = command_line();
    const RunState state = import_model(*options);
    std::printf("wrote %s: a run of %s\n", options->out.c_str(), state.network.c_str());
  });
}

}  // namespace biji
