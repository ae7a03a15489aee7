// A run on ink that is killed again and again ends as one that was left alone. BIJI_KILLS=50 kills it more often than the
// suite has time for.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <sstream>

#include "native/base/file.h"
#include "tests/native/training.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// The command with its output in a file.
pid_t start(const std::vector<std::string>& arguments, const fs::path& output) {
  std::fflush(nullptr);  // else the child writes it again
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (dup2(file, 1) < 0 || dup2(file, 2) < 0) _exit(127);
  std::vector<char*> argv{const_cast<char*>(BIJI_COMMAND)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(BIJI_COMMAND, argv.data());
  _exit(127);
}

// Waits until the process ends, but no longer than that; then sends the signal. Returns waitpid's status.
int end_after(pid_t pid, int milliseconds, int signal) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  EXPECT_GE(handle, 0);
  pollfd waiting{handle, POLLIN, 0};
  if (poll(&waiting, 1, milliseconds) == 0) kill(pid, signal);
  close(handle);
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

// Columns 1 to 5, which do not tell of time.
std::string results_in(const fs::path& csv) {
  std::istringstream lines(read_file(csv));
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    size_t end = 0;
    for (int column = 0; column < 5; ++column) end = line.find(',', end + 1);
    all += line.substr(0, end) + "\n";
  }
  return all;
}

TEST(Killed, AtRandomMomentsARunLosesNothingBehindItsLastSave) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 400);
  const char* wanted = std::getenv("BIJI_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 6;
  const std::string epochs = std::to_string(std::max(20, 3 * kills));  // so that it is not over before
  const std::vector<std::string> begin = {"train",        "digits",
                                          "--data",       (folder / "ink.bjp").string(),
                                          "--held-out",   "0.2",
                                          "--epochs",     epochs,
                                          "--batch",      "20",
                                          "--device",     "cpu",
                                          "--threads",    "1",
                                          "--precision",  "fp32",
                                          "--set",        "skeletons=0.2",
                                          "--save-every", "0.002",
                                          "--log-every",  "3",
                                          "--out"};
  const auto into = [&](const char* run) {
    std::vector<std::string> all = begin;
    all.push_back((folder / run).string());
    return all;
  };
  ASSERT_EQ(end_after(start(into("whole"), folder / "whole.txt"), -1, 0), 0)
      << read_file(folder / "whole.txt");

  const fs::path run = folder / "run", text = folder / "run.txt";
  const std::vector<std::string> resume = {"train",       "--resume", "--save-every", "0.002",
                                           "--log-every", "3",        "--out",        run.string()};
  std::mt19937 random(20);
  int64_t saved = 0;
  int killed = 0, stopped = 0;
  for (int i = 0; i < kills; ++i) {
    const bool begun = fs::exists(run / "state.json");
    const bool hard = i % 2 == 0;
    const int status = end_after(start(begun ? resume : into("run"), text),
                                 static_cast<int>(200 + random() % 2400), hard ? SIGKILL : SIGTERM);
    // Killed; told to stop, by default before it listens; or done before.
    if (WIFSIGNALED(status))
      EXPECT_EQ(WTERMSIG(status), hard ? SIGKILL : SIGTERM);
    else
      EXPECT_TRUE(WEXITSTATUS(status) == 0 || (!hard && WEXITSTATUS(status) == 3)) << read_file(text);
    killed += WIFSIGNALED(status);
    stopped += WIFEXITED(status) && WEXITSTATUS(status) == 3;
    if (!fs::exists(run / "state.json")) continue;
    const int64_t step = read_run(run).step;
    EXPECT_GE(step, saved);
    saved = step;
  }
  std::printf("%d times killed, %d times stopped\n", killed, stopped);
  ASSERT_EQ(end_after(start(fs::exists(run / "state.json") ? resume : into("run"), text), -1, 0), 0)
      << read_file(text);

  const RunState is = read_run(run), expected = read_run(folder / "whole");
  EXPECT_EQ(is.checkpoints.at(0).sha256, expected.checkpoints.at(0).sha256);  // the same bytes
  ASSERT_EQ(is.epochs.size(), expected.epochs.size());
  for (size_t i = 0; i < is.epochs.size(); ++i) {
    EXPECT_EQ(is.epochs[i].loss, expected.epochs[i].loss) << i;
    EXPECT_EQ(is.epochs[i].val_loss, expected.epochs[i].val_loss) << i;
  }
  EXPECT_EQ(results_in(run / "log.csv"), results_in(folder / "whole/log.csv"));
  for (const auto& entry : fs::directory_iterator(run))
    EXPECT_EQ(entry.path().filename().native().find("tmp"), std::string::npos) << entry.path();
}

}  // namespace
}  // namespace biji
