#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("BIJI_SEEDS");
  if (!folder) return 0;
  int number = 0;
  for (const std::string& seed : biji::seeds()) {
    std::FILE* file = std::fopen((std::string(folder) + "/seed-" + std::to_string(number++)).c_str(), "wb");
    biji::require(file && std::fwrite(seed.data(), 1, seed.size(), file) == seed.size(),
                  "a folder for seeds");
    std::fclose(file);
  }
  std::exit(0);
}
