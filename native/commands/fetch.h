// Data sets from where their makers publish them.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

namespace biji {

struct FetchOptions {
  std::vector<std::string> sets;  // names of fetch_sets()
  std::filesystem::path out;
  bool accept_licence = false;
  std::string base_url;  // take every file from base_url/SET/NAME: a served folder that fetch has filled;
                         // empty: from the makers
};

// "mnist", "emnist", "hwdb1.0", ...
std::vector<std::string> fetch_sets();

// The table: every set's files with sizes and checksums, addresses and terms of use.
std::string fetch_list();

// Downloads the sets' files into out/SET (native/commands/download.h); prints each set's terms before anything else. A
// file that is there already is checked and kept. Their checksums are noted in out/SET/SHA256SUMS, which
// `sha256sum -c` reads; a file whose publisher names none must have the one that is there. False when *stop
// became true (null: never). Throws std::runtime_error saying what to try; downloads nothing before the terms
// of all sets that ask for it are accepted.
bool fetch(const FetchOptions& options, const std::atomic<bool>* stop);

}  // namespace biji
