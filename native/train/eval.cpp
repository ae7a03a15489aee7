#include "native/train/eval.h"

#include <algorithm>
#include <cassert>

#include "native/base/device.h"
#include "native/train/read.h"
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

namespace {

// Calls take(begin, end) for blocks of which the logits fit into 16 MB.
void in_blocks(const Net& net, int64_t samples, const std::function<void(int64_t, int64_t)>& take) {
  const int64_t block = std::clamp<int64_t>((4 << 20) / net.network().classes(), 256, 4096);
  for (int64_t i = 0; i < samples; i += block) take(i, std::min(samples, i + block));
}

}  // namespace

std::vector<Answer> answers_of(Net& net, const Dataset& data) {
  std::vector<Answer> answers;
  in_blocks(net, data.size(), [&](int64_t begin, int64_t end) {
    add_answers(answers, logits_of(net, inputs(data, begin, end)), data.labels.slice(0, begin, end).cpu());
  });
  return answers;
}

std::vector<Answer> answers_of(const ReaderModel& model, Net& net, const Dataset& data,
                               const std::function<void(int64_t)>& told) {
  Reader reader(0, 256);  // samples do not come twice
  [[maybe_unused]] const Err err = reader.set_model(model);
  assert(err == Err::kOk);
  std::vector<Answer> answers;
  in_blocks(net, data.size(), [&](int64_t begin, int64_t end) {
    const at::Tensor logits = read_logits(reader, net, encoded_samples(data, begin, end));
    add_answers(answers, logits, data.labels.slice(0, begin, end).cpu(), model.temperature);
    if (told) told(end);
  });
  return answers;
}

}  // namespace biji
