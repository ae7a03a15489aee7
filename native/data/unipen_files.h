// The files of the UNIPEN distribution: data/CATEGORY/COLLECTION/..dat hold includes and segments, include/COLLECTION/.. the
// ink. Other files, such as Pendigits', hold everything themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace biji {

// The files of a distribution: on the disk, where they are read one by one, or in an archive or a compressed file, of which
// the contents are kept in memory, compressed (the whole of UNIPEN: some 60 MB; over 1 GB is refused).
class UnipenFiles {
 public:
  struct File {
    std::string name;        // as messages have it
    std::string category;    // "1a"; empty for files outside a distribution
    std::string collection;  // "aga"; of files outside, their name without what stands behind a '.'
    size_t distribution = 0;
    std::string root;  // of the distribution, "" or "train_r01_v07/"
    std::string path;  // from the folder or archive that was given
  };

  // from: folders, archives (archive.h), single files. A folder may hold the distribution at any depth. Throws
  // std::runtime_error naming what does not exist or cannot be read.
  explicit UnipenFiles(const std::vector<std::filesystem::path>& from);

  // Sorted by path; where there is a distribution, the files beside it are left out.
  const std::vector<File>& files() const { return files_; }

  // std::nullopt: missing, no regular file, larger than 32 MB, or a link that leads out of the distribution. May be called
  // by several threads.
  std::optional<std::string> read(const File& file) const;
  // An included file, looked for in the include/ of the file's distribution, then beside the file.
  std::optional<std::string> include(const File& file, const std::string& path) const;

 private:
  struct Distribution {
    std::filesystem::path folder;                        // empty: everything is in `packed`
    std::map<std::string, std::vector<uint8_t>> packed;  // deflated, by path
    uint64_t packed_bytes = 0;
  };
  void add_folder(const std::filesystem::path& folder);
  void add_packed(Distribution& into, const std::filesystem::path& path);
  void add_names(size_t distribution, const std::vector<std::string>& names);
  std::optional<std::string> read(const Distribution& distribution, const std::string& path) const;

  std::vector<Distribution> distributions_;
  std::vector<File> files_;
};

}  // namespace biji
