// The table of data sets that `biji fetch` knows. Adding a set is adding a row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace biji {

struct RemoteFile {
  const char* name;
  int64_t bytes;       // exact with a checksum, else rounded as on the publisher's page; 0: not known
  const char* sha256;  // "": none is published
};

// A place where files lie, and its terms.
struct Publisher {
  const char* terms;
  bool ask;  // the terms must be accepted
  const char* page;
  std::vector<const char*> mirrors;  // a file's address is one of these followed by its name
  const char* note = nullptr;        // what --list adds
};

struct RemoteSet {
  const char* name;
  const char* what;
  const Publisher& publisher;
  std::vector<RemoteFile> files;
};

std::span<const RemoteSet> remote_sets();

}  // namespace biji
