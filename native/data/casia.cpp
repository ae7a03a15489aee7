#include "native/data/casia.h"

#include <iconv.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace biji {
namespace {

uint16_t u16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] | p[1] << 8);
}
int16_t i16(const uint8_t* p) {
  return static_cast<int16_t>(u16(p));
}
uint32_t u32(const uint8_t* p) {
  return u16(p) | static_cast<uint32_t>(u16(p + 2)) << 16;
}

std::string at_byte(const ByteStream& stream, uint64_t offset) {
  return stream.name() + " at byte " + std::to_string(offset);
}

// All 65,536 codes as UTF-8, so that a record costs a look-up.
class GbkTable {
 public:
  GbkTable() : text_(65536) {
    const iconv_t converter = iconv_open("UTF-8", "GBK");
    if (converter == reinterpret_cast<iconv_t>(-1))
      throw std::runtime_error("this system's iconv does not know GBK, which CASIA's labels are written in");
    for (int32_t code = 1; code < 65536; ++code) {
      char in[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
      const bool ascii = (code & 255) == 0;
      if (ascii && (code >> 8) >= 0x80) continue;
      if (!ascii && (code >> 8) < 0x81) continue;
      if (ascii && ((code >> 8) <= 0x20 || (code >> 8) == 0x7f))
        continue;  // control characters and space are no labels
      char out[8];
      char* from = in;
      char* to = out;
      size_t left = ascii ? 1 : 2, room = sizeof out;
      iconv(converter, nullptr, nullptr, nullptr, nullptr);
      if (iconv(converter, &from, &left, &to, &room) != static_cast<size_t>(-1) && left == 0)
        text_[static_cast<size_t>(code)].assign(out, to);
    }
    iconv_close(converter);
  }
  const std::string& operator[](size_t code) const { return text_[code]; }

 private:
  std::vector<std::string> text_;
};

// Reads size bytes into buffer in pieces, so that a lying size costs no more memory than the file has bytes.
bool read_exactly(ByteStream& stream, size_t size, std::vector<uint8_t>& buffer) {
  constexpr size_t kPiece = 1 << 20;
  buffer.clear();
  while (buffer.size() < size) {
    const size_t before = buffer.size(), piece = std::min(kPiece, size - before);
    buffer.resize(before + piece);
    if (stream.read(std::span(buffer).subspan(before)) < piece) return false;
  }
  return true;
}

const char kCutShort[] = "cut short: the file ends within a record";

}  // namespace

std::string gbk_to_utf8(uint8_t first, uint8_t second) {
  static const GbkTable table;
  return table[static_cast<size_t>(first) << 8 | second];
}

void read_gnt(ByteStream& stream, Skipped& skipped, const std::function<bool(GntSample&&)>& sample) {
  uint64_t offset = 0;
  std::array<uint8_t, 10> header;
  std::vector<uint8_t> pixels;
  while (const size_t got = stream.read(header)) {
    if (got < header.size()) return skipped.add_damage(kCutShort, at_byte(stream, offset));
    const uint32_t bytes = u32(header.data());
    const uint32_t width = u16(header.data() + 6), height = u16(header.data() + 8);
    const uint64_t area = uint64_t{width} * height;
    if (area == 0 || bytes != 10 + area)
      return skipped.add_damage(
          "the record's size contradicts its width and height; the rest of the file is left out",
          at_byte(stream, offset));
    const bool too_large = width > static_cast<uint32_t>(kMaxImageSide) ||
                           height > static_cast<uint32_t>(kMaxImageSide) ||
                           area > static_cast<uint64_t>(kMaxImagePixels);
    if (too_large) {  // read past it, a piece at a time
      for (uint64_t left = area; left > 0;) {
        const size_t piece = static_cast<size_t>(std::min<uint64_t>(left, 1 << 20));
        if (!read_exactly(stream, piece, pixels))
          return skipped.add_damage(kCutShort, at_byte(stream, offset));
        left -= piece;
      }
      skipped.add("the image is larger than any scan", at_byte(stream, offset));
    } else {
      if (!read_exactly(stream, area, pixels)) return skipped.add_damage(kCutShort, at_byte(stream, offset));
      std::string label = gbk_to_utf8(header[4], header[5]);
      if (label.empty()) {
        skipped.add("the label is not a character of GBK", at_byte(stream, offset));
      } else {
        GntSample out{std::move(label), {}};
        out.gray.width = static_cast<int32_t>(width);
        out.gray.height = static_cast<int32_t>(height);
        out.gray.pixels.swap(pixels);
        if (!sample(std::move(out))) return;
      }
    }
    offset += bytes;
  }
}

void read_pot(ByteStream& stream, Skipped& skipped, const std::function<bool(PotSample&&)>& sample) {
  uint64_t offset = 0;
  std::array<uint8_t, 8> header;
  std::vector<uint8_t> body;
  while (const size_t got = stream.read(header)) {
    if (got < header.size()) return skipped.add_damage(kCutShort, at_byte(stream, offset));
    const uint32_t bytes = u16(header.data());
    const uint32_t strokes = u16(header.data() + 6);
    if (bytes < header.size() + 4)
      return skipped.add_damage("the record is too small to be one; the rest of the file is left out",
                                at_byte(stream, offset));
    if (!read_exactly(stream, bytes - header.size(), body))
      return skipped.add_damage(kCutShort, at_byte(stream, offset));
    PotSample out{gbk_to_utf8(header[3], header[2]), {}};
    bool ended = false, broken = (bytes - header.size()) % 4 != 0;
    std::vector<Point> stroke;
    for (size_t i = 0; i + 4 <= body.size() && !ended; i += 4) {
      const int16_t x = i16(&body[i]), y = i16(&body[i + 2]);
      if (x == -1 && y == -1) {
        ended = true;
        broken |= i + 4 != body.size();
      } else if (x == -1 && y == 0) {
        if (!stroke.empty())
          out.ink.add_stroke(stroke);
        else
          broken = true;
        stroke.clear();
      } else {
        stroke.push_back({static_cast<float>(x), static_cast<float>(y), 0, 0.5f});
      }
    }
    if (!ended || broken || !stroke.empty() || out.ink.stroke_count() != static_cast<int32_t>(strokes)) {
      skipped.add("the strokes are not as the record says", at_byte(stream, offset));
    } else if (out.ink.empty()) {
      skipped.add("there is no ink", at_byte(stream, offset));
    } else if (out.label.empty()) {
      skipped.add("the label is not a character of GBK", at_byte(stream, offset));
    } else if (!sample(std::move(out))) {
      return;
    }
    offset += bytes;
  }
}

}  // namespace biji
