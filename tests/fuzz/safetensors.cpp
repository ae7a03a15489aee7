// Checkpoints.

#include "native/nets/safetensors.h"

#include "tests/fuzz/fuzz.h"

namespace biji {

std::vector<std::string> seeds() {
  return {to_safetensors({}),
          to_safetensors({{"a", {{2, 2}, {1, 2, 3, 4}}}, {"b", {{}, {5}}}, {"c", {{0, 3}, {}}}}),
          to_safetensors({{"\"quoted\" \u4e00", {{1}, {1}}}})};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  accepts([&] {
    const FloatTensors tensors = from_safetensors({reinterpret_cast<const char*>(data), size});
    for (const auto& [name, tensor] : tensors) {
      uint64_t elements = 1;
      for (const int64_t n : tensor.shape) elements *= static_cast<uint64_t>(n);
      require(tensor.data.size() == elements, "as many numbers as the shape says");
    }
    const std::string again = to_safetensors(tensors);
    require(to_safetensors(from_safetensors(again)) == again, "what was read can be written and read again");
  });
  return 0;
}
