#include "native/nets/safetensors.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace biji {

static_assert(std::endian::native == std::endian::little,
              "tensors are copied, not parsed: a little-endian machine is needed");

std::string to_safetensors(const FloatTensors& tensors) {
  nlohmann::json header = nlohmann::json::object();
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t end = offset + tensor.data.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  const uint64_t length = text.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes.reserve(sizeof length + length + offset);
  bytes += text;
  for (const auto& [name, tensor] : tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size() * sizeof(float));
  return bytes;
}

FloatTensors from_safetensors(std::string_view bytes) {
  const auto fail = [](const std::string& what) {
    throw std::runtime_error("not a safetensors file: " + what);
  };
  uint64_t length = 0;
  if (bytes.size() < sizeof length) fail("it is too short");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length) fail("it is truncated in its header");
  const std::string_view data = bytes.substr(sizeof length + length);
  const auto header = nlohmann::json::parse(bytes.substr(sizeof length, length), nullptr, false);
  if (!header.is_object()) fail("its header is not JSON");

  FloatTensors tensors;
  uint64_t covered = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    try {
      if (entry.at("dtype") != "F32") fail("\"" + name + "\" is not F32");
      // Fractions and powers would be converted, which is undefined where they do not fit.
      for (const char* key : {"shape", "data_offsets"})
        for (const auto& number : entry.at(key))
          if (!number.is_number_unsigned()) fail("\"" + name + "\" has numbers that count nothing");
      FloatTensor tensor;
      tensor.shape = entry.at("shape").get<std::vector<int64_t>>();
      uint64_t elements = 1;
      for (const int64_t n : tensor.shape) {
        if (n < 0 || (n > 0 && elements > data.size() / static_cast<uint64_t>(n)))
          fail("\"" + name + "\" has an impossible shape");
        elements *= static_cast<uint64_t>(n);
      }
      const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
      if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size() ||
          offsets[1] - offsets[0] != elements * sizeof(float))
        fail("\"" + name + "\" does not lie within the file");
      tensor.data.resize(elements);
      if (elements > 0) std::memcpy(tensor.data.data(), data.data() + offsets[0], elements * sizeof(float));
      covered += elements * sizeof(float);
      tensors.emplace(name, std::move(tensor));
    } catch (const nlohmann::json::exception&) {
      fail("the entry of \"" + name + "\" is malformed");
    }
    if (covered > data.size()) fail("its tensors overlap");
  }
  if (covered != data.size()) fail("it has data that belongs to no tensor");
  return tensors;
}

}  // namespace biji
