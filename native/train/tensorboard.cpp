#include "native/train/tensorboard.h"

#include <array>
#include <bit>
#include <optional>

namespace biji {
namespace {

constexpr std::string_view kVersion = "brain.Event:2";

// Fields of the messages, and how protocol buffers encode them.
enum Field : uint64_t {
  kWallTime = 1,
  kStep = 2,
  kFileVersion = 3,
  kSummary = 5,
  kValue = 1,
  kTag = 1,
  kSimpleValue = 2
};
enum Wire : uint64_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

std::string fixed(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 255);
  return out;
}

uint64_t fixed(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

std::string varint(uint64_t value) {
  std::string out;
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  return out + static_cast<char>(value);
}

std::string key(Field field, Wire wire) {
  return varint(field << 3 | wire);
}

std::string message(Field field, std::string_view bytes) {
  return key(field, kLength) + varint(bytes.size()) + std::string(bytes);
}

// Reads a message field by field.
struct Reader {
  explicit Reader(std::string_view message) : rest(message) {}
  std::string_view rest;
  bool good = true;
  uint64_t field = 0, number = 0;  // number: of all but kLength
  std::string_view bytes;          // of kLength

  std::string_view take(uint64_t size) {
    good = good && size <= rest.size();
    const std::string_view taken = rest.substr(0, good ? size : 0);
    rest.remove_prefix(taken.size());
    return taken;
  }
  uint64_t take_varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = take(1);
      if (!good) return 0;
      value |= static_cast<uint64_t>(byte[0] & 127) << shift;
      if (!(byte[0] & 128)) return value;
    }
    good = false;
    return 0;
  }
  bool next() {
    if (!good || rest.empty()) return false;
    const uint64_t tag = take_varint();
    field = tag >> 3;
    bytes = {};
    switch (tag & 7) {
      case kVarint:
        number = take_varint();
        break;
      case kFixed64:
        number = fixed(take(8));
        break;
      case kFixed32:
        number = fixed(take(4));
        break;
      case kLength:
        bytes = take(take_varint());
        break;
      default:
        good = false;
    }
    return good;
  }
};

std::optional<ScalarEvent> parse(std::string_view bytes) {
  ScalarEvent event;
  Reader reader(bytes);
  while (reader.next()) {
    if (reader.field == kWallTime) event.wall_time = std::bit_cast<double>(reader.number);
    if (reader.field == kStep) event.step = static_cast<int64_t>(reader.number);
    if (reader.field != kSummary) continue;
    Reader summary(reader.bytes);
    while (summary.next()) {
      Reader value(summary.bytes);
      Scalar& scalar = event.scalars.emplace_back();
      while (value.next()) {
        if (value.field == kTag) scalar.tag = std::string(value.bytes);
        if (value.field == kSimpleValue)
          scalar.value = std::bit_cast<float>(static_cast<uint32_t>(value.number));
      }
      summary.good = summary.good && value.good;
    }
    reader.good = reader.good && summary.good;
  }
  if (!reader.good) return std::nullopt;
  return event;
}

std::string record(std::string_view event) {
  const std::string length = fixed(event.size(), 8);
  return length + fixed(masked_crc32c(length), 4) + std::string(event) + fixed(masked_crc32c(event), 4);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> each{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
      each[i] = crc;
    }
    return each;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(byte)) & 255];
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

uint64_t EventFile::bytes_up_to(int64_t step) const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < events.size() && events[i].step <= step; ++i) bytes = ends[i];
  return bytes;
}

EventFile read_events(std::string_view bytes) {
  EventFile file;
  for (Reader reader(bytes); reader.good;) {
    const std::string_view length = reader.take(8), length_crc = reader.take(4);
    if (!reader.good || fixed(length_crc) != masked_crc32c(length)) break;
    const std::string_view event = reader.take(fixed(length)), event_crc = reader.take(4);
    if (!reader.good || fixed(event_crc) != masked_crc32c(event)) break;
    std::optional<ScalarEvent> parsed = parse(event);
    if (!parsed) break;
    file.events.push_back(std::move(*parsed));
    file.ends.push_back(bytes.size() - reader.rest.size());
  }
  return file;
}

std::string event_record(const ScalarEvent& event) {
  std::string summary;
  for (const Scalar& scalar : event.scalars)
    summary += message(kValue, message(kTag, scalar.tag) + key(kSimpleValue, kFixed32) +
                                   fixed(std::bit_cast<uint32_t>(static_cast<float>(scalar.value)), 4));
  return record(key(kWallTime, kFixed64) + fixed(std::bit_cast<uint64_t>(event.wall_time), 8) +
                key(kStep, kVarint) + varint(static_cast<uint64_t>(event.step)) + message(kSummary, summary));
}

std::string first_event_record(double wall_time) {
  return record(key(kWallTime, kFixed64) + fixed(std::bit_cast<uint64_t>(wall_time), 8) +
                message(kFileVersion, kVersion));
}

}  // namespace biji
