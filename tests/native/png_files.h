// PNG files of all kinds, for tests: our own writer makes only one kind (https://www.w3.org/TR/png/).
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

#include "shared/image.h"

namespace biji {

// As in IHDR. colour: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
struct PngKind {
  int depth = 8, colour = 0;
};
inline constexpr PngKind kPngKinds[] = {{8, 0}, {16, 0}, {8, 2}, {16, 2}, {8, 3},
                                        {8, 4}, {16, 4}, {8, 6}, {16, 6}};

inline std::string png_u32(uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
          static_cast<char>(v)};
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  return png_u32(static_cast<uint32_t>(data.size())) + body +
         png_u32(static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size())));
}

// width, height: as declared; raw: the filtered rows.
inline std::string png_file(uint32_t width, uint32_t height, PngKind kind, const std::string& raw,
                            bool interlaced = false) {
  uLongf size = compressBound(raw.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
           raw.size());
  packed.resize(size);
  std::string palette;
  for (int i = 0; i < 256; ++i) palette += std::string(3, static_cast<char>(255 - i));
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", png_u32(width) + png_u32(height) + static_cast<char>(kind.depth) +
                               static_cast<char>(kind.colour) + std::string(2, '\0') +
                               static_cast<char>(interlaced)) +
         (kind.colour == 3 ? png_chunk("PLTE", palette) : "") + png_chunk("IDAT", packed) +
         png_chunk("IEND", "");
}

// gray: 255 = white. Every kind shows the same picture.
inline std::string png_file(const Image& gray, PngKind kind) {
  std::string raw;
  for (int32_t y = 0; y < gray.height; ++y) {
    raw += '\0';  // no filter
    for (int32_t x = 0; x < gray.width; ++x) {
      const auto put = [&](int v) { raw.append(kind.depth == 16 ? 2 : 1, static_cast<char>(v)); };
      const int v = kind.colour == 3 ? 255 - gray.at(x, y) : gray.at(x, y);
      for (int i = 0; i < (kind.colour == 2 || kind.colour == 6 ? 3 : 1); ++i) put(v);
      if (kind.colour >= 4) put(255);
    }
  }
  return png_file(static_cast<uint32_t>(gray.width), static_cast<uint32_t>(gray.height), kind, raw);
}

}  // namespace biji
