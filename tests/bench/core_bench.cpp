// How fast the encoder is, on one core: `make bench` runs this natively and as WebAssembly.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "shared/decode.h"
#include "shared/normalize.h"
#include "shared/raster.h"
#include "tests/core/samples.h"

namespace {

using namespace biji;

uint64_t g_sink = 0;  // so that no work is optimised away

// Prints the median rate of nine rounds over count items.
template <class Work>
void report(const char* what, int count, Work work) {
  std::vector<double> rates;
  for (int round = 0; round < 9; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) work(i);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    rates.push_back(count / seconds);
  }
  std::sort(rates.begin(), rates.end());
  std::printf("  %-52s %9.0f /s\n", what, rates[4]);
}

}  // namespace

int main() {
  constexpr int kCount = 500;
  std::vector<Ink> inks;
  std::vector<Image> small, large;
  for (int i = 0; i < kCount; ++i) {
    inks.push_back(random_ink(static_cast<uint64_t>(i)));
    const Ink& ink = inks.back();
    const Box box = bounds(ink);
    const float longer = std::max({box.width, box.height, 1.f});
    small.push_back(normalize(ink, kDigitsInput).value);
    Image image(96, 96);
    draw_ink(ink, {box.x, box.y, 80 / longer, 8, 8}, 5, 0, image);
    large.push_back(std::move(image));
  }
  report("ink (about 70 points) to 28 x 28", kCount,
         [&](int i) { g_sink += normalize(inks[i], kDigitsInput).value.at(14, 14); });
  report("ink to 48 x 48", kCount,
         [&](int i) { g_sink += normalize(inks[i], kHanziInput.picture()).value.at(14, 14); });
  report("the same with directions and order", kCount,
         [&](int i) { g_sink += normalize(inks[i], kHanziInput).value.at(14, 14); });
  report("MNIST-sized picture to 28 x 28", kCount,
         [&](int i) { g_sink += normalize(small[i], kDigitsInput).value.at(14, 14); });
  report("scan of 96 x 96 to 48 x 48", kCount,
         [&](int i) { g_sink += normalize(large[i], kHanziInput.picture()).value.at(14, 14); });
  std::vector<float> logits(3755);
  Xorshift random(1);
  for (float& logit : logits) logit = random.sixteenths(-8, 8);
  report("top 10 of 3,755 classes", kCount,
         [&](int) { g_sink += static_cast<uint64_t>(top_k(logits, {}, 1, 10).value[0].index); });
  return g_sink == 1 ? 1 : 0;
}
