// Training: networks count and learn, and a run that is interrupted ends as one that is not.

#include "native/train/train.h"

#include <gtest/gtest.h>

#include "native/base/device.h"
#include "native/base/file.h"
#include "native/data/dataset.h"
#include "native/nets/cpu/batch_norm.h"
#include "native/nets/cpu/convolution.h"
#include "native/nets/net.h"
#include "native/nets/onnx_model.h"
#include "native/train/average.h"
#include "native/train/batches.h"
#include "native/train/eval.h"
#include "native/train/export.h"
#include "native/train/loss.h"
#include "native/train/optimizer.h"
#include "native/train/pace.h"
#include "native/train/run_model.h"
#include "native/vary/augment.h"
#include "native/vary/draw.h"
#include "native/vary/ink_augment.h"
#include "native/vary/writer_style.h"
#include "tests/core/samples.h"
#include "tests/native/training.h"

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
  EXPECT_EQ(parameter_count(rnn), 4460);
  EXPECT_EQ(multiply_adds(rnn), 28 * 50 * (28 + 50) + 500);
  const Network lstm = network_row("mnist-lstm").build(10);
  EXPECT_EQ(parameter_count(lstm), 4 * 50 * (28 + 50 + 2) + 50 * 10 + 10);
  EXPECT_EQ(multiply_adds(lstm), 28 * 4 * 50 * (28 + 50) + 500);
  const Network lenet = network_row("lenet5").build(10);
  EXPECT_EQ(parameter_count(lenet), 431080);  // as Caffe counts it
}

TEST(Networks, DigitsKeepsToItsBudget) {
  const Network digits = folded(network_row("digits").build(10));
  EXPECT_LE(multiply_adds(digits), 8'200'000);
  EXPECT_LE(parameter_count(digits) * 2, 300'000);  // bytes as float16
}

TEST(Networks, OursKeepToTheirBudgets) {
  const Network letters = folded(network_row("letters").build(62));
  EXPECT_LE(parameter_count(letters) * 2, 1'000'000);  // bytes as float16
  const Network hanzi = folded(network_row("hanzi").build(3755));
  EXPECT_LE(parameter_count(hanzi), 3'000'000);  // bytes as int8
  EXPECT_LE(multiply_adds(hanzi), 100'000'000);
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
  const int64_t side = net.network().input.size_px, channels = net.network().input.channels();
  const at::Tensor x = at::rand({20, channels, side, side}), labels = at::arange(20).remainder(10);
  const Recipe recipe{.optimizer = default_recipe(GetParam()).optimizer, .weight_decay = 0};
  at::Tensor m = at::zeros_like(net.gradient()), v = at::zeros_like(net.gradient());
  StepSize size;
  Ranks alone({}, at::kCPU);
  double first = 0, last = 0;
  for (int step = 0; step < 150 && (step == 0 || last > 0.09); ++step) {
    const at::Tensor loss = at::cross_entropy_loss(net.forward(x, true), labels);
    net.gradient().zero_();
    loss.backward();
    size.set(recipe, 2e-3, step, m.options());
    optimizer_step(net, m, v, recipe, size, alone);
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
  const int64_t side = net.network().input.size_px, channels = net.network().input.channels();
  const at::Tensor x = at::rand({4, channels, side, side}, at::kDouble);
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

// hanzi without the second residual block of each of its two pairs.
Network with_fewer_blocks(int32_t classes) {
  Network network = network_row("hanzi").build(classes);
  int convolutions = 0, blocks = 0;
  std::vector<Node> kept;
  std::vector<int32_t> moved(network.nodes.size());  // index of a node there -> in kept
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    // A block is conv, bn, relu, conv, bn, add, relu.
    const bool block = i + 5 < network.nodes.size() && network.nodes[i + 5].op == Op::kAdd;
    if (block && ++blocks % 2 == 0) {
      for (size_t k = i; k < i + 7; ++k) moved[k] = static_cast<int32_t>(kept.size()) - 1;
      i += 6;
      continue;
    }
    Node node = network.nodes[i];
    if (node.op == Op::kConv) node.name = "conv" + std::to_string(++convolutions);
    if (node.op == Op::kBatchNorm) node.name = "bn" + std::to_string(convolutions);
    if (node.a >= 0) node.a = moved[static_cast<size_t>(node.a)];
    if (node.b >= 0) node.b = moved[static_cast<size_t>(node.b)];
    moved[i] = static_cast<int32_t>(kept.size());
    kept.push_back(std::move(node));
  }
  network.nodes = std::move(kept);
  return network;
}

// As after training: no two gains, biases and statistics the same.
void fill_norms(Net& net) {
  for (const Net::Entry& entry : net.entries()) {
    if (!entry.parameter.name.starts_with("bn")) continue;
    const bool positive =
        entry.parameter.name.ends_with(".variance") || entry.parameter.name.ends_with(".gain");
    entry.tensor.copy_(positive ? 0.5 + at::rand_like(entry.tensor) : at::randn_like(entry.tensor));
  }
}

// A network that gets two residual blocks more computes what it did, until it is trained.
TEST(Networks, GrowByBlocksThatBeginAsNothing) {
  const at::NoGradGuard no_grad;
  at::manual_seed(1);
  Net small(with_fewer_blocks(10), at::kCPU), large(network_row("hanzi").build(10), at::kCPU);
  ASSERT_EQ(small.network().nodes.size() + 14, large.network().nodes.size());
  small.initialise(1);
  fill_norms(small);
  large.initialise(2);
  const at::Tensor x = at::rand({3, small.network().input.channels(), 48, 48});
  const at::Tensor should = small.forward(x, false);
  EXPECT_FALSE(large.forward(x, false).allclose(should));
  FloatTensors weights;
  export_tensors(small, "x.", weights);
  EXPECT_EQ(import_smaller(large, "x.", weights).blocks, 2);
  EXPECT_TRUE(large.forward(x, false).equal(should));
  for (const char* weight : {"conv5.weight", "conv6.weight", "conv10.weight", "conv11.weight"})
    EXPECT_GT(large.tensor(weight).abs().max().item<float>(), 0) << weight;  // can be learned
  large.tensor("bn6.gain").fill_(1);
  EXPECT_FALSE(large.forward(x, false).allclose(should));

  FloatTensors incomplete = weights;
  incomplete.erase("x.conv8.weight");  // not a block that is missing, but a layer
  EXPECT_NE(error_of([&] { import_smaller(large, "x.", incomplete); }).find("do not fit"), std::string::npos);
  EXPECT_NE(error_of([&] { import_smaller(large, "x.", {}); }).find("do not fit"), std::string::npos);
}

// The definition, row by row, in double; gradients by the chain rule are LibTorch's in both.
TEST(Networks, ASimpleRnnIsAPlainLoop) {
  Net net(network_row("mnist-rnn").build(10), at::kCPU, at::kDouble);
  net.initialise(1);
  {
    const at::NoGradGuard no_grad;
    at::manual_seed(2);
    net.tensor("rnn.bias").normal_();
  }
  net.enable_gradients();
  const at::Tensor x = at::rand({5, 1, 28, 28}, at::kDouble);
  const auto gradient = [&](const at::Tensor& logits) {
    net.gradient().zero_();
    logits.square().sum().backward();
    return net.gradient().clone();
  };
  const at::Tensor is = net.forward(x, true);
  const at::Tensor gradient_is = gradient(is);
  at::Tensor h = at::zeros({5, 50}, at::kDouble);
  for (int64_t row = 0; row < 28; ++row)
    h = at::tanh(at::matmul(x.select(1, 0).select(1, row), net.tensor("rnn.weight_input").t()) +
                 at::matmul(h, net.tensor("rnn.weight_hidden").t()) + net.tensor("rnn.bias"));
  const at::Tensor should = at::linear(h, net.tensor("linear1.weight"), net.tensor("linear1.bias"));
  EXPECT_LT((is - should).abs().max().item<double>(), 1e-12);
  EXPECT_LT((gradient_is - gradient(should)).abs().max().item<double>(), 1e-12);
}

TEST(Networks, FitInputsAsLargeAsTheirLastMapIs) {
  const Network hanzi = network_row("hanzi").build(10);
  EXPECT_TRUE(fits_input(hanzi, 48));
  EXPECT_TRUE(fits_input(hanzi, 40));
  EXPECT_FALSE(fits_input(hanzi, 32));
  EXPECT_FALSE(fits_input(hanzi, 49));
  EXPECT_FALSE(fits_input(network_row("mnist-rnn").build(10), 20));
  EXPECT_TRUE(fits_input(network_row("digits").build(10), 25));  // 13, 7, 3
}

// A network whose input gets planes more computes what it did, whatever is on them, until it is trained.
TEST(Networks, GrowByPlanesThatBeginWithoutWeight) {
  const at::NoGradGuard no_grad;
  Network narrow = network_row("hanzi").build(10);
  narrow.input = kHanziInput.picture();
  narrow.nodes[0].shape.channels = 1;
  Net before(narrow, at::kCPU), after(network_row("hanzi").build(10), at::kCPU);
  before.initialise(1);
  after.initialise(2);
  FloatTensors weights;
  export_tensors(before, "x.", weights);
  EXPECT_EQ(import_smaller(after, "x.", weights).planes, 5);
  const at::Tensor x = at::rand({3, 6, 48, 48});
  const at::Tensor should = before.forward(x.slice(1, 0, 1), false);
  EXPECT_LT((after.forward(x, false) - should).abs().max().item<double>(), 1e-5);
  weights.clear();
  export_tensors(after, "x.", weights);
  EXPECT_NE(error_of([&] { import_smaller(before, "x.", weights); }).find("do not fit"), std::string::npos);
}

// Whatever a network is made of, its own weights fit it.
TEST_P(EachNetwork, StartsFromItsOwnWeights) {
  Net before(network_row(GetParam()).build(10), at::kCPU), after(before.network(), at::kCPU);
  before.initialise(1);
  after.initialise(2);
  FloatTensors weights;
  export_tensors(before, "x.", weights);
  EXPECT_EQ(import_smaller(after, "x.", weights).blocks, 0);
  EXPECT_TRUE(after.state().equal(before.state()));
}

// An exported network's weights are those of one to train: it computes the same, its batch normalisation has met its
// input, and its filters are as long as new ones.
TEST_P(EachNetwork, IsTrainedOnFromWhatWasExported) {
  const at::NoGradGuard no_grad;
  Net before(network_row(GetParam()).build(10), at::kCPU), after(before.network(), at::kCPU);
  before.initialise(1);
  at::manual_seed(2);
  fill_norms(before);
  after.initialise(3);
  import_tensors(after, "", unfolded(weights_of_onnx(to_onnx(fold(before), Stored::kFloat))));
  const int32_t side = before.network().input.size_px;
  const at::Tensor x = at::rand({64, before.network().input.channels(), side, side});
  const at::Tensor should = before.forward(x, false);
  const auto error = [&] {
    return ((after.forward(x, false) - should).norm() / should.norm()).item<double>();
  };
  EXPECT_LT(error(), 1e-5);
  settle(after, x);
  EXPECT_LT(error(), 1e-5);

  const at::Tensor settled = after.state().clone();
  after.forward(x, true);  // moves running statistics a tenth of the way to the batch's
  for (const Net::Entry& entry : after.entries()) {
    const std::string& name = entry.parameter.name;
    const at::Tensor was =
        settled.as_strided(entry.tensor.sizes(), entry.tensor.strides(), entry.tensor.storage_offset());
    if (name.ends_with(".mean")) {
      const at::Tensor deviation = after.tensor(name.substr(0, name.size() - 4) + "variance").sqrt();
      EXPECT_LT(((entry.tensor - was) / deviation).abs().max().item<double>(), 1e-3) << name;
    } else if (name.ends_with(".variance")) {  // the running one is that of n - 1
      EXPECT_LT((entry.tensor / was - 1).abs().max().item<double>(), 5e-3) << name;
    } else if (name.starts_with("conv") && name.ends_with(".weight") &&
               after.network().nodes[2].op == Op::kBatchNorm) {
      const at::Tensor length = entry.tensor.square().sum({1, 2, 3}).sqrt();
      EXPECT_TRUE(at::allclose(length, at::full_like(length, std::sqrt(2.)), 1e-4)) << name;
    }
  }
}

// Against LibTorch's own operations in double: values, gradients and running statistics.
TEST(BatchNorm, FusedIsTheSameAsOneByOne) {
  for (const bool relu : {false, true})
    for (const bool add : {false, true}) {
      at::manual_seed(1);
      const int64_t c = 19;
      const auto parameter = [](at::Tensor t) { return t.set_requires_grad(true); };
      const auto channels_last = [](const at::Tensor& t) {
        return t.contiguous(at::MemoryFormat::ChannelsLast);
      };
      const at::Tensor x = parameter(channels_last(at::randn({7, c, 5, 3}) * 3 + 2));
      const at::Tensor residual = add ? parameter(channels_last(at::randn({7, c, 5, 3}))) : at::Tensor();
      const at::Tensor out_gradient = at::randn({7, c, 5, 3});
      const auto run = [&](at::ScalarType type, std::vector<at::Tensor>& results) {
        const auto copy = [&](const at::Tensor& t) {
          return t.defined() ? parameter(t.detach().to(type).clone()) : at::Tensor();
        };
        const at::Tensor in = copy(x), r = copy(residual);
        BatchNorm norm{copy(at::linspace(0.5, 1.5, c)), copy(at::linspace(-1, 1, c)), at::zeros({c}, type),
                       at::ones({c}, type)};
        const at::Tensor y = batch_norm(in, norm, r, relu, true);
        y.backward(out_gradient.to(type));
        results = {y.detach(), in.grad(), norm.gain.grad(), norm.bias.grad(), norm.mean, norm.variance};
        if (add) results.push_back(r.grad());
      };
      std::vector<at::Tensor> fused, reference;
      run(at::kFloat, fused);
      run(at::kDouble, reference);  // doubles do not take the fast path
      ASSERT_EQ(fused.size(), reference.size());
      for (size_t i = 0; i < fused.size(); ++i)
        // A hundred sums of numbers below ten, in float: some 1e-6 each.
        EXPECT_LT((fused[i].to(at::kDouble) - reference[i]).abs().max().item<double>(), 1e-4)
            << i << relu << add;
    }
}

TEST(BatchNorm, LetsNotANumberThrough) {
  const at::Tensor x = at::randn({2, 4, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  x[0][1][0][0] = NAN;
  const BatchNorm norm{at::ones({4}), at::zeros({4}), at::zeros({4}), at::ones({4})};
  EXPECT_TRUE(std::isnan(batch_norm(x, norm, {}, true, true).sum().item<float>()));
}

// ---- bf16
// ------------------------------------------------------------------------------------------------------------

class Bf16 : public testing::Test {
 protected:
  void SetUp() override {
    if (precisions("auto", at::kCPU).back() != at::kBFloat16)
      GTEST_SKIP() << "this CPU does not multiply bf16 (AVX-512 BF16 or AMX)";
  }
};

// Eight bits of mantissa, the hidden one counted: rounding to the nearest errs by 2^-9 of the power of two above, so by at
// most u = 2^-8 of the value. A product of two rounded numbers errs by 2u + u^2 of itself, a sum of products by that share
// of the sum of their sizes, and rounding the result adds u of it. (Sums in float add 2^-24 for each term: with less than
// 1,000 terms, 2^-14 of the sum of sizes.)
TEST_F(Bf16, ProductsErrByNoMoreThanTheirRounding) {
  constexpr double kUnit = 0x1p-8, kProduct = 2 * kUnit + kUnit * kUnit + 0x1p-14;
  at::manual_seed(1);
  const at::Tensor x = at::randn({20, 8, 12, 12}), filters = at::randn({16, 8, 3, 3});
  const at::Tensor matrix = at::randn({10, 8 * 12 * 12 / 2}), flat = x.view({40, -1});
  const auto check = [&](const auto& of, const at::Tensor& a, const at::Tensor& b) {
    at::Tensor is;
    {
      const Autocast autocast(at::kCPU, at::kBFloat16);
      is = of(a, b);
    }
    ASSERT_EQ(is.scalar_type(), at::kBFloat16);
    const at::Tensor should = of(a.to(at::kDouble), b.to(at::kDouble));
    const at::Tensor sizes = of(a.to(at::kDouble).abs(), b.to(at::kDouble).abs());
    const at::Tensor bound = sizes * (kProduct * (1 + kUnit)) + should.abs() * kUnit;
    const at::Tensor error = (is.to(at::kDouble) - should).abs();
    EXPECT_LE((error / bound).max().item<double>(), 1);
    EXPECT_GT((error / bound).max().item<double>(), 0x1p-8);  // it was computed in bf16, not in float
  };
  check([](const at::Tensor& a, const at::Tensor& b) { return at::linear(a, b); }, flat, matrix);
  check([](const at::Tensor& a, const at::Tensor& b) { return at::conv2d(a, b); }, x, filters);
}

TEST(Loss, OfAMergedLabelIsThatOfItsClassesTogether) {
  at::manual_seed(2);
  const at::Tensor logits = at::randn({3, 4});
  const at::Tensor merged = at::tensor(std::vector<int64_t>{1, 0, 1, 0}).view({1, 4}).to(at::kBool);
  const at::Tensor labels = at::tensor(std::vector<int64_t>{1, 4, 3});  // 4: class 0 or 2
  const at::Tensor p = at::softmax(logits.to(at::kDouble), 1);
  const double expected =
      -(std::log(p[0][1].item<double>()) + std::log(p[1][0].item<double>() + p[1][2].item<double>()) +
        std::log(p[2][3].item<double>())) /
      3;
  EXPECT_NEAR(loss_of(logits, labels, merged, 0).item<double>(), expected, 1e-6);
  // Without merged labels among them it is LibTorch's own, smoothing included.
  const at::Tensor plain = at::tensor(std::vector<int64_t>{1, 0, 3});
  EXPECT_NEAR(loss_of(logits, plain, merged, 0.1).item<double>(),
              loss_of(logits, plain, {}, 0.1).item<double>(), 1e-6);
}

TEST(Ink, VariesWithTheSeedAloneAndNotAtAllWithoutStrength) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 10);
  const Ink ink = Pack(folder / "ink.bjp").ink(4);
  const auto pixels = [&](float strength, uint64_t seed) {
    return draw_varied(ink, kHanziInput, strength, seed).value.pixels;
  };
  EXPECT_EQ(pixels(0, 1), normalize(ink, kHanziInput).value.pixels);
  EXPECT_EQ(pixels(1, 1), pixels(1, 1));
  EXPECT_NE(pixels(1, 1), pixels(1, 2));
  constexpr int32_t kPlane = kHanziInput.size_px * kHanziInput.size_px;
  int pictures = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {  // always something to read, never all black
    const std::vector<uint8_t> drawn = pixels(2, seed);
    ASSERT_EQ(drawn.size(), 6u * kPlane);
    const auto directions = drawn.begin() + kPlane;
    const auto dark = std::count_if(drawn.begin(), directions, [](uint8_t v) { return v > 100; });
    EXPECT_GT(dark, 30) << seed;
    EXPECT_LT(dark, kPlane / 2) << seed;
    pictures += std::all_of(directions, drawn.end(), [](uint8_t v) { return v == 0; });
  }
  EXPECT_NEAR(pictures, 150, 30);  // five in ten

  const auto is_picture = [&](float share, uint64_t seed) {
    const std::vector<uint8_t> drawn = draw_varied(ink, kHanziInput, 1, seed, share).value.pixels;
    return std::all_of(drawn.begin() + kPlane, drawn.end(), [](uint8_t v) { return v == 0; });
  };
  pictures = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    EXPECT_FALSE(is_picture(0, seed)) << seed;
    EXPECT_TRUE(is_picture(1, seed)) << seed;
    pictures += is_picture(0.8f, seed);
  }
  EXPECT_NEAR(pictures, 240, 24);
}

TEST(Ink, ScannedHasTheShadesOfScans) {
  Ink cross, dot;  // each about 1 long
  cross.add_stroke(std::vector<Point>{{-0.5f, 0}, {0, 0.02f}, {0.5f, 0}});
  cross.add_stroke(std::vector<Point>{{0, -0.5f}, {0, 0.5f}});
  dot.add_stroke(std::vector<Point>{{0, 0}});
  int64_t ink = 0, black = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed), again(seed);
    const Image image = scanned(cross, random);
    EXPECT_EQ(image.pixels, scanned(cross, again).pixels);
    EXPECT_GE(std::max(image.width, image.height), 40);
    EXPECT_LE(std::max(image.width, image.height), 130);
    EXPECT_EQ(*std::max_element(image.pixels.begin(), image.pixels.end()), 255) << seed;
    for (int32_t x = 0; x < image.width; ++x) {  // a margin of paper
      EXPECT_EQ(image.at(x, 0), 0);
      EXPECT_EQ(image.at(x, image.height - 1), 0);
    }
    for (const uint8_t v : image.pixels) {
      ink += v > 0;
      black += v >= 240;
    }
    const Image speck = scanned(dot, random);
    EXPECT_EQ(*std::max_element(speck.pixels.begin(), speck.pixels.end()), 255) << seed;
  }
  EXPECT_LT(10 * black, ink);  // most of a drawn canvas's ink is black
}

TEST(WriterStyle, BetweenTwoWritersIsBetweenThem) {
  Ink from, to;
  from.add_stroke(std::vector<Point>{{0, 0}, {100, 0}});
  from.add_stroke(std::vector<Point>{{50, 0}, {50, 100}});
  to.add_stroke(
      std::vector<Point>{{0, 20}, {60, 20}, {100, 20}, {50, 0}, {50, 100}});  // joined, the bar lower
  const auto bar = [](const Ink& ink) {  // how high it begins, as a share of the height
    const Box box = bounds(ink);
    return (ink.points[0].y - box.y) / box.height;
  };
  EXPECT_NEAR(bar(between(from, to, 0)), 0, 1e-5);
  EXPECT_NEAR(bar(between(from, to, 0.5f)), 0.1, 0.04);
  EXPECT_NEAR(bar(between(from, to, 1)), 0.2, 0.06);
  const Ink half = between(from, to, 0.5f);
  EXPECT_EQ(half.ends, from.ends);
  EXPECT_NEAR(std::max(bounds(half).width, bounds(half).height), 1, 0.1);
}

TEST(WriterStyle, OfAnotherStrokeOrderIsNotMatched) {
  Ink from, to;
  for (const float y : {0.f, 50.f, 100.f}) from.add_stroke(std::vector<Point>{{0, y}, {100, y}});
  for (const float y : {100.f, 50.f, 0.f}) to.add_stroke(std::vector<Point>{{100, y}, {0, y}});
  const Ink out = between(from, to, 0.5f);
  for (size_t i = 0; i < from.points.size(); ++i) {
    EXPECT_EQ(out.points[i].x, from.points[i].x);
    EXPECT_EQ(out.points[i].y, from.points[i].y);
  }
}

TEST(Datasets, DrawInkAndCopyPixelsSideBySide) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 10);
  std::vector<uint8_t> pixels(kHanziInput.size_px * kHanziInput.size_px, 9);
  write_pack(folder / "scan.bjp", {"scan", kHanziInput.picture(), {"3", "4"}}, std::vector<uint16_t>{1},
             pixels);
  const Dataset data =
      load_data(std::vector<std::filesystem::path>{folder / "ink.bjp", folder / "scan.bjp"}, kHanziInput);
  ASSERT_EQ(data.size(), 11);
  EXPECT_EQ(data.labels[10].item<int64_t>(), 4);  // by label, not by number
  EXPECT_EQ(data.group_names, (std::vector<std::string>{"a", "b", "c", "scan"}));
  EXPECT_EQ(data.groups[10].item<int64_t>(), 3);
  const at::Tensor drawn = inputs(data, 2, 11);
  EXPECT_EQ(drawn[8][0].max().item<int>(), 9);
  EXPECT_EQ(drawn[8].slice(0, 1).max().item<int>(), 0);  // nobody knows which way a scan's pen went
  const Result<Image> expected = normalize(Pack(folder / "ink.bjp").ink(2), kHanziInput);
  EXPECT_TRUE(
      std::equal(expected.value.pixels.begin(), expected.value.pixels.end(), drawn.data_ptr<uint8_t>()));
  // The same whatever the number of threads.
  DrawOptions options{.input = kHanziInput, .strength = 1, .seed = 7};
  const at::Tensor index = at::arange(64, at::kLong).remainder(11);
  const at::Tensor one = draw(data, index, options).pixels;
  options.threads = 4;
  EXPECT_TRUE(one.equal(draw(data, index, options).pixels));
  // Smaller inputs for progressive resizing.
  options.input = scaled(kHanziInput, 32);
  EXPECT_EQ(draw(data, index, options).pixels.sizes(), (std::vector<int64_t>{64, 6, 32, 32}));
}

TEST(Datasets, ExtrapolateAWritersStyle) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 40);
  write_pack(folder / "scan.bjp", {"scan", kHanziInput.picture(), {"4"}}, std::vector<uint16_t>{0},
             std::vector<uint8_t>(kHanziInput.size_px * kHanziInput.size_px, 9));
  const Dataset data =
      load_data(std::vector<std::filesystem::path>{folder / "ink.bjp", folder / "scan.bjp"}, kHanziInput);
  const Peers peers = peers_of(data);
  EXPECT_EQ(peers.of_label[4], (std::vector<int64_t>{4, 14, 24, 34}));  // not the scan
  DrawOptions options{.input = kHanziInput, .seed = 7, .threads = 4};
  const at::Tensor index = at::arange(data.size(), at::kLong), plain = draw(data, index, options).pixels;
  options.extrapolate = 0.5f;
  options.peers = &peers;
  const at::Tensor overdone = draw(data, index, options).pixels;
  const int64_t changed = overdone.ne(plain).flatten(1).any(1).sum().item<int64_t>();
  EXPECT_GT(changed, 5);
  EXPECT_LT(changed, 25);
  options.threads = 1;
  EXPECT_TRUE(overdone.equal(draw(data, index, options).pixels));
}

TEST(Datasets, SharesAreTheSameSamplesEachTime) {
  const TempFolder folder;
  write_bars(folder / "a.bjp", 100, 1, "a");
  write_bars(folder / "b.bjp", 50, 2, "b");
  const Dataset all =
      load_data(std::vector<std::filesystem::path>{folder / "a.bjp", folder / "b.bjp"}, kDigitsInput);
  const Dataset some = with_shares(all, {0.25, 1});
  EXPECT_EQ(some.size(), 75);
  EXPECT_EQ(some.sources[0].samples, 25);
  EXPECT_EQ(some.sources[1].samples, 50);
  EXPECT_TRUE(some.pixels.slice(0, 25).equal(all.pixels.slice(0, 100)));
  EXPECT_TRUE(load_data(some.sources, kDigitsInput).pixels.equal(some.pixels));
}

TEST(Datasets, SharesAboveOneRepeatSamples) {
  const TempFolder folder;
  write_bars(folder / "a.bjp", 20, 1, "a");
  const Dataset all = load_data(std::vector{folder / "a.bjp"}, kDigitsInput);
  const Dataset more = with_shares(all, {2.5});
  ASSERT_EQ(more.size(), 50);
  int twice = 0;
  for (int64_t i = 0; i < 20; ++i) {
    const int64_t times = more.pixels.eq(all.pixels[i]).flatten(1).all(1).sum().item<int64_t>();
    EXPECT_TRUE(times == 2 || times == 3) << times;
    twice += times == 2;
  }
  EXPECT_EQ(twice, 10);
}

TEST(Datasets, AModelIsMeasuredOnSomeOfItsClasses) {
  const TempFolder folder;
  const std::vector<uint8_t> two(2 * 28 * 28, 50);
  write_pack(folder / "some.bjp", {"some", kLettersInput, {"c", "A"}}, std::vector<uint16_t>{0, 1}, two);
  const Dataset data = load_test_data({folder / "some.bjp"}, {"A", "b", "c"}, kLettersInput);
  EXPECT_EQ(data.classes.size(), 3u);
  EXPECT_EQ(data.labels[0].item<int64_t>(), 2);
  EXPECT_EQ(data.labels[1].item<int64_t>(), 0);
  const auto error = [&](const Labels& classes) {
    return error_of([&] { load_test_data({folder / "some.bjp"}, classes, kLettersInput); });
  };
  EXPECT_NE(error({"A", "b"}).find("\"c\", which the model lacks"), std::string::npos);
  write_pack(folder / "some.bjp", {"some", kLettersInput, {"Cc"}}, std::vector<uint16_t>{0, 0}, two);
  EXPECT_NE(error({"C", "c"}).find("merges"), std::string::npos);
}

// Of ink and scans in one batch: strokes are varied before they are drawn, scans when they are.
TEST(Augmentation, ReachesScansAmongInk) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 10);
  const int64_t side = kHanziInput.size_px;
  std::vector<uint8_t> bars(static_cast<size_t>(20 * side * side));
  for (int64_t i = 0; i < 20 * side * side; ++i) bars[static_cast<size_t>(i)] = i % side / 6 == 3 ? 255 : 0;
  write_pack(folder / "scan.bjp", {"scan", kHanziInput.picture(), {"3"}}, std::vector<uint16_t>(20), bars);
  const Dataset data =
      load_data(std::vector<std::filesystem::path>{folder / "ink.bjp", folder / "scan.bjp"}, kHanziInput);
  const at::Tensor index = at::arange(30, at::kLong);
  Recipe recipe;
  const at::Tensor still = varied(data, index, recipe, 0, 1, 2);
  const auto moved = [&](float strength) {  // scans whose picture differs from the pack's in more than shades
    const at::Tensor x = varied(data, index, recipe, strength, 1, 2);
    EXPECT_TRUE(x.equal(varied(data, index, recipe, strength, 1, 1)));
    EXPECT_EQ(x.slice(0, 10).slice(1, 1).abs().max().item<float>(), 0);
    return (x - still).slice(0, 10).select(1, 0).abs().mean().item<float>();
  };
  const float little = moved(0.01f), much = moved(1);
  EXPECT_LT(little, 0.01f);
  EXPECT_GT(much, 0.04f);
  recipe.skeletons = 1;
  EXPECT_GT(moved(0.01f), 0.02f);
}

// The function that `biji show --augmented` draws with against what a training's first step is given.
TEST(Augmentation, IsShownAsItIsTrained) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 30);
  write_pack(folder / "scan.bjp", {"scan", kHanziInput.picture(), {"3"}}, std::vector<uint16_t>(10),
             std::vector<uint8_t>(static_cast<size_t>(10 * kHanziInput.size_px * kHanziInput.size_px), 90));
  const Dataset data =
      load_data(std::vector<std::filesystem::path>{folder / "ink.bjp", folder / "scan.bjp"}, kHanziInput);
  RunState state;
  state.recipe = default_recipe("hanzi");
  state.recipe.batch = 40;
  state.recipe.size_start = 0;
  state.recipe.non_characters = 0;
  state.recipe.skeletons = 0.5f;
  state.seed = 5;
  state.threads = 2;
  state.total_steps = 100;
  Batches batches(data, state, 0, 1);
  const at::Tensor index = permutation(40, mix_seed(state.seed, 1));
  EXPECT_TRUE(batches.get(0).x.equal(varied(data, index, state.recipe, state.recipe.augment, 5, 1)));
  EXPECT_FALSE(batches.get(1).x.equal(varied(data, index, state.recipe, state.recipe.augment, 5, 1)));
}

TEST(Datasets, JoinLabelsThatMergeClasses) {
  const TempFolder folder;
  const std::vector<uint8_t> two(2 * 28 * 28, 50);
  write_pack(folder / "a.bjp", {"a", kLettersInput, {"C", "c", "d"}}, std::vector<uint16_t>{0, 2}, two);
  write_pack(folder / "b.bjp", {"b", kLettersInput, {"d", "Cc"}}, std::vector<uint16_t>{1, 0}, two);
  const Dataset data =
      load_data(std::vector<std::filesystem::path>{folder / "a.bjp", folder / "b.bjp"}, kLettersInput);
  EXPECT_TRUE(data.labels.equal(at::tensor(std::vector<int64_t>{0, 2, 3, 2})));
  EXPECT_TRUE(data.merged.equal(at::tensor(std::vector<int64_t>{1, 1, 0}).view({1, 3}).to(at::kBool)));
  write_pack(folder / "c.bjp", {"c", kLettersInput, {"x"}}, std::vector<uint16_t>{0, 0}, two);
  EXPECT_NE(error_of([&] {
              load_data(std::vector<std::filesystem::path>{folder / "a.bjp", folder / "c.bjp"},
                        kLettersInput);
            }).find("\"x\""),
            std::string::npos);
}

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
  TrainOptions options = pinned_run("digits", folder / "bars.bjp", folder / name);
  options.recipe.epochs = 3;
  options.recipe.batch = 20;
  options.held_out = 0.2;
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
  TrainOptions whole = small_run(folder, "whole"), parts = small_run(folder, "parts");
  for (TrainOptions* options : {&whole, &parts}) {  // with all that is random
    options->recipe.non_characters = options->recipe.skeletons = 0.2f;
  }
  const RunState expected = train(whole, nullptr);  // 4 steps an epoch, 12 in all
  ASSERT_TRUE(expected.finished());

  parts.save_every = 1e-9;                 // which changes nothing
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

// Someone who is out of time writes an earlier end into state.json: the course ends there, with a row of its own.
TEST(Training, AnEndWithinAnEpochIsAnEnd) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = small_run(folder, "run");
  options.stop_after = 3;
  RunState state = train(options, nullptr);
  state.total_steps = 6;  // of 4 an epoch
  FloatTensors tensors = weights_of(options);
  save_run(options.out, state, tensors, false);
  options.resume = true;
  options.stop_after = -1;
  state = train(options, nullptr);
  EXPECT_TRUE(state.finished());
  EXPECT_EQ(state.step, 6);
  ASSERT_EQ(state.epochs.size(), 2u);
  EXPECT_EQ(state.epochs[1].step, 6);
  EXPECT_LE(state.epochs[1].accuracy, 1);
  EXPECT_GE(state.epochs[1].val_accuracy, 0);
}

TEST(Training, OnInkResumesBitForBitWhileTheInputGrows) {
  const TempFolder folder;
  write_ink_bars(folder / "bars.bjp", 100);
  TrainOptions whole = small_run(folder, "whole"), parts = small_run(folder, "parts");
  for (TrainOptions* options : {&whole, &parts}) {
    options->network = "hanzi";
    options->recipe = default_recipe("hanzi");
    options->recipe.epochs = 3;
    options->recipe.batch = 20;
    options->recipe.size_start = 40;
  }
  const RunState grown = train(whole, nullptr);
  EXPECT_EQ(grown.best.step, 12);  // the two epochs before read smaller inputs than the model will
  for (const int64_t steps : {3, 4}) {
    parts.stop_after = steps;
    train(parts, nullptr);
    parts.resume = true;
  }
  parts.stop_after = -1;
  train(parts, nullptr);
  EXPECT_TRUE(same(weights_of(parts), weights_of(whole)));
}

TEST(Training, StopsWhenValidationNoLongerImproves) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 200);
  TrainOptions options = small_run(folder, "run");
  options.network = "lenet5";
  options.recipe = {.epochs = 60, .batch = 40, .lr = 2e-3f, .patience = 3};
  const RunState state = train(options, nullptr);
  EXPECT_TRUE(state.stopped_early);
  EXPECT_TRUE(state.finished());
  EXPECT_LT(state.epochs.size(), 60u);
  EXPECT_EQ(state.epochs.size(), static_cast<size_t>(state.best.step / 4 + 3));
  options.resume = true;
  EXPECT_EQ(train(options, nullptr).step, state.step);  // it has ended
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

// Not the input that the network's row names: a recipe's own size, which the run remembers.
TEST(Training, ARecipeMayAskForAnotherInputSize) {
  const TempFolder folder;
  write_ink_bars(folder / "ink.bjp", 40);
  TrainOptions options = pinned_run("digits", folder / "ink.bjp", folder / "run");
  options.recipe.epochs = 1;
  options.recipe.batch = 20;
  options.recipe.input_size = 36;
  train(options, nullptr);
  const Model model = load_model(options.out);
  EXPECT_EQ(model.net.network().input, network_row("digits").input_of(36));
  EXPECT_EQ(model.net.network().input.box_px, 25);
  options.network = "lenet5";
  options.out = folder / "tiny";
  options.recipe.input_size = 8;
  EXPECT_NE(error_of([&] { train(options, nullptr); }).find("8 px"), std::string::npos);
}

TEST(Training, ADamagedStateIsNamed) {
  const TempFolder folder;
  EXPECT_NE(error_of([&] { read_run(folder / "nowhere"); }).find("nowhere"), std::string::npos);
  for (const char* text : {"", "{", "[]", "{\"network\": 7}"}) {
    write_file(folder / "run/state.json", text);
    EXPECT_NE(error_of([&] { read_run(folder / "run"); }).find("state.json"), std::string::npos) << text;
  }
}

TEST(Training, ARunOfAnOlderInputOnlyBeginsAnother) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions old = small_run(folder, "old"), next = small_run(folder, "next");
  old.recipe.epochs = next.recipe.epochs = 1;
  train(old, nullptr);
  auto state = nlohmann::json::parse(read_file(old.out / "state.json"));
  state["input_version"] = input_version(kDigitsInput) + 1;
  write_file(old.out / "state.json", state.dump());
  old.resume = true;
  EXPECT_NE(error_of([&] { train(old, nullptr); }).find("encoder version"), std::string::npos);
  EXPECT_NE(error_of([&] { load_model(old.out); }).find("encoder version"), std::string::npos);
  next.init = old.out;
  train(next, nullptr);
  EXPECT_EQ(read_run(next.out).input_version, input_version(kDigitsInput.pen()));
}

// Pictures for a network that also reads directions are not kept as its input; a smaller one is made of them, too.
TEST(Training, OnPicturesOfTheFullSizeBeginsSmaller) {
  const TempFolder folder;
  const Labels classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const InputSpec picture = kHanziInput.picture();
  std::vector<uint16_t> labels;
  std::vector<uint8_t> pixels;
  for (uint16_t i = 0; i < 60; ++i) {
    labels.push_back(i % 10);
    Image image(picture.size_px, picture.size_px);
    for (int32_t y = 4; y < 44; ++y)
      for (int32_t x = 0; x < 4; ++x) image.at(2 + 4 * (i % 10) + x, y) = 255;
    pixels.insert(pixels.end(), image.pixels.begin(), image.pixels.end());
  }
  write_pack(folder / "bars.bjp", {"bars", picture, classes}, labels, pixels);

  const Dataset data = load_data(std::vector{folder / "bars.bjp"}, kHanziInput);
  Dataset smaller = data;
  smaller.input = scaled(kHanziInput, 40);
  const at::Tensor full = inputs(data, 0, 10), small = inputs(smaller, 0, 10);
  ASSERT_EQ(small.sizes(), (std::vector<int64_t>{10, 6, 40, 40}));
  for (int64_t i = 0; i < 10; ++i) {  // the same ink, in the smaller square
    const double ink = full[i].to(at::kDouble).sum().item<double>();
    EXPECT_NEAR(small[i].to(at::kDouble).sum().item<double>(), ink * 40 * 40 / (48 * 48), 0.05 * ink) << i;
  }

  TrainOptions options = small_run(folder, "run");
  options.network = "hanzi";
  options.recipe = default_recipe("hanzi");
  ASSERT_EQ(options.recipe.size_start, 40);
  options.recipe.epochs = 2;
  options.recipe.batch = 12;
  EXPECT_TRUE(train(options, nullptr).finished());
}

TEST(Training, ThatCannotBeRecordedSaysSo) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 40);
  TrainOptions options = small_run(folder, "run");
  options.cuda_graphs = true;
  EXPECT_NE(error_of([&] { train(options, nullptr); }).find("--cuda-graphs"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

TEST(Training, BeginsWithAnExportedModel) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 400);
  TrainOptions first = small_run(folder, "first"), next = small_run(folder, "next");
  first.command = "biji train first";
  next.command = "biji train next";
  first.network = next.network = "digits";
  first.recipe.epochs = 3;
  first.recipe.augment = next.recipe.augment = 0;
  next.recipe.epochs = 1;
  next.recipe.lr = 1e-9f;  // learns nothing: what it reads it has from the model
  const double learned = train(first, nullptr).epochs.back().val_accuracy;
  ASSERT_GE(learned, 0.8);
  export_model({first.out, folder / "model", "int8", {}, "1.0.0", true});
  next.init = folder / "model";
  const RunState state = train(next, nullptr);
  EXPECT_NEAR(state.epochs.back().val_accuracy, learned, 0.05);
  EXPECT_EQ(state.command, "biji train first && biji train next");

  next.out = folder / "other";
  next.network = "lenet5";
  EXPECT_NE(error_of([&] { train(next, nullptr); }).find("model: is a model of digits"), std::string::npos);
  next.init = folder / "nothing";
  EXPECT_NE(error_of([&] { train(next, nullptr); }).find("nothing: is neither"), std::string::npos);
  next.network = "digits";
  next.init = folder / "model";
  write_file(folder / "model/model.onnx", "cut");
  EXPECT_NE(error_of([&] { train(next, nullptr); }).find("model.onnx"), std::string::npos);
}

at::Tensor averaged_weights(const std::filesystem::path& run) {
  RunState state = read_run(run);
  Net net(network_row(state.network).build(10), at::kCPU);
  import_tensors(net, "average.", load_checkpoint(run, state));
  return net.state().clone();
}

TEST(Average, IsTheWeightedMeanOfTheRuns) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions a = small_run(folder, "a"), b = small_run(folder, "b");
  a.recipe.epochs = b.recipe.epochs = 1;
  a.seed = 5;
  a.command = "biji prepare && biji train a";
  b.command = "biji prepare && biji train b";
  train(a, nullptr);
  train(b, nullptr);
  const RunState mean = average({{{a.out, 1}, {b.out, 2}}, folder / "mean", "biji average"});
  EXPECT_EQ(mean.command, "biji prepare && biji train a && biji train b && biji average");
  EXPECT_EQ(mean.mean_of, (std::vector{a.out.string() + ":1", b.out.string() + ":2"}));
  const at::Tensor of_a = averaged_weights(a.out), of_b = averaged_weights(b.out);
  EXPECT_GT((of_a - of_b).abs().max().item<double>(), 1e-3);
  EXPECT_LT((averaged_weights(folder / "mean") - (of_a + 2 * of_b) / 3).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(error_of([&] { load_model(folder / "mean"); }), "");

  TrainOptions next = small_run(folder, "mean");
  next.resume = true;
  EXPECT_NE(error_of([&] { train(next, nullptr); }).find("--init"), std::string::npos);
  next = small_run(folder, "next");
  next.init = folder / "mean";
  next.recipe.epochs = 1;
  EXPECT_TRUE(train(next, nullptr).finished());

  TrainOptions other = small_run(folder, "lenet5");
  other.network = "lenet5";
  other.recipe.epochs = 1;
  train(other, nullptr);
  EXPECT_NE(error_of([&] {
              average({{{a.out, 1}, {other.out, 1}}, folder / "none", ""});
            }).find("lenet5: is a run of lenet5"),
            std::string::npos);
  EXPECT_NE(error_of([&] { average({{{a.out, 1}}, folder / "mean", ""}); }).find("holds a run"),
            std::string::npos);
}

TEST(Average, TakesWeightsBehindAColon) {
  EXPECT_EQ(weighted_run("runs/a").weight, 1);
  EXPECT_EQ(weighted_run("runs/a:2.5").run, "runs/a");
  EXPECT_EQ(weighted_run("runs/a:2.5").weight, 2.5);
  for (const char* text : {"runs/a:", "runs/a:0", "runs/a:-1", "runs/a:two", "runs/a:1x", "runs/a:inf"})
    EXPECT_NE(error_of([&] { weighted_run(text); }).find("RUN:WEIGHT"), std::string::npos) << text;
}

TEST(Import, IsARunOfTheModel) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 200);
  TrainOptions first = small_run(folder, "first"), next = small_run(folder, "next");
  first.recipe.epochs = 2;
  first.command = "biji train first";
  train(first, nullptr);
  export_model({folder / "first", folder / "model", "fp32", {}, "1.0.0", true});
  const RunState imported = import_model({folder / "model", {}, folder / "run", "biji import"});
  EXPECT_EQ(imported.command, "biji train first && biji import");
  EXPECT_EQ(imported.terms, Terms{kTermsNist});
  const Dataset data = load_data(std::vector{folder / "bars.bjp"}, kDigitsInput.pen());
  Model model = load_model(folder / "model"), run = load_model(folder / "run");
  const at::Tensor should = logits_of(model.net, data);
  const double size = should.abs().max().item<double>();
  EXPECT_LT((logits_of(run.net, data) - should).abs().max().item<double>(), 1e-4 * size);

  const auto mean_with = [&](const char* name) {
    average({{{folder / "first", 1}, {folder / name, 1}}, folder / "mean", ""});
  };
  EXPECT_NE(error_of([&] { mean_with("run"); }).find("--data"), std::string::npos);
  import_model({folder / "model", {folder / "bars.bjp"}, folder / "settled", ""});
  Model settled = load_model(folder / "settled");
  EXPECT_LT((logits_of(settled.net, data) - should).abs().max().item<double>(), 1e-4 * size);
  EXPECT_EQ(error_of([&] { mean_with("settled"); }), "");
  EXPECT_EQ(read_run(folder / "mean").data[0].path, (folder / "bars.bjp").string());

  // Training that begins with either is the same: what was not settled is settled then.
  next.recipe.epochs = 1;
  next.init = folder / "run";
  TrainOptions direct = next;
  direct.out = folder / "direct";
  direct.init = folder / "model";
  train(next, nullptr);
  train(direct, nullptr);
  EXPECT_TRUE(same(weights_of(next), weights_of(direct)));
}

TEST_F(Bf16, TrainingLearnsAndResumesBitForBit) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 400);
  TrainOptions whole = pinned_run("lenet5", folder / "bars.bjp", folder / "whole");
  whole.precision = "bf16";
  whole.recipe.epochs = 4;
  whole.recipe.batch = 40;
  whole.held_out = 0.2;
  TrainOptions parts = whole;
  parts.out = folder / "parts";
  const RunState state = train(whole, nullptr);
  EXPECT_GE(state.epochs.back().val_accuracy, 0.95);
  parts.stop_after = 11;
  train(parts, nullptr);
  parts.resume = true;
  parts.stop_after = -1;
  train(parts, nullptr);
  EXPECT_TRUE(same(weights_of(parts), weights_of(whole)));
}

// The networks' convolutions, too, and not only what LibTorch knows to convert.
TEST_F(Bf16, NetworksConvolveInIt) {
  Net net(network_row("digits").build(10), at::kCPU);
  net.initialise(1);
  at::manual_seed(1);
  const at::Tensor x = at::rand({8, 6, 28, 28});
  const Autocast autocast(at::kCPU, at::kBFloat16);
  EXPECT_FALSE(can_block(x, net.entries()[0].tensor));
  EXPECT_EQ(net.forward(x, true).scalar_type(), at::kBFloat16);
}

TEST(Training, WithAutomaticPrecisionIsThatWithWhatItChose) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 200);
  TrainOptions own = pinned_run("digits", folder / "bars.bjp", folder / "auto");
  own.precision = "auto";
  own.recipe.epochs = 1;
  own.recipe.batch = 40;
  TrainOptions told = own;
  told.out = folder / "told";
  told.precision = train(own, nullptr).precision;
  EXPECT_NE(told.precision, "auto");
  EXPECT_EQ(train(told, nullptr).precision, told.precision);
  EXPECT_EQ(read_run(own.out).precision, told.precision);
  EXPECT_TRUE(same(weights_of(own), weights_of(told)));
}

TEST(Training, TellsOnceThatStepsTakeSeveralTimesAsLong) {
  Pace pace;
  const auto told = [&](double seconds, int64_t pixels) {
    std::vector<double> all;
    for (int i = 0; i < 100; ++i)
      if (const double times = pace.slower(i % 7 == 0 ? 30 : seconds, pixels); times > 0)
        all.push_back(times);
    return all;
  };
  EXPECT_EQ(told(1, 100), std::vector<double>());  // single slow steps do not count
  EXPECT_EQ(told(2, 100), std::vector<double>());
  EXPECT_EQ(told(9, 900), std::vector<double>());  // a larger input takes longer
  EXPECT_EQ(told(36, 900), std::vector<double>{4});
  EXPECT_EQ(told(90, 900), std::vector<double>());
}

TEST(Training, LearnsBarsAlmostPerfectly) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 400);
  TrainOptions options = small_run(folder, "run");
  options.network = "lenet5";
  options.recipe = default_recipe("lenet5");
  options.recipe.epochs = 4;
  options.recipe.batch = 40;
  EXPECT_GE(train(options, nullptr).epochs.back().val_accuracy, 0.95);
}

}  // namespace
}  // namespace biji
