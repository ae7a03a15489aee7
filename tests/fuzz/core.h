// What JavaScript calls with ink or an image, and what it may rely on afterwards.
#pragma once

#include <cmath>

#include "shared/encode.h"
#include "tests/fuzz/fuzz.h"
#include "wasm/core.h"

namespace biji {

struct FuzzCore {
  biji_core* core = biji_core_create();
  int32_t channels = 1;
  ~FuzzCore() { biji_core_destroy(core); }

  // The first bytes of an input are the model's; false when they are refused.
  bool configure(Input& input) {
    const auto size = input.number<uint8_t>(), box = input.number<uint8_t>(), flags = input.number<uint8_t>();
    const auto pen = input.number<float>();
    const int32_t directions = (flags & 5) == 5 ? 4 : 0;
    const int32_t order = directions > 0 && (flags & 8) != 0;
    channels = 1 + directions + order;
    const std::string_view labels = flags >> 1 & 1 ? "一\n" : "0\n";  // the first finds characters as squares
    if (biji_core_set_input(core, size, box, flags & 1, pen, directions, order) != 0 ||
        biji_core_set_augmentation(core, 0.5f, flags & 16 ? 0.125f : 0) != 0)
      return false;
    fill(labels);
    return biji_core_set_model(core, static_cast<int32_t>(labels.size()), 1, 0.5f) == 0;
  }
  static std::string configuration(uint8_t size, uint8_t box, uint8_t flags) {
    return bytes_of(size) + bytes_of(box) + bytes_of(flags) + bytes_of(2.5f);
  }
  bool set_split(bool split) { return biji_core_set_options(core, 0, 3, split) == 0; }

  void fill(std::string_view bytes) {
    void* scratch = biji_core_scratch(core, static_cast<int32_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(scratch, bytes.data(), bytes.size());
  }

  // After a call that begins to read: answers whatever is asked for and looks at the result.
  void check(int32_t status, int32_t size) {
    int32_t asked = 0;
    for (int32_t count = biji_core_next(core); count > 0; count = biji_core_next(core)) {
      require(status == 0, "nothing is asked for after an error");
      asked += count;
      require(asked <= 3 * kMaxCharacters, "an end");
      uint8_t most = 0;
      for (int32_t i = 0; i < count * channels * size * size; ++i)
        most = std::max(most, biji_core_batch(core)[i]);
      require(most > 0, "a character has ink");
      fill(std::string(sizeof(float) * static_cast<size_t>(count), '\0'));
      require(biji_core_feed(core, count) == 0, "logits of the batch are taken");
    }
    const int32_t* words = biji_core_result(core);
    const int32_t readings = words[1], lines = words[2], count = words[3];
    require(count <= kMaxCharacters && (asked == 0) == (count == 0), "some characters, or nothing was asked");
    const float* box = reinterpret_cast<const float*>(words) + 4 + 3 * readings;
    for (int32_t i = 0; i < lines; ++i, box += 6) {
      for (int32_t j = 0; j < 4; ++j) require(std::isfinite(box[j]), "a finite box");
      require(box[2] >= 0 && box[3] >= 0, "a box has no negative side");
    }
  }
};

}  // namespace biji
