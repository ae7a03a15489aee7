#include "native/data/alike.h"

#include <algorithm>
#include <stdexcept>

#include "native/data/pack.h"

namespace biji {
namespace {

constexpr int32_t kSide = 24;
constexpr int64_t kArea = int64_t{kSide} * kSide;
constexpr uint8_t kInk = 100;        // darker than the blur around the lines
constexpr int64_t kBlock = 1 << 14;  // pictures made comparable at a time

// f32 [images, kArea], each of mean 0 and length 1.
at::Tensor comparable(std::span<const Image> images) {
  const auto n = static_cast<int64_t>(images.size());
  at::Tensor out = at::zeros({n, 1, kSide, kSide});
  for (int64_t i = 0; i < n; ++i) {
    const Image& image = images[static_cast<size_t>(i)];
    const Rect ink = bounds(image, kInk);
    if (ink.width == 0) continue;
    const Image square = resize(crop(image, ink), kSide, kSide);
    std::copy(square.pixels.begin(), square.pixels.end(), out.data_ptr<float>() + i * kArea);
  }
  const at::Tensor bell = at::tensor({1.f, 2.f, 1.f});
  out = at::conv2d(out, bell.outer(bell).view({1, 1, 3, 3}), {}, 1, 1).view({n, kArea});
  out -= out.mean(1, true);
  return out / out.norm(2, 1, true).clamp_min(1e-6);
}

}  // namespace

Alike::Alike(std::span<const std::filesystem::path> packs) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const std::filesystem::path& path : packs) {
    const Pack pack(path);
    if (pack.info().kind != PackKind::kPixels)
      throw std::runtime_error(path.string() +
                               ": holds strokes; pictures can be compared with pictures only");
    const int32_t side = pack.info().input.size_px;
    for (int64_t begin = 0; begin < pack.count(); begin += kBlock) {
      std::vector<Image> images;
      for (int64_t i = begin; i < std::min(begin + kBlock, pack.count()); ++i) {
        const std::span<const uint8_t> pixels = pack.image(i);
        images.emplace_back(side, side);
        std::copy(pixels.begin(), pixels.end(), images.back().pixels.begin());
      }
      parts.push_back(comparable(images));
    }
  }
  known_ = parts.empty() ? at::zeros({kArea, 1}) : at::cat(parts).t().contiguous();
}

std::vector<float> Alike::likeness(std::span<const Image> images) const {
  const at::NoGradGuard no_grad;
  std::vector<float> out(images.size());
  if (images.empty()) return out;
  const at::Tensor best = std::get<0>(at::mm(comparable(images), known_).max(1)).contiguous();
  std::copy_n(best.data_ptr<float>(), out.size(), out.begin());
  return out;
}

}  // namespace biji
