// The page of `biji eval --html`: the files in native/commands/report/ with the figures inside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "native/commands/report.h"
#include "shared/image.h"

namespace biji {

// One self-contained HTML file. Its scripts draw what to_json() says and the pictures of the samples that it shows; its
// content security policy allows these very scripts and styles and nothing else. Labels and names may hold any bytes.
// For any number of classes. picture: the input of sample i, 255 = ink; it is asked for some hundred samples.
std::string report_page(const Evaluation& evaluation, const std::function<Image(int64_t)>& picture);

// What pages are made of: page with each {{name}} replaced by its value, and a text's hash as a content security policy has it,
// "'sha256-..'".
std::string filled_in(std::string_view page, const std::function<std::string(std::string_view)>& value);
std::string policy_hash(std::string_view text);

}  // namespace biji
