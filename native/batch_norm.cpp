#include "native/batch_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

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

// Rows are the positions of all images: [rows, c]. They are cut into as many parts as kParts, whatever the
// number of threads, and the parts' sums are added in order.
constexpr int64_t kParts = 64;

template <class Body>
void for_each_part(int64_t rows, const Body& body) {
  at::parallel_for(0, kParts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      body(part, rows * part / kParts, rows * (part + 1) / kParts);
  });
}

// sum[c] += of x, square[c] += of x * x. In blocks, so that float sums stay short.
BIJI_CLONES void add_moments(const float* x, int64_t rows, int64_t c, float* s, float* q, double* sum,
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

// y = x * scale + shift (+ residual), cut off below zero if floor is 0 (-infinity: not).
BIJI_CLONES void apply_rows(const float* x, const float* residual, int64_t rows, int64_t c,
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

// sum[c] += of dz, product[c] += of dz * x; dz is dy where y > floor, else 0.
BIJI_CLONES void add_gradients(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
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

// dx = dz * a + x * b + d; dr = dz if it is wanted.
BIJI_CLONES void backward_rows(const float* dy, const float* y, const float* x, int64_t rows, int64_t c,
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

bool fast(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 4 &&
         (x.is_contiguous(at::MemoryFormat::ChannelsLast) || x.size(1) == 1);
}

struct Sums {
  std::vector<double> first, second;
};

// Adds up what each part makes: body(part's rows, scratch s, q, sum, second).
template <class Body>
Sums reduce(int64_t rows, int64_t c, const Body& body) {
  std::vector<double> parts(static_cast<size_t>(2 * kParts * c));
  for_each_part(rows, [&](int64_t part, int64_t begin, int64_t end) {
    std::vector<float> scratch(static_cast<size_t>(2 * c));
    double* sums = &parts[static_cast<size_t>(2 * part * c)];
    body(begin, end, scratch.data(), scratch.data() + c, sums, sums + c);
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
    const int64_t c = x.size(1), rows = x.numel() / c;
    const float* in = x.data_ptr<float>();
    const Sums sums =
        reduce(rows, c, [&](int64_t begin, int64_t end, float* s, float* q, double* a, double* b) {
          add_moments(in + begin * c, end - begin, c, s, q, a, b);
        });
    at::Tensor batch_mean = at::empty({c}, at::kFloat), inverse = at::empty({c}, at::kFloat);
    std::vector<float> scale(static_cast<size_t>(c)), shift(static_cast<size_t>(c));
    const auto n = static_cast<double>(rows);
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
    for_each_part(rows, [&](int64_t, int64_t begin, int64_t end) {
      apply_rows(in + begin * c, added ? added + begin * c : nullptr, end - begin, c, scale.data(),
                 shift.data(), floor, y.data_ptr<float>() + begin * c);
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
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t c = x.size(1), rows = x.numel() / c;
    const float *g = dy.data_ptr<float>(), *in = x.data_ptr<float>(), *out = y.data_ptr<float>();
    const Sums sums =
        reduce(rows, c, [&](int64_t begin, int64_t end, float* s, float* q, double* first, double* second) {
          add_gradients(g + begin * c, out + begin * c, in + begin * c, end - begin, c, floor, s, q, first,
                        second);
        });
    at::Tensor d_gain = at::empty({c}, at::kFloat), d_bias = at::empty({c}, at::kFloat);
    std::vector<float> a(static_cast<size_t>(c)), b(static_cast<size_t>(c)), d(static_cast<size_t>(c));
    const auto n = static_cast<double>(rows);
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
    for_each_part(rows, [&](int64_t, int64_t begin, int64_t end) {
      backward_rows(g + begin * c, out + begin * c, in + begin * c, end - begin, c, floor, a.data(), b.data(),
                    d.data(), dx.data_ptr<float>() + begin * c,
                    to_residual ? to_residual + begin * c : nullptr);
    });
    return {dx, d_gain, d_bias, dr, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor batch_norm(const at::Tensor& x, const BatchNorm& norm, const at::Tensor& residual, bool relu,
                      bool training) {
  if (training && fast(x) && (!residual.defined() || fast(residual)))
    return Fused::apply(x, norm.gain, norm.bias,
                        residual.defined() ? c10::optional<at::Tensor>(residual) : c10::nullopt, norm.mean,
                        norm.variance, norm.momentum, norm.eps, relu);
  at::Tensor y = at::batch_norm(x, norm.gain, norm.bias, norm.mean, norm.variance, training, norm.momentum,
                                norm.eps, true);
  if (residual.defined()) y = y + residual;
  return relu ? at::relu_(y) : y;
}

}  // namespace biji
