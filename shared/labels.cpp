#include "shared/labels.h"

#include <algorithm>

namespace biji {

int32_t next_code_point(std::string_view text, size_t& i) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(i++);
  if (lead < 0x80) return lead;
  int32_t more = lead >= 0xf0 && lead <= 0xf4  ? 3
                 : lead >= 0xe0 && lead < 0xf0 ? 2
                 : lead >= 0xc2 && lead < 0xe0 ? 1
                                               : 0;
  if (more == 0 || text.size() - i < static_cast<size_t>(more)) return -1;
  const int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  int32_t code = lead & (0x3f >> more);
  const int32_t least = smallest[more];
  for (; more > 0; --more) {
    const uint8_t next = byte(i++);
    if ((next & 0xc0) != 0x80) return -1;
    code = code << 6 | (next & 0x3f);
  }
  return code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? -1 : code;
}

bool code_points(std::string_view text, std::vector<int32_t>& out) {
  out.clear();
  for (size_t i = 0; i < text.size();) {
    const int32_t code = next_code_point(text, i);
    if (code < 0) return false;
    out.push_back(code);
  }
  return true;
}

std::vector<std::string> split_code_points(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    if (next_code_point(text, i) < 0) i = begin + 1;
    parts.emplace_back(text.substr(begin, i - begin));
  }
  return parts;
}

Result<Labels> parse_labels(std::string_view text) {
  Labels labels;
  std::vector<int32_t> codes;
  while (!text.empty()) {
    const size_t line_break = text.find('\n');
    std::string_view line = text.substr(0, line_break);
    text = line_break == std::string_view::npos ? std::string_view{} : text.substr(line_break + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || !code_points(line, codes)) return Err::kBadData;
    if (labels.size() == 65535) return Err::kTooLarge;
    labels.emplace_back(line);
  }
  if (labels.empty()) return Err::kEmpty;
  return labels;
}

bool fills_squares(const Labels& labels) {
  const auto ideographs = std::count_if(labels.begin(), labels.end(), [](const std::string& label) {
    std::vector<int32_t> codes;
    if (!code_points(label, codes) || codes.size() != 1) return false;
    const int32_t code = codes[0];
    return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
           (code >= 0xf900 && code <= 0xfaff) || (code >= 0x20000 && code <= 0x3ffff);
  });
  return 2 * static_cast<size_t>(ideographs) > labels.size();
}

Result<std::vector<uint8_t>> parse_allow(std::string_view filter, const Labels& labels) {
  struct Range {
    int32_t first, last;
  };
  std::vector<int32_t> codes;
  if (!code_points(filter, codes)) return Err::kBadData;
  if (codes.empty()) return std::vector<uint8_t>(labels.size(), 1);
  std::vector<Range> ranges;
  for (size_t i = 0; i < codes.size();) {
    if (i + 2 < codes.size() && codes[i + 1] == '-') {
      if (codes[i] > codes[i + 2]) return Err::kBadData;
      ranges.push_back({codes[i], codes[i + 2]});
      i += 3;
    } else {
      ranges.push_back({codes[i], codes[i]});
      ++i;
    }
  }
  std::vector<uint8_t> flags(labels.size());
  bool any = false;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (!code_points(labels[i], codes)) return Err::kBadData;
    const bool allowed = std::all_of(codes.begin(), codes.end(), [&](int32_t code) {
      return std::any_of(ranges.begin(), ranges.end(),
                         [code](Range range) { return code >= range.first && code <= range.last; });
    });
    flags[i] = allowed;
    any |= allowed;
  }
  if (!any) return Err::kEmpty;
  return flags;
}

}  // namespace biji
