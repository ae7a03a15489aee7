// NumPy's arrays, in which Keras keeps MNIST.

#include "native/data/npy.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_stream.h"

namespace biji {

std::vector<std::string> seeds() {
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";
  const std::string one = "\x93NUMPY" + std::string("\1\0", 2) + static_cast<char>(header.size()) +
                          std::string(1, '\0') + header + "abcdef";
  const std::string two = "\x93NUMPY" + std::string("\2\0", 2) + static_cast<char>(header.size()) +
                          std::string(3, '\0') + header + "abcdef";
  return {one, two};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  MemoryStream stream(data, size);
  accepts([&] {
    const Idx read = read_npy(stream);
    size_t total = 1;
    for (const uint32_t n : read.shape) total *= n;
    require(read.data.size() == total && !read.shape.empty() && read.shape.size() <= 3,
            "as many bytes as the shape says");
  });
  return 0;
}
