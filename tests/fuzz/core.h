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
    fill(labels);
    return biji_core_set_labels(core, static_cast<int32_t>(labels.size())) == 0 &&
           biji_core_set_input(core, size, box, flags & 1, pen, directions, order) == 0 &&
           biji_core_set_look_again(core, 0.5f, flags & 16 ? 0.125f : 0) == 0;
  }
  static std::string configuration(uint8_t size, uint8_t box, uint8_t flags) {
    return bytes_of(size) + bytes_of(box) + bytes_of(flags) + bytes_of(2.5f);
  }

  void fill(std::string_view bytes) {
    void* scratch = biji_core_scratch(core, static_cast<int32_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(scratch, bytes.data(), bytes.size());
  }

  // After a call that encodes.
  void check(int32_t status, int32_t size) {
    const int32_t count = biji_core_count(core);
    require(status == 0 ? count > 0 && count <= kMaxCharacters : true, "some characters, or an error");
    if (status != 0) return;
    uint8_t most = 0;
    for (int32_t i = 0; i < count * channels * size * size; ++i)
      most = std::max(most, biji_core_input(core)[i]);
    require(most > 0, "a character has ink");
    for (int32_t i = 0; i < count; ++i) {
      const float* box = biji_core_boxes(core) + 4 * i;
      for (int32_t j = 0; j < 4; ++j) require(std::isfinite(box[j]), "a finite box");
      require(box[2] >= 0 && box[3] >= 0, "a box has no negative side");
      require(biji_core_lines(core)[i] >= (i ? biji_core_lines(core)[i - 1] : 0), "lines in order");
    }
  }
};

}  // namespace biji
