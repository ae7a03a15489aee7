#include "native/data/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace biji {
namespace {

[[noreturn]] void fail(const ByteStream& stream, const std::string& what) {
  throw std::runtime_error(stream.name() + ": " + what);
}

// The text of a value in the header, a Python dictionary such as
// {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
std::string_view value_of(const ByteStream& stream, std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const size_t at = header.find(quoted);
  if (at == std::string_view::npos) fail(stream, "its header has no " + std::string(key));
  std::string_view rest = header.substr(at + quoted.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const bool tuple = rest.starts_with('(');
  const size_t end = rest.find(tuple ? ')' : ',');
  if (end == std::string_view::npos) fail(stream, "its header is cut short");
  return rest.substr(tuple ? 1 : 0, tuple ? end - 1 : end);
}

std::vector<uint32_t> shape_of(const ByteStream& stream, std::string_view text) {
  std::vector<uint32_t> shape;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) return shape;
    uint32_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || shape.size() == 3) fail(stream, "its shape is not one to three sizes");
    shape.push_back(size);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
}

}  // namespace

Idx read_npy(ByteStream& stream) {
  uint8_t start[12];
  if (stream.read({start, 10}) != 10 || std::string_view(reinterpret_cast<char*>(start), 6) != "\x93NUMPY")
    fail(stream, "is no .npy file");
  uint32_t length = start[8] | uint32_t{start[9]} << 8;
  if (start[6] >= 2) {  // from version 2 on, the length has four bytes
    if (stream.read({start + 10, 2}) != 2) fail(stream, "is truncated in its header");
    length |= uint32_t{start[10]} << 16 | uint32_t{start[11]} << 24;
  }
  if (length > (1u << 20)) fail(stream, "its header is longer than any such file has");
  std::string header(length, '\0');
  if (stream.read({reinterpret_cast<uint8_t*>(header.data()), length}) != length)
    fail(stream, "is truncated in its header");
  const std::string_view type = value_of(stream, header, "descr");
  if (type != "'|u1'" && type != "'<u1'" && type != "'>u1'")
    fail(stream, "holds " + std::string(type) + ", not bytes ('|u1')");
  if (value_of(stream, header, "fortran_order") != "False") fail(stream, "is column-major (fortran_order)");
  Idx array{shape_of(stream, value_of(stream, header, "shape")), {}};
  if (array.shape.empty()) fail(stream, "its shape is not one to three sizes");
  uint64_t total = 1;
  for (const uint32_t size : array.shape) {
    if (size != 0 && total > (1ull << 40) / size)
      fail(stream, "its header asks for more data than any such file has");
    total *= size;
  }
  while (array.data.size() < total) {
    const size_t before = array.data.size();
    const auto want =
        static_cast<size_t>(std::min<uint64_t>(total - before, std::max<uint64_t>(before, 1 << 20)));
    array.data.resize(before + want);
    const size_t got = stream.read({array.data.data() + before, want});
    array.data.resize(before + got);
    if (got < want)
      fail(stream, "is truncated: its header promises " + std::to_string(total) + " bytes of data, " +
                       std::to_string(array.data.size()) + " are there");
  }
  uint8_t extra = 0;
  if (stream.read({&extra, 1}) != 0) fail(stream, "has more data than its header says");
  return array;
}

LabelledImages read_npz(const std::filesystem::path& path, const std::string& split, uint32_t classes) {
  std::optional<Idx> images, labels;
  std::string there;
  const std::filesystem::path from[] = {path};
  for_each_file(from, ".npy", [&](ByteStream& stream, const ReadProgress&) {
    const std::string& name = stream.name();
    there += (there.empty() ? "" : ", ") + name.substr(std::min(name.find(": ") + 2, name.size()));
    if (name.ends_with("x_" + split + ".npy")) images = read_npy(stream);
    if (name.ends_with("y_" + split + ".npy")) labels = read_npy(stream);
    return !images || !labels;
  });
  if (!images || !labels)
    throw std::runtime_error(path.string() + ": has no " + (images ? "y_" : "x_") + split +
                             ".npy; it holds: " + there);
  return labelled_images(std::move(*images), path.string() + ": x_" + split + ".npy", std::move(*labels),
                         path.string() + ": y_" + split + ".npy", classes);
}

}  // namespace biji
