#include "native/train/calibrate.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "native/base/random.h"
#include "native/train/eval.h"
#include "native/train/read.h"
#include "native/vary/augment.h"
#include "native/vary/draw.h"
#include "native/vary/non_characters.h"

namespace biji {

using nlohmann::json;

namespace {

at::Tensor freshly_varied(const Dataset& data, int64_t begin, int64_t end) {
  if (!data.drawn()) return augment(data.pixels.slice(0, begin, end), 1);
  const Drawn drawn =
      draw(data, at::arange(begin, end, at::kLong),
           {.input = data.input, .strength = 1, .seed = mix_seed(0xca11, static_cast<uint64_t>(begin))});
  return augment(drawn.pixels, 1, rows_of(end - begin, drawn.scans)).to(data.labels.device());
}

}  // namespace

Calibration calibrate(Net& net, const RunState& state) {
  const auto fit = [&](const Dataset& data, const char* from) {
    const Dataset sample = data.select(temperature_sample(data.size()));
    const at::Tensor logits = logits_of(net, sample);
    return Calibration{fit_temperature(logits, sample.labels), from, sample, logits, true};
  };
  if (!state.validation.empty())
    return fit(load_data(state.validation, state.input, false, state.classes), "validation samples");
  Dataset data = load_data(state.data, state.input);
  if (state.held_out > 0) return fit(split(data, state.held_out).second, "held-out training samples");
  if (data.merged.defined())  // merged labels have no single right answer
    data = data.select(data.labels.lt(static_cast<int64_t>(data.classes.size())).nonzero().flatten());
  data = data.select(temperature_sample(data.size()));
  at::manual_seed(mix_seed(state.seed, 0xca11b8a7e));
  std::vector<at::Tensor> parts;
  constexpr int64_t kBatch = 500;
  for (int64_t i = 0; i < data.size(); i += kBatch)
    parts.push_back(net.forward(freshly_varied(data, i, std::min(i + kBatch, data.size())), false));
  const at::Tensor logits = at::cat(parts);
  return {fit_temperature(logits, data.labels), "training samples under fresh augmentation", data, logits,
          false};
}

namespace {

// Non-characters and their sheared views: drawn anew from sheared strokes, as those of a page would be.
Encoded encoded_non_characters(int32_t count, const RunState& state, float shear) {
  const auto drawn = [&](float by) {
    return non_characters(count, state.classes, state.input, 0x7e57, by).contiguous();
  };
  const at::Tensor upright = drawn(0), right = drawn(shear), left = drawn(-shear);
  const int32_t side = state.input.size_px, channels = state.input.channels();
  const auto image = [&](const at::Tensor& all, int32_t i) {
    Image out(side, channels * side);
    std::copy_n(all[i].data_ptr<uint8_t>(), out.pixels.size(), out.pixels.begin());
    return out;
  };
  Encoded out;
  for (int32_t i = 0; i < count; ++i) {
    [[maybe_unused]] const Err err =
        append_views(image(upright, i).pixels, {image(right, i), image(left, i)}, state.input, out);
    assert(err == Err::kOk);
  }
  return out;
}

}  // namespace

json rejection(Net& net, const RunState& state, const Calibration& calibration) {
  const auto sure = [&](const at::Tensor& logits) {
    return std::get<0>(at::softmax(logits / calibration.temperature, 1).max(1)).contiguous();
  };
  constexpr int32_t kNonCharacters = 2000;
  const TestTimeAugmentation look = network_row(state.network).look;
  Reader reader(0, 256);
  [[maybe_unused]] const Err err =
      reader.set_model({.input = state.input,
                        .labels = state.classes,
                        .temperature = static_cast<float>(calibration.temperature),
                        .look = look});
  assert(err == Err::kOk);
  const at::Tensor none =
      sure(read_logits(reader, net, encoded_non_characters(kNonCharacters, state, look.shear)));
  at::Tensor of_real = calibration.logits;
  if (calibration.plain && look.below > 0)
    of_real = read_logits(reader, net, encoded_samples(calibration.samples, 0, calibration.samples.size()));
  const at::Tensor real = sure(of_real);
  const auto share = [](const at::Tensor& chosen) { return chosen.to(at::kDouble).mean().item<double>(); };
  json best;
  double least = 3;
  for (int percent = 1; percent < 100; ++percent) {
    const double threshold = percent / 100.;
    const double accepted = share(none >= threshold), rejected = share(real < threshold);
    if (accepted + rejected >= least) continue;
    least = accepted + rejected;
    best = {{"threshold", threshold},
            {"false_accept", std::round(accepted * 1e4) / 1e4},
            {"false_reject", std::round(rejected * 1e4) / 1e4},
            {"scribbles", kNonCharacters},
            {"characters", real.size(0)}};
  }
  return best;
}

double fit_temperature(const at::Tensor& logits, const at::Tensor& labels) {
  // The loss is unimodal in 1/temperature (it is convex in it): golden-section search over the logarithm.
  const double golden = (std::sqrt(5.) - 1) / 2;
  const int64_t n = logits.size(0), block = 512;
  const auto loss = [&](double log_t) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += block) {
      const at::Tensor exact = logits.slice(0, i, i + block).to(at::kDouble) / std::exp(log_t);
      sum +=
          at::cross_entropy_loss(exact, labels.slice(0, i, i + block), {}, at::Reduction::Sum).item<double>();
    }
    return sum;
  };
  double low = std::log(0.05), high = std::log(20.);
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double loss_a = loss(a), loss_b = loss(b);
  while (high - low > 1e-4) {
    if (loss_a < loss_b) {
      high = b, b = a, loss_b = loss_a;
      a = high - golden * (high - low), loss_a = loss(a);
    } else {
      low = a, a = b, loss_a = loss_b;
      b = low + golden * (high - low), loss_b = loss(b);
    }
  }
  return std::exp((low + high) / 2);
}

at::Tensor temperature_sample(int64_t n) {
  return permutation(n, 0x7e39).slice(0, 0, std::min<int64_t>(n, 20000));
}

}  // namespace biji
