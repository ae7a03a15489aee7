// Training: networks count and learn, and a run that is interrupted ends as one that is not.

#include <gtest/gtest.h>

#include "native/augment.h"
#include "native/dataset.h"
#include "native/device.h"
#include "native/file.h"
#include "native/net.h"
#include "native/train.h"
#include "tests/native_testing.h"

namespace biji {
namespace {

TEST(Networks, CountWhatTheirDefinitionsSay) {
  const Network dense = network_row("mnist-dense").build(10);
  EXPECT_EQ(parameter_count(dense), 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10);
  EXPECT_EQ(multiply_adds(dense), 784 * 32 + 32 * 16 + 16 * 10);
  const Network cnn = network_row("mnist-cnn").build(10);
  EXPECT_EQ(parameter_count(cnn),
            25 * 32 + 32 + 25 * 32 * 64 + 64 + 7 * 7 * 64 * 1024 + 1024 + 1024 * 10 + 10);
  EXPECT_EQ(multiply_adds(cnn), 784 * 25 * 32 + 196 * 25 * 32 * 64 + 7 * 7 * 64 * 1024 + 1024 * 10);
  const Network rnn = network_row("mnist-rnn").build(10);
  EXPECT_EQ(parameter_count(rnn), 4 * 50 * (28 + 50 + 2) + 50 * 10 + 10);
  EXPECT_EQ(multiply_adds(rnn), 28 * 4 * 50 * (28 + 50) + 500);
  const Network lenet = network_row("lenet5").build(10);
  EXPECT_EQ(parameter_count(lenet), 431080);  // as Caffe counts it
}

TEST(Networks, DigitsKeepsToItsBudget) {
  const Network digits = folded(network_row("digits").build(10));
  EXPECT_LE(multiply_adds(digits), 8'000'000);
  EXPECT_LE(parameter_count(digits) * 2, 300'000);  // bytes as float16
}

TEST(Networks, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  EXPECT_NE(error_of([] { network_row("nonesuch"); }).find("lenet5"), std::string::npos);
}

class EachNetwork : public testing::TestWithParam<std::string> {};

TEST_P(EachNetwork, OverfitsOneBatch) {
  Net net(network_row(GetParam()).build(10), at::kCPU);
  net.initialise(1);
  net.enable_gradients();
  at::manual_seed(1);
  const at::Tensor x = at::rand({20, 1, 28, 28}), labels = at::arange(20).remainder(10);
  at::Tensor m = at::zeros_like(net.gradient()), v = at::zeros_like(net.gradient());
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    const at::Tensor loss = at::cross_entropy_loss(net.forward(x, true), labels);
    net.gradient().zero_();
    loss.backward();
    optimizer_step(net, m, v, {.weight_decay = 0}, 2e-3, step);
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_GT(first, 1.5);
  EXPECT_LT(last, 0.1);
}

TEST_P(EachNetwork, FoldingKeepsTheLogits) {
  Net net(network_row(GetParam()).build(10), at::kCPU, at::kDouble);
  net.initialise(1);
  const at::NoGradGuard no_grad;
  at::manual_seed(1);
  for (const Net::Entry& entry : net.entries())  // statistics and gains as after training, not zeros and ones
    if (entry.parameter.name.starts_with("bn"))
      entry.tensor.copy_(at::rand(entry.tensor.sizes(), at::kDouble) + 0.5);
  const at::Tensor x = at::rand({4, 1, 28, 28}, at::kDouble);
  Net plain(folded(net.network()), at::kCPU, at::kDouble);
  plain.state().copy_(fold(net).state());
  const at::Tensor expected = net.forward(x, false);
  // fold() rounds its results to float: a relative error of 2^-24 for each of the few layers.
  EXPECT_LT((plain.forward(x, false) - expected).abs().max().item<double>(),
            1e-5 * expected.abs().max().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Table, EachNetwork, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const NetworkRow& row : network_table()) names.emplace_back(row.name);
                           return names;
                         }()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Augment, NoStrengthIsThePlainConversion) {
  const at::Tensor pixels = at::arange(256, at::kByte).view({1, 16, 16});
  EXPECT_TRUE(augment(pixels, 0).equal(pixels.unsqueeze(1).to(at::kFloat) * (1 / 255.)));
}

TEST(Augment, IsFixedByTheSeedAndStaysInRange) {
  const at::Tensor pixels = at::zeros({16, 28, 28}, at::kByte);
  pixels.slice(1, 6, 22).slice(2, 12, 15).fill_(255);
  at::manual_seed(7);
  const at::Tensor a = augment(pixels, 1);
  at::manual_seed(7);
  const at::Tensor b = augment(pixels, 1);
  at::manual_seed(8);
  const at::Tensor c = augment(pixels, 1);
  EXPECT_TRUE(a.equal(b));
  EXPECT_FALSE(a.equal(c));
  EXPECT_GE(a.min().item<float>(), 0.f);
  EXPECT_LE(a.max().item<float>(), 1.f);
  EXPECT_FALSE(a[0].equal(a[1]));  // each sample its own
  const double ink = a.mean().item<double>() / (16 * 3 / 784.);
  EXPECT_GT(ink, 0.5);  // characters survive
  EXPECT_LT(ink, 1.5);
}

// ---- runs
// ------------------------------------------------------------------------------------------------------------

TrainOptions small_run(const TempFolder& folder, const std::string& name) {
  TrainOptions options;
  options.network = "digits";
  options.data = {folder / "bars.bjp"};
  options.out = folder / name;
  options.recipe = network_row("digits").recipe;
  options.recipe.epochs = 3;
  options.recipe.batch = 20;
  options.held_out = 0.2;
  options.device = "cpu";
  options.precision = "fp32";
  options.quiet = true;
  return options;
}

FloatTensors weights_of(const TrainOptions& options) {
  RunState state = read_run(options.out);
  return load_checkpoint(options.out, state);
}

bool same(const FloatTensors& a, const FloatTensors& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && x.second.data == y.second.data;
         });
}

TEST(Training, AResumedRunIsBitForBitAnUninterruptedOne) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions whole = small_run(folder, "whole");
  const RunState expected = train(whole, nullptr);  // 4 steps an epoch, 12 in all
  ASSERT_TRUE(expected.finished());

  TrainOptions parts = small_run(folder, "parts");
  for (const int64_t steps : {3, 4, 1}) {  // within the first epoch, within the second, at its end
    parts.stop_after = steps;
    EXPECT_FALSE(train(parts, nullptr).finished());
    parts.resume = true;
  }
  parts.stop_after = -1;
  const RunState resumed = train(parts, nullptr);
  EXPECT_TRUE(same(weights_of(parts), weights_of(whole)));
  ASSERT_EQ(resumed.epochs.size(), expected.epochs.size());
  for (size_t i = 0; i < resumed.epochs.size(); ++i) {
    EXPECT_EQ(resumed.epochs[i].loss, expected.epochs[i].loss);
    EXPECT_EQ(resumed.epochs[i].val_loss, expected.epochs[i].val_loss);
  }
}

TEST(Training, AnotherSeedGivesOtherWeights) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions a = small_run(folder, "a"), b = small_run(folder, "b");
  a.recipe.epochs = b.recipe.epochs = 1;
  b.seed = 2;
  train(a, nullptr);
  train(b, nullptr);
  EXPECT_FALSE(same(weights_of(a), weights_of(b)));
}

// What kill -9 leaves: the state of the last checkpoint, later files half written.
TEST(Training, GoesBackToTheLastGoodCheckpoint) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions whole = small_run(folder, "whole"), killed = small_run(folder, "killed");
  train(whole, nullptr);
  killed.stop_after = 9;
  train(killed, nullptr);  // checkpoints after steps 8 and 9
  write_file(folder / "killed/checkpoint-00000012.safetensors.tmp-1", "half");
  const std::string newest = read_file(folder / "killed/checkpoint-00000009.safetensors");
  write_file(folder / "killed/checkpoint-00000009.safetensors", newest.substr(0, newest.size() / 2));
  killed.resume = true;
  killed.stop_after = -1;
  train(killed, nullptr);
  EXPECT_TRUE(same(weights_of(killed), weights_of(whole)));
  EXPECT_FALSE(std::filesystem::exists(folder / "killed/checkpoint-00000012.safetensors.tmp-1"));
}

TEST(Training, KeepsTheLastTwoCheckpointsAndTheBest) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = small_run(folder, "run");
  options.recipe.epochs = 5;
  const RunState state = train(options, nullptr);
  EXPECT_EQ(state.checkpoints.size(), 2u);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options.out))
    files += entry.path().extension() == ".safetensors";
  EXPECT_LE(files, 3);
  EXPECT_TRUE(std::filesystem::exists(options.out / state.best.file));
}

TEST(Training, RefusesWhatDoesNotFit) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = small_run(folder, "run");
  train(options, nullptr);
  EXPECT_NE(error_of([&] { train(options, nullptr); }).find("--resume"),
            std::string::npos);  // would overwrite a run
  options.resume = true;
  write_bars(folder / "bars.bjp", 90);
  EXPECT_NE(error_of([&] { train(options, nullptr); }).find("bars.bjp"),
            std::string::npos);  // other data than it began with
  TrainOptions other = small_run(folder, "other");
  const PackInfo letters{"letters", kLettersInput, {"a"}};
  write_pack(folder / "letters.bjp", letters, std::vector<uint16_t>{0}, std::vector<uint8_t>(784));
  other.data = {folder / "letters.bjp"};
  EXPECT_NE(error_of([&] { train(other, nullptr); }).find("input"), std::string::npos);
  other.data = {folder / "bars.bjp", folder / "letters.bjp"};
  EXPECT_NE(error_of([&] { train(other, nullptr); }).find("letters.bjp"), std::string::npos);
  other = small_run(folder, "other");
  other.device = "tpu";
  EXPECT_NE(error_of([&] { train(other, nullptr); }).find("tpu"), std::string::npos);
}

TEST(Training, ADamagedStateIsNamed) {
  const TempFolder folder;
  EXPECT_NE(error_of([&] { read_run(folder / "nowhere"); }).find("nowhere"), std::string::npos);
  for (const char* text : {"", "{", "[]", "{\"network\": 7}"}) {
    write_file(folder / "run/state.json", text);
    EXPECT_NE(error_of([&] { read_run(folder / "run"); }).find("state.json"), std::string::npos) << text;
  }
}

TEST(Training, LearnsBarsAlmostPerfectly) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 400);
  TrainOptions options = small_run(folder, "run");
  options.network = "lenet5";
  options.recipe = network_row("lenet5").recipe;
  options.recipe.epochs = 4;
  options.recipe.batch = 40;
  EXPECT_GE(train(options, nullptr).epochs.back().val_accuracy, 0.95);
}

}  // namespace
}  // namespace biji
