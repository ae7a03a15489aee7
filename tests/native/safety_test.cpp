// What a run survives: unusable folders, other processes, signals, names that are no text, packs that moved, files that
// are damaged.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/base/lock.h"
#include "native/data/prepare.h"
#include "native/train/export.h"
#include "native/train/ranks.h"
#include "native/train/recipe.h"
#include "native/train/run_model.h"
#include "tests/native/command.h"
#include "tests/native/training.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// Three epochs of four steps.
TrainOptions short_run(const fs::path& pack, const fs::path& out) {
  TrainOptions options = pinned_run("mnist-dense", pack, out);
  options.recipe.epochs = 3;
  options.recipe.batch = 20;
  options.held_out = 0.2;
  return options;
}

std::string checksum_of(const fs::path& run) {
  return read_run(run).checkpoints.at(0).sha256;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Lock, KeepsAnotherOutAndNamesItsOwner) {
  const TempFolder folder;
  {
    const FolderLock lock(folder / "a/b");
    EXPECT_TRUE(contains(error_of([&] { FolderLock(folder / "a/b"); }),
                         "process " + std::to_string(getpid()) + " on "));
  }
  EXPECT_FALSE(fs::exists(folder / "a"));  // nothing was put into it
  write_file(folder / "a/b/lock", "process 1 on another, which was killed\n");
  {
    const FolderLock lock(folder / "a/b");
  }
  EXPECT_FALSE(fs::exists(folder / "a/b/lock"));
}

TEST(Training, RefusesAFolderThatAnotherProcessTrainsIn) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = short_run(folder / "bars.bjp", folder / "run");
  options.stop_after = 1;
  train(options, nullptr);
  options.resume = true;
  const FolderLock lock(folder / "run");
  EXPECT_TRUE(contains(error_of([&] { train(options, nullptr); }), "is training this run"));
}

TEST(Training, AnUnusableFolderIsNoticedFirst) {
  const TempFolder folder;
  write_file(folder / "file", "");
  const TrainOptions options = short_run(folder / "nowhere.bjp", folder / "file/run");
  EXPECT_TRUE(contains(error_of([&] { train(options, nullptr); }), "file/run: cannot be written"));
  const TrainOptions other = short_run(folder / "nowhere.bjp", folder / "new/run");
  EXPECT_TRUE(contains(error_of([&] { train(other, nullptr); }), "nowhere.bjp"));
  EXPECT_FALSE(fs::exists(folder / "new"));  // nothing came of it
}

TEST(Training, CanGoBackToItsVeryBeginning) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions whole = short_run(folder / "bars.bjp", folder / "whole"),
               cut = short_run(folder / "bars.bjp", folder / "cut");
  train(whole, nullptr);
  cut.stop_after = 1;
  const RunState state = train(cut, nullptr);
  ASSERT_EQ(state.checkpoints.size(), 2u);
  EXPECT_EQ(state.checkpoints[1].step, 0);
  write_file(folder / "cut" / state.checkpoints[0].file, "damaged");
  cut.stop_after = -1;
  cut.resume = true;
  train(cut, nullptr);
  EXPECT_EQ(checksum_of(folder / "cut"), checksum_of(folder / "whole"));
}

// The newest checkpoint is damaged: the one before it lies within the epoch, too, and knows what the epoch was like so far.
TEST(Training, TellsTheSameOfAnEpochItWentBackIn) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions whole = short_run(folder / "bars.bjp", folder / "whole"),
               cut = short_run(folder / "bars.bjp", folder / "cut");
  whole.log_every = cut.log_every = 2;
  const RunState expected = train(whole, nullptr);
  cut.save_every = 1e-9;  // after each step
  cut.stop_after = 3;     // of four in the epoch
  const RunState state = train(cut, nullptr);
  ASSERT_EQ(state.checkpoints.at(1).step, 2);
  write_file(folder / "cut" / state.checkpoints[0].file, "damaged");
  cut.stop_after = -1;
  cut.resume = true;
  const RunState is = train(cut, nullptr);
  EXPECT_EQ(is.checkpoints[0].sha256, expected.checkpoints[0].sha256);
  for (size_t i = 0; i < expected.epochs.size(); ++i) {
    EXPECT_EQ(is.epochs.at(i).loss, expected.epochs[i].loss) << i;
    EXPECT_EQ(is.epochs[i].accuracy, expected.epochs[i].accuracy) << i;
  }
}

TEST(Training, TakesNamesThatAreNoUtf8) {
  const TempFolder folder;
  const fs::path pack = folder /
                        "d\xff\xfe/b\xe5"
                        "rs.bjp";
  write_bars(pack, 100, 1,
             "b\xe5"
             "rs");
  TrainOptions options = short_run(pack, folder / "r\xfen");
  options.command = "biji train --out r\xfen";
  options.stop_after = 5;
  train(options, nullptr);
  EXPECT_EQ(read_run(options.out).data.at(0).path, pack.string());
  options.resume = true;
  options.stop_after = -1;
  EXPECT_TRUE(train(options, nullptr).finished());
  ExportOptions to;
  to.run = options.out;
  to.out = folder / "m\xff";
  to.quiet = true;
  export_model(to);
  EXPECT_EQ(load_model(folder / "m\xff").classes.size(), 10u);
}

TEST(Training, FindsPacksThatMovedByWhatIsInThem) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  write_bars(folder / "other.bjp", 100, 2);  // of the same name and size
  TrainOptions options = short_run(folder / "bars.bjp", folder / "run");
  options.stop_after = 5;
  train(options, nullptr);
  fs::rename(folder / "bars.bjp", folder / "elsewhere.bjp");
  options.resume = true;
  options.stop_after = -1;
  options.data.clear();
  EXPECT_TRUE(contains(error_of([&] { train(options, nullptr); }),
                       "bars.bjp: the run's pack bars is not there; --data"));
  options.data = {folder / "other.bjp"};
  EXPECT_TRUE(contains(error_of([&] { train(options, nullptr); }), "other.bjp: is none of the packs"));
  options.data = {folder / "elsewhere.bjp"};
  EXPECT_TRUE(train(options, nullptr).finished());
  EXPECT_EQ(read_run(folder / "run").data.at(0).path, folder / "elsewhere.bjp");
  fs::rename(folder / "elsewhere.bjp", folder / "bars.bjp");
  ExportOptions to;
  to.run = folder / "run";
  to.out = folder / "model";
  to.quiet = true;
  to.data = {folder / "bars.bjp"};
  EXPECT_EQ(error_of([&] { export_model(to); }), "");
}

TEST(Training, FindsItsPacksFromAnyFolder) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const fs::path before = fs::current_path();
  fs::current_path(folder.path);
  TrainOptions options = short_run("bars.bjp", "run");
  options.stop_after = 5;
  train(options, nullptr);
  fs::current_path(before);
  options.out = folder / "run";
  options.resume = true;
  options.data.clear();
  EXPECT_NO_THROW(train(options, nullptr));
}

// From bytes that are no JSON to fields of another type: always a sentence.
TEST(Messages, AreNoneOfALibrary) {
  const TempFolder folder;
  const std::string texts[] = {"",
                               "{",
                               "[]",
                               "{}",
                               "null",
                               "{\"network\": 7}",
                               "{\"network\": \"digits\", \"lr\": []}",
                               "{\"file\": 1}",
                               "{\"network\": \"digits\", \"data\": 3, \"recipe\": 4}",
                               "\xff"};
  for (const std::string& text : texts) {
    write_file(folder / "run/state.json", text);
    write_file(folder / "model/model.json", text);
    write_file(folder / "recipe.json", text);
    for (const std::string& error :
         {error_of([&] { read_run(folder / "run"); }), error_of([&] { load_model(folder / "model"); }),
          error_of([&] { read_recipe(folder / "recipe.json"); })}) {
      const bool passable = contains(text, "digits");  // what is missing has a default
      EXPECT_TRUE(passable || contains(error, ".json")) << text;
      EXPECT_EQ(error.find("json.exception"), std::string::npos) << error;
      EXPECT_EQ(error.find("discarded"), std::string::npos) << error;
    }
  }
}

// ---- signals ----

TEST(Signals, SaveAndEndWithACodeOfTheirOwn) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const std::string run = (folder / "run").string();
  std::string command = "train mnist-dense --epochs 1000000 --batch 20 --device cpu --threads 1 --data " +
                        (folder / "bars.bjp").string() + " --out " + run;
  int64_t before = 0;
  for (const char* signal : {"INT", "TERM", "USR1", "HUP"}) {
    // It listens when it has a lock.
    const Outcome outcome =
        shell("rm -f " + run + "/log.jsonl; " BIJI_COMMAND " " + command + " & until [ -s " + run +
              "/log.jsonl ] || ! kill -0 $!; do :; done; kill -" + signal + " $!; wait $!");
    EXPECT_EQ(outcome.code, 3) << signal << outcome.text;
    EXPECT_TRUE(contains(outcome.text, "go on with: biji train --resume")) << outcome.text;
    EXPECT_GT(read_run(run).step, before);
    before = read_run(run).step;
    command = "train --resume --out " + run;
  }
}

TEST(Slurm, CountsUnderSrunAlone) {
  const auto size_with = [](const char* step) {
    setenv("SLURM_PROCID", "0", 1);
    setenv("SLURM_NTASKS", "4", 1);
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    if (step) setenv("SLURM_STEP_ID", step, 1);
    const int size = rank_place().size;
    for (const char* name : {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"})
      unsetenv(name);
    return size;
  };
  EXPECT_EQ(size_with("0"), 4);
  EXPECT_EQ(size_with(nullptr), 1);       // a batch script
  EXPECT_EQ(size_with("4294967291"), 1);  // the same, as some versions number it
  EXPECT_EQ(size_with("4294967290"), 1);  // the shell of salloc
}

// ---- files ----

TEST(Files, OrphansOfKilledProcessesAreSwept) {
  const TempFolder folder;
  const fs::path orphan = folder / "a.bjp.biji-tmp-1-0", used = folder / "b.bjp.biji-tmp-2-0",
                 own = folder / "c.tmp-3";
  std::vector<int> files;
  for (const fs::path& path : {orphan, used, own})
    files.push_back(open(path.c_str(), O_CREAT | O_RDWR, 0644));
  ASSERT_EQ(flock(files[1], LOCK_EX), 0);
  write_file(folder / "new", "text");
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(used));
  EXPECT_TRUE(fs::exists(own));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 3);
  for (const int file : files) close(file);
}

TEST(Prepare, WarnsOfAFileThatIsCutShort) {
  const TempFolder folder;
  const auto le16 = [](int value) {
    return std::string{static_cast<char>(value & 255), static_cast<char>(value >> 8)};
  };
  // "啊" is 0xB0A1 in GBK.
  const std::string record = le16(24) + std::string("\xa1\xb0\0\0", 4) + le16(1) + le16(0) + le16(0) +
                             le16(9) + le16(9) + le16(-1) + le16(0) + le16(-1) + le16(-1);
  write_file(folder / "1001.pot", record + record + record.substr(0, 20));
  const std::string command =
      "prepare olhwdb --from " + (folder / "1001.pot").string() + " --out " + (folder / "x.bjp").string();
  Outcome outcome = biji_command(command + " --strict");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.text, "1001.pot at byte 48: cut short")) << outcome.text;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 1);
  outcome = biji_command(command);
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(contains(outcome.text, "warning: ")) << outcome.text;
  EXPECT_EQ(Pack(folder / "x.bjp").count(), 2);
}

}  // namespace
}  // namespace biji
