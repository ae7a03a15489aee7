#include "native/train/average.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "native/commands/commands.h"

namespace biji {

void add_average(CLI::App& app) {
  const auto options = std::make_shared<AverageOptions>();
  const auto runs = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("average", "write the mean of several runs' weights as a run");
  command->footer(
      "Examples:\n  biji average runs/fine-1 runs/fine-2 --out runs/mean\n"
      "  biji average runs/last:2 runs/before:1 --out runs/mean\n"
      "The runs should have begun with the same weights (train --init), with other seeds or settings.");
  command
      ->add_option("RUN", *runs, "runs' folders, each with its weight behind a colon; 1 where it is left out")
      ->required();
  command->add_option("--out", options->out, "the new run's folder")->required();
  command->callback([=] {
    try {
      for (const std::string& text : *runs) options->runs.push_back(weighted_run(text));
    } catch (const std::runtime_error& error) {
      throw Misuse(error.what());
    }
    options->command = command_line();
    const RunState state = average(*options);
    std::printf("wrote %s: the mean of %zu runs of %s\n", options->out.c_str(), options->runs.size(),
                state.network.c_str());
  });
}

}  // namespace biji
