// A model's labels, and UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace biji {

// Reads one code point at text[i] and moves i past it; -1 for invalid UTF-8 (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF). i must be below text.size().
int32_t next_code_point(std::string_view text, size_t& i);

// All code points of text into out; false, and out is incomplete, for invalid UTF-8.
bool code_points(std::string_view text, std::vector<int32_t>& out);

// The code points of text, each as text of its own; a byte that is no UTF-8 is one by itself.
std::vector<std::string> split_code_points(std::string_view text);

// The text of each class, in the order of the model's outputs.
using Labels = std::vector<std::string>;

// One label a line, UTF-8, '\n' or "\r\n", a last line break is optional. kEmpty when there is none;
// kBadData for an empty line or invalid UTF-8; kTooLarge over 65,535 labels.
Result<Labels> parse_labels(std::string_view text);

// Whether the characters of a model fill squares, as SegmentOptions::square means it: more than half of its
// labels are single Chinese ideographs (Unicode's CJK blocks).
bool fills_squares(const Labels& labels);

// A set of characters written as ranges: "0-9", "A-Za-z", "一-龥", "0-9+-" ('-' first or last stands for
// itself). Returns one flag a label: 1 where every code point of the label is in the set. An empty filter
// allows all. kBadData for invalid UTF-8 or a range that runs backwards; kEmpty when no label is left.
Result<std::vector<uint8_t>> parse_allow(std::string_view filter, const Labels& labels);

}  // namespace biji
