#include "native/dataset.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

#include "native/pack.h"

namespace biji {
namespace {

bool same(const InputSpec& a, const InputSpec& b) {
  return a.size_px == b.size_px && a.box_px == b.box_px && a.centring == b.centring && a.pen_px == b.pen_px;
}

}  // namespace

Dataset Dataset::select(const at::Tensor& index) const {
  Dataset out = *this;
  out.pixels = pixels.index_select(0, index);
  out.labels = labels.index_select(0, index);
  return out;
}

Dataset Dataset::on(at::Device device) const {
  Dataset out = *this;
  out.pixels = pixels.to(device);
  out.labels = labels.to(device);
  return out;
}

Dataset load_data(const std::vector<std::filesystem::path>& paths) {
  Dataset data;
  std::vector<at::Tensor> pixels, labels;
  for (const auto& path : paths) {
    const Pack pack(path);
    const PackInfo& info = pack.info();
    if (pixels.empty()) {
      data.input = info.input;
      data.classes = info.classes;
    } else if (!same(info.input, data.input) || info.classes != data.classes) {
      throw std::runtime_error(path.string() + ": has other classes or another input than " +
                               paths[0].string() + "; use them apart");
    }
    const int64_t side = info.input.size_px;
    at::Tensor image = at::empty({pack.count(), side, side}, at::kByte);
    std::copy(pack.pixels().begin(), pack.pixels().end(), image.data_ptr<uint8_t>());
    at::Tensor label = at::empty({pack.count()}, at::kLong);
    std::copy(pack.labels().begin(), pack.labels().end(), label.data_ptr<int64_t>());
    pixels.push_back(image);
    labels.push_back(label);
    data.sources.push_back({info.name, path.string(), pack.count()});
  }
  if (pixels.empty()) throw std::runtime_error("no data; give packs with --data");
  data.pixels = at::cat(pixels);
  data.labels = at::cat(labels);
  return data;
}

Dataset load_data(const std::vector<DataSource>& sources) {
  std::vector<std::filesystem::path> paths;
  for (const DataSource& source : sources) paths.emplace_back(source.path);
  Dataset data = load_data(paths);
  for (size_t i = 0; i < sources.size(); ++i)
    if (sources[i].name != data.sources[i].name || sources[i].samples != data.sources[i].samples)
      throw std::runtime_error(sources[i].path +
                               ": is not the pack that this run began with; restore it or train anew");
  return data;
}

std::pair<Dataset, Dataset> split(const Dataset& data, int64_t count) {
  const int64_t n = data.labels.size(0);
  const at::Tensor order = permutation(n, 0);
  return {data.select(order.slice(0, 0, n - count)), data.select(order.slice(0, n - count))};
}

void check_fits(const Dataset& data, const Labels& classes, const InputSpec& input) {
  if (data.classes != classes)
    throw std::runtime_error(data.sources[0].path + ": has other classes than the model");
  if (!same(data.input, input))
    throw std::runtime_error(
        data.sources[0].path +
        ": was prepared for another input than the model reads; make it again with `biji prepare`");
}

at::Tensor permutation(int64_t n, uint64_t seed) {
  // Fisher-Yates; std::shuffle differs between standard libraries.
  std::mt19937_64 random(seed);
  at::Tensor order = at::empty({n}, at::kLong);
  int64_t* p = order.data_ptr<int64_t>();
  std::iota(p, p + n, int64_t{0});
  for (int64_t i = n - 1; i > 0; --i) std::swap(p[i], p[random() % static_cast<uint64_t>(i + 1)]);
  return order;
}

}  // namespace biji
