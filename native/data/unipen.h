// UNIPEN 1.0, the text format of pen ink (I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer
// benchmarks", ICPR 1994), as the distribution train_r01_v07 has it, and self-contained files such as Pendigits'.
//
// A '.' in a line's first column and a capital behind it begin a keyword; its arguments go on to the next one. Known here:
//   .INCLUDE PATH          the file's text stands here. A path begins in the distribution's include/
//   .COORD X Y [T P ..]    the columns of the points that follow, in any order
//   .WRITER_ID NAME        who wrote the components that follow
//   .PEN_DOWN, .PEN_UP     a component: a point a line. Components count from 0, through all included files; one without
//                          points is none, as segments of the collections abm and lex show, which have such
//   .SEGMENT TYPE COMPONENTS QUALITY "LABEL"
//                          these components are a LABEL. COMPONENTS: 10-12, 3,5 or 10:4-12:9, which is from point 4 of the
//                          first to point 9 of the last. LABEL: \" and \\ escape; \@ marks a ligature, which is no character
//   .COMMENT               behind a .SEGMENT, what it says is kept
// Whatever else there is, is passed over with its arguments. y grows upwards.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/data/skipped.h"
#include "shared/ink.h"

namespace biji {

// One segment. ink: its strokes, pen down, at least one; y down; unit: the tablet's.
struct UnipenSample {
  std::string type;       // "CHARACTER", "WORD", ..
  std::string quality;    // "OK", "GOOD", "BAD", "?"
  std::string label;      // UTF-8, one line, not empty. Bytes that are not UTF-8 count as Latin-1
  std::string writer;     // of its first stroke, UTF-8, one line; empty: not said
  std::string comment;    // of the .SEGMENT; empty: none
  int64_t component = 0;  // the first one
  Ink ink;
};

// The text of an included file by its path, or std::nullopt: it is not there.
using UnipenInclude = std::function<std::optional<std::string>(const std::string& path)>;

// Reads all segments of a data file: text, whose name is for messages only. Safe for untrusted files: of paths, include
// sees only those that name something below a folder (relative, without "..", '\\' and ':'); a file that includes itself, a
// 17th level, a 1,001st include and more than 32 MB of text are refused; a segment whose components or points are not
// there, overlap without end, or are more than an Ink holds is skipped. A file that is missing or refused is
// counted; where ink comes from several others, components cannot be counted without it, and all segments are skipped.
// Memory follows the size of one data file and its includes. sample: returns false to stop. Returns the paths of the files
// that were missing or refused, one line of UTF-8 each.
std::vector<std::string> read_unipen(const std::string& name, std::string_view text,
                                     const UnipenInclude& include, Skipped& skipped,
                                     const std::function<bool(UnipenSample&&)>& sample);

}  // namespace biji
