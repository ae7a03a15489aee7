// A run's packs, wherever they lie.
#pragma once

#include <filesystem>
#include <vector>

#include "native/data/pack.h"

namespace biji {

// Gives the sources of a run the paths at which they lie now. given: packs in any order, recognised by their checksums
// (in runs of earlier versions by name and size), never by path; sources that are not among them stay where they were.
// Throws std::runtime_error naming a pack that is none of the sources.
void find_again(const std::vector<std::vector<DataSource>*>& sources,
                const std::vector<std::filesystem::path>& given);

}  // namespace biji
