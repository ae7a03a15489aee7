// Processes that train: several with one network end where one would, none of them hangs when another dies, and one
// that is killed loses minutes.

#include "native/train/ranks.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "native/base/file.h"
#include "native/train/heartbeat.h"
#include "native/train/run.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

// Starts rank of size with its output in a file.
pid_t start(const std::vector<std::string>& arguments, int rank, int size, int port,
            const std::string& output) {
  std::fflush(nullptr);  // else the child writes it again
  const pid_t pid = fork();
  if (pid != 0) return pid;
  setenv("RANK", std::to_string(rank).c_str(), 1);
  setenv("WORLD_SIZE", std::to_string(size).c_str(), 1);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
  if (!std::freopen(output.c_str(), "w", stdout) || !std::freopen(output.c_str(), "a", stderr)) _exit(3);
  std::vector<char*> argv{const_cast<char*>(BIJI_COMMAND)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(BIJI_COMMAND, argv.data());
  _exit(3);
}

int code_of(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Ports of tests that run at the same time should differ.
int free_port() {
  return 20000 + static_cast<int>(getpid()) % 20000;
}

std::vector<std::string> command(const std::string& network, const std::filesystem::path& pack,
                                 const std::filesystem::path& out, int epochs) {
  return {"train",      network,      "--data",      pack.string(),
          "--out",      out.string(), "--epochs",    std::to_string(epochs),
          "--batch",    "20",         "--augment",   "0",
          "--threads",  "1",          "--device",    "cpu",
          "--held-out", "0.2",        "--precision", "fp32"};
}

// Hears when a file is replaced in a folder, which it makes, from its beginning on.
class Watch {
 public:
  explicit Watch(const std::filesystem::path& folder) : events_(inotify_init1(IN_CLOEXEC)) {
    std::filesystem::create_directories(folder);
    EXPECT_GE(inotify_add_watch(events_, folder.c_str(), IN_MOVED_TO), 0);
  }
  ~Watch() { close(events_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Waits until a file of that name is there anew, which it may have become since the last call; false after a minute in
  // which nothing happened.
  bool wait_for(const std::string& name) {
    for (;;) {
      for (; !heard_.empty(); heard_.erase(0, sizeof(inotify_event) + event().len))
        if (name == heard_.c_str() + sizeof(inotify_event)) {
          heard_.erase(0, sizeof(inotify_event) + event().len);
          return true;
        }
      pollfd waiting{events_, POLLIN, 0};
      if (poll(&waiting, 1, 60000) <= 0) return false;
      char buffer[4096];
      const ssize_t length = read(events_, buffer, sizeof buffer);
      if (length <= 0) return false;
      heard_.assign(buffer, static_cast<size_t>(length));
    }
  }

 private:
  inotify_event event() const {
    inotify_event e;
    std::memcpy(&e, heard_.data(), sizeof e);
    return e;
  }
  int events_;
  std::string heard_;
};

// lenet5 has neither batch normalisation nor dropout, which see a rank's samples alone.
TEST(Ranks, TwoWithHalfABatchEachAreOneWithAllOfIt) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  ASSERT_EQ(
      code_of(start(command("lenet5", folder / "bars.bjp", folder / "one", 3), 0, 1, 0, folder / "one.txt")),
      0);
  const auto both = command("lenet5", folder / "bars.bjp", folder / "two", 3);
  const int port = free_port();
  const pid_t first = start(both, 0, 2, port, folder / "rank0.txt"),
              second = start(both, 1, 2, port, folder / "rank1.txt");
  EXPECT_EQ(code_of(first), 0) << read_file(folder / "rank0.txt");
  EXPECT_EQ(code_of(second), 0) << read_file(folder / "rank1.txt");
  EXPECT_EQ(read_file(folder / "rank1.txt"), "");  // one speaks for all

  RunState one = read_run(folder / "one"), two = read_run(folder / "two");
  ASSERT_EQ(one.epochs.size(), two.epochs.size());
  for (size_t i = 0; i < one.epochs.size(); ++i) {
    EXPECT_NEAR(one.epochs[i].loss, two.epochs[i].loss, 1e-4);
    EXPECT_NEAR(one.epochs[i].val_loss, two.epochs[i].val_loss, 1e-3);
  }
  const FloatTensors a = load_checkpoint(folder / "one", one), b = load_checkpoint(folder / "two", two);
  double difference = 0, total = 0;
  for (const auto& [name, tensor] : a) {
    if (!name.starts_with("model.")) continue;
    const auto& other = b.at(name).data;
    for (size_t i = 0; i < other.size(); ++i) {
      difference += std::pow(double{tensor.data[i]} - double{other[i]}, 2);
      total += std::pow(double{tensor.data[i]}, 2);
    }
  }
  // Sums in another order differ by 1e-7, which twelve steps of AdamW may magnify where gradients are near zero.
  EXPECT_LT(std::sqrt(difference / total), 2e-3);
}

TEST(Ranks, WhenOneDiesTheOthersSaySoAndTheRunResumes) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  auto arguments = command("digits", folder / "bars.bjp", folder / "run", 500);
  const int port = free_port() + 1;
  Watch watch(folder / "run");
  const pid_t first = start(arguments, 0, 2, port, folder / "rank0.txt");
  const pid_t second = start(arguments, 1, 2, port, folder / "rank1.txt");
  EXPECT_TRUE(watch.wait_for("state.json")) << read_file(folder / "rank0.txt");
  kill(second, SIGKILL);
  EXPECT_EQ(code_of(second), -1);
  EXPECT_EQ(code_of(first), 1);
  const std::string text = read_file(folder / "rank0.txt");
  EXPECT_NE(text.find("--resume"), std::string::npos) << text;

  const int64_t before = read_run(folder / "run").step;
  const std::vector<std::string> resume = {"train", "--resume", "--out", (folder / "run").string()};
  Watch resumed(folder / "run");
  const pid_t again[] = {start(resume, 0, 2, port + 1, folder / "rank0.txt"),
                         start(resume, 1, 2, port + 1, folder / "rank1.txt")};
  EXPECT_TRUE(resumed.wait_for("state.json")) << read_file(folder / "rank0.txt");
  kill(again[1], SIGINT);  // Ctrl-C reaches one of them; both stop, and save
  EXPECT_EQ(code_of(again[0]), 3) << read_file(folder / "rank0.txt");
  EXPECT_EQ(code_of(again[1]), 3) << read_file(folder / "rank1.txt");
  EXPECT_GT(read_run(folder / "run").step, before);
}

TEST(Ranks, OneKilledWithinAnEpochGoesOnFromThere) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 2000);  // 80 steps an epoch
  const auto whole = command("lenet5", folder / "bars.bjp", folder / "whole", 1);
  auto arguments = command("lenet5", folder / "bars.bjp", folder / "run", 1);
  for (const char* more : {"--save-every", "1e-9"}) arguments.push_back(more);
  ASSERT_EQ(code_of(start(whole, 0, 1, 0, folder / "whole.txt")), 0);
  Watch watch(folder / "run");
  const pid_t killed = start(arguments, 0, 1, 0, folder / "run.txt");
  for (int saves = 0; saves < 2; ++saves)  // before the first step, and after it
    EXPECT_TRUE(watch.wait_for("state.json")) << read_file(folder / "run.txt");
  kill(killed, SIGKILL);
  EXPECT_EQ(code_of(killed), -1) << read_file(folder / "run.txt");

  const RunState before = read_run(folder / "run");
  EXPECT_GT(before.step, 0);
  EXPECT_TRUE(before.epochs.empty());
  const std::vector<std::string> resume = {"train", "--resume", "--out", (folder / "run").string()};
  EXPECT_EQ(code_of(start(resume, 0, 1, 0, folder / "run.txt")), 0) << read_file(folder / "run.txt");
  RunState after = read_run(folder / "run"), expected = read_run(folder / "whole");
  ASSERT_EQ(after.epochs.size(), 1u);
  EXPECT_EQ(after.epochs[0].loss, expected.epochs[0].loss);
  const FloatTensors a = load_checkpoint(folder / "run", after),
                     b = load_checkpoint(folder / "whole", expected);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_EQ(tensor.data, b.at(name).data) << name;  // bit for bit
}

// One that is done is not missed, and one that says nothing is named.
TEST(Ranks, AreMissedWhenTheyFallSilent) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(free_port() + 3);
  options.isServer = true;
  options.timeout = std::chrono::seconds(20);
  options.waitWorkers = false;
  c10d::TCPStore store("127.0.0.1", options);
  const auto leaves = [&](int rank, const std::string& text) {
    store.set(Heartbeat::key(rank), {text.begin(), text.end()});
  };
  leaves(1, Heartbeat::kDone);
  leaves(2, "1");
  std::promise<std::string> reason;
  {
    const Heartbeat heartbeat("127.0.0.1", options.port, 0, 3, std::chrono::milliseconds(400),
                              [&](const std::string& text) { reason.set_value(text); });
    EXPECT_NE(reason.get_future().get().find("rank 2 "), std::string::npos);
  }
  const std::vector<uint8_t> left = store.get(Heartbeat::key(0));
  EXPECT_EQ(std::string(left.begin(), left.end()), Heartbeat::kDone);
}

TEST(Ranks, PlacesThatCannotBeAreRefused) {
  const auto place_with = [](const char* rank, const char* size) {
    setenv("RANK", rank, 1);
    setenv("WORLD_SIZE", size, 1);
    const std::string error = error_of([] { rank_place(); });
    unsetenv("RANK");
    unsetenv("WORLD_SIZE");
    return error;
  };
  EXPECT_EQ(place_with("1", "2"), "");
  EXPECT_NE(place_with("2", "2").find("count from 0"), std::string::npos);
  EXPECT_NE(place_with("one", "2").find("no number"), std::string::npos);
  EXPECT_EQ(rank_place().size, 1);
}

}  // namespace
}  // namespace biji
