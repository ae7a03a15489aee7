// The biji command.

#include <fcntl.h>

#include <csignal>
#include <string_view>

#include "native/base/waiting.h"
#include "native/commands/commands.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

int main(int argc, char** argv) {
  // What computes for long. For the others it is not worth loading LibTorch a second time.
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "train" || command == "eval") biji::wait_passively(argv);
#ifdef __GLIBC__
  // Activations come and go at every step; giving their pages back to the kernel each time costs a third of
  // the speed.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 256 << 20);
#endif
  // A stream that the caller has closed stays closed: else the next file that is opened would be written to as if it were
  // standard output. Nor does a pipe that nobody reads any more end the program: what wants to know finds out by writing.
  for (const int stream : {0, 1, 2})
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
  std::signal(SIGPIPE, SIG_IGN);
  return biji::run_command(argc, argv);
}
