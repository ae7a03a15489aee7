#include "native/commands/commands.h"

#include <csignal>

namespace biji {
namespace {

std::atomic<bool> g_stop = false;
std::string g_command_line;

void on_interrupt(int) {
  g_stop = true;
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

const std::atomic<bool>* stop_on_interrupt() {
  std::signal(SIGINT, on_interrupt);
  return &g_stop;
}

const std::string& command_line() {
  return g_command_line;
}

void note_command_line(int argc, char** argv) {
  g_command_line = "biji";
  for (int i = 1; i < argc; ++i) g_command_line += std::string(" ") + argv[i];
}

}  // namespace biji
