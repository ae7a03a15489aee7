// MNIST's format: a pair of files, plain or gzipped.

#include "native/data/idx.h"

#include <zlib.h>

#include "tests/fuzz/fuzz.h"

namespace biji {
namespace {

std::string idx(std::vector<uint8_t> shape, size_t bytes) {
  std::string file = {0, 0, 8, static_cast<char>(shape.size())};
  for (const uint8_t size : shape) file += {0, 0, 0, static_cast<char>(size)};
  return file + std::string(bytes, '\7');
}

std::string gzip(const std::string& bytes, const FuzzFolder& folder) {
  const auto path = folder.path() / "seed.gz";
  const gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
  std::string zipped(std::filesystem::file_size(path), '\0');
  std::FILE* file = std::fopen(path.c_str(), "rb");
  require(std::fread(zipped.data(), 1, zipped.size(), file) == zipped.size(), "a gzipped seed");
  std::fclose(file);
  return zipped;
}

std::string pair(uint8_t transpose, const std::string& images, const std::string& labels) {
  return bytes_of(transpose) + bytes_of(static_cast<uint16_t>(images.size())) + images + labels;
}

}  // namespace

std::vector<std::string> seeds() {
  const FuzzFolder folder;
  const std::string images = idx({3, 4, 4}, 48), labels = idx({3}, 3);
  return {pair(0, images, labels), pair(1, images, labels),
          pair(1, gzip(images, folder), gzip(labels, folder))};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  static const FuzzFolder folder;
  Input input(data, size);
  const bool transpose = input.number<uint8_t>() & 1;
  const std::string_view images = input.text(input.number<uint16_t>());
  folder.write("train-images-idx3-ubyte", images);
  folder.write("train-labels-idx1-ubyte", input.rest());
  accepts([&] {
    const LabelledImages read = read_idx_pair({{folder.path()}}, "train", transpose, 10);
    require(read.pixels.size() == size_t{read.count} * read.height * read.width,
            "as many pixels as the sizes say");
    require(read.labels.size() == read.count, "a label for each image");
  });
  return 0;
}
