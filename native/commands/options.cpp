#include "native/commands/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "native/base/edit_distance.h"

namespace biji {
namespace {

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

CLI::Validator range(double least, double most, const std::string& shown) {
  const auto check = [=](std::string& text) -> std::string {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end && value >= least && value <= most) return "";
    return text + " is not a number " + shown;
  };
  return {check, shown};
}

// The name that is most like word; empty when none is.
std::string nearest(const std::string& word, const std::vector<std::string>& names) {
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool begins = word.size() >= 3 && name.starts_with(word);
    const size_t distance = begins ? 1 : edit_distance(word, name);
    if (distance < least && distance < name.size()) {
      least = distance;
      best = name;
    }
  }
  return best;
}

// The command that was named, or app.
const CLI::App& named_command(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : *named.front();
}

std::string unknown_option(const CLI::App& command, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return "there is no option " + word + did_you_mean(word, names);
}

std::string unknown_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  std::string all;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const std::string best = did_you_mean(word, names);
  return "there is no command " + word + (best.empty() ? "; there are " + all : best);
}

}  // namespace

CLI::Validator number_in(double least, double most) {
  return range(least, most, text_of(least) + ".." + text_of(most));
}

CLI::Validator number_from(double least) {
  return range(least, INFINITY, text_of(least) + " or more");
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const std::string name = nearest(word, names);
  return name.empty() ? "" : "; did you mean " + name + "?";
}

std::string misuse_text(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  const bool known = &command != &app;
  std::string problem = error.what();
  // A mistyped name explains whatever else is missing.
  for (const std::string& word : app.remaining(true)) {
    if (word.size() > 1 && word[0] == '-' && !std::isdigit(static_cast<unsigned char>(word[1]))) {
      problem = unknown_option(command, word.substr(0, word.find('=')));
      break;
    }
    if (!known) {
      problem = unknown_command(app, word);
      break;
    }
  }
  const std::string name = known ? "biji " + command.get_name() : "biji";
  return name + ": " + problem + "\n" + name + " --help says more.\n";
}

}  // namespace biji
