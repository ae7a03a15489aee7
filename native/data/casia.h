// The formats of CASIA's handwriting databases (C.-L. Liu et al., ICDAR 2011): .gnt, scans of isolated
// characters (HWDB), and .pot, pen trajectories (OLHWDB).
//
// .gnt, little-endian records to the end of the file: u32 record bytes (10 + width * height), 2 bytes GBK
// code (ASCII: one byte and NUL), u16 width, u16 height, width * height grey bytes, 255 = paper. .pot,
// little-endian records: u16 record bytes, 4 tag bytes (the GBK code is byte 1, then byte 0; ASCII: byte 1,
// byte 0 is NUL), u16 stroke count, then i16 x, y pairs, y down; (-1, 0) ends a stroke, (-1, -1) ends the
// character.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "native/data/archive.h"
#include "native/data/skipped.h"
#include "shared/image.h"
#include "shared/ink.h"

namespace biji {

// One scanned character. gray: 255 = paper, as it is in the file.
struct GntSample {
  std::string label;  // UTF-8
  Image gray;
};
// Reads all records of a .gnt stream. Safe for untrusted files: memory follows the bytes that are really
// there, and is bounded by kMaxImagePixels. A record whose label is not GBK or whose image is too large is
// skipped; one whose sizes contradict each other, or that is cut short, ends the file (nothing tells where
// the next one begins). Both are counted in skipped. sample: returns false to stop.
void read_gnt(ByteStream& stream, Skipped& skipped, const std::function<bool(GntSample&&)>& sample);

// One character in ink; unit: the tablet's.
struct PotSample {
  std::string label;  // UTF-8
  Ink ink;
};
// The same for .pot. A record whose strokes do not end where it says, or are not as many as it says, is
// skipped.
void read_pot(ByteStream& stream, Skipped& skipped, const std::function<bool(PotSample&&)>& sample);

// A GBK code (lead byte first; for ASCII second is 0) as UTF-8; empty when there is no such character.
std::string gbk_to_utf8(uint8_t first, uint8_t second);

}  // namespace biji
