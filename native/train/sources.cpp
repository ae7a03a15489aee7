#include "native/train/sources.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace biji {
namespace {

bool same(const DataSource& source, const Pack& pack) {
  if (!source.checksum.empty()) return source.checksum == pack.checksum();
  return source.name == pack.info().name &&
         source.samples == std::llround(source.share * static_cast<double>(pack.count()));
}

}  // namespace

void find_again(const std::vector<std::vector<DataSource>*>& sources,
                const std::vector<std::filesystem::path>& given) {
  for (const std::filesystem::path& path : given) {
    const Pack pack(path);
    bool found = false;
    std::string wanted;
    for (std::vector<DataSource>* list : sources)
      for (DataSource& source : *list) {
        wanted += (wanted.empty() ? "" : ", ") + source.name;
        if (!same(source, pack)) continue;
        source.path = std::filesystem::absolute(path).string();
        found = true;
      }
    if (!found)
      throw std::runtime_error(path.string() + ": is none of the packs that the run began with (" + wanted +
                               "), or not the same any more");
  }
}

}  // namespace biji
