// What the subcommands' options share: ranges of numbers, and what to say when a command line cannot be understood.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace biji {

// Checks of an option's value: help and errors show them as people write numbers, "0..0.5" and "0 or more".
CLI::Validator number_in(double least, double most);
CLI::Validator number_from(double least);

// "; did you mean NAME?" with the name that is most like word, or "" when none is.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& names);

// What was misunderstood, for standard error, with the option or command that was probably meant. error: of app.parse().
std::string misuse_text(const CLI::App& app, const CLI::ParseError& error);

}  // namespace biji
