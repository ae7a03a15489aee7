// Convolutions in blocks: the same as LibTorch's in double precision, alone and in a network.

#include "native/nets/cpu/convolution.h"

#include <gtest/gtest.h>

#include "native/nets/cpu/batch_norm.h"
#include "native/nets/net.h"

namespace biji {
namespace {

// Largest difference, in parts of the largest value.
double error(const at::Tensor& is, const at::Tensor& should) {
  EXPECT_EQ(is.sizes(), should.sizes());
  return (is.to(at::kDouble) - should).abs().max().item<double>() / should.abs().max().item<double>();
}

at::Tensor learned(const at::Tensor& x) {
  return x.detach().clone().set_requires_grad(true);
}

struct Shape {
  int64_t n, in, height, width, out, kernel, stride, pad;
};

class Blocked : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (!blocked_convolutions()) GTEST_SKIP() << "needs oneDNN 2 and AVX-512";
  }
};

TEST_P(Blocked, ConvolutionIsLibTorchs) {
  const Shape s = GetParam();
  at::manual_seed(1);
  // The input is made by another blocked convolution where it has to be blocked itself.
  const at::Tensor image = at::randn({s.n, 1, s.height, s.width});
  const at::Tensor before = at::randn({s.in, 1, 1, 1});
  const at::Tensor weight =
      at::randn({s.out, s.in, s.kernel, s.kernel}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto run = [&](bool blocked) {
    const at::ScalarType type = blocked ? at::kFloat : at::kDouble;
    const at::Tensor w0 = learned(before.to(type)), w = learned(weight.to(type));
    at::Tensor x = image.to(type);
    const bool first = s.in < 16;
    if (first && s.in > 1)
      x = (x * at::arange(1, s.in + 1).view({1, s.in, 1, 1})).to(type);
    else if (!first)
      x = blocked ? conv2d_blocked(x, w0, 1, 0) : at::conv2d(x, w0);
    EXPECT_EQ(can_block(x, w), blocked);
    const at::Tensor y = blocked ? plain(conv2d_blocked(x, w, s.stride, s.pad))
                                 : at::conv2d(x, w, {}, {s.stride, s.stride}, {s.pad, s.pad});
    y.mul(at::arange(y.numel(), at::kDouble).sin().view(y.sizes()).to(type)).sum().backward();
    return std::vector<at::Tensor>{y.detach(), w.grad(), first ? w.grad() : w0.grad()};
  };
  const std::vector<at::Tensor> is = run(true), should = run(false);
  // Float sums of some thousand products; Winograd's transforms lose about another digit.
  for (size_t i = 0; i < is.size(); ++i) EXPECT_LT(error(is[i], should[i]), 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Blocked,
                         testing::Values(Shape{3, 1, 9, 12, 32, 5, 2, 2},    // the first layer
                                         Shape{3, 6, 9, 12, 32, 5, 2, 2},    // with directions and order
                                         Shape{3, 32, 13, 8, 48, 3, 2, 1},   // halves the side
                                         Shape{5, 64, 12, 12, 64, 3, 1, 1},  // Winograd
                                         Shape{2, 16, 7, 5, 32, 3, 1, 1},  // sides that its tiles do not fit
                                         Shape{4, 32, 1, 1, 16, 3, 1, 1}, Shape{1, 48, 6, 6, 96, 1, 1, 0}));

TEST(BlockedLayout, BatchNormIsThatOfThePlainOne) {
  at::manual_seed(1);
  const at::Tensor x = at::randn({7, 3, 5, 4, 16}) * 3 + 2, residual = at::randn({7, 3, 5, 4, 16});
  const at::Tensor out_gradient = at::randn({7, 3, 5, 4, 16});
  const auto run = [&](bool blocked) {
    const auto as = [&](const at::Tensor& t) { return blocked ? t : plain(t).to(at::kDouble); };
    const auto vector = [&](double from, double to) {
      return learned(at::linspace(from, to, 48, blocked ? at::kFloat : at::kDouble));
    };
    const at::Tensor in = learned(as(x)), r = learned(as(residual));
    const BatchNorm norm{vector(0.5, 1.5), vector(-1, 1), vector(0, 0).detach(), vector(1, 1).detach()};
    const at::Tensor y = batch_norm(in, norm, r, true, true);
    EXPECT_EQ(is_blocked(y), blocked);
    y.backward(as(out_gradient));
    return std::vector<at::Tensor>{plain(y).detach(), plain(in.grad()), plain(r.grad()), norm.gain.grad(),
                                   norm.bias.grad(),  norm.mean,        norm.variance};
  };
  const std::vector<at::Tensor> is = run(true), should = run(false);
  for (size_t i = 0; i < is.size(); ++i) EXPECT_LT(error(is[i], should[i]), 1e-5) << i;
}

// A step of a whole network, without dropout, whose random numbers depend on the type.
TEST(BlockedLayout, NetworkHasTheSameGradient) {
  at::manual_seed(1);
  const at::Tensor x = at::rand({6, kHanziInput.channels(), 48, 48}), labels = at::arange(6);
  Network hanzi = network_row("hanzi").build(20);
  for (Node& node : hanzi.nodes) node.rate = 0;
  const auto run = [&](at::ScalarType type) {
    Net net(hanzi, at::kCPU, type);
    net.initialise(1);
    net.enable_gradients();
    const at::Tensor logits = net.forward(x.to(type), true);
    at::cross_entropy_loss(logits, labels).backward();
    return std::vector<at::Tensor>{logits.detach(), net.gradient(), net.state().detach()};
  };
  const std::vector<at::Tensor> is = run(at::kFloat), should = run(at::kDouble);
  // Where ReLU cuts off, rounding decides which side a value falls on: a few gradients differ by more.
  EXPECT_LT(error(is[0], should[0]), 1e-3);
  EXPECT_LT((is[1].to(at::kDouble) - should[1]).norm().item<double>() / should[1].norm().item<double>(),
            1e-2);
  EXPECT_LT(error(is[2], should[2]), 1e-3);
}

}  // namespace
}  // namespace biji
