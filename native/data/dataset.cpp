#include "native/data/dataset.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include "native/base/random.h"
namespace biji {
namespace {

constexpr int64_t kSampleBits = 40;

// Turns the classes of packs into labels of one data set.
class LabelMap {
 public:
  explicit LabelMap(Labels classes) : classes_(std::move(classes)) {
    for (size_t i = 0; i < classes_.size(); ++i) index_.emplace(classes_[i], static_cast<int64_t>(i));
  }
  // -1: neither a class nor several of them.
  int64_t of(const std::string& label) {
    const auto found = index_.find(label);
    if (found != index_.end()) return found->second;
    std::vector<int64_t> members;
    for (const std::string& character : split_code_points(label)) {
      const auto member = index_.find(character);
      if (member == index_.end() || member->second >= static_cast<int64_t>(classes_.size())) return -1;
      members.push_back(member->second);
    }
    const auto label_index = static_cast<int64_t>(classes_.size() + merged_.size());
    merged_.push_back(std::move(members));
    index_.emplace(label, label_index);
    return label_index;
  }
  at::Tensor merged() const {
    if (merged_.empty()) return {};
    at::Tensor out =
        at::zeros({static_cast<int64_t>(merged_.size()), static_cast<int64_t>(classes_.size())}, at::kBool);
    for (size_t m = 0; m < merged_.size(); ++m)
      for (const int64_t c : merged_[m]) out[static_cast<int64_t>(m)][c] = true;
    return out;
  }

 private:
  Labels classes_;
  std::unordered_map<std::string, int64_t> index_;
  std::vector<std::vector<int64_t>> merged_;
};

}  // namespace

Dataset Dataset::select(const at::Tensor& index) const {
  Dataset out = *this;
  if (pixels.defined()) out.pixels = pixels.index_select(0, index);
  if (where.defined()) out.where = where.index_select(0, index);
  if (groups.defined()) out.groups = groups.index_select(0, index);
  out.labels = labels.index_select(0, index);
  return out;
}

Dataset::Place Dataset::place(int64_t i) const {
  assert(drawn());
  const int64_t at = where.data_ptr<int64_t>()[i];
  return {*packs[static_cast<size_t>(at >> kSampleBits)], at & ((int64_t{1} << kSampleBits) - 1)};
}

Dataset Dataset::on(at::Device device) const {
  Dataset out = *this;
  if (pixels.defined()) out.pixels = pixels.to(device);
  if (merged.defined()) out.merged = merged.to(device);
  out.labels = labels.to(device);
  return out;
}

Dataset load_data(const std::vector<std::filesystem::path>& paths, const InputSpec& input, bool drawn,
                  const Labels& classes) {
  if (paths.empty()) throw std::runtime_error("no data; give packs with --data");
  Dataset data;
  std::vector<std::shared_ptr<const Pack>> packs;
  for (const auto& path : paths) packs.push_back(std::make_shared<Pack>(path));
  drawn |= input.directions > 0 || std::any_of(packs.begin(), packs.end(), [](const auto& p) {
             return p->info().kind == PackKind::kStrokes;
           });
  const bool grouped =
      std::any_of(packs.begin(), packs.end(), [](const auto& p) { return !p->groups().empty(); });
  data.classes = classes.empty() ? packs[0]->info().classes : classes;
  data.input = drawn ? input : packs[0]->info().input;
  LabelMap map(data.classes);

  int64_t total = 0;
  for (const auto& pack : packs) total += pack->count();
  const int64_t side = data.input.size_px;
  data.labels = at::empty({total}, at::kLong);
  if (drawn)
    data.where = at::empty({total}, at::kLong);
  else
    data.pixels = at::empty({total, side, side}, at::kByte);
  if (grouped) data.groups = at::empty({total}, at::kLong);

  int64_t begin = 0;
  for (size_t p = 0; p < packs.size(); ++p) {
    const Pack& pack = *packs[p];
    const PackInfo& info = pack.info();
    if (info.kind == PackKind::kTexts)
      throw std::runtime_error(
          paths[p].string() +
          ": holds words or lines, which networks do not learn from; `biji eval` measures on them");
    if (info.kind == PackKind::kPixels && info.input != data.input.picture())
      throw std::runtime_error(paths[p].string() + ": was prepared for another input than " +
                               (p == 0 ? std::string("the model reads") : paths[0].string()) +
                               "; make it again with `biji prepare`, or use them apart");
    std::vector<int64_t> to;
    for (const std::string& label : info.classes) to.push_back(map.of(label));
    int64_t* labels = data.labels.data_ptr<int64_t>() + begin;
    for (int64_t i = 0; i < pack.count(); ++i) {
      const uint16_t label = pack.labels()[static_cast<size_t>(i)];
      if (to[label] < 0)
        throw std::runtime_error(paths[p].string() + ": has the class \"" + info.classes[label] +
                                 "\", which " + (classes.empty() ? paths[0].string() : "the model") +
                                 " lacks; use them apart");
      labels[i] = to[label];
    }
    if (drawn) {
      int64_t* where = data.where.data_ptr<int64_t>() + begin;
      for (int64_t i = 0; i < pack.count(); ++i) where[i] = static_cast<int64_t>(p) << kSampleBits | i;
    } else {
      std::copy(pack.pixels().begin(), pack.pixels().end(),
                data.pixels.data_ptr<uint8_t>() + begin * side * side);
    }
    if (grouped) {
      const auto first = static_cast<int64_t>(data.group_names.size());
      if (info.groups.empty())
        data.group_names.push_back(info.name);
      else
        data.group_names.insert(data.group_names.end(), info.groups.begin(), info.groups.end());
      int64_t* groups = data.groups.data_ptr<int64_t>() + begin;
      for (int64_t i = 0; i < pack.count(); ++i)
        groups[i] = first + (pack.groups().empty() ? 0 : pack.groups()[static_cast<size_t>(i)]);
    }
    data.sources.push_back({info.name, paths[p].string(), pack.count(), 1, pack.checksum()});
    data.terms = joined(std::move(data.terms), {info.terms});
    begin += pack.count();
  }
  data.merged = map.merged();
  if (drawn) data.packs = std::move(packs);
  return data;
}

Dataset with_shares(const Dataset& data, const std::vector<double>& shares) {
  assert(shares.size() == data.sources.size());
  if (std::all_of(shares.begin(), shares.end(), [](double share) { return share == 1; })) return data;
  std::vector<at::Tensor> kept;
  std::vector<DataSource> sources = data.sources;
  int64_t begin = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    const int64_t all = sources[i].samples;
    sources[i].share = shares[i];
    sources[i].samples = std::llround(shares[i] * static_cast<double>(all));
    const at::Tensor order = permutation(all, mix_seed(0x5a1e, i));
    std::vector<at::Tensor> times(static_cast<size_t>(sources[i].samples / std::max<int64_t>(all, 1)), order);
    times.push_back(order.slice(0, 0, sources[i].samples - static_cast<int64_t>(times.size()) * all));
    kept.push_back(std::get<0>(at::cat(times).sort()) + begin);
    begin += all;
  }
  Dataset out = data.select(at::cat(kept));
  out.sources = std::move(sources);
  return out;
}

Dataset load_test_data(const std::vector<std::filesystem::path>& paths, const Labels& classes,
                       const InputSpec& input) {
  Dataset data = load_data(paths, input, false, classes);
  check_fits(data, classes, input);
  if (data.merged.defined())
    throw std::runtime_error(paths[0].string() +
                             ": merges classes that the model tells apart; measure on a set that does not");
  return data;
}

Dataset load_data(const std::vector<DataSource>& sources, const InputSpec& input, bool drawn,
                  const Labels& classes) {
  std::vector<std::filesystem::path> paths;
  std::vector<double> shares;
  for (const DataSource& source : sources) {
    if (source.path.empty())
      throw std::runtime_error(source.name +
                               ": where it lies is not known, for the run was imported from a model");
    if (!std::filesystem::exists(source.path))
      throw std::runtime_error(source.path + ": the run's pack " + source.name +
                               " is not there; --data says where it lies now");
    paths.emplace_back(source.path);
    shares.push_back(source.share);
  }
  const Dataset data = with_shares(load_data(paths, input, drawn, classes), shares);
  for (size_t i = 0; i < sources.size(); ++i)
    if (sources[i].checksum.empty()
            ? sources[i].name != data.sources[i].name || sources[i].samples != data.sources[i].samples
            : sources[i].checksum != data.sources[i].checksum)
      throw std::runtime_error(sources[i].path +
                               ": is not the pack that this run began with; restore it or train anew");
  return data;
}

std::pair<Dataset, Dataset> split(const Dataset& data, int64_t count) {
  const int64_t n = data.size();
  const at::Tensor order = permutation(n, 0);
  return {data.select(order.slice(0, 0, n - count)), data.select(order.slice(0, n - count))};
}

void check_fits(const Dataset& data, const Labels& classes, const InputSpec& input) {
  if (data.classes != classes)
    throw std::runtime_error(data.sources[0].path + ": has other classes than the model");
  if (data.input != input)
    throw std::runtime_error(
        data.sources[0].path +
        ": was prepared for another input than the model reads; make it again with `biji prepare`");
}

at::Tensor to_input(const at::Tensor& pixels, at::ScalarType type) {
  return (pixels.dim() == 3 ? pixels.unsqueeze(1) : pixels).to(type).mul_(1 / 255.);
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
