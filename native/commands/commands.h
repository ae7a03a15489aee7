// The subcommands of `biji`. Each add_NAME() declares one in native/commands/NAME.cpp: its options beside it, and a
// callback that runs it once the whole command line has been understood.
//
// A subcommand that ends without an exception is exit code 0. Misuse is 2; Stopped is 3; Failed and every other exception
// are 1.
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

// The command was told to stop before its end (stop_on_signal()), has kept what it had and said how to go on.
struct Stopped {};

// The flag that is set from now on by Ctrl-C (SIGINT), SIGTERM (`kill`, Slurm, docker stop), SIGUSR1 (Slurm's --signal) and,
// but under nohup, SIGHUP (the terminal is gone): the command ends after the step that it is in and keeps what it has. A
// second Ctrl-C ends the program. Commands that do not call this end at the first signal.
const std::atomic<bool>* stop_on_signal();

// For commands whose output is the result: throws std::runtime_error when not all of it could be written, as to a full
// disk or into a pipe that nobody reads.
void check_output();

// What was typed, "biji train digits --out runs/digits".
const std::string& command_line();

// All of the command: hands the command line to the subcommand that it names, reports errors on standard error, returns the
// exit code. May be called again.
int run_command(int argc, char** argv);

}  // namespace biji
