#include "native/data/ink_file.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "native/base/file.h"

namespace biji {

using nlohmann::json;

namespace {

// A stroke's field as floats; empty when it is no array of numbers.
std::vector<float> numbers(const json& stroke, const char* field) {
  std::vector<float> values;
  if (!stroke.is_object() || !stroke.contains(field) || !stroke.at(field).is_array()) return {};
  for (const json& value : stroke.at(field)) {
    if (!value.is_number()) return {};
    const auto number = value.get<double>();
    // Beyond what a float holds make_ink() refuses it as well; the conversion itself would be undefined.
    values.push_back(std::abs(number) <= std::numeric_limits<float>::max()
                         ? static_cast<float>(number)
                         : std::numeric_limits<float>::infinity());
  }
  return values;
}

}  // namespace

Ink read_ink(const std::filesystem::path& path) {
  const auto fail = [&path](const std::string& what) {
    return std::runtime_error(path.string() + ": " + what);
  };
  // Not parse_json(): times, which are ignored here, may be beyond 32 bits.
  const json strokes = json::parse(read_file(path, 64 << 20), nullptr, false);
  if (!strokes.is_array()) throw fail("is no ink: a JSON array of strokes, [{\"x\": [..], \"y\": [..]}, ..]");
  std::vector<float> xy, pressures;
  std::vector<int32_t> ends;
  for (const json& stroke : strokes) {
    const std::string name = "stroke " + std::to_string(ends.size());
    const std::vector<float> x = numbers(stroke, "x"), y = numbers(stroke, "y");
    std::vector<float> pressure = numbers(stroke, "pressure");
    if (x.size() != y.size() || (x.empty() && !(stroke.is_object() && stroke.contains("x"))))
      throw fail(name + " needs arrays x and y of the same length");
    if (pressure.empty()) pressure.assign(x.size(), 0.5f);
    if (pressure.size() != x.size()) throw fail(name + " has another number of pressures than of points");
    for (size_t i = 0; i < x.size(); ++i) {
      xy.push_back(x[i]);
      xy.push_back(y[i]);
    }
    pressures.insert(pressures.end(), pressure.begin(), pressure.end());
    ends.push_back(static_cast<int32_t>(pressures.size()));
    if (pressures.size() > static_cast<size_t>(kMaxInkPoints))
      throw fail("has more points than anybody draws");
  }
  Result<Ink> ink = make_ink(xy, pressures, ends);
  if (!ink.ok()) throw fail(std::string("is no ink that can be read: ") + err_message(ink.err));
  return std::move(ink.value);
}

bool is_ink_name(const std::filesystem::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return std::tolower(c); });
  return end == ".json";
}

}  // namespace biji
