// A training run's state.json.

#include "native/train/run.h"

#include "tests/fuzz/fuzz.h"

namespace biji {

std::vector<std::string> seeds() {
  const FuzzFolder folder;
  RunState state;
  state.network = "digits";
  state.classes = {"0", "一"};
  state.data.push_back({"mnist-train", "data/mnist-train.bjp", 7});
  state.epochs.push_back({1, 10, 0.5, 0.9, -1, -1, 1e-3, 2});
  save_run(folder.path(), state, {{"model.a", {{1}, {1}}}}, true);
  std::string text(std::filesystem::file_size(folder.path() / "state.json"), '\0');
  std::FILE* file = std::fopen((folder.path() / "state.json").c_str(), "rb");
  require(std::fread(text.data(), 1, text.size(), file) == text.size(), "a seed");
  std::fclose(file);
  return {text, "{}", "[]", "{\"step\": 1e99}"};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  static const FuzzFolder folder;
  folder.write("state.json", {reinterpret_cast<const char*>(data), size});
  accepts([&] { read_run(folder.path()); });
  return 0;
}
