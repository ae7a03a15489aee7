// JSON files that anybody may have edited.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
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

// JSON as text; never throws. Bytes in strings that are no UTF-8, such as those of some file names, become U+FFFD.
inline std::string json_text(const nlohmann::json& value, int indent = -1) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What an exception says, without the marks of the JSON library ("[json.exception.type_error.302] ").
inline std::string message_of(const std::exception& error) {
  std::string text = error.what();
  for (size_t at; (at = text.find("[json.exception.")) != std::string::npos;) {
    const size_t end = text.find("] ", at);
    text.erase(at, end == std::string::npos ? end : end + 2 - at);
  }
  const std::string no_json = "with discarded";  // a field is asked of what parse_json() could not read
  return text.find(no_json) == std::string::npos ? text : "it is not JSON";
}

}  // namespace biji
