// Ink as JavaScript has it, in a file.
#pragma once

#include <filesystem>

#include "shared/ink.h"

namespace biji {

// A JSON file with an array of strokes: [{ "x": [..], "y": [..], "pressure": [..] }, ..]; y down, any unit, pressure 0..1 may
// be left out, other fields are ignored. Safe for untrusted files, within the limits of make_ink(). Throws
// std::runtime_error naming the file, the stroke and what is wrong.
Ink read_ink(const std::filesystem::path& path);

// Whether a file of this name should be ink: .json, in any case.
bool is_ink_name(const std::filesystem::path& path);

}  // namespace biji
