#include "native/vary/augment.h"

#include <algorithm>
#include <cmath>

#include "native/data/dataset.h"

namespace biji {
namespace {

// The sides of the coarse grid of random displacements that elastic deformation interpolates.
constexpr int64_t kElasticGrid = 5;

// Where each output pixel is read from: [n, h, w, 2] in grid_sample's -1..1.
at::Tensor sampling_grid(int64_t n, int64_t h, int64_t w, double strength, const at::TensorOptions& options) {
  const auto uniform = [&](double bound) {
    return at::rand({n}, options).mul_(2).sub_(1).mul_(bound * strength);
  };
  const at::Tensor angle = uniform(0.22);  // radians: some 12 degrees
  const at::Tensor shear = uniform(0.25);
  const at::Tensor scale = uniform(0.14).exp_();
  const at::Tensor aspect = uniform(0.10).exp_();
  const at::Tensor cos = angle.cos(), sin = angle.sin();
  const at::Tensor sx = scale * aspect, sy = scale / aspect;
  // Column and row of each pixel, -1..1 from edge to edge.
  const auto axis = [&](int64_t size) {
    return at::arange(size, options).mul_(2).add_(1).div_(static_cast<double>(size)).sub_(1);
  };
  const at::Tensor column = axis(w).view({1, 1, w}), row = axis(h).view({1, h, 1});
  // rotation * shear * scale, and a shift of up to a pixel and a half
  const auto line = [&](const at::Tensor& of_column, const at::Tensor& of_row, double shift) {
    return of_column.view({n, 1, 1}) * column +
           (of_row.view({n, 1, 1}) * row + uniform(shift).view({n, 1, 1}));
  };
  const at::Tensor x = line(cos * sx, (cos * shear - sin) * sy, 3.0 / static_cast<double>(w));
  const at::Tensor y = line(sin * sx, (sin * shear + cos) * sy, 3.0 / static_cast<double>(h));

  // Displacements at the points of a coarse grid, carried to every pixel by Gaussian weights.
  const auto weights = [&](const at::Tensor& at) {  // [size, kElasticGrid]
    const at::Tensor points = at::linspace(-1, 1, kElasticGrid, options).view({1, kElasticGrid});
    return at::softmax((at.view({-1, 1}) - points).square_().mul_(-2. * kElasticGrid), 1);
  };
  const at::Tensor amount = at::rand({n, 1, 1, 1}, options).mul_(strength * 4.0 / static_cast<double>(w));
  const at::Tensor coarse = at::randn({n, 2, kElasticGrid, kElasticGrid}, options).mul_(amount);
  const at::Tensor smooth =
      at::matmul(at::matmul(weights(row), coarse), weights(column).t());  // [n, 2, h, w]
  return at::stack({x.add_(smooth.select(1, 0)), y.add_(smooth.select(1, 1))}, 3);
}

// The darkest (maximum) or lightest (minimum) of the 3 x 3 pixels around each. max_pool2d does the same ten
// times slower.
at::Tensor extreme(const at::Tensor& x, at::Tensor (*of)(const at::Tensor&, const at::Tensor&)) {
  const at::Tensor p = at::constant_pad_nd(x, {1, 1, 1, 1}, 0);
  const int64_t h = x.size(2), w = x.size(3);
  const at::Tensor rows = of(of(p.slice(2, 0, h), p.slice(2, 1, h + 1)), p.slice(2, 2, h + 2));
  return of(of(rows.slice(3, 0, w), rows.slice(3, 1, w + 1)), rows.slice(3, 2, w + 2));
}

}  // namespace

at::Tensor augment(const at::Tensor& pixels, float strength, bool drawn) {
  const at::NoGradGuard no_grad;
  const at::Tensor all = to_input(pixels);
  if (strength <= 0) return all;
  at::Tensor x = all.slice(1, 0, 1);
  if (drawn) strength = 0.75f;  // blur, paper and noise are of the world, not of the course
  const int64_t n = x.size(0), h = x.size(2), w = x.size(3);
  const at::TensorOptions options = x.options();

  // Bicubic keeps edges sharp, so that augmented ink looks like the ink of the test, not like a blurred copy.
  if (!drawn)
    x.copy_(at::grid_sampler_2d(x, sampling_grid(n, h, w, strength, options), 2, 0, false).clamp_(0, 1));

  // Pens: towards the darkest neighbour (thicker) or the lightest (thinner), by a random share.
  const double pens = drawn ? 0.15 : 0.3;  // drawn ink has had its pen already
  const at::Tensor pen = at::randn({n, 1, 1, 1}, options).mul_(pens * strength).clamp_(-0.6, 1);
  const at::Tensor thicker = extreme(x, at::maximum).sub_(x), thinner = x - extreme(x, at::minimum);
  x.addcmul_(pen.clamp_min(0), thicker).addcmul_(pen.clamp_max(0), thinner);

  // Blur, for one in three.
  if (drawn) {
    const at::Tensor share = (at::rand({n, 1, 1, 1}, options) < 0.33).to(at::kFloat) *
                             at::rand({n, 1, 1, 1}, options).mul_(strength).clamp_max_(1);
    const at::Tensor p = at::constant_pad_nd(x, {1, 1, 1, 1}, 0);
    const at::Tensor rows = p.slice(2, 0, h) + p.slice(2, 1, h + 1) * 2 + p.slice(2, 2, h + 2);
    const at::Tensor soft =
        (rows.slice(3, 0, w) + rows.slice(3, 1, w + 1) * 2 + rows.slice(3, 2, w + 2)).mul_(1. / 16);
    x.addcmul_(soft.sub_(x), share);
  }

  // Faint ink, for one in eight.
  const at::Tensor faint = at::rand({n, 1, 1, 1}, options);
  x.mul_(1 - (faint < 0.125).to(at::kFloat) * at::rand({n, 1, 1, 1}, options) * (0.5 * strength));

  if (drawn) {
    // Ink that the paper took unevenly, as scans show it, for one in three.
    const at::Tensor uneven = (at::rand({n, 1, 1, 1}, options) < 0.33).to(at::kFloat) *
                              at::rand({n, 1, 1, 1}, options) * (0.7 * strength);
    x.mul_(1 - at::rand({n, 1, h, w}, options) * uneven);
  } else {
    // A patch is erased from one in eight, up to a quarter of the side.
    const auto span = [&](int64_t size, std::vector<int64_t> shape) {
      const at::Tensor at = at::arange(size, options).view(shape);
      const at::Tensor begin = at::rand({n, 1, 1, 1}, options) * static_cast<double>(size);
      const at::Tensor length = at::rand({n, 1, 1, 1}, options) * (static_cast<double>(size) / 4);
      return (at >= begin).logical_and_(at < begin + length);
    };
    const at::Tensor chosen = at::rand({n, 1, 1, 1}, options) < 0.125 * strength;
    x.masked_fill_(span(h, {1, 1, h, 1}).logical_and(span(w, {1, 1, 1, w})).logical_and_(chosen), 0);
  }

  // Noise on one in four, as a scan or camera leaves.
  const at::Tensor noisy = (at::rand({n, 1, 1, 1}, options) < 0.25).to(at::kFloat) *
                           at::rand({n, 1, 1, 1}, options) * (0.08 * strength);
  x.addcmul_(at::randn({n, 1, h, w}, options), noisy).clamp_(0, 1);
  return all;
}

Rows rows_of(int64_t n, const std::vector<int64_t>& scans) {
  std::vector<int64_t> drawn, back(static_cast<size_t>(n));
  const int64_t first = n - static_cast<int64_t>(scans.size());  // of the scans, behind the others
  size_t next = 0;
  for (int64_t i = 0; i < n; ++i) {
    const bool scan = next < scans.size() && scans[next] == i;
    back[static_cast<size_t>(i)] =
        scan ? first + static_cast<int64_t>(next++) : static_cast<int64_t>(drawn.size());
    if (!scan) drawn.push_back(i);
  }
  return {at::tensor(drawn, at::kLong), at::tensor(scans, at::kLong), at::tensor(back, at::kLong)};
}

at::Tensor augment(const at::Tensor& pixels, float strength, const Rows& rows) {
  if (rows.scans.numel() == 0) return augment(pixels, strength, true);
  if (rows.drawn.numel() == 0) return augment(pixels, strength, false);
  return at::cat({augment(pixels.index_select(0, rows.drawn), strength, true),
                  augment(pixels.index_select(0, rows.scans), strength, false)})
      .index_select(0, rows.back);
}

}  // namespace biji
