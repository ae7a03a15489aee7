#include "native/commands/commands.h"

#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "native/base/commit.h"
#include "native/base/json.h"
#include "native/commands/options.h"

namespace biji {
namespace {

std::atomic<bool> g_stop = false;
std::string g_command_line;

void on_signal(int signal) {
  g_stop = true;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);
}

std::string version() {
#ifdef BIJI_CUDA
  const char* with = "with CUDA";
#else
  const char* with = "without CUDA";
#endif
  return "biji " + program_version() + "\ncommit " + git_commit() + "\nLibTorch " TORCH_VERSION " " + with;
}

}  // namespace

const std::atomic<bool>* stop_on_signal() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP})
    if (std::signal(signal, on_signal) == SIG_IGN && signal == SIGHUP) std::signal(SIGHUP, SIG_IGN);
  return &g_stop;
}

void check_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  throw std::runtime_error(std::string("standard output cannot be written: ") +
                           (errno != 0 ? std::strerror(errno) : "the disk is full or nobody reads it"));
}

const std::string& command_line() {
  return g_command_line;
}

int run_command(int argc, char** argv) {
  g_command_line = "biji";
  for (int i = 1; i < argc; ++i) g_command_line += std::string(" ") + argv[i];
  CLI::App app("Biji: trains handwriting recognisers and exports them to ONNX", "biji");
  app.require_subcommand(1);
  app.set_version_flag("--version", version(),
                       "Print the version, the commit and LibTorch's version and exit");
  app.footer(
      "biji COMMAND --help describes a command. Exit codes: 0 done, 1 failed, 2 misunderstood command line,\n"
      "3 stopped by Ctrl-C or a signal with everything kept (train).");
  add_fetch(app);
  add_prepare(app);
  add_train(app);
  add_show(app);
  add_eval(app);
  add_average(app);
  add_import(app);
  add_export(app);
  add_recognize(app);
  try {
    try {
      app.parse(argc, argv);  // and runs the subcommand
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {  // help, version
        app.exit(error);
        check_output();
        return 0;
      }
      std::fputs(misuse_text(app, error).c_str(), stderr);
      return 2;
    }
  } catch (const Misuse& error) {
    std::fprintf(stderr, "biji %s: %s\n", app.get_subcommands().front()->get_name().c_str(), error.what());
    return 2;
  } catch (const Stopped&) {
    return 3;
  } catch (const Failed&) {
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "biji: %s\n", message_of(error).c_str());
    return 1;
  }
  return 0;
}

}  // namespace biji
