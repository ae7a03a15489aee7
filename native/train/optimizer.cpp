#include "native/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace biji {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.99;

// By five steps of a Newton-Schulz iteration whose coefficients make it fast rather than exact (K. Jordan et al., 2024).
// matrix: [rows, columns] or several, [n, rows, columns].
// Every step multiplies x by a polynomial in x x^T, so the polynomials are collected in a square matrix of the
// shorter side, and the long one is touched only at the start and the end.
at::Tensor newton_schulz(const at::Tensor& matrix) {
  const bool several = matrix.dim() == 3;
  const bool tall = matrix.size(-2) > matrix.size(-1);
  const at::Tensor x = tall ? matrix.transpose(-2, -1) : matrix;
  const at::Tensor norm = several ? x.norm(2, at::IntArrayRef{1, 2}, true) : x.norm();
  const at::Tensor unit = x / (norm + 1e-7);
  at::Tensor gram = at::matmul(unit, unit.transpose(-2, -1));
  at::Tensor product = at::eye(gram.size(-1), gram.options());
  if (several) product = product.expand(gram.sizes());
  for (int i = 0; i < 5; ++i) {
    at::Tensor step = several ? at::baddbmm(gram, gram, gram, -4.7750, 2.0315)
                              : at::addmm(gram, gram, gram, -4.7750, 2.0315);  // symmetric, as gram is
    step.diagonal(0, -2, -1).add_(3.4445);
    product = at::matmul(step, product);
    if (i < 4) gram = at::matmul(at::matmul(step, gram), step);
  }
  const at::Tensor out = at::matmul(product, unit);
  return tall ? out.transpose(-2, -1) : out;
}

struct Matrix {
  int64_t begin, rows, columns;
  int64_t size() const { return rows * columns; }
  // Of a flat tensor.
  at::Tensor of(const at::Tensor& flat) const {
    return flat.slice(0, begin, begin + size()).view({rows, columns});
  }
};

// The weights of every layer but the first and the last, which lie side by side in the flat tensors.
std::vector<Matrix> inner_matrices(const Net& net) {
  std::vector<Matrix> matrices;
  for (const Net::Entry& entry : net.entries()) {
    const int64_t rows = entry.parameter.shape[0];
    if (entry.parameter.role == Role::kWeight)
      matrices.push_back({entry.tensor.storage_offset(), rows, entry.tensor.numel() / rows});
  }
  if (matrices.size() < 3) return {};
  matrices.erase(matrices.begin());
  matrices.pop_back();
  return matrices;
}

// Which of the matrices a rank makes orthogonal: each goes to the rank with the least to do so far.
std::vector<bool> share_of(const std::vector<Matrix>& matrices, int rank, int ranks) {
  std::vector<double> work(static_cast<size_t>(ranks));
  std::vector<bool> mine;
  for (const Matrix& each : matrices) {
    const auto least = std::min_element(work.begin(), work.end());
    mine.push_back(least - work.begin() == rank);
    const auto shorter = static_cast<double>(std::min(each.rows, each.columns));
    *least += shorter * static_cast<double>(each.size());
  }
  return mine;
}

// Returns the range of the flat tensors that it changed, {begin, end}.
std::pair<int64_t, int64_t> muon_step(Net& net, at::Tensor& m, const StepSize& size, Ranks& ranks) {
  constexpr double kMomentum = 0.95;
  const std::vector<Matrix> matrices = inner_matrices(net);
  if (matrices.empty()) return {0, 0};
  const std::vector<bool> mine = share_of(matrices, ranks.rank(), ranks.size());
  std::vector<at::Tensor> directions;
  for (size_t i = 0; i < matrices.size(); ++i) {
    const at::Tensor gradient = matrices[i].of(net.gradient());
    const at::Tensor momentum = matrices[i].of(m).mul_(kMomentum).add_(gradient);
    if (mine[i]) directions.push_back(gradient.add(momentum, kMomentum));
  }
  directions = orthogonalised(directions, m.is_cuda());
  const int64_t begin = matrices.front().begin, end = matrices.back().begin + matrices.back().size();
  if (ranks.size() > 1) {  // zeros where another rank has the values
    at::Tensor all = at::zeros({end}, m.options());
    for (size_t i = 0, next = 0; i < matrices.size(); ++i)
      if (mine[i]) matrices[i].of(all).copy_(directions[next++]);
    ranks.sum(all.slice(0, begin));
    directions.clear();
    for (const Matrix& each : matrices) directions.push_back(each.of(all));
  }
  for (size_t i = 0; i < matrices.size(); ++i) {
    const at::Tensor weights = matrices[i].of(net.state());
    const double scale =
        0.2 * std::sqrt(static_cast<double>(std::max(matrices[i].rows, matrices[i].columns)));
    if (m.is_cuda())
      weights.addcmul_(directions[i], size.lr, -scale);
    else  // rounded once
      weights.add_(directions[i], -size.rate * scale);
  }
  return {begin, end};
}

void adamw_step(const at::Tensor& learned, const at::Tensor& gradient, at::Tensor m, at::Tensor v,
                const StepSize& size) {
  m.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  v.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  learned.add_((m * size.adam).div_(v.sqrt().add_(size.adam_eps)));
}

}  // namespace

void StepSize::set(const Recipe& recipe, double learning_rate, int64_t step,
                   const at::TensorOptions& options) {
  constexpr double kEps = 1e-8;
  const auto t = static_cast<double>(step + 1);
  const double correction2 = std::sqrt(1 - std::pow(kBeta2, t));
  rate = learning_rate;
  for (const auto& [tensor, value] : {std::pair{&lr, rate},
                                      {&kept, 1 - rate * recipe.weight_decay},
                                      {&adam_eps, kEps * correction2},
                                      {&adam, -rate * correction2 / (1 - std::pow(kBeta1, t))}}) {
    if (!tensor->defined()) *tensor = at::empty({}, options);
    tensor->fill_(value);
  }
}

std::vector<at::Tensor> orthogonalised(const std::vector<at::Tensor>& matrices, bool batched) {
  std::vector<at::Tensor> out(matrices.size());
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> alike;
  for (size_t i = 0; i < matrices.size(); ++i) {
    if (batched)
      alike[{matrices[i].size(0), matrices[i].size(1)}].push_back(i);
    else
      out[i] = newton_schulz(matrices[i]);
  }
  for (const auto& [shape, places] : alike) {
    std::vector<at::Tensor> list;
    for (const size_t i : places) list.push_back(matrices[i]);
    const at::Tensor all = newton_schulz(at::stack(list));
    for (size_t k = 0; k < places.size(); ++k) out[places[k]] = all[static_cast<int64_t>(k)];
  }
  return out;
}

void optimizer_step(Net& net, at::Tensor& m, at::Tensor& v, const Recipe& recipe, const StepSize& size,
                    Ranks& ranks) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = net.gradient();
  const int64_t parameters = net.parameter_count();
  net.state().slice(0, 0, net.weight_count()).mul_(size.kept);
  const auto [begin, end] =
      recipe.optimizer == "muon" ? muon_step(net, m, size, ranks) : std::pair<int64_t, int64_t>();
  for (const auto& [from, to] : {std::pair{int64_t{0}, begin}, std::pair{end, parameters}})
    if (from < to)
      adamw_step(net.state().slice(0, from, to), gradient.slice(0, from, to), m.slice(0, from, to),
                 v.slice(0, from, to), size);
}

}  // namespace biji
