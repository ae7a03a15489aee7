#include "native/pack.h"

#include <zlib.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace biji {
namespace {

static_assert(std::endian::native == std::endian::little,
              "packs are mapped, not parsed: a little-endian machine is needed");

constexpr char kMagic[8] = {'B', 'I', 'J', 'I', 'P', 'A', 'C', 'K'};
constexpr uint32_t kFormat = 1;
constexpr uint32_t kPixels = 0;

struct Header {
  char magic[8];
  uint32_t format;
  uint32_t input_version;
  uint32_t kind;
  uint32_t box;
  uint32_t centring;
  float pen;
  uint64_t count;
  uint32_t h;
  uint32_t w;
  uint32_t label_count;
  uint32_t text_bytes;
  uint32_t body_crc;
  uint32_t header_crc;
};
static_assert(sizeof(Header) == 64);

constexpr uint64_t align64(uint64_t n) {
  return (n + 63) / 64 * 64;
}

uint32_t header_crc(const Header& header) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(&header), offsetof(Header, header_crc)));
}

uint32_t crc(uint32_t before, const void* bytes, size_t size) {
  return static_cast<uint32_t>(crc32_z(before, static_cast<const Bytef*>(bytes), size));
}

}  // namespace

void write_pack(const std::filesystem::path& path, const PackInfo& info, std::span<const uint16_t> labels,
                std::span<const uint8_t> pixels) {
  assert(valid(info.input) && info.name.find('\n') == std::string::npos);
  const auto side = static_cast<uint32_t>(info.input.size_px);
  assert(pixels.size() == labels.size() * side * side);
  std::string text = info.name + '\n';
  for (const std::string& label : info.classes) text += label + '\n';
  const size_t text_bytes = text.size();
  text.resize(align64(text_bytes));
  std::string label_bytes(reinterpret_cast<const char*>(labels.data()), labels.size_bytes());
  label_bytes.resize(align64(label_bytes.size()));

  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.format = kFormat;
  header.input_version = kInputVersion;
  header.kind = kPixels;
  header.box = static_cast<uint32_t>(info.input.box_px);
  header.centring = static_cast<uint32_t>(info.input.centring);
  header.pen = info.input.pen_px;
  header.count = labels.size();
  header.h = header.w = side;
  header.label_count = static_cast<uint32_t>(info.classes.size());
  header.text_bytes = static_cast<uint32_t>(text_bytes);
  header.body_crc = crc(crc(crc(0, text.data(), text.size()), label_bytes.data(), label_bytes.size()),
                        pixels.data(), pixels.size());
  header.header_crc = header_crc(header);

  AtomicFile file(path);
  file.write({reinterpret_cast<const uint8_t*>(&header), sizeof header});
  file.write(text);
  file.write(label_bytes);
  file.write(pixels);
  file.commit();
}

Pack::Pack(const std::filesystem::path& path) : file_(path) {
  const auto fail = [&](const std::string& what) { throw std::runtime_error(path.string() + ": " + what); };
  const std::string rebuild = "; make it again with `biji prepare`";
  const std::span<const uint8_t> bytes = file_.bytes();
  Header header;
  if (bytes.size() < sizeof header || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    fail("is not a pack (.bjp); make one with `biji prepare`");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.format != kFormat)
    fail("pack format " + std::to_string(header.format) + ", this program reads " + std::to_string(kFormat) +
         rebuild);
  if (header.header_crc != header_crc(header)) fail("the header is damaged" + rebuild);
  if (header.input_version != static_cast<uint32_t>(kInputVersion))
    fail("made by encoder version " + std::to_string(header.input_version) + ", this program has version " +
         std::to_string(kInputVersion) + rebuild);
  if (header.kind != kPixels)
    fail("holds something else than pixels, which this program cannot read" + rebuild);

  // Every number below is bounded by the file's size before it is used.
  info_.input = {static_cast<int32_t>(header.h), static_cast<int32_t>(header.box),
                 static_cast<Centring>(header.centring), header.pen};
  if (header.h != header.w || header.h > 256 || header.box > 256 || header.centring > 1 ||
      !valid(info_.input))
    fail("impossible input size" + rebuild);
  if (header.text_bytes > bytes.size() || header.label_count < 1 || header.label_count > 65535 ||
      header.count > bytes.size())
    fail("is truncated or its counts are wrong" + rebuild);
  const uint64_t image_bytes = uint64_t{header.h} * header.w;
  const uint64_t labels_at = align64(sizeof header + uint64_t{header.text_bytes});
  const uint64_t pixels_at = align64(labels_at + header.count * 2);
  if (bytes.size() != pixels_at + header.count * image_bytes)
    fail("is " + std::to_string(bytes.size()) + " bytes long, its header asks for " +
         std::to_string(pixels_at + header.count * image_bytes) + rebuild);
  if (header.body_crc != crc(0, bytes.data() + sizeof header, bytes.size() - sizeof header))
    fail("is damaged (checksum)" + rebuild);

  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof header, header.text_bytes);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) fail("has no name" + rebuild);
  info_.name = std::string(text.substr(0, line));
  Result<Labels> labels = parse_labels(text.substr(line + 1));
  if (!labels.ok() || labels.value.size() != header.label_count) fail("its label table is wrong" + rebuild);
  info_.classes = std::move(labels.value);
  labels_ = {reinterpret_cast<const uint16_t*>(bytes.data() + labels_at), header.count};
  pixels_ = bytes.subspan(pixels_at);
  for (const uint16_t label : labels_)
    if (label >= header.label_count) fail("has a label without a class" + rebuild);
}

std::span<const uint8_t> Pack::image(int64_t i) const {
  const size_t size = static_cast<size_t>(info_.input.size_px) * info_.input.size_px;
  return pixels_.subspan(static_cast<size_t>(i) * size, size);
}

}  // namespace biji
