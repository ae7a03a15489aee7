// The biji command as another process.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace biji {

struct Outcome {
  int code;          // -1: ended by a signal
  std::string text;  // both streams
};

// Runs a line of the shell.
inline Outcome shell(const std::string& line) {
  FILE* pipe = popen(("{ " + line + "; } 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

inline Outcome biji_command(const std::string& arguments) {
  return shell(std::string(BIJI_COMMAND) + " " + arguments);
}

}  // namespace biji
