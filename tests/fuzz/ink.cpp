// Ink as JavaScript hands it over.

#include "tests/core/samples.h"
#include "tests/fuzz/core.h"

namespace biji {

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (uint8_t i = 0; i < 8; ++i) {
    Ink ink = random_ink(i);
    if (i == 7) append(ink, circle_ink(900, 100, 50));
    if (i == 6)
      for (Point& p : ink.points) p.x *= 0x1p-90f, p.y *= 0x1p-90f;
    std::string text = FuzzCore::configuration(28, 20, i) + bytes_of(i) +
                       bytes_of(static_cast<uint16_t>(ink.points.size())) +
                       bytes_of(static_cast<uint16_t>(ink.stroke_count()));
    for (const Point& p : ink.points) text += bytes_of(p.x) + bytes_of(p.y);
    for (const Point& p : ink.points) text += bytes_of(p.pressure);
    for (const int32_t end : ink.ends) text += bytes_of(end);
    all.push_back(text);
  }
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  Input input(data, size);
  const int32_t side = size ? data[0] : 0;
  FuzzCore fuzz;
  if (!fuzz.configure(input)) return 0;
  const int32_t split = input.number<uint8_t>() & 1;
  const int32_t points = input.number<uint16_t>(), strokes = input.number<uint16_t>();
  if (!fuzz.set_split(split != 0)) return 0;
  fuzz.fill(input.rest());
  fuzz.check(biji_core_begin_ink(fuzz.core, points, strokes), side);
  return 0;
}
