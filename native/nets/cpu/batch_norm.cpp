#include "native/nets/cpu/batch_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "native/nets/cpu/convolution.h"

// One build serves every machine: these loops exist for each vector width, and the best is taken at run time.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define BIJI_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BIJI_CLONES
#endif

namespace biji {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// How an activation lies in memory: channels innermost, all of them (plain, channels-last) or 16 (blocked).
struct Layout {
  int64_t images, blocks, positions, width;  // [images, blocks, positions, width], contiguous
  int64_t channels() const { return blocks * width; }
  int64_t offset(int64_t image, int64_t block) const { return (image * blocks + block) * positions * width; }
  double count() const { return static_cast<double>(images * positions); }  // of a channel's values
};

Layout layout_of(const at::Tensor& x) {
  if (is_blocked(x)) return {x.size(0), x.size(1), x.size(2) * x.size(3), x.size(4)};
  return {x.size(0), 1, x.size(2) * x.size(3), x.size(1)};
}

// The images are cut into as many parts as kParts, whatever the number of threads, and the parts' sums are
// added in order.
constexpr int64_t kParts = 64;

template <class Body>
void for_each_part(int64_t images, const Body& body) {
  at::parallel_for(0, kParts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      body(part, images * part / kParts, images * (part + 1) / kParts);
  });
}

// Runs body(offset of the block's values, its first channel) for all blocks of the images.
template <class Body>
void for_each_block(const Layout& layout, int64_t begin, int64_t end, const Body& body) {
  for (int64_t image = begin; image < end; ++image)
    for (int64_t block = 0; block < layout.blocks; ++block)
      body(layout.offset(image, block), block * layout.width);
}

// The loops below, once with the width known when they are compiled and once for any.
#if defined(__GNUC__)
#define BIJI_INLINE inline __attribute__((always_inline))
#else
#define BIJI_INLINE inline
#endif

// sum[c] += of x, square[c] += of x * x. In blocks, so that float sums stay short.
BIJI_INLINE void add_moments_of(const float* x, int64_t rows, int64_t c, float* s, float* q, double* sum,
                                double* square) {
  constexpr int64_t kBlock = 64;
  for (int64_t first = 0; first < rows; first += kBlock) {
    const int64_t last = std::min(rows, first + kBlock);
    for (int64_t k = 0; k < c; ++k) s[k] = q[k] = 0;
    int64_t r = first;
    for (; r + 4 <= last; r += 4) {
      const float *a = x + r * c, *b = a + c, *d = b + c, *e = d + c;
      for (int64_t k = 0; k < c; ++k) {
        s[k] += (a[k] + b[k]) + (d[k] + e[k]);
        q[k] += (a[k] * a[k] + b[k] * b[k]) + (d[k] * d[k] + e[k] * e[k]);
      }
    }
    for (; r < last; ++r)
      for (int64_t k = 0; k < c; ++k) {
        s[k] += x[r * c + k];
        q[k] += x[r * c + k] * x[r * c + k];
      }
    for (int64_t k = 0; k < c; ++k) {
      sum[k] += static_cast<double>(s[k]);
      square[k] += static_cast<double>(q[k]);
    }
  }
}
BIJI_CLONES void add_moments(const float* x, int64_t rows, int64_t c, float* s, float* q, double* sum,
                             double* square) {
  c == 16 ? add_moments_of(x, rows, 16, s, q, sum, square) : add_moments_of(x, rows, c, s, q, sum, square);
}

// y = x * scale + shift (+ residual), cut off below zero if floor is 0 (-infinity: not).
BIJI_INLINE void apply_rows_of(const float* x, const float* residual, int64_t rows, int64_t c,
                               const float* scale, const float* shift, float floor, float* y) {
  for (int64_t r = 0; r < rows; ++r, x += c, y += c) {
    if (residual) {
      for (int64_t k = 0; k < c; ++k) {
        const float v = x[k] * scale[k] + shift[k] + residual[k];
        y[k] = v < floor ? floor : v;  // keeps NaN
      }
      residual += c;
    } else {
      for (int64_t k = 0; k < c; ++k) {
        const float v = x[k] * scale[k] + shift[k];
        y[k] = v < floor ? floor : v;  // keeps NaN
      }
    }
  }
}
BIJI_CLONES void apply_rows(const float* x, const float* residual, int64_t rows, int64_t c,
                            const float* scale, const float* shift, float floor, float* y) {
  c == 16 ? apply_rows_of(x, residual, rows, 16, scale, shift, floor, y)
          : apply_rows_of(x, residual, rows, c, scale, shift, floor, y);
}

// sum[c] += of dz, product[c] += of dz * x; dz is dy where y > floor, else 0.
BIJI_INLINE void add_gradients_of(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
                                  float floor, float* s, float* q, double* sum, double* product) {
  constexpr int64_t kBlock = 64;
  for (int64_t first = 0; first < rows; first += kBlock) {
    const int64_t last = std::min(rows, first + kBlock);
    for (int64_t k = 0; k < c; ++k) s[k] = q[k] = 0;
    for (int64_t r = first; r < last; ++r) {
      const float *g = dy + r * c, *o = y + r * c, *v = x + r * c;
      for (int64_t k = 0; k < c; ++k) {
        const float dz = o[k] > floor ? g[k] : 0.f;
        s[k] += dz;
        q[k] += dz * v[k];
      }
    }
    for (int64_t k = 0; k < c; ++k) {
      sum[k] += static_cast<double>(s[k]);
      product[k] += static_cast<double>(q[k]);
    }
  }
}
BIJI_CLONES void add_gradients(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
                               float floor, float* s, float* q, double* sum, double* product) {
  c == 16 ? add_gradients_of(dy, y, x, rows, 16, floor, s, q, sum, product)
          : add_gradients_of(dy, y, x, rows, c, floor, s, q, sum, product);
}

// dx = dz * a + x * b + d; dr = dz if it is wanted.
BIJI_INLINE void backward_rows_of(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
                                  float floor, const float* a, const float* b, const float* d, float* dx,
                                  float* dr) {
  for (int64_t r = 0; r < rows; ++r, dy += c, y += c, x += c, dx += c) {
    for (int64_t k = 0; k < c; ++k) {
      const float dz = y[k] > floor ? dy[k] : 0.f;
      dx[k] = dz * a[k] + (x[k] * b[k] + d[k]);
      if (dr) dr[k] = dz;
    }
    if (dr) dr += c;
  }
}
BIJI_CLONES void backward_rows(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
                               float floor, const float* a, const float* b, const float* d, float* dx,
                               float* dr) {
  c == 16 ? backward_rows_of(dy, y, x, rows, 16, floor, a, b, d, dx, dr)
          : backward_rows_of(dy, y, x, rows, c, floor, a, b, d, dx, dr);
}

bool fast(const at::Tensor& x) {
  if (!x.device().is_cpu() || x.scalar_type() != at::kFloat) return false;
  if (is_blocked(x)) return x.is_contiguous();
  return x.dim() == 4 && (x.is_contiguous(at::MemoryFormat::ChannelsLast) || x.size(1) == 1);
}

struct Sums {
  std::vector<double> first, second;
};

// Adds up what each block makes: body(the block's offset, scratch s, q, sum, second).
template <class Body>
Sums reduce(const Layout& layout, const Body& body) {
  const int64_t c = layout.channels();
  std::vector<double> parts(static_cast<size_t>(2 * kParts * c));
  for_each_part(layout.images, [&](int64_t part, int64_t begin, int64_t end) {
    std::vector<float> scratch(static_cast<size_t>(2 * layout.width));
    double* sums = &parts[static_cast<size_t>(2 * part * c)];
    for_each_block(layout, begin, end, [&](int64_t offset, int64_t channel) {
      body(offset, scratch.data(), scratch.data() + layout.width, sums + channel, sums + c + channel);
    });
  });
  Sums out{std::vector<double>(static_cast<size_t>(c)), std::vector<double>(static_cast<size_t>(c))};
  for (int64_t part = 0; part < kParts; ++part)
    for (int64_t k = 0; k < c; ++k) {
      out.first[static_cast<size_t>(k)] += parts[static_cast<size_t>(2 * part * c + k)];
      out.second[static_cast<size_t>(k)] += parts[static_cast<size_t>((2 * part + 1) * c + k)];
    }
  return out;
}

// Training only: the statistics are those of the batch.
struct Fused : torch::autograd::Function<Fused> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& gain,
                            const at::Tensor& bias, const c10::optional<at::Tensor>& residual,
                            at::Tensor mean, at::Tensor variance, double momentum, double eps, bool relu) {
    const Layout layout = layout_of(x);
    const int64_t c = layout.channels(), rows = layout.positions, width = layout.width;
    const float* in = x.data_ptr<float>();
    const Sums sums = reduce(layout, [&](int64_t offset, float* s, float* q, double* a, double* b) {
      add_moments(in + offset, rows, width, s, q, a, b);
    });
    at::Tensor batch_mean = at::empty({c}, at::kFloat), inverse = at::empty({c}, at::kFloat);
    std::vector<float> scale(static_cast<size_t>(c)), shift(static_cast<size_t>(c));
    const double n = layout.count();
    for (int64_t k = 0; k < c; ++k) {
      const auto i = static_cast<size_t>(k);
      const double m = sums.first[i] / n, v = std::max(0., sums.second[i] / n - m * m);
      const double inv = 1 / std::sqrt(v + eps);
      batch_mean.data_ptr<float>()[k] = static_cast<float>(m);
      inverse.data_ptr<float>()[k] = static_cast<float>(inv);
      scale[i] = static_cast<float>(gain.data_ptr<float>()[k] * inv);
      shift[i] = static_cast<float>(bias.data_ptr<float>()[k] - m * inv * gain.data_ptr<float>()[k]);
      float& running_mean = mean.data_ptr<float>()[k];
      float& running_variance = variance.data_ptr<float>()[k];
      running_mean += static_cast<float>(momentum * (m - running_mean));
      running_variance += static_cast<float>(momentum * (v * n / std::max(1., n - 1) - running_variance));
    }
    at::Tensor y = at::empty_like(x);
    const float floor = relu ? 0.f : -INFINITY;
    const float* added = residual ? residual->data_ptr<float>() : nullptr;
    float* to = y.data_ptr<float>();
    for_each_part(layout.images, [&](int64_t, int64_t begin, int64_t end) {
      for_each_block(layout, begin, end, [&](int64_t offset, int64_t channel) {
        apply_rows(in + offset, added ? added + offset : nullptr, rows, width,
                   &scale[static_cast<size_t>(channel)], &shift[static_cast<size_t>(channel)], floor,
                   to + offset);
      });
    });
    context->save_for_backward({x, y, gain, batch_mean, inverse});
    context->saved_data["relu"] = relu;
    context->saved_data["residual"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1], &gain = saved[2], &mean = saved[3], &inverse = saved[4];
    const float floor = context->saved_data["relu"].toBool() ? 0.f : -INFINITY;
    const at::Tensor dy = gradients[0].contiguous(is_blocked(x) ? at::MemoryFormat::Contiguous
                                                                : at::MemoryFormat::ChannelsLast);
    const Layout layout = layout_of(x);
    const int64_t c = layout.channels(), rows = layout.positions, width = layout.width;
    const float *g = dy.data_ptr<float>(), *in = x.data_ptr<float>(), *out = y.data_ptr<float>();
    const Sums sums = reduce(layout, [&](int64_t offset, float* s, float* q, double* first, double* second) {
      add_gradients(g + offset, out + offset, in + offset, rows, width, floor, s, q, first, second);
    });
    at::Tensor d_gain = at::empty({c}, at::kFloat), d_bias = at::empty({c}, at::kFloat);
    std::vector<float> a(static_cast<size_t>(c)), b(static_cast<size_t>(c)), d(static_cast<size_t>(c));
    const double n = layout.count();
    for (int64_t k = 0; k < c; ++k) {
      const auto i = static_cast<size_t>(k);
      const double m = mean.data_ptr<float>()[k], inv = inverse.data_ptr<float>()[k];
      const double sum = sums.first[i], of_normal = (sums.second[i] - m * sum) * inv;  // of dz, of dz * xhat
      d_bias.data_ptr<float>()[k] = static_cast<float>(sum);
      d_gain.data_ptr<float>()[k] = static_cast<float>(of_normal);
      const double factor = gain.data_ptr<float>()[k] * inv;
      a[i] = static_cast<float>(factor);
      b[i] = static_cast<float>(-factor * of_normal / n * inv);
      d[i] = static_cast<float>(-factor * (sum / n - of_normal / n * inv * m));
    }
    at::Tensor dx = at::empty_like(x), dr;
    if (context->saved_data["residual"].toBool()) dr = at::empty_like(x);
    float* to_residual = dr.defined() ? dr.data_ptr<float>() : nullptr;
    float* to = dx.data_ptr<float>();
    for_each_part(layout.images, [&](int64_t, int64_t begin, int64_t end) {
      for_each_block(layout, begin, end, [&](int64_t offset, int64_t channel) {
        const auto k = static_cast<size_t>(channel);
        backward_rows(g + offset, out + offset, in + offset, rows, width, floor, &a[k], &b[k], &d[k],
                      to + offset, to_residual ? to_residual + offset : nullptr);
      });
    });
    return {dx, d_gain, d_bias, dr, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor batch_norm(const at::Tensor& input, const BatchNorm& norm, const at::Tensor& added, bool relu,
                      bool training) {
  at::Tensor x = input, residual = added;
  const bool alike = !residual.defined() || is_blocked(x) == is_blocked(residual);
  if (training && fast(x) && (!residual.defined() || (alike && fast(residual))))
    return Fused::apply(x, norm.gain, norm.bias,
                        residual.defined() ? c10::optional<at::Tensor>(residual) : c10::nullopt, norm.mean,
                        norm.variance, norm.momentum, norm.eps, relu);
  x = plain(x);
  if (residual.defined()) residual = plain(residual);
  at::Tensor y = at::batch_norm(x, norm.gain, norm.bias, norm.mean, norm.variance, training, norm.momentum,
                                norm.eps, true);
  if (residual.defined()) y = y + residual;
  return relu ? at::relu_(y) : y;
}

}  // namespace biji
