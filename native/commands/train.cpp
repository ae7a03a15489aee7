#include "native/train/train.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "native/base/commit.h"
#include "native/commands/commands.h"
#include "native/nets/network.h"

namespace biji {
namespace {

// Settings that people change have an option of their own; `--set` knows all of them.
constexpr const char* kOwnOption[] = {"epochs",          "batch",   "lr",        "weight_decay",
                                      "label_smoothing", "augment", "optimizer", "ema"};

bool has_own_option(const std::string& field) {
  return std::find(std::begin(kOwnOption), std::end(kOwnOption), field) != std::end(kOwnOption);
}

struct TrainCommand {
  TrainOptions options;
  std::string what;                        // a network or a recipe.json
  std::filesystem::path recipe;            // the latter
  std::map<std::string, std::string> own;  // what options say, by the setting's name
  std::vector<std::string> set;
  double save_minutes = 10;
};

std::string footer() {
  std::string text = "Networks:";
  for (const auto& row : network_table()) text += std::string("\n  ") + row.name + ": " + row.summary;
  text += "\nSettings of --set NAME=VALUE and of a recipe.json, beside those that have an option:";
  for (const RecipeField& field : recipe_fields())
    if (!has_own_option(field.name)) text += "\n  " + field.name + " (" + field.range + "): " + field.help;
  return text +
         "\nExamples:\n  biji train digits --data data/mnist-train.bjp --held-out 0.1 --out runs/digits\n"
         "  biji train --resume --out runs/digits\n"
         "  biji train hanzi --init models/hanzi --set size_start=0 --data data/my-scans.bjp --epochs 5 --lr "
         "2e-4 "
         "--out runs/mine\n"
         "  biji train models/letters/recipe.json --init models/letters --data data/emnist-train.bjp "
         "data/emnist-bymerge.bjp data/emnist-letters.bjp --val-data data/emnist-val.bjp --out "
         "runs/letters\n"
         "Ctrl-C finishes the step, saves and ends; --resume goes on from there, or after a crash from the "
         "last "
         "checkpoint.";
}

// The network's own recipe or that of a file, with what the command line changes in it.
void choose_recipe(TrainCommand& command, bool seed_given, bool held_out_given) {
  TrainOptions& options = command.options;
  if (!command.recipe.empty()) {
    RecipeFile file = read_recipe(command.recipe);
    options.network = file.network;
    options.recipe = file.recipe;
    options.recipe_data = file.data;
    options.recipe_validation = file.validation;
    if (!seed_given) options.seed = file.seed;
    if (!held_out_given) options.held_out = file.held_out;
  } else {
    options.network = command.what;
    options.recipe = default_recipe(options.network);
  }
  try {
    for (const auto& [name, text] : command.own)
      if (!text.empty()) set_field(options.recipe, name, text);
    for (const std::string& text : command.set) set_field(options.recipe, text);
  } catch (const std::runtime_error& error) {
    throw Misuse(error.what());
  }
}

void run_train(TrainCommand& command, bool seed_given, bool held_out_given) {
  TrainOptions& options = command.options;
  if (command.what.ends_with(".json")) {
    if (!command.recipe.empty()) throw Misuse("give one recipe");
    command.recipe = command.what;
    command.what.clear();
  }
  const bool named = !command.what.empty() || !command.recipe.empty();
  if (options.resume ? named || !options.data.empty() : !named || options.data.empty())
    throw Misuse("give MODEL or a recipe and --data, or --resume alone with --out");
  if (!command.what.empty() && !command.recipe.empty())
    throw Misuse("a recipe names its network; leave MODEL out");
  if (!options.resume) choose_recipe(command, seed_given, held_out_given);
  options.save_every = 60 * command.save_minutes;
  options.command = command_line();
  options.git_commit = git_commit();
  const RunState state = train(options, stop_on_interrupt());
  if (!state.finished())
    std::printf("stopped after step %lld of %lld; go on with: biji train --resume --out %s\n",
                static_cast<long long>(state.step), static_cast<long long>(state.total_steps),
                options.out.c_str());
}

}  // namespace

void add_train(CLI::App& app) {
  const auto shared = std::make_shared<TrainCommand>();
  TrainOptions& options = shared->options;
  CLI::App* command = app.add_subcommand("train", "train a network");
  command->footer(footer());
  command->add_option("MODEL", shared->what, "the network, or a recipe.json (not with --resume)");
  command->add_option("--recipe", shared->recipe, "the recipe.json that names the network and its settings");
  command->add_option("--data", options.data, "packs to train on");
  command->add_option("--val-data", options.validation, "packs to validate on after each epoch");
  command->add_option("--out", options.out, "the run's folder")->required();
  command->add_option(
      "--init", options.init,
      "start from the weights of this run or exported model (fine-tuning), which may have had "
      "fewer residual blocks");
  for (const RecipeField& field : recipe_fields()) {
    if (!has_own_option(field.name)) continue;
    std::string option = "--" + field.name;
    std::replace(option.begin(), option.end(), '_', '-');
    command->add_option(option, shared->own[field.name], field.help + " (" + field.range + ")");
  }
  command->add_option("--set", shared->set, "NAME=VALUE: change other settings of the recipe (below)");
  auto* held_out =
      command->add_option("--held-out", options.held_out, "share of the samples kept for validation")
          ->check(CLI::Range(0., 0.5));
  auto* seed = command->add_option("--seed", options.seed, "of everything random")->capture_default_str();
  command->add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options.threads, "of the CPU, 0 = one a core")->capture_default_str();
  command->add_option("--precision", options.precision, "auto, fp32, bf16 or fp16")->capture_default_str();
  command->add_flag("--cuda-graphs", options.cuda_graphs,
                    "record a step once and replay it, so that the GPU does not wait for the CPU");
  command
      ->add_option("--save-every", shared->save_minutes,
                   "minutes between checkpoints within an epoch, 0 = only at its end and on Ctrl-C")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--resume", options.resume,
                    "go on with the run in --out; its other settings stay as they were");
  command->callback([=] { run_train(*shared, seed->count() > 0, held_out->count() > 0); });
}

}  // namespace biji
