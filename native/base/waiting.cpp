#include "native/base/waiting.h"

#ifdef __linux__
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#endif

namespace biji {

void wait_passively([[maybe_unused]] char** argv) {
#ifdef __linux__
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  // By its own name, for that is what ps shows; by its file where that was replaced meanwhile.
  char path[PATH_MAX];
  if (const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1); length > 0) {
    path[length] = 0;
    execv(path, argv);
  }
  execv("/proc/self/exe", argv);
  std::fprintf(stderr, "biji: threads will spin while they wait (%s); set OMP_WAIT_POLICY=passive yourself\n",
               std::strerror(errno));
#endif
}

}  // namespace biji
