// What a run writes about its steps: rows, TensorBoard's events; and what it would take.

#include "native/train/log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "native/base/file.h"
#include "native/nets/summary.h"
#include "native/train/tensorboard.h"
#include "tests/native/command.h"
#include "tests/native/training.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// As everybody writes it, and the header of a real event file.
TEST(TensorBoard, ChecksumsAreThoseOfTfRecords) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(masked_crc32c(std::string("\x18\0\0\0\0\0\0\0", 8)), 0x224b7fa3u);
  EXPECT_EQ(first_event_record(1).substr(0, 12), std::string("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22", 12));
}

TEST(TensorBoard, ReadsWhatItWrites) {
  const ScalarEvent event{1.5, 300, {{"train/loss", 0.25}, {"a", -3}}};
  const std::string bytes =
      first_event_record(1) + event_record(event) + event_record({2, 1000000, {{"b", 1e9}}});
  const EventFile file = read_events(bytes);
  ASSERT_EQ(file.events.size(), 3u);
  EXPECT_TRUE(file.events[0].scalars.empty());
  EXPECT_EQ(file.events[1].wall_time, 1.5);
  EXPECT_EQ(file.events[1].step, 300);
  ASSERT_EQ(file.events[1].scalars.size(), 2u);
  EXPECT_EQ(file.events[1].scalars[0].tag, "train/loss");
  EXPECT_EQ(file.events[1].scalars[0].value, 0.25);
  EXPECT_EQ(file.events[1].scalars[1].value, -3);
  EXPECT_EQ(file.events[2].step, 1000000);
  EXPECT_EQ(file.ends.back(), bytes.size());
  EXPECT_EQ(file.bytes_up_to(999999), file.ends[1]);
}

TEST(TensorBoard, KeepsWhatIsWhole) {
  const std::string bytes =
      first_event_record(1) + event_record({1, 1, {{"loss", 1}}}) + event_record({2, 2, {{"loss", 2}}});
  const EventFile whole = read_events(bytes);
  for (size_t length = 0; length < bytes.size(); ++length) {
    const size_t events = read_events(std::string_view(bytes).substr(0, length)).events.size();
    EXPECT_EQ(events, length < whole.ends[0] ? 0u : length < whole.ends[1] ? 1u : 2u) << length;
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    const size_t events = read_events(flipped).events.size();
    EXPECT_EQ(events, at < whole.ends[0] ? 0u : at < whole.ends[1] ? 1u : 2u) << at;
  }
}

// ---- runs ----

// Three epochs of five steps, a row every second one.
TrainOptions logged_run(const TempFolder& folder, const std::string& name) {
  TrainOptions options = pinned_run("mnist-dense", folder / "bars.bjp", folder / name);
  options.recipe.epochs = 3;
  options.recipe.batch = 20;
  options.log_every = 2;
  return options;
}

// Rows of numbers.
std::vector<std::vector<double>> rows_of(const fs::path& csv) {
  std::ifstream file(csv);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "step,loss,accuracy,gradient_norm,learning_rate,images_per_second,input_wait,seconds");
  std::vector<std::vector<double>> rows;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::vector<double>& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(std::stod(cell));
  }
  return rows;
}

TEST(Log, HasARowEveryFewSteps) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const RunState state = train(logged_run(folder, "run"), nullptr);
  const auto rows = rows_of(folder / "run/log.csv");
  ASSERT_EQ(rows.size(), 7u);  // steps 2, 4, .. 14
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 8u);
    EXPECT_EQ(rows[i][0], 2. * static_cast<double>(i + 1));
    EXPECT_GT(rows[i][3], 0);
    EXPECT_GT(rows[i][5], 0);
    EXPECT_GE(rows[i][6], 0);
    EXPECT_LE(rows[i][6], 1);
  }
  // Of the second epoch, steps 6 to 10: row 6 has its first step alone. Six digits are written.
  EXPECT_NEAR(rows[2][1] + 2 * rows[3][1] + 2 * rows[4][1], 5 * state.epochs[1].loss, 1e-4);
  EXPECT_NEAR(rows[2][2] + 2 * rows[3][2] + 2 * rows[4][2], 5 * state.epochs[1].accuracy, 1e-4);

  const EventFile events = read_events(read_file(folder / "run/events.out.tfevents.biji"));
  ASSERT_EQ(events.events.size(), 1u + 7 + 3);  // the epochs as well
  EXPECT_EQ(events.events[1].step, 2);
  ASSERT_EQ(events.events[1].scalars.size(), 6u);
  EXPECT_EQ(events.events[1].scalars[0].tag, "train/loss");
  EXPECT_NEAR(events.events[1].scalars[0].value, rows[0][1], 1e-4);
}

// A killed run has told of steps behind its checkpoint, the last of them by half.
TEST(Log, OfAResumedRunIsThatOfAnUninterruptedOne) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const TrainOptions whole = logged_run(folder, "whole");
  train(whole, nullptr);
  TrainOptions parts = logged_run(folder, "parts");
  parts.stop_after = 7;
  train(parts, nullptr);
  std::ofstream(folder / "parts/log.csv", std::ios::app) << "8,1,1,1,1,1,1,1\n10,1,1,";
  std::ofstream(folder / "parts/events.out.tfevents.biji", std::ios::app | std::ios::binary)
      << event_record({1, 8, {{"train/loss", 1}}})
      << event_record({1, 10, {{"train/loss", 1}}}).substr(0, 30);
  parts.stop_after = -1;
  parts.resume = true;
  train(parts, nullptr);

  const auto expected = rows_of(folder / "whole/log.csv"), rows = rows_of(folder / "parts/log.csv");
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t column = 0; column < 5; ++column)
      EXPECT_EQ(rows[i][column], expected[i][column]) << i << column;
  const auto steps = [&](const char* run) {
    std::vector<int64_t> list;
    for (const ScalarEvent& event : read_events(read_file(folder / run / "events.out.tfevents.biji")).events)
      list.push_back(event.step);
    return list;
  };
  EXPECT_EQ(steps("parts"), steps("whole"));
}

TEST(Log, HasItsHeaderBeforeProgress) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const Outcome outcome =
      biji_command("train mnist-dense --epochs 2 --batch 20 --device cpu --threads 1 --data " +
                   (folder / "bars.bjp").string() + " --out " + (folder / "run").string());
  EXPECT_EQ(outcome.code, 0);
  const size_t header = outcome.text.find("epoch      loss"), first = outcome.text.find("\n    1  ");
  EXPECT_LT(header, first) << outcome.text;
  EXPECT_NE(first, std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find('\r'), std::string::npos) << outcome.text;
}

TEST(DryRun, SaysWhatARunTakesAndWritesNothing) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  const Outcome outcome =
      shell("cd " + folder.path.string() +
            " && " BIJI_COMMAND
            " train lenet5 --dry-run --batch 20 --epochs 3 --held-out 0.2 --device cpu --data bars.bjp");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  for (const char* shown : {"convolution 5x5", "431,080", "80 samples to train on, 20 to validate",
                            "4 of 20 samples an epoch, 12 in all", "in all\nNothing was written."})
    EXPECT_NE(outcome.text.find(shown), std::string::npos) << shown << outcome.text;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 1);
}

TEST(Networks, LayersAddUpToTheirCounts) {
  for (const NetworkRow& row : network_table()) {
    const Network network = row.build(10);
    int64_t parameters = 0, products = 0;
    for (const Node& node : network.nodes) {
      parameters += parameter_count(network, node);
      products += multiply_adds(network, node);
    }
    EXPECT_EQ(parameters, parameter_count(network));
    EXPECT_EQ(products, multiply_adds(network));
    const std::string table = layer_table(network);
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'),
              static_cast<std::ptrdiff_t>(network.nodes.size()) + 2);
  }
}

}  // namespace
}  // namespace biji
