// Compressed files and archives, which libarchive unpacks.

#include "native/data/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include "tests/fuzz/fuzz.h"

namespace biji {
namespace {

constexpr const char* kNames[] = {"a.zip", "a.tar", "a.7z", "a.tgz", "a.gnt.gz", "a.gnt.xz", "a.gnt"};

// Two small files in the format of kNames[kind].
std::string packed(uint8_t kind) {
  archive* out = archive_write_new();
  const bool raw = kind >= 4;
  if (raw) archive_write_set_format_raw(out);
  if (kind == 0) archive_write_set_format_zip(out);
  if (kind == 1 || kind == 3) archive_write_set_format_ustar(out);
  if (kind == 2) archive_write_set_format_7zip(out);
  if (kind == 3 || kind == 4) archive_write_add_filter_gzip(out);
  if (kind == 5) archive_write_add_filter_xz(out);
  archive_write_set_bytes_in_last_block(out, 1);
  std::string bytes(1 << 16, '\0');
  size_t used = 0;
  archive_write_open_memory(out, bytes.data(), bytes.size(), &used);
  for (const char* name : {"1.gnt", "deep/2.gnt"}) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, 20);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(out, entry);
    archive_write_data(out, "twenty bytes of text", 20);
    archive_entry_free(entry);
    if (raw) break;  // holds one file
  }
  archive_write_free(out);
  bytes.resize(used);
  return bytes_of(kind) + bytes;
}

}  // namespace

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (uint8_t kind = 0; kind < std::size(kNames); ++kind) all.push_back(packed(kind));
  all.push_back(std::string("\0not an archive", 15));
  return all;
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  static const FuzzFolder folder;
  Input input(data, size);
  const char* name = kNames[input.number<uint8_t>() % std::size(kNames)];
  const std::filesystem::path from[] = {folder.write(name, input.rest())};
  accepts([&] {
    std::vector<uint8_t> buffer(1 << 12);
    int pieces = 0;  // small files can become large
    for_each_file(from, ".gnt", [&](ByteStream& stream, const ReadProgress& progress) {
      require(progress.done <= progress.total, "progress within bounds");
      while (stream.read(buffer) == buffer.size() && ++pieces < 100) continue;
      return ++pieces < 100;
    });
  });
  return 0;
}
