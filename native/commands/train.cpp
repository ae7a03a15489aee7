#include "native/train/train.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "native/base/commit.h"
#include "native/base/json.h"
#include "native/commands/commands.h"
#include "native/commands/options.h"
#include "native/nets/network.h"

namespace biji {
namespace {

// Settings that people change have an option of their own; `--set` knows all of them.
constexpr const char* kOwnOption[] = {"epochs",          "batch",   "lr",        "weight_decay",
                                      "label_smoothing", "augment", "optimizer", "ema"};

bool has_own_option(const std::string& field) {
  return std::find(std::begin(kOwnOption), std::end(kOwnOption), field) != std::end(kOwnOption);
}

std::string option_of(const RecipeField& field) {
  std::string option = "--" + field.name;
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

struct TrainCommand {
  TrainOptions options;
  std::string what;                        // a network or a recipe.json
  std::filesystem::path recipe;            // the latter
  std::map<std::string, std::string> own;  // what options say, by the setting's name
  std::vector<std::string> set;
  double save_minutes = 10;
};

// What a recipe sets a field to, as text; empty without one.
std::string value_in(const nlohmann::json& recipe, const std::string& field) {
  if (!recipe.contains(field)) return "";
  return recipe.at(field).is_string() ? recipe.at(field).get<std::string>() : json_text(recipe.at(field));
}

// recipe: its settings are shown as the defaults; null without one.
std::string footer(const nlohmann::json& recipe) {
  std::string text = "Networks (biji train NETWORK --help shows how it is trained by default):";
  for (const auto& row : network_table()) text += std::string("\n  ") + row.name + ": " + row.summary;
  text += "\nSettings of --set NAME=VALUE and of a recipe.json, beside those that have an option:";
  for (const RecipeField& field : recipe_fields()) {
    if (has_own_option(field.name)) continue;
    const std::string value = value_in(recipe, field.name);
    text +=
        "\n  " + field.name + (value.empty() ? "" : "=" + value) + " (" + field.range + "): " + field.help;
  }
  return text +
         "\nExamples:\n  biji train digits --data data/mnist-train.bjp --held-out 0.1 --out runs/digits\n"
         "  biji train --resume --out runs/digits\n"
         "  biji train hanzi --init models/hanzi --set size_start=0 --data data/my-scans.bjp --epochs 5 --lr "
         "2e-4 "
         "--out runs/mine\n"
         "  biji train models/digits/recipe.json --data data/mnist-train.bjp data/unipen-1a-train.bjp "
         "data/pendigits-train.bjp --val-data data/unipen-1a-val.bjp data/pendigits-val.bjp --out "
         "runs/digits\n"
         "Ctrl-C, SIGTERM and SIGUSR1 finish the step, save and end with exit code 3 (0: trained to the end, "
         "1: "
         "failed, 2:\nmisused); --resume goes on from there, or after a crash from the last checkpoint.";
}

// The recipe of the network or file that the command line names; null where it names none that can be read.
nlohmann::json named_recipe(const CLI::App& train) {
  for (const char* option : {"MODEL", "--recipe"}) {
    const CLI::Option* named = train.get_option(option);
    if (named->count() == 0) continue;
    const std::string what = named->results().front();
    try {
      return what.ends_with(".json") ? read_recipe(what).recipe : default_recipe(what);
    } catch (const std::exception&) {  // help is no place to complain of it
    }
  }
  return {};
}

// --help with the defaults of the network that is named beside it.
std::string help_of(CLI::App& train, const CLI::FormatterBase& formatter, std::string name,
                    CLI::AppFormatMode mode) {
  const nlohmann::json recipe = named_recipe(train);
  for (const RecipeField& field : recipe_fields())
    if (has_own_option(field.name))
      train.get_option(option_of(field))->default_str(value_in(recipe, field.name));
  train.footer(footer(recipe));
  return formatter.make_help(&train, std::move(name), mode);
}

// A run that goes on has its settings; what the command line says against them would be ignored.
void refuse_ignored(const CLI::App& train) {
  constexpr std::array kTaken = {"help",   "resume",      "out",        "data",     "val-data",
                                 "device", "cuda-graphs", "save-every", "log-every"};
  std::string ignored;
  for (const CLI::Option* option : train.get_options()) {
    const std::string name = option->get_single_name();
    if (option->count() == 0 || std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end()) continue;
    ignored += (ignored.empty() ? "" : ", ") + (option->get_lnames().empty() ? name : "--" + name);
  }
  if (!ignored.empty()) throw Misuse("--resume goes on with the run's own settings; leave out " + ignored);
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
    std::vector<std::string> names;
    for (const auto& row : network_table()) names.emplace_back(row.name);
    if (std::find(names.begin(), names.end(), command.what) == names.end())
      throw Misuse("there is no network " + command.what + did_you_mean(command.what, names));
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
  if (!options.resume && (!named || options.data.empty()))
    throw Misuse("give MODEL or a recipe and --data, or --resume with --out");
  if (!command.what.empty() && !command.recipe.empty())
    throw Misuse("a recipe names its network; leave MODEL out");
  if (options.out.empty() && !options.dry_run) throw Misuse("give --out, the run's folder");
  if (!options.resume) choose_recipe(command, seed_given, held_out_given);
  options.save_every = 60 * command.save_minutes;
  options.command = command_line();
  options.git_commit = git_commit();
  const RunState state = train(options, stop_on_signal());
  if (state.finished() || options.dry_run) return;
  std::printf("stopped after step %lld of %lld; go on with: biji train --resume --out %s\n",
              static_cast<long long>(state.step), static_cast<long long>(state.total_steps),
              options.out.c_str());
  throw Stopped();
}

}  // namespace

void add_train(CLI::App& app) {
  const auto shared = std::make_shared<TrainCommand>();
  TrainOptions& options = shared->options;
  CLI::App* command = app.add_subcommand("train", "train a network");
  command->add_option("MODEL", shared->what, "the network, or a recipe.json (not with --resume)");
  command->add_option("--recipe", shared->recipe, "the recipe.json that names the network and its settings");
  command->add_option("--data", options.data,
                      "packs to train on; with --resume, those of the run that lie elsewhere now");
  command->add_option("--val-data,--validation", options.validation,
                      "packs to validate on after each epoch; with --resume as --data");
  command->add_option("--out", options.out, "the run's folder; needed but with --dry-run");
  command->add_option(
      "--init", options.init,
      "start from the weights of this run or exported model (fine-tuning), which may have had "
      "fewer residual blocks");
  for (const RecipeField& field : recipe_fields()) {
    if (!has_own_option(field.name)) continue;
    command->add_option(option_of(field), shared->own[field.name], field.help + " (" + field.range + ")")
        ->type_name(std::isdigit(static_cast<unsigned char>(field.range[0])) ? "NUMBER" : "NAME");
  }
  command->add_option("--set", shared->set, "NAME=VALUE: change other settings of the recipe (below)");
  auto* held_out =
      command->add_option("--held-out", options.held_out, "share of the samples kept for validation")
          ->check(number_in(0, 0.5))
          ->capture_default_str();
  auto* seed = command->add_option("--seed", options.seed, "of everything random")->capture_default_str();
  command->add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options.threads, "of the CPU, 0 = one a core")->capture_default_str();
  command->add_option("--precision", options.precision, "auto, fp32, bf16 or fp16")->capture_default_str();
  command->add_flag("--cuda-graphs", options.cuda_graphs,
                    "record a step once and replay it, so that the GPU does not wait for the CPU");
  command
      ->add_option("--save-every", shared->save_minutes,
                   "minutes between checkpoints within an epoch, 0 = only at its end and when stopped")
      ->check(number_from(0))
      ->capture_default_str();
  command
      ->add_option("--log-every", options.log_every,
                   "steps between two rows of log.csv and TensorBoard's events in --out, 0 = none")
      ->check(number_from(0))
      ->capture_default_str();
  command->add_flag(
      "--dry-run", options.dry_run,
      "read the data, train a few steps, print layers, sizes and an estimate of time and memory; "
      "write nothing");
  command->add_flag("--resume", options.resume,
                    "go on with the run in --out, with the settings that it began with");
  command->formatter_fn(
      [command, formatter = app.get_formatter()](const CLI::App*, std::string name, CLI::AppFormatMode mode) {
        return help_of(*command, *formatter, std::move(name), mode);
      });
  command->callback([=] {
    if (shared->options.resume) refuse_ignored(*command);
    run_train(*shared, seed->count() > 0, held_out->count() > 0);
  });
}

}  // namespace biji
