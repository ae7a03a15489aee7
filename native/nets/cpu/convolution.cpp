#include "native/nets/cpu/convolution.h"

#include <cassert>

#include "native/base/device.h"

#if BIJI_ONEDNN
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>
#endif

namespace biji {

at::Tensor plain(const at::Tensor& x) {
  if (!is_blocked(x)) return x;
  const at::Tensor rows = x.permute({0, 2, 3, 1, 4});  // [n, h, w, c / 16, 16]
  return rows.reshape({x.size(0), x.size(2), x.size(3), x.size(1) * x.size(4)}).permute({0, 3, 1, 2});
}

bool can_block(const at::Tensor& x, const at::Tensor& weight) {
  if (!blocked_convolutions() || weight.size(0) % 16 != 0 || !weight.device().is_cpu()) return false;
  if (autocasts(x.device()))
    return false;  // oneDNN multiplies bf16 faster than Winograd's algorithm saves products
  if (x.scalar_type() != at::kFloat || weight.scalar_type() != at::kFloat) return false;
  return is_blocked(x) || (x.dim() == 4 && x.size(1) < 16 && !x.requires_grad());
}

#if BIJI_ONEDNN

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using dims = dnnl::memory::dims;
using format = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

// One convolution of one shape: what oneDNN prepared for it.
struct Plan {
  dnnl::convolution_forward::primitive_desc forward_desc;
  dnnl::convolution_backward_data::primitive_desc data_desc;
  dnnl::convolution_backward_weights::primitive_desc weights_desc;
  dnnl::convolution_forward forward;
  dnnl::convolution_backward_data data;
  dnnl::convolution_backward_weights weights;
};

// n, channels in, height, width, channels out, kernel, stride, pad
using Key = std::array<int64_t, 8>;

dnnl::memory::desc weights_layout(const Key& k, format tag) {
  return {{k[4], k[1], k[5], k[5]}, kFloat, tag};
}

Plan make_plan(const Key& k, dnnl::algorithm algorithm) {
  const auto [n, in, h, w, out, kernel, stride, pad] = k;
  const auto side = [&](int64_t x) { return (x + 2 * pad - kernel) / stride + 1; };
  const dnnl::memory::desc x({n, in, h, w}, kFloat, in == 1 ? format::nchw : format::nChw16c);
  const dnnl::memory::desc y({n, out, side(h), side(w)}, kFloat, format::nChw16c);
  const dnnl::memory::desc weight = weights_layout(k, format::any);
  const dims strides = {stride, stride}, pads = {pad, pad};
  Plan plan;
  plan.forward_desc = {{dnnl::prop_kind::forward_training, algorithm, x, weight, y, strides, pads, pads},
                       engine()};
  plan.forward = dnnl::convolution_forward(plan.forward_desc);
  if (in > 1) {
    plan.data_desc = {{algorithm, x, weight, y, strides, pads, pads}, engine(), plan.forward_desc};
    plan.data = dnnl::convolution_backward_data(plan.data_desc);
  }
  plan.weights_desc = {{algorithm, x, weight, y, strides, pads, pads}, engine(), plan.forward_desc};
  plan.weights = dnnl::convolution_backward_weights(plan.weights_desc);
  return plan;
}

// Plans are kept: there are a few dozen, one for each layer and input size.
const Plan& plan_of(const Key& key) {
  static std::mutex mutex;
  static std::map<Key, std::unique_ptr<Plan>> plans;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Plan>& plan = plans[key];
  if (plan) return *plan;
  const auto [n, in, h, w, out, kernel, stride, pad] = key;
  if (kernel == 3 && stride == 1 && pad == 1 && in > 1) {
    try {
      plan = std::make_unique<Plan>(make_plan(key, dnnl::algorithm::convolution_winograd));
      return *plan;
    } catch (const dnnl::error&) {  // not for this shape
    }
  }
  plan = std::make_unique<Plan>(make_plan(key, dnnl::algorithm::convolution_direct));
  return *plan;
}

dnnl::memory memory_of(const at::Tensor& x, const dnnl::memory::desc& layout) {
  return {layout, engine(), x.data_ptr<float>()};
}

// Networks keep their weights as [out, k, k, in] (net.h); each algorithm has a layout of its own.
at::Tensor as_stored(const at::Tensor& weight) {
  return weight.permute({0, 2, 3, 1}).contiguous();
}

dnnl::memory reordered(dnnl::stream& stream, dnnl::memory from, const dnnl::memory::desc& layout) {
  if (from.get_desc() == layout) return from;
  dnnl::memory to(layout, engine());
  dnnl::reorder(from, to).execute(stream, from, to);
  return to;
}

struct Convolution : torch::autograd::Function<Convolution> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            int64_t stride, int64_t pad) {
    const int64_t first = is_blocked(x) ? 2 : x.dim() - 2;
    const Key key = {x.size(0),      weight.size(1), x.size(first), x.size(first + 1),
                     weight.size(0), weight.size(2), stride,        pad};
    const Plan& plan = plan_of(key);
    const at::Tensor in = x.contiguous(), kernel = as_stored(weight);
    const dims out = plan.forward_desc.dst_desc().dims();
    at::Tensor y = at::empty({out[0], out[1] / 16, out[2], out[3], 16}, x.options());
    dnnl::stream stream(engine());
    const dnnl::memory w = reordered(stream, memory_of(kernel, weights_layout(key, format::ohwi)),
                                     plan.forward_desc.weights_desc());
    plan.forward.execute(stream, {{DNNL_ARG_SRC, memory_of(in, plan.forward_desc.src_desc())},
                                  {DNNL_ARG_WEIGHTS, w},
                                  {DNNL_ARG_DST, memory_of(y, plan.forward_desc.dst_desc())}});
    stream.wait();
    context->save_for_backward({in, weight});
    context->saved_data["image"] = !x.requires_grad();  // nobody asks for the gradient of an image
    context->saved_data["key"] = std::vector<int64_t>(key.begin(), key.end());
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const auto numbers = context->saved_data["key"].toIntVector();
    Key key{};
    std::copy(numbers.begin(), numbers.end(), key.begin());
    const Plan& plan = plan_of(key);
    const at::Tensor dy = gradients[0].contiguous();
    dnnl::stream stream(engine());

    at::Tensor dx;
    if (!context->saved_data["image"].toBool()) {
      dx = at::empty_like(x);
      const at::Tensor kernel = as_stored(weight);
      const dnnl::memory w = reordered(stream, memory_of(kernel, weights_layout(key, format::ohwi)),
                                       plan.data_desc.weights_desc());
      plan.data.execute(stream, {{DNNL_ARG_DIFF_SRC, memory_of(dx, plan.data_desc.diff_src_desc())},
                                 {DNNL_ARG_WEIGHTS, w},
                                 {DNNL_ARG_DIFF_DST, memory_of(dy, plan.data_desc.diff_dst_desc())}});
      stream.wait();
    }
    dnnl::memory dw(plan.weights_desc.diff_weights_desc(), engine());
    plan.weights.execute(stream, {{DNNL_ARG_SRC, memory_of(x, plan.weights_desc.src_desc())},
                                  {DNNL_ARG_DIFF_WEIGHTS, dw},
                                  {DNNL_ARG_DIFF_DST, memory_of(dy, plan.weights_desc.diff_dst_desc())}});
    at::Tensor d_weight = at::empty({key[4], key[5], key[5], key[1]}, x.options());
    dnnl::memory out = memory_of(d_weight, weights_layout(key, format::ohwi));
    dnnl::reorder(dw, out).execute(stream, dw, out);
    stream.wait();
    return {dx, d_weight.permute({0, 3, 1, 2}), {}, {}};
  }
};

}  // namespace

bool blocked_convolutions() {
  static const bool fast = dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core;
  return fast;
}

at::Tensor conv2d_blocked(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t pad) {
  assert(can_block(x, weight));
  const int64_t in = weight.size(1);
  if (is_blocked(x) || in == 1) return Convolution::apply(x, weight, stride, pad);
  // An image of several planes: filled up to a block of 16, for oneDNN is very slow with any other number above 3.
  at::Tensor block = at::zeros({x.size(0), 1, x.size(2), x.size(3), 16}, x.options());
  block.squeeze(1).slice(3, 0, in).copy_(x.permute({0, 2, 3, 1}));
  return Convolution::apply(block, at::constant_pad_nd(weight, {0, 0, 0, 0, 0, 16 - in}), stride, pad);
}

#else

bool blocked_convolutions() {
  return false;
}

at::Tensor conv2d_blocked(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t pad) {
  assert(!"built without oneDNN");
  return at::conv2d(x, weight, {}, {stride, stride}, {pad, pad});
}

#endif

}  // namespace biji
