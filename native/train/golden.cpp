#include "native/train/golden.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/train/eval.h"
#include "native/vary/draw.h"
#include "native/vary/non_characters.h"

namespace biji {

using nlohmann::json;

json golden(Net& net, const RunState& state, bool shareable) {
  const int64_t classes = net.network().classes();
  at::Tensor pixels;
  std::vector<std::string> labels;
  if (!shareable) {
    pixels = non_characters(10, state.classes, state.input, 0x901d);
    labels.resize(10);
  } else {
    const Dataset data = load_data(state.data, state.input);
    std::vector<int64_t> chosen;
    for (int64_t k = 0; k < std::min<int64_t>(10, classes); ++k) {
      const int64_t label = k * classes / std::min<int64_t>(10, classes);
      const at::Tensor of_class = data.labels.eq(label).nonzero().flatten();
      if (of_class.numel() == 0) continue;
      chosen.push_back(of_class[0].item<int64_t>());
      labels.push_back(data.classes[static_cast<size_t>(label)]);
    }
    pixels = inputs(data.select(at::tensor(chosen)), 0, static_cast<int64_t>(chosen.size())).contiguous();
  }
  const at::Tensor logits = logits_of(net, pixels).contiguous();
  Net exact(net.network(), at::kCPU, at::kDouble);
  exact.state().copy_(net.state());
  const double rounding = (logits.to(at::kDouble) - logits_of(exact, pixels)).abs().max().item<double>();

  // Never below four units in the last place of the largest logit: some nets come out exact by luck.
  const double floor = 4 * 0x1p-24 * logits.abs().max().item<double>();
  const double tolerance = std::max(10 * rounding, floor);
  const double unit = std::pow(10, std::floor(std::log10(tolerance / 20)));  // digits beyond it say nothing

  json inputs = json::array();
  const int64_t size = pixels.size(-1), bytes = pixels[0].numel();
  for (int64_t i = 0; i < pixels.size(0); ++i) {
    const float* row = logits.data_ptr<float>() + i * classes;
    json values = json::array();
    for (int64_t k = 0; k < classes; ++k)
      values.push_back(std::round(static_cast<double>(row[k]) / unit) / std::round(1 / unit));
    json input = {{"pixels", base64({pixels.data_ptr<uint8_t>() + i * bytes, static_cast<size_t>(bytes)})},
                  {"logits", values}};
    if (shareable) input["label"] = labels[static_cast<size_t>(i)];
    inputs.push_back(std::move(input));
  }
  return {
      {"input_version", state.input_version}, {"size", size}, {"tolerance", tolerance}, {"inputs", inputs}};
}

}  // namespace biji
