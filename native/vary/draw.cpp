#include "native/vary/draw.h"

#include <algorithm>
#include <cassert>
#include <thread>

#include "native/base/pipeline.h"
#include "native/base/random.h"
#include "native/vary/ink_augment.h"
#include "native/vary/skeleton.h"
#include "native/vary/writer_style.h"

namespace biji {
namespace {

Image image_of(std::span<const uint8_t> pixels, int32_t side) {
  Image image(side, side);
  std::copy(pixels.begin(), pixels.end(), image.pixels.begin());
  return image;
}

// Any ink of the same label as that sample, which may be the sample's own.
Ink another(const Dataset& data, int64_t sample, const Peers& peers, Random& random) {
  const auto& same = peers.of_label[static_cast<size_t>(peers.labels[static_cast<size_t>(sample)])];
  const Dataset::Place place = data.place(same[random.next() % same.size()]);
  return place.pack.ink(place.sample);
}

}  // namespace

Peers peers_of(const Dataset& data) {
  Peers all;
  const at::Tensor labels = data.labels.cpu();
  all.labels.assign(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel());
  if (all.labels.empty()) return all;
  all.of_label.resize(static_cast<size_t>(*std::max_element(all.labels.begin(), all.labels.end())) + 1);
  for (int64_t i = 0; i < data.size(); ++i) {
    if (data.place(i).pack.info().kind == PackKind::kStrokes)
      all.of_label[static_cast<size_t>(all.labels[static_cast<size_t>(i)])].push_back(i);
  }
  return all;
}

Drawn draw(const Dataset& data, const at::Tensor& index, const DrawOptions& options) {
  assert(data.drawn());
  const int64_t n = index.size(0), side = options.input.size_px, channels = options.input.channels();
  const int64_t area = channels * side * side;
  at::Tensor out =
      at::zeros(channels == 1 ? std::vector{n, side, side} : std::vector{n, channels, side, side}, at::kByte);
  const int64_t* picks = index.data_ptr<int64_t>();
  uint8_t* pixels = out.data_ptr<uint8_t>();
  std::vector<uint8_t> is_scan(static_cast<size_t>(n));
  const auto work = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [pack, sample] = data.place(picks[i]);
      const uint64_t seed = mix_seed(options.seed, static_cast<uint64_t>(i));
      Result<Image> image = Err::kEmpty;
      if (pack.info().kind == PackKind::kStrokes) {
        Ink ink = pack.ink(sample);
        if (Random random(mix_seed(seed, 0xb1e4d)); random.chance(options.extrapolate))
          ink = between(ink, another(data, picks[i], *options.peers, random),
                        random.uniform(-options.extent, 0));
        image = draw_varied(ink, options.input, options.strength, seed, options.as_pictures);
      } else {
        const Image square = image_of(pack.image(sample), pack.info().input.size_px);
        if (Random random(mix_seed(seed, 0x9e115)); random.chance(options.skeletons))
          image = drawn_from_skeleton(square, options.input, options.strength / 2, random);
        if (!image.ok()) {
          image = resize(square, options.input.size_px,
                         options.input.size_px);  // data.input may have been scaled
          is_scan[static_cast<size_t>(i)] = 1;
        }
      }
      if (image.ok()) std::copy(image.value.pixels.begin(), image.value.pixels.end(), pixels + i * area);
    }
  };
  in_parts(n, options.threads, work);
  std::vector<int64_t> scans;
  for (int64_t i = 0; i < n; ++i)
    if (is_scan[static_cast<size_t>(i)]) scans.push_back(i);
  return {std::move(out), std::move(scans)};
}

at::Tensor inputs(const Dataset& data, int64_t begin, int64_t end) {
  if (!data.drawn()) return data.pixels.slice(0, begin, std::min(end, data.size()));
  DrawOptions options{.input = data.input};
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return draw(data, at::arange(begin, std::min(end, data.size()), at::kLong), options)
      .pixels.to(data.labels.device());
}

}  // namespace biji
