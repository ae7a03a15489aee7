#include "native/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace biji {
namespace {

// The nearest matrix with all singular values near 1, by five steps of a Newton-Schulz iteration whose
// coefficients make it fast rather than exact (K. Jordan et al., 2024). matrix: [rows, columns].
// Every step multiplies x by a polynomial in x x^T, so the polynomials are collected in a square matrix of the
// shorter side, and the long one is touched only at the start and the end.
at::Tensor orthogonalised(const at::Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  const at::Tensor x = tall ? matrix.t() : matrix;
  const at::Tensor unit = x / (x.norm() + 1e-7);
  at::Tensor gram = at::mm(unit, unit.t());
  at::Tensor product = at::eye(gram.size(0), gram.options());
  for (int i = 0; i < 5; ++i) {
    at::Tensor step = at::addmm(gram, gram, gram, -4.7750, 2.0315);  // symmetric, as gram is
    step.diagonal().add_(3.4445);
    product = at::mm(step, product);
    if (i < 4) gram = at::mm(at::mm(step, gram), step);
  }
  const at::Tensor out = at::mm(product, unit);
  return tall ? out.t() : out;
}

// Muon on the weights of every layer but the first and the last, which lie side by side in the flat tensors;
// returns that range {begin, end}.
std::pair<int64_t, int64_t> muon_step(Net& net, at::Tensor& m, double lr) {
  constexpr double kMomentum = 0.95;
  std::vector<at::Tensor> weights;
  for (const Net::Entry& entry : net.entries())
    if (entry.parameter.role == Role::kWeight) weights.push_back(entry.tensor);
  if (weights.size() < 3) return {0, 0};
  for (size_t i = 1; i + 1 < weights.size(); ++i) {
    const int64_t rows = weights[i].size(0), columns = weights[i].numel() / rows;
    const int64_t begin = weights[i].storage_offset(), end = begin + weights[i].numel();
    const at::Tensor gradient = net.gradient().slice(0, begin, end);
    const at::Tensor momentum = m.slice(0, begin, end).mul_(kMomentum).add_(gradient);
    const at::Tensor update = orthogonalised(gradient.add(momentum, kMomentum).view({rows, columns}));
    const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
    net.state().slice(0, begin, end).view({rows, columns}).add_(update, -lr * scale);
  }
  return {weights[1].storage_offset(), weights.back().storage_offset()};
}

void adamw_step(const at::Tensor& learned, const at::Tensor& gradient, at::Tensor m, at::Tensor v, double lr,
                int64_t step) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.99, kEps = 1e-8;
  const auto t = static_cast<double>(step + 1);
  m.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  v.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  const double correction2 = std::sqrt(1 - std::pow(kBeta2, t));
  learned.addcdiv_(m, v.sqrt().add_(kEps * correction2), -lr * correction2 / (1 - std::pow(kBeta1, t)));
}

}  // namespace

void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, double lr, int64_t step) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = net.gradient();
  const int64_t parameters = net.parameter_count();
  at::Tensor weights = net.state().slice(0, 0, net.weight_count());
  weights.mul_(1 - lr * recipe.weight_decay);
  const auto [begin, end] =
      recipe.optimizer == "muon" ? muon_step(net, m, lr) : std::pair<int64_t, int64_t>();
  for (const auto& [from, to] : {std::pair{int64_t{0}, begin}, std::pair{end, parameters}})
    if (from < to)
      adamw_step(net.state().slice(0, from, to), gradient.slice(0, from, to), m.slice(0, from, to),
                 v.slice(0, from, to), lr, step);
}

}  // namespace biji
