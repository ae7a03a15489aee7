// The subcommands of `biji`. Each add_NAME() declares one in native/commands/NAME.cpp: its options beside it, and a
// callback that runs it once the whole command line has been understood.
//
// A command that ends without an exception is exit code 0. Misuse is 2; Failed and every other exception are 1.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace biji {

void add_fetch(CLI::App& app);
void add_prepare(CLI::App& app);
void add_train(CLI::App& app);
void add_show(CLI::App& app);
void add_eval(CLI::App& app);
void add_average(CLI::App& app);
void add_import(CLI::App& app);
void add_export(CLI::App& app);
void add_recognize(CLI::App& app);

// Options that do not go together. what() is shown behind the command's name: "biji fetch: give SET and --out".
struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The command has failed and said so; nothing more is printed.
struct Failed {};

// The flag that Ctrl-C sets from now on: the command ends after the step that it is in and keeps what it has. A second
// Ctrl-C ends the program. Commands that do not call this end at the first.
const std::atomic<bool>* stop_on_interrupt();

// What was typed, "biji train digits --out runs/digits", as main() noted it.
const std::string& command_line();
void note_command_line(int argc, char** argv);

}  // namespace biji
