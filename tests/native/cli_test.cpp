// The command line: exit code 0 done, 1 failed, 2 misused; errors name the file.

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <vector>

#include "native/base/commit.h"
#include "native/base/file.h"
#include "native/train/run.h"
#include "tests/native/command.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

TEST(CommandLine, HelpShowsExamples) {
  EXPECT_EQ(biji_command("--help").code, 0);
  for (const char* command : {"fetch", "prepare", "show", "train", "eval", "export", "recognize"}) {
    const Outcome help = biji_command(std::string(command) + " --help");
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_NE(help.text.find("Example"), std::string::npos) << command;
  }
}

TEST(CommandLine, HelpHasTheDefaultsOfTheNetworkThatIsNamed) {
  const std::string any = biji_command("train --help").text,
                    letters = biji_command("train letters --help").text;
  EXPECT_NE(any.find("--epochs NUMBER "), std::string::npos) << any;
  for (const char* shown : {"--epochs NUMBER=8 ", "--optimizer NAME=muon ", "skeletons=0.3 (0..1)"})
    EXPECT_NE(letters.find(shown), std::string::npos) << shown << letters;
}

TEST(CommandLine, TellsItsVersion) {
  const Outcome outcome = biji_command("--version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text.find("biji 0."), 0u) << outcome.text;
  EXPECT_NE(outcome.text.find("commit " + git_commit()), std::string::npos);
  EXPECT_NE(outcome.text.find("LibTorch "), std::string::npos);
}

TEST(CommandLine, MisuseNamesWhatWasMeant) {
  const std::pair<const char*, const char*> typed[] = {
      {"trian digits", "did you mean train?"},
      {"train digits --data x --out y --epoch 3", "no option --epoch; did you mean --epochs?"},
      {"train digits --dta=x", "no option --dta; did you mean --data?"},
      {"train digit --data x --out y", "no network digit; did you mean digits?"},
      {"recognise x.png", "did you mean recognize?"},
      {"show x --nonesuch", "no option --nonesuch\n"},
      {"show x --limit -3", "--limit: -3 is not a number 0 or more"},
      {"train digits --data x --out y --held-out 3", "3 is not a number 0..0.5"},
      {"train --resume --out x --lr 0.1 digits", "leave out MODEL, --lr"}};
  for (const auto& [arguments, said] : typed) {
    const Outcome outcome = biji_command(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_NE(outcome.text.find(said), std::string::npos) << outcome.text;
  }
}

TEST(CommandLine, OutputThatCannotBeWrittenIsAFailure) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 20);
  const std::string show = "show " + (folder / "bars.bjp").string();
  EXPECT_EQ(biji_command(show + " > /dev/null").code, 0);
  for (const char* to : {" > /dev/full", " >&-", " | true; exit ${PIPESTATUS[0]}"}) {
    const Outcome outcome = shell("exec bash -c '" BIJI_COMMAND " " + show + to + "'");
    EXPECT_EQ(outcome.code, 1) << to << outcome.text;
    EXPECT_NE(outcome.text.find("standard output"), std::string::npos) << to << outcome.text;
  }
}

TEST(CommandLine, MisuseIsTwo) {
  std::vector<std::pair<std::string, std::future<Outcome>>> outcomes;
  for (const char* arguments :
       {"", "nonesuch", "train", "train digits", "train --resume", "train digits --data x --out y --epochs 0",
        "fetch", "fetch mnist", "fetch klingon --out x", "prepare klingon --from . --out x",
        "export run --out x --precision fp8", "show", "eval model", "recognize x.png",
        "recognize x.png --model m --json y.JPG", "recognize x.png --model m --ink blue"})
    outcomes.emplace_back(arguments, std::async(std::launch::async, biji_command, arguments));
  for (auto& [arguments, outcome] : outcomes) EXPECT_EQ(outcome.get().code, 2) << arguments;
}

// GNU's OpenMP says at its start how often it will look before it sleeps.
TEST(CommandLine, TrainingWaitsWithoutSpinning) {
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  const std::string before = policy ? policy : "";
  unsetenv("OMP_WAIT_POLICY");
  setenv("OMP_DISPLAY_ENV", "verbose", 1);
  const std::string training = biji_command("train --help").text;
  unsetenv("OMP_DISPLAY_ENV");
  if (!before.empty()) setenv("OMP_WAIT_POLICY", before.c_str(), 1);
  if (training.find("GOMP_SPINCOUNT") == std::string::npos) GTEST_SKIP() << "needs GNU's OpenMP";
  EXPECT_EQ(training.substr(training.rfind("GOMP_SPINCOUNT")).find("GOMP_SPINCOUNT = '0'"), 0u);
}

TEST(CommandLine, JsonDoesNotReplaceInk) {
  const TempFolder folder;
  const std::string ink = (folder / "ink.json").string();
  write_file(ink, std::string_view(" [{\"x\": [1], \"y\": [1]}]"));
  const Outcome outcome = biji_command("recognize x.png --model m --json " + ink);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.text.find("write over the input " + ink), std::string::npos) << outcome.text;
  EXPECT_EQ(read_file(ink)[1], '[');
}

TEST(CommandLine, FailureIsOneAndNamesTheFile) {
  const TempFolder folder;
  for (const std::string& arguments :
       {"train digits --data /nowhere.bjp --out " + folder.path.string(),
        std::string("eval /nowhere --data /nowhere.bjp"), std::string("show /nowhere.bjp"),
        std::string("prepare mnist --from /nowhere --out x.bjp"), std::string("export /nowhere --out x"),
        std::string("recognize x.png --model /nowhere"),
        std::string("recognize /nowhere.png --model " BIJI_MODELS "/digits")}) {
    const Outcome outcome = biji_command(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments;
    EXPECT_NE(outcome.text.find("/nowhere"), std::string::npos) << outcome.text;
  }
}

// Killed at any moment after its first checkpoint, a run ends with the weights of one that was left alone.
TEST(CommandLine, ARunThatWasKilledResumes) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const std::string dir = folder.path.string();
  const std::string command =
      "train mnist-dense --data " + dir +
      "/bars.bjp --epochs 100 --batch 20 --device cpu --threads 1 --precision fp32 --out " + dir;
  ASSERT_EQ(biji_command(command + "/whole").code, 0);
  const std::string kill =
      "(" + std::string(BIJI_COMMAND) + " " + command + "/killed > /dev/null 2>&1 & pid=$!; " +
      "until [ -e " + dir +
      "/killed/state.json ] || ! kill -0 $pid; do :; done; kill -9 $pid; wait $pid) 2> /dev/null";
  EXPECT_NE(std::system(kill.c_str()), 0);
  const Outcome outcome = biji_command("train --resume --out " + dir + "/killed");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  RunState whole = read_run(folder / "whole"), killed = read_run(folder / "killed");
  EXPECT_EQ(whole.checkpoints[0].sha256, killed.checkpoints[0].sha256);  // the same bytes
}

TEST(CommandLine, FromPackToModel) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 200);
  const std::string dir = folder.path.string();
  Outcome outcome = biji_command("train mnist-dense --data " + dir + "/bars.bjp --out " + dir +
                                 "/run --epochs 3 --batch 20 --device cpu --threads 2 --precision fp32");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  outcome = biji_command("export " + dir + "/run --out " + dir + "/model --eval " + dir + "/bars.bjp");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  outcome = biji_command("eval " + dir + "/model --data " + dir + "/bars.bjp");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.text.find("top-1"), std::string::npos);
  outcome = biji_command("show " + dir + "/bars.bjp --png-dir " + dir + "/png --class 7 --limit 3");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "png/7"), {}), 3);
}

}  // namespace
}  // namespace biji
