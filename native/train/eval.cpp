#include "native/train/eval.h"

#include <algorithm>
#include <thread>

#include "native/base/device.h"
#include "native/vary/draw.h"

namespace biji {

at::Tensor logits_of(Net& net, const at::Tensor& pixels, at::ScalarType precision) {
  const at::NoGradGuard no_grad;
  const at::ScalarType type = net.state().scalar_type();
  const Autocast autocast(pixels.device(), precision);
  constexpr int64_t kBatch = 256;
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i < pixels.size(0); i += kBatch)
    parts.push_back(net.forward(to_input(pixels.slice(0, i, i + kBatch), type), false).to(type));
  if (parts.empty()) return at::zeros({0, net.network().classes()});
  return at::cat(parts).cpu();
}

at::Tensor logits_of(Net& net, const Dataset& data, at::ScalarType precision) {
  if (!data.drawn()) return logits_of(net, data.pixels, precision);
  constexpr int64_t kBlock = 2048;
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i < data.size(); i += kBlock)
    parts.push_back(logits_of(net, inputs(data, i, i + kBlock), precision));
  if (parts.empty()) return at::zeros({0, net.network().classes()});
  return at::cat(parts);
}

void look_again(Net& net, at::Tensor& logits, double temperature, const LookAgain& look,
                const Leaning& leaning) {
  if (look.below <= 0 || look.slant <= 0 || logits.size(0) == 0) return;
  logits = logits.to(at::kFloat).contiguous();
  const auto classes = static_cast<int32_t>(logits.size(1));
  const std::span<float> rows(logits.data_ptr<float>(), static_cast<size_t>(logits.numel()));
  const std::vector<int32_t> which = unsure(rows, classes, static_cast<float>(temperature), look.below);
  if (which.empty()) return;
  const at::Tensor index = at::tensor(which, at::kLong);
  std::vector<at::Tensor> views;
  for (const float slant : {look.slant, -look.slant}) views.push_back(logits_of(net, leaning(index, slant)));
  const at::Tensor all = at::cat(views).to(at::kFloat).contiguous();
  average_views(rows, which, {all.data_ptr<float>(), static_cast<size_t>(all.numel())}, classes);
}

Leaning leaning_inputs(const Dataset& data, int64_t first) {
  return [&data, first](const at::Tensor& which, float slant) {
    if (!data.drawn()) {
      at::Tensor pixels = data.pixels.index_select(0, (which + first).to(data.pixels.device())).cpu();
      for (const at::Tensor& row : pixels.unbind()) {
        uint8_t* sample = row.data_ptr<uint8_t>();
        const Image image = lean({sample, static_cast<size_t>(row.numel())}, data.input, slant);
        std::copy(image.pixels.begin(), image.pixels.end(), sample);
      }
      return pixels.to(data.pixels.device());
    }
    DrawOptions options{.input = data.input, .slant = slant};
    options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    return draw(data, which + first, options).to(data.labels.device());
  };
}

std::vector<Answer> answers_of(Net& net, const Dataset& data, double temperature, const LookAgain& look,
                               const std::function<void(int64_t)>& told) {
  const int64_t n = data.labels.size(0);
  const int64_t block = std::clamp<int64_t>((4 << 20) / net.network().classes(), 256, 4096);
  std::vector<Answer> answers;
  answers.reserve(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i += block) {
    const int64_t end = std::min(n, i + block);
    at::Tensor logits = logits_of(net, inputs(data, i, end));
    look_again(net, logits, temperature, look, leaning_inputs(data, i));
    add_answers(answers, logits, data.labels.slice(0, i, end).cpu(), temperature);
    if (told) told(end);
  }
  return answers;
}

}  // namespace biji
