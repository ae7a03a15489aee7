// JSON files that anybody may have edited.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace biji {

// is_discarded() for text that is no JSON, and when a fraction or power in it is beyond what 32 bits hold: no field of
// ours has such a number, and converting one to an integer is undefined. Whole numbers are converted modulo 2^n.
inline nlohmann::json parse_json(std::string_view text) {
  using nlohmann::json;
  bool good = true;
  const auto check = [&good](int, json::parse_event_t, json& value) {
    if (value.is_number_float()) good &= value > -2147483648. && value < 2147483648.;
    return true;
  };
  json parsed = json::parse(text, check, false);
  return good ? parsed : json(json::value_t::discarded);
}

}  // namespace biji
