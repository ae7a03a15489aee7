#include "native/train/export.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "native/commands/commands.h"

namespace biji {

void add_export(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  const auto runs = std::make_shared<std::vector<std::filesystem::path>>();
  CLI::App* command =
      app.add_subcommand("export", "write a trained network as ONNX, with its card and golden file");
  command->footer(
      "Examples:\n  biji export runs/digits --out models/digits --precision fp16 --eval data/mnist-test.bjp\n"
      "  biji export runs/mean --out models/letters --precision int8 --title Letters");
  command->add_option("RUN", *runs, "the training run's folder")->required();
  command->add_option("--out", options->out, "the folder to write; its name becomes the model's")->required();
  command->add_option("--precision", options->precision, "of the stored weights: fp32, fp16 or int8")
      ->check(CLI::IsMember({"fp32", "fp16", "int8"}))
      ->capture_default_str();
  command->add_flag(
      "--last", options->last,
      "the weights of the run's end; else those that were best on the validation samples, if there are any");
  command->add_option("--data", options->data, "packs of the run that lie elsewhere now");
  command->add_option("--eval", options->evaluate, "packs whose accuracy goes into model.json");
  command->add_option("--title", options->title, "what menus call the model");
  command->add_option("--model-version", options->version, "recorded in model.json")->capture_default_str();

  command->callback([=] {
    if (runs->size() > 1) throw Misuse("takes one run; `biji average RUN.. --out DIR` makes one of several");
    options->run = runs->front();
    export_model(*options);
  });
}

}  // namespace biji
