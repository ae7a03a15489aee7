#include "shared/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace biji {
namespace {

// Reads one code point at text[i] and moves i past it; -1 for invalid UTF-8 (RFC 3629: no overlong forms,
// no surrogates, nothing above U+10FFFF).
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

}  // namespace

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

bool usable_temperature(float temperature) {
  return temperature > 0 && std::isfinite(temperature);
}

Result<std::vector<Candidate>> top_k(std::span<const float> logits, std::span<const uint8_t> allow,
                                     float temperature, int32_t k) {
  if (k < 1 || !usable_temperature(temperature) || (!allow.empty() && allow.size() != logits.size()))
    return Err::kBadArgument;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> all;
  all.reserve(logits.size());
  float most = kLowest;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!allow.empty() && !allow[i]) continue;
    const float logit = std::isnan(logits[i]) ? kLowest : logits[i];
    all.push_back({static_cast<int32_t>(i), logit});
    most = std::max(most, logit);
  }
  if (all.empty()) return Err::kEmpty;
  // A NaN-only or infinite output has no meaning; spread it evenly rather than divide by nothing.
  const bool usable = most > kLowest && most < std::numeric_limits<float>::infinity();
  double total = 0;
  for (Candidate& c : all) {
    c.probability =
        usable ? static_cast<float>(std::exp(static_cast<double>(c.probability - most) / temperature)) : 1.f;
    total += c.probability;
  }
  for (Candidate& c : all) c.probability = static_cast<float>(c.probability / total);
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.index < b.index;
  };
  const size_t count = std::min(all.size(), static_cast<size_t>(k));
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(count), all.end(), better);
  all.resize(count);
  return all;
}

std::vector<int32_t> unsure(std::span<const float> logits, int32_t classes, float temperature, float below) {
  assert(classes > 0 && logits.size() % static_cast<size_t>(classes) == 0);
  std::vector<int32_t> which;
  for (size_t i = 0; i * classes < logits.size(); ++i) {
    const Result<std::vector<Candidate>> best =
        top_k(logits.subspan(i * classes, classes), {}, temperature, 1);
    if (best.ok() && best.value[0].probability < below) which.push_back(static_cast<int32_t>(i));
  }
  return which;
}

void average_views(std::span<float> logits, std::span<const int32_t> which, std::span<const float> views,
                   int32_t classes) {
  if (which.empty()) return;
  assert(views.size() % (which.size() * classes) == 0);
  const size_t count = views.size() / (which.size() * classes);
  for (size_t i = 0; i < which.size(); ++i) {
    assert(which[i] >= 0 && (which[i] + size_t{1}) * classes <= logits.size());
    const std::span<float> mean = logits.subspan(static_cast<size_t>(which[i]) * classes, classes);
    for (size_t c = 0; c < mean.size(); ++c) {
      float sum = mean[c];
      for (size_t v = 0; v < count; ++v) sum += views[(v * which.size() + i) * classes + c];
      mean[c] = sum / static_cast<float>(1 + count);
    }
  }
}

std::vector<Reading> best_readings(std::span<const std::vector<Candidate>> characters, int32_t k) {
  std::vector<Reading> beam(1);
  beam[0].probability = 1;
  for (const std::vector<Candidate>& candidates : characters) {
    assert(!candidates.empty());
    std::vector<Reading> next;
    for (const Reading& reading : beam) {
      for (size_t i = 0; i < candidates.size(); ++i) {
        next.push_back({reading.choice, reading.probability * candidates[i].probability});
        next.back().choice.push_back(static_cast<int32_t>(i));
      }
    }
    const auto better = [](const Reading& a, const Reading& b) {
      return a.probability != b.probability ? a.probability > b.probability : a.choice < b.choice;
    };
    const size_t count = std::min(next.size(), static_cast<size_t>(std::max(k, 1)));
    std::partial_sort(next.begin(), next.begin() + static_cast<ptrdiff_t>(count), next.end(), better);
    next.resize(count);
    beam = std::move(next);
  }
  if (characters.empty()) beam.clear();
  return beam;
}

}  // namespace biji
