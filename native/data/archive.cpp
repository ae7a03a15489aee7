#include "native/data/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace biji {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_archive(std::string_view name) {
  return ends_with_any(
      name, {".zip", ".npz", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tar.zst", ".7z"});
}

// What a compressed single file is called when unpacked; the name itself when it is not compressed.
std::string_view uncompressed(std::string_view name) {
  for (const std::string_view ending : {".gz", ".xz", ".bz2", ".zst", ".z"})
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  return name;
}

[[noreturn]] void refuse_alz(const std::string& name) {
  throw std::runtime_error(
      name +
      ": is an ALZ archive, which no free library reads; unpack it (with unalz or Bandizip) and "
      "give --from the folder with its .gnt files, or take the newer .zip of the same set");
}

// libarchive over one file on the disk. It knows far more formats than the header promises, and starts other
// programs for some: only what is promised is switched on.
class ArchiveReader {
 public:
  ArchiveReader(const fs::path& path, bool container) : path_(path), owner_(archive_read_new()) {
    if (!owner_) throw std::runtime_error("out of memory");
    archive_read_support_filter_gzip(archive_);
    archive_read_support_filter_bzip2(archive_);
    archive_read_support_filter_xz(archive_);
    archive_read_support_filter_zstd(archive_);
    archive_read_support_filter_compress(archive_);
    if (container) {
      archive_read_support_format_zip(archive_);
      archive_read_support_format_tar(archive_);
      archive_read_support_format_7zip(archive_);
    } else {
      archive_read_support_format_raw(archive_);
    }
    if (archive_read_open_filename(archive_, path.c_str(), 1 << 18) != ARCHIVE_OK) fail(path.string());
  }

  // The next entry's name, or null at the end.
  const char* next() {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(archive_, &entry);
    if (code == ARCHIVE_EOF) return nullptr;
    if (code < ARCHIVE_WARN) fail(path_.string());
    const char* name = archive_entry_pathname(entry);
    return name ? name : "";
  }
  size_t read(std::span<uint8_t> buffer, const std::string& name) {
    size_t got = 0;
    while (got < buffer.size()) {
      const la_ssize_t n = archive_read_data(archive_, buffer.data() + got, buffer.size() - got);
      if (n < 0) fail(name);
      if (n == 0) break;
      got += static_cast<size_t>(n);
    }
    return got;
  }
  uint64_t bytes_read() const {
    return static_cast<uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(archive_, -1)));
  }

 private:
  [[noreturn]] void fail(const std::string& name) {
    const char* what = archive_error_string(archive_);
    throw std::runtime_error(name + ": cannot be read (" + (what ? what : "unknown format") +
                             "); is the download complete?");
  }
  struct Closer {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };
  fs::path path_;
  std::unique_ptr<archive, Closer> owner_;  // also when the constructor throws
  archive* archive_ = owner_.get();
};

class EntryStream : public ByteStream {
 public:
  EntryStream(ArchiveReader& reader, std::string name) : reader_(reader), name_(std::move(name)) {}
  size_t read(std::span<uint8_t> buffer) override { return reader_.read(buffer, name_); }
  const std::string& name() const override { return name_; }

 private:
  ArchiveReader& reader_;
  std::string name_;
};

class PlainStream : public ByteStream {
 public:
  explicit PlainStream(const fs::path& path) : file_(std::fopen(path.c_str(), "rb")), name_(path.string()) {
    if (!file_) throw std::runtime_error(name_ + ": " + std::strerror(errno));
    std::setvbuf(file_, nullptr, _IOFBF, 1 << 18);
  }
  ~PlainStream() override { std::fclose(file_); }
  PlainStream(const PlainStream&) = delete;
  PlainStream& operator=(const PlainStream&) = delete;
  size_t read(std::span<uint8_t> buffer) override {
    const size_t got = std::fread(buffer.data(), 1, buffer.size(), file_);
    if (got < buffer.size() && std::ferror(file_))
      throw std::runtime_error(name_ + ": " + std::strerror(errno));
    return got;
  }
  const std::string& name() const override { return name_; }

 private:
  std::FILE* file_;
  std::string name_;
};

// Everything in from that might hold wanted files, folders searched, in order.
std::vector<fs::path> candidates(std::span<const fs::path> from, std::string_view extension) {
  std::vector<fs::path> found;
  for (const fs::path& start : from) {
    if (!fs::exists(start)) throw std::runtime_error(start.string() + ": does not exist");
    if (!fs::is_directory(start)) {
      found.push_back(start);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry :
         fs::recursive_directory_iterator(start, fs::directory_options::skip_permission_denied)) {
      const std::string name = lower(entry.path().filename().string());
      if (entry.is_regular_file() &&
          (uncompressed(name).ends_with(extension) || is_archive(name) || name.ends_with(".alz")))
        inside.push_back(entry.path());
    }
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  return found;
}

}  // namespace

int64_t for_each_file(std::span<const fs::path> from, std::string_view extension,
                      const std::function<bool(ByteStream&, const ReadProgress&)>& visit) {
  const std::vector<fs::path> paths = candidates(from, extension);
  ReadProgress progress;
  for (const fs::path& path : paths) progress.total += fs::file_size(path);
  uint64_t before = 0;
  int64_t visited = 0;
  for (const fs::path& path : paths) {
    const std::string name = lower(path.filename().string());
    if (name.ends_with(".alz")) refuse_alz(path.string());
    progress.done = before;
    if (is_archive(name)) {
      ArchiveReader reader(path, true);
      while (const char* entry = reader.next()) {
        const std::string inside = lower(entry);
        if (inside.ends_with(".alz")) refuse_alz(path.string() + ": " + entry);
        if (!inside.ends_with(extension)) continue;
        progress.done = before + reader.bytes_read();
        EntryStream stream(reader, path.string() + ": " + entry);
        ++visited;
        if (!visit(stream, progress)) return visited;
      }
    } else if (!uncompressed(name).ends_with(extension)) {
      // given by name, but another kind of file
    } else if (uncompressed(name) != name) {
      ArchiveReader reader(path, false);
      if (reader.next()) {
        EntryStream stream(reader, path.string());
        ++visited;
        if (!visit(stream, progress)) return visited;
      }
    } else {
      PlainStream stream(path);
      ++visited;
      if (!visit(stream, progress)) return visited;
    }
    before += fs::file_size(path);
  }
  return visited;
}

}  // namespace biji
