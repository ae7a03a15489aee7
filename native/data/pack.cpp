#include "native/data/pack.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "shared/labels.h"

namespace biji {
namespace {

static_assert(std::endian::native == std::endian::little,
              "packs are mapped, not parsed: a little-endian machine is needed");

constexpr char kMagic[8] = {'B', 'I', 'J', 'I', 'P', 'A', 'C', 'K'};
constexpr uint32_t kFormat = 3, kFormatWithoutTerms = 2;

struct Header {
  char magic[8];
  uint32_t format;
  uint32_t input_version;
  uint32_t kind;
  uint32_t size;
  uint32_t box;
  uint32_t centring;
  float pen;
  uint32_t class_count;
  uint32_t group_count;
  uint32_t text_bytes;
  uint64_t count;
  uint64_t data_bytes;
  uint32_t body_crc;
  uint8_t zeros[56];
  uint32_t header_crc;
};
static_assert(sizeof(Header) == 128);

constexpr uint64_t align64(uint64_t n) {
  return (n + 63) / 64 * 64;
}

uint32_t header_crc(const Header& header) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(&header), offsetof(Header, header_crc)));
}

template <typename T>
std::span<const uint8_t> bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

uint16_t u16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] | p[1] << 8);
}

// The length of a record's strokes; 0 when its counts go beyond its end.
size_t ink_bytes(std::span<const uint8_t> record) {
  if (record.size() < 2) return 0;
  const size_t strokes = u16(record.data());
  if (strokes == 0 || strokes > kMaxInkStrokes || record.size() < 2 + 2 * strokes) return 0;
  size_t points = 0;
  for (size_t s = 0; s < strokes; ++s) {
    const size_t n = u16(&record[2 + 2 * s]);
    if (n == 0) return 0;
    points += n;
  }
  const size_t bytes = 2 + 2 * strokes + 4 * points;
  return points <= kMaxInkPoints && bytes <= record.size() ? bytes : 0;
}

// Whether a record is as its kind has it, all of it; known: the code points that may occur in texts.
bool sound(std::span<const uint8_t> record, bool has_text, const std::unordered_set<int32_t>& known) {
  const size_t ink = ink_bytes(record);
  if (ink == 0) return false;
  const std::span<const uint8_t> rest = record.subspan(ink);
  if (!has_text) return rest.empty();
  std::vector<int32_t> text;
  return !rest.empty() && rest.size() <= kMaxPackText &&
         code_points({reinterpret_cast<const char*>(rest.data()), rest.size()}, text) &&
         std::all_of(text.begin(), text.end(), [&](int32_t each) { return known.contains(each); });
}

}  // namespace

PackWriter::PackWriter(const std::filesystem::path& path, PackKind kind, const InputSpec& input)
    : file_(path), kind_(kind), input_(input) {
  const Header blank{};  // the real one replaces it at the end
  file_.write({reinterpret_cast<const uint8_t*>(&blank), sizeof blank});
}

void PackWriter::append(std::span<const uint8_t> bytes) {
  crc_ = static_cast<uint32_t>(crc32_z(crc_, bytes.data(), bytes.size()));
  size_ += bytes.size();
  file_.write(bytes);
}

void PackWriter::align() {
  const uint8_t zeros[64] = {};
  append(std::span(zeros).first(align64(size_) - size_));
}

void PackWriter::add(uint16_t label, uint16_t group, std::span<const uint8_t> pixels) {
  assert(kind_ == PackKind::kPixels &&
         pixels.size() == static_cast<size_t>(input_.size_px) * static_cast<size_t>(input_.size_px));
  append(pixels);
  labels_.push_back(label);
  groups_.push_back(group);
}

void PackWriter::add(uint16_t label, uint16_t group, const Ink& ink) {
  assert(kind_ == PackKind::kStrokes);
  add_record(ink, {});
  labels_.push_back(label);
  groups_.push_back(group);
}

void PackWriter::add(const std::string& text, uint16_t group, const Ink& ink) {
  assert(kind_ == PackKind::kTexts && !text.empty() && text.size() <= kMaxPackText);
  assert(text.find_first_of("\r\n") == std::string::npos);
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    [[maybe_unused]] const int32_t point = next_code_point(text, end);
    assert(point >= 0);
    characters_.insert(text.substr(begin, end - begin));
  }
  add_record(ink, text);
  groups_.push_back(group);
}

void PackWriter::add_record(const Ink& ink, std::string_view text) {
  assert(!ink.empty());
  const Box box = bounds(ink);
  constexpr float kLimit = 32000;
  const float scale = std::min(1.f, kLimit / std::max({box.width, box.height, 1.f}));
  buffer_.clear();
  const auto put = [&](int value) {
    buffer_.push_back(static_cast<uint8_t>(value & 255));
    buffer_.push_back(static_cast<uint8_t>(value >> 8 & 255));
  };
  int strokes = 0;
  for (int32_t s = 0; s < ink.stroke_count(); ++s) strokes += !ink.stroke(s).empty();
  put(strokes);
  for (int32_t s = 0; s < ink.stroke_count(); ++s) {
    assert(ink.stroke(s).size() <= 65535);
    if (!ink.stroke(s).empty()) put(static_cast<int>(ink.stroke(s).size()));
  }
  for (const Point& point : ink.points) {
    put(static_cast<int>(std::lround((point.x - box.x) * scale)));
    put(static_cast<int>(std::lround((point.y - box.y) * scale)));
  }
  buffer_.insert(buffer_.end(), text.begin(), text.end());
  offsets_.push_back(size_);
  append(buffer_);
}

void PackWriter::relabel(std::span<const uint16_t> to) {
  for (uint16_t& label : labels_) {
    assert(label < to.size());
    label = to[label];
  }
}

void PackWriter::commit(const std::string& name, const Labels& labels, const std::vector<std::string>& groups,
                        const std::string& terms) {
  assert(!terms.empty() && terms.find('\n') == std::string::npos);
  assert(name.find('\n') == std::string::npos);
  const bool texts = kind_ == PackKind::kTexts;
  assert(!texts || (labels.empty() && !characters_.empty()));
  Labels classes = labels;
  classes.insert(classes.end(), characters_.begin(), characters_.end());
  assert(std::all_of(labels_.begin(), labels_.end(), [&](uint16_t l) { return l < classes.size(); }));
  assert(std::all_of(groups_.begin(), groups_.end(),
                     [&](uint16_t g) { return g < std::max<size_t>(1, groups.size()); }));
  Header header{};
  header.data_bytes = size_;
  if (kind_ != PackKind::kPixels) {
    offsets_.push_back(size_);
    align();
    append(bytes_of(offsets_));
  }
  if (!texts) {
    align();
    append(bytes_of(labels_));
  }
  if (!groups.empty()) {
    align();
    append(bytes_of(groups_));
  }
  align();
  std::string text = name + '\n' + terms + '\n';
  for (const std::string& label : classes) text += label + '\n';
  for (const std::string& group : groups) text += group + '\n';
  append({reinterpret_cast<const uint8_t*>(text.data()), text.size()});

  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.format = kFormat;
  header.input_version = static_cast<uint32_t>(input_version(input_));
  header.kind = static_cast<uint32_t>(kind_);
  if (kind_ == PackKind::kPixels) {
    assert(valid(input_));
    header.size = static_cast<uint32_t>(input_.size_px);
    header.box = static_cast<uint32_t>(input_.box_px);
    header.centring = static_cast<uint32_t>(input_.centring);
    header.pen = input_.pen_px;
  }
  header.class_count = static_cast<uint32_t>(classes.size());
  header.group_count = static_cast<uint32_t>(groups.size());
  header.text_bytes = static_cast<uint32_t>(text.size());
  header.count = groups_.size();
  header.body_crc = crc_;
  header.header_crc = header_crc(header);
  file_.overwrite(0, {reinterpret_cast<const uint8_t*>(&header), sizeof header});
  file_.commit();
}

void write_pack(const std::filesystem::path& path, const PackInfo& info, std::span<const uint16_t> labels,
                std::span<const uint8_t> pixels) {
  const size_t area = static_cast<size_t>(info.input.size_px) * static_cast<size_t>(info.input.size_px);
  assert(pixels.size() == labels.size() * area);
  PackWriter writer(path, PackKind::kPixels, info.input);
  for (size_t i = 0; i < labels.size(); ++i) writer.add(labels[i], 0, pixels.subspan(i * area, area));
  writer.commit(info.name, info.classes, {}, info.terms);
}

Pack::Pack(const std::filesystem::path& path) : file_(path) {
  const auto fail = [&](const std::string& what) { throw std::runtime_error(path.string() + ": " + what); };
  const std::string rebuild = "; make it again with `biji prepare`";
  const std::span<const uint8_t> bytes = file_.bytes();
  Header header;
  if (bytes.size() < 12 || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    fail("is not a pack (.bjp); make one with `biji prepare`");
  uint32_t format;
  std::memcpy(&format, bytes.data() + 8, sizeof format);
  if (format != kFormat && format != kFormatWithoutTerms)
    fail("pack format " + std::to_string(format) + ", this program reads " + std::to_string(kFormat) +
         rebuild);
  if (bytes.size() < sizeof header) fail("is truncated" + rebuild);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.header_crc != header_crc(header)) fail("the header is damaged" + rebuild);
  if (header.kind > 2) fail("holds neither pixels nor strokes" + rebuild);
  info_.kind = static_cast<PackKind>(header.kind);
  const bool strokes = info_.kind != PackKind::kPixels, texts = info_.kind == PackKind::kTexts;

  // Every number below is bounded by the file's size before it is used.
  if (!strokes) {
    info_.input = {static_cast<int32_t>(header.size), static_cast<int32_t>(header.box),
                   static_cast<Centring>(header.centring), header.pen};
    if (header.size > 256 || header.box > 256 || header.centring > 2 || !valid(info_.input))
      fail("impossible input size" + rebuild);
    const int32_t version = input_version(info_.input);
    if (header.input_version != static_cast<uint32_t>(version))
      fail("made by encoder version " + std::to_string(header.input_version) + ", this program has version " +
           std::to_string(version) + rebuild);
  }
  const uint64_t size = bytes.size();
  if (header.class_count < 1 || header.class_count > 65535 || header.group_count > 65535 ||
      header.text_bytes > size || header.count > size || header.data_bytes > size ||
      (!strokes && header.data_bytes != header.count * header.size * header.size))
    fail("is truncated or its counts are wrong" + rebuild);
  uint64_t end = sizeof header + header.data_bytes;
  const auto part = [&](uint64_t part_bytes) {
    const uint64_t at = align64(end);
    end = at + part_bytes;
    return at;
  };
  const uint64_t offsets_at = strokes ? part((header.count + 1) * 8) : 0;
  const uint64_t labels_at = texts ? 0 : part(header.count * 2);
  const uint64_t groups_at = header.group_count > 0 ? part(header.count * 2) : 0;
  const uint64_t text_at = part(header.text_bytes);
  if (size != end)
    fail("is " + std::to_string(size) + " bytes long, its header asks for " + std::to_string(end) + rebuild);
  if (header.body_crc !=
      static_cast<uint32_t>(crc32_z(0, bytes.data() + sizeof header, size - sizeof header)))
    fail("is damaged (checksum)" + rebuild);

  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + text_at, header.text_bytes);
  size_t line = text.find('\n');
  if (line == std::string_view::npos) fail("has no name" + rebuild);
  info_.name = std::string(text.substr(0, line));
  if (format != kFormatWithoutTerms) {
    const size_t begin = line + 1;
    line = text.find('\n', begin);
    if (line == std::string_view::npos || line == begin) fail("has no terms of use" + rebuild);
    info_.terms = std::string(text.substr(begin, line - begin));
  }
  Result<Labels> lines = parse_labels(text.substr(line + 1));
  if (!lines.ok() || lines.value.size() != size_t{header.class_count} + header.group_count)
    fail("its label table is wrong" + rebuild);
  const auto groups_begin = lines.value.begin() + static_cast<std::ptrdiff_t>(header.class_count);
  info_.groups.assign(groups_begin, lines.value.end());
  lines.value.erase(groups_begin, lines.value.end());
  info_.classes = std::move(lines.value);

  data_ = bytes.subspan(sizeof header, header.data_bytes);
  count_ = static_cast<int64_t>(header.count);
  if (!texts) labels_ = {reinterpret_cast<const uint16_t*>(bytes.data() + labels_at), header.count};
  for (const uint16_t label : labels_)
    if (label >= header.class_count) fail("has a label without a class" + rebuild);
  if (header.group_count > 0) {
    groups_ = {reinterpret_cast<const uint16_t*>(bytes.data() + groups_at), header.count};
    for (const uint16_t group : groups_)
      if (group >= header.group_count) fail("has a sample of an unknown group" + rebuild);
  }
  if (strokes) {
    offsets_ = {reinterpret_cast<const uint64_t*>(bytes.data() + offsets_at), header.count + 1};
    std::unordered_set<int32_t> known;
    if (texts)
      for (const std::string& label : info_.classes) {
        size_t after = 0;
        known.insert(next_code_point(label, after));
        if (after != label.size()) fail("its label table is wrong" + rebuild);
      }
    bool good = offsets_.front() == 0 && offsets_.back() == header.data_bytes;
    for (uint64_t i = 0; good && i < header.count; ++i)
      good = offsets_[i] <= offsets_[i + 1] && offsets_[i + 1] <= header.data_bytes &&
             sound(data_.subspan(offsets_[i], offsets_[i + 1] - offsets_[i]), texts, known);
    if (!good) fail("has strokes that contradict their counts" + rebuild);
  }
}

std::string Pack::checksum() const {
  Header header;
  std::memcpy(&header, file_.bytes().data(), sizeof header);
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", header.header_crc, header.body_crc);
  return text;
}

std::span<const uint8_t> Pack::image(int64_t i) const {
  assert(info_.kind == PackKind::kPixels);
  const size_t size = static_cast<size_t>(info_.input.size_px) * static_cast<size_t>(info_.input.size_px);
  return data_.subspan(static_cast<size_t>(i) * size, size);
}

std::span<const uint8_t> Pack::record(int64_t i) const {
  assert(info_.kind != PackKind::kPixels);
  const size_t begin = offsets_[static_cast<size_t>(i)];
  return data_.subspan(begin, offsets_[static_cast<size_t>(i) + 1] - begin);
}

std::string_view Pack::text(int64_t i) const {
  assert(info_.kind == PackKind::kTexts);
  const std::span<const uint8_t> record = this->record(i), rest = record.subspan(ink_bytes(record));
  return {reinterpret_cast<const char*>(rest.data()), rest.size()};
}

Ink Pack::ink(int64_t i) const {
  const std::span<const uint8_t> record = this->record(i);
  const size_t strokes = u16(record.data());
  Ink ink;
  int32_t points = 0;
  for (size_t s = 0; s < strokes; ++s) ink.ends.push_back(points += u16(&record[2 + 2 * s]));
  ink.points.resize(static_cast<size_t>(points));
  const uint8_t* p = &record[2 + 2 * strokes];
  for (Point& point : ink.points) {
    point.x = static_cast<int16_t>(u16(p));
    point.y = static_cast<int16_t>(u16(p + 2));
    p += 4;
  }
  return ink;
}

}  // namespace biji
