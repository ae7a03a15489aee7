#include "native/data/prepare.h"

#include <algorithm>
#include <stdexcept>

#include "native/data/import.h"

namespace biji {

std::vector<std::string> prepare_sets() {
  std::vector<std::string> names = idx_sets();
  names.insert(names.end(), {"hwdb", "olhwdb", "unipen", "png"});
  return names;
}

void prepare(const PrepareOptions& options) {
  const std::vector<std::string> idx = idx_sets();
  if (std::find(idx.begin(), idx.end(), options.set) != idx.end()) return import_idx(options);
  if (options.set == "hwdb" || options.set == "olhwdb") return import_casia(options);
  if (options.set == "unipen") return import_unipen(options);
  if (options.set == "png") return import_png(options);
  throw std::runtime_error("no data set is called \"" + options.set + "\"");
}

}  // namespace biji
