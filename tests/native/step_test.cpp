// The training step as a GPU needs it, on the CPU as a stand-in.

#include "native/train/step.h"

#include <gtest/gtest.h>

#include "native/base/device.h"
#include "native/base/waits.h"
#include "native/data/dataset.h"
#include "native/train/batches.h"
#include "native/train/optimizer.h"
#include "tests/core/samples.h"
#include "tests/native/training.h"

namespace biji {
namespace {

TEST(Waits, AreSeen) {
  const at::Tensor x = at::ones({2});
  const auto counted = [&](const auto& body) {
    const WaitCount waits;
    body();
    return waits.count();
  };
  EXPECT_EQ(counted([&] { x.sum().item<double>(); }), 1);
  EXPECT_EQ(counted([&] { x.to(at::Device(at::kCPU)); }), 1);
  EXPECT_EQ(counted([&] { x.nonzero(); }), 1);
  EXPECT_EQ(counted([&] { (x * 2).to(at::kDouble).add_(1).fill_(3); }), 0);
}

struct Kind {
  const char* network;
  bool ink;
  const char* precision;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.network << (kind.ink ? " ink " : " pixels ") << kind.precision;
}

class AStep : public testing::TestWithParam<Kind> {};

TEST_P(AStep, WaitsForNothing) {
  const TempFolder folder;
  const NetworkRow& row = network_row(GetParam().network);
  Labels classes;
  for (char c = '0'; c <= '9'; ++c) classes.emplace_back(1, c);
  PackWriter pack(folder / "pack.bjp", GetParam().ink ? PackKind::kStrokes : PackKind::kPixels,
                  row.input.picture());
  for (int i = 0; i < 40; ++i) {
    const Ink ink = random_ink(static_cast<uint64_t>(i));
    const auto label = static_cast<uint16_t>(i % 10);
    if (GetParam().ink)
      pack.add(label, 0, ink);
    else
      pack.add(label, 0, normalize(ink, row.input.picture()).value.pixels);
  }
  pack.commit("pack", classes);
  const at::Device device = at::hasCUDA() ? at::kCUDA : at::kCPU;
  const Dataset data = load_data({folder / "pack.bjp"}, row.input).on(device);

  RunState state;
  state.network = GetParam().network;
  state.recipe = {.batch = 8, .optimizer = "muon", .augment = 1, .non_characters = 0.25f};
  state.recipe.extrapolated_style = 0.3f;
  state.recipe.skeletons = data.drawn() ? 0.3f : 0.f;
  state.precision = GetParam().precision;
  state.threads = 1;
  state.total_steps = 7;  // a new order of the samples after every five
  Net net(row.build(10), device);
  net.initialise(1);
  Ranks alone({}, device);
  Step step(std::move(net), state, alone, device, {}, false);
  step.begin();
  Batches batches(data, state, 0, 1);
  const WaitCount waits;
  while (state.step < state.total_steps) step.run(batches.get(state.step));
  EXPECT_EQ(waits.count(), 0) << waits.first();
  EXPECT_LT(step.loss_sum() / 7, 5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AStep,
                         testing::Values(Kind{"digits", false, "fp32"}, Kind{"digits", true, "fp32"},
                                         Kind{"hanzi", true, "bf16"}, Kind{"mnist-lstm", false, "fp32"}));

// Given one by one and together, they differ by rounding: each of five steps multiplies matrices of norm 1 or so and
// magnifies small singular values up to 3.4 times.
TEST(Muon, IsTheSameWhetherMatricesOfAShapeGoTogether) {
  at::manual_seed(1);
  std::vector<at::Tensor> matrices;
  for (const int64_t rows : {8, 24, 8, 24, 8}) matrices.push_back(at::randn({rows, 16}));
  const std::vector<at::Tensor> each = orthogonalised(matrices, false),
                                together = orthogonalised(matrices, true);
  for (size_t i = 0; i < matrices.size(); ++i) {
    EXPECT_EQ(together[i].sizes(), matrices[i].sizes());
    EXPECT_LT((each[i] - together[i]).abs().max().item<double>(), 1e-4);
    const at::Tensor values = std::get<1>(at::linalg_svd(each[i]));
    EXPECT_GT(values.min().item<double>(), 0.3);
    EXPECT_LT(values.max().item<double>(), 1.3);
  }
}

TEST(Statistics, BeginAtAMultipleOf16Bytes) {
  for (const NetworkRow& row : network_table()) {
    const Net net(row.build(11), at::kCPU);
    for (const Net::Entry& entry : net.entries())
      if (entry.parameter.role == Role::kStatistic) {
        EXPECT_EQ(entry.tensor.storage_offset() % 4, 0) << entry.parameter.name;
      }
  }
}

}  // namespace
}  // namespace biji
