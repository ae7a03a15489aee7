#include "native/train/train.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "native/base/commit.h"
#include "native/commands/commands.h"

namespace biji {
void add_train(CLI::App& app) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "train a network");
  std::string networks;
  for (const auto& row : network_table()) networks += std::string("\n  ") + row.name + ": " + row.summary;
  command->footer(
      "Networks:" + networks +
      "\nExamples:\n  biji train digits --data data/mnist-train.bjp --held-out 0.1 --out runs/digits\n"
      "  biji train --resume --out runs/digits\n"
      "  biji train hanzi --init models/hanzi --size-start 0 --data data/my-scans.bjp --epochs 5 --lr 2e-4 "
      "--out runs/mine\n"
      "Ctrl-C finishes the step, saves and ends; --resume goes on from there, or after a crash from the last "
      "checkpoint.");
  command->add_option("MODEL", options->network, "the network (not with --resume)");
  command->add_option("--data", options->data, "packs to train on");
  command->add_option("--val-data", options->validation, "packs to validate on after each epoch");
  command->add_option("--out", options->out, "the run's folder")->required();
  command->add_option(
      "--init", options->init,
      "start from the weights of this run or exported model (fine-tuning), which may have had fewer residual "
      "blocks; of several: from their mean");
  auto* epochs = command->add_option("--epochs", options->recipe.epochs, "times through the data")
                     ->check(CLI::PositiveNumber);
  auto* batch =
      command->add_option("--batch", options->recipe.batch, "samples a step")->check(CLI::PositiveNumber);
  auto* lr =
      command->add_option("--lr", options->recipe.lr, "peak learning rate")->check(CLI::PositiveNumber);
  auto* decay =
      command->add_option("--weight-decay", options->recipe.weight_decay)->check(CLI::NonNegativeNumber);
  auto* smoothing =
      command->add_option("--label-smoothing", options->recipe.label_smoothing)->check(CLI::Range(0., 0.9));
  auto* augment =
      command->add_option("--augment", options->recipe.augment, "strength of augmentation, 0 = none")
          ->check(CLI::Range(0., 2.));
  auto* augment_end = command
                          ->add_option("--augment-end", options->recipe.augment_end,
                                       "strength that the last quarter falls to")
                          ->check(CLI::Range(0., 2.));
  auto* optimizer = command->add_option("--optimizer", options->recipe.optimizer, "adamw, sgd or muon")
                        ->check(CLI::IsMember({"adamw", "sgd", "muon"}));
  auto* size_start =
      command
          ->add_option("--size-start", options->recipe.size_start,
                       "side of the input at first, growing to the full one; 0 = full (ink packs only)")
          ->check(CLI::Range(0, 256));
  auto* scribbles = command
                        ->add_option("--scribbles", options->recipe.scribbles,
                                     "share of samples that are no characters, to be unsure about; 0 = none")
                        ->check(CLI::Range(0., 1.));
  auto* exaggerate = command
                         ->add_option("--exaggerate", options->recipe.exaggerate,
                                      "share of ink in which what tells its hand from another's of the same "
                                      "character is overdone; 0 = none")
                         ->check(CLI::Range(0., 1.));
  auto* pictures = command
                       ->add_option("--pictures", options->recipe.pictures,
                                    "share of ink that is drawn as pictures, which do not tell the pen's way "
                                    "(networks that read directions)")
                       ->check(CLI::Range(0., 1.));
  auto* as_ink =
      command
          ->add_option(
              "--as-ink", options->recipe.as_ink,
              "share of scans that are thinned to lines and drawn anew with pens of any width; 0 = none")
          ->check(CLI::Range(0., 1.));
  auto* mixup = command
                    ->add_option("--mixup", options->recipe.mixup,
                                 "alpha of mixup: inputs and labels are blended in pairs; 0 = none")
                    ->check(CLI::Range(0., 4.));
  auto* patience = command
                       ->add_option("--patience", options->recipe.patience,
                                    "epochs without better validation after which to stop; 0 = never")
                       ->check(CLI::NonNegativeNumber);
  auto* ema = command->add_option("--ema", options->recipe.ema, "decay of the averaged weights")
                  ->check(CLI::Range(0., 1.));
  command->add_option("--held-out", options->held_out, "share of the samples kept for validation")
      ->check(CLI::Range(0., 0.5));
  command->add_option("--seed", options->seed)->capture_default_str();
  command->add_option("--device", options->device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options->threads, "of the CPU, 0 = one a core")->capture_default_str();
  command->add_option("--precision", options->precision, "auto, fp32, bf16 or fp16")->capture_default_str();
  command->add_flag("--cuda-graphs", options->cuda_graphs,
                    "record a step once and replay it, so that the GPU does not wait for the CPU");
  const auto save_minutes = std::make_shared<double>(options->save_every / 60);
  command
      ->add_option("--save-every", *save_minutes,
                   "minutes between checkpoints within an epoch, 0 = only at its end and on Ctrl-C")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--resume", options->resume,
                    "go on with the run in --out; its other settings stay as they were");

  command->callback([=] {
    if (options->resume ? !options->network.empty() || !options->data.empty()
                        : options->network.empty() || options->data.empty())
      throw Misuse("give MODEL and --data, or --resume alone with --out");
    if (!options->resume) {
      const Recipe given = options->recipe;
      Recipe& recipe = options->recipe;
      recipe = network_row(options->network).recipe;
      if (*epochs) recipe.epochs = given.epochs;
      if (*batch) recipe.batch = given.batch;
      if (*lr) recipe.lr = given.lr;
      if (*decay) recipe.weight_decay = given.weight_decay;
      if (*smoothing) recipe.label_smoothing = given.label_smoothing;
      if (*augment) recipe.augment = given.augment;
      if (*augment_end) recipe.augment_end = given.augment_end;
      if (*optimizer) recipe.optimizer = given.optimizer;
      if (*size_start) recipe.size_start = given.size_start;
      if (*scribbles) recipe.scribbles = given.scribbles;
      if (*exaggerate) recipe.exaggerate = given.exaggerate;
      if (*pictures) recipe.pictures = given.pictures;
      if (*as_ink) recipe.as_ink = given.as_ink;
      if (*mixup) recipe.mixup = given.mixup;
      if (*patience) recipe.patience = given.patience;
      if (*ema) recipe.ema = given.ema;
    }
    options->save_every = 60 * *save_minutes;
    options->command = command_line();
    options->git_commit = git_commit();
    const RunState state = train(*options, stop_on_interrupt());
    if (!state.finished())
      std::printf("stopped after step %lld of %lld; go on with: biji train --resume --out %s\n",
                  static_cast<long long>(state.step), static_cast<long long>(state.total_steps),
                  options->out.c_str());
  });
}

}  // namespace biji
