#include <CLI/CLI.hpp>
#include <memory>

#include "native/commands/commands.h"
#include "native/commands/report.h"

namespace biji {

void add_eval(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("eval", "measure a model's accuracy on packs");
  command->footer(
      "Examples:\n  biji eval models/digits --data data/mnist-test.bjp\n  biji eval runs/digits --data "
      "data/mnist-test.bjp --html report.html --json report.json\n  biji eval runs/digits --data "
      "data/mnist-test.bjp --json | jq .top1");
  command->add_option("MODEL", options->model, "an exported model's folder, or a run's")->required();
  command
      ->add_option("--data", options->data,
                   "packs to measure on, together; of words and lines, they give the character error rate")
      ->required();
  command
      ->add_option("--json", options->json,
                   "write the figures to this file; without a file, print them instead of the text")
      ->expected(0, 1)
      ->default_str("-");
  command->add_option(
      "--html", options->html,
      "write a self-contained page: curves, calibration, confusions, worst errors, classes, groups");
  command->add_option("--device", options->device, "auto, cpu, cuda or cuda:N")->capture_default_str();

  command->callback([options] {
    report(*options);
    check_output();
  });
}

}  // namespace biji
