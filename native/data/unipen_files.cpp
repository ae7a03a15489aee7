#include "native/data/unipen_files.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "native/base/file.h"
#include "native/data/archive.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxFile = uint64_t{32} << 20, kMaxPacked = uint64_t{1} << 30;

// A zlib stream behind the size of what is in it, u32.
std::vector<uint8_t> deflated(const std::vector<uint8_t>& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::vector<uint8_t> out(4 + size);
  for (size_t i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(bytes.size() >> 8 * i);
  if (compress2(out.data() + 4, &size, bytes.data(), static_cast<uLong>(bytes.size()), 1) != Z_OK)
    throw std::runtime_error("out of memory");
  out.resize(4 + size);
  out.shrink_to_fit();
  return out;
}

std::string inflated(const std::vector<uint8_t>& packed) {
  uLongf size = 0;
  for (size_t i = 0; i < 4; ++i) size |= static_cast<uLongf>(packed[i]) << 8 * i;
  std::string text(size, '\0');
  uncompress(reinterpret_cast<Bytef*>(text.data()), &size, packed.data() + 4,
             static_cast<uLong>(packed.size() - 4));
  return text;
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(path)) parts.push_back(part.string());
  return parts;
}

bool compressed(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {".zip", ".tar", ".tgz", ".txz", ".7z", ".gz", ".xz", ".bz2", ".zst", ".z"})
    if (end == known) return true;
  return false;
}

}  // namespace

UnipenFiles::UnipenFiles(const std::vector<fs::path>& from) {
  for (const fs::path& path : from) {
    if (!fs::exists(path)) throw std::runtime_error(path.string() + ": does not exist");
    if (fs::is_directory(path)) {
      add_folder(path);
    } else if (compressed(path)) {
      distributions_.emplace_back();
      add_packed(distributions_.back(), path);
    } else {
      distributions_.push_back({path.has_parent_path() ? path.parent_path() : ".", {}, 0});
      add_names(distributions_.size() - 1, {path.filename().string()});
    }
  }
  for (size_t d = 0; d < distributions_.size(); ++d) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : distributions_[d].packed) names.push_back(name);
    add_names(d, names);
  }
}

void UnipenFiles::add_folder(const fs::path& folder) {
  distributions_.push_back({folder, {}, 0});
  const size_t plain = distributions_.size() - 1;
  std::vector<std::string> names;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    if (compressed(entry.path())) {
      distributions_.emplace_back();
      add_packed(distributions_.back(), entry.path());
    } else {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  add_names(plain, names);
}

void UnipenFiles::add_packed(Distribution& into, const fs::path& path) {
  const fs::path one[] = {path};
  for_each_file(one, "", [&](ByteStream& stream, const ReadProgress&) {
    std::vector<uint8_t> bytes;
    for (bool more = true; more && bytes.size() <= kMaxFile;) {
      const size_t before = bytes.size(), piece = size_t{1} << 18;
      bytes.resize(before + piece);
      const size_t got = stream.read(std::span(bytes).subspan(before));
      bytes.resize(before + got);
      more = got == piece;
    }
    if (bytes.size() > kMaxFile) return true;  // no file of UNIPEN
    std::string name = stream.name();
    if (name.starts_with(path.string() + ": "))
      name.erase(0, path.string().size() + 2);
    else
      name = path.stem().string();
    std::vector<uint8_t> packed = deflated(bytes);
    into.packed_bytes += packed.size();
    if (into.packed_bytes > kMaxPacked)
      throw std::runtime_error(path.string() +
                               ": holds too much to be read in place; unpack it and give --from the folder");
    into.packed[fs::path(name).lexically_normal().generic_string()] = std::move(packed);
    return true;
  });
}

// What stands before data/ or include/ is where a distribution begins.
void UnipenFiles::add_names(size_t distribution, const std::vector<std::string>& names) {
  std::vector<File> inside, outside;
  for (const std::string& name : names) {
    const std::vector<std::string> parts = split(name);
    if (parts.empty() || parts.back().starts_with('.')) continue;
    size_t at = 0;
    while (at < parts.size() && parts[at] != "data" && parts[at] != "include") ++at;
    if (at < parts.size() && parts[at] == "include") continue;
    File file;
    file.distribution = distribution;
    file.path = name;
    const Distribution& home = distributions_[distribution];
    file.name = home.folder.empty() ? name : (home.folder / name).string();
    if (at + 3 < parts.size()) {
      for (size_t i = 0; i < at; ++i) file.root += parts[i] + "/";
      file.category = parts[at + 1];
      file.collection = parts[at + 2];
    } else {
      file.collection = parts.back().substr(0, parts.back().find('.'));
    }
    (file.category.empty() ? outside : inside).push_back(std::move(file));
  }
  std::vector<File>& wanted = inside.empty() ? outside : inside;
  files_.insert(files_.end(), wanted.begin(), wanted.end());
}

std::optional<std::string> UnipenFiles::read(const Distribution& distribution,
                                             const std::string& path) const {
  if (distribution.folder.empty()) {
    const auto found = distribution.packed.find(fs::path(path).lexically_normal().generic_string());
    if (found == distribution.packed.end()) return std::nullopt;
    return inflated(found->second);
  }
  std::error_code error;
  const fs::path root = fs::canonical(distribution.folder, error);
  const fs::path real = error ? fs::path() : fs::canonical(distribution.folder / path, error);
  if (error || !fs::is_regular_file(real, error) || error) return std::nullopt;
  const fs::path relative = real.lexically_relative(root);
  if (relative.empty() || *relative.begin() == "..") return std::nullopt;
  const uint64_t size = fs::file_size(real, error);
  if (error || size > kMaxFile) return std::nullopt;
  return read_file(real, kMaxFile);
}

std::optional<std::string> UnipenFiles::read(const File& file) const {
  return read(distributions_[file.distribution], file.path);
}

std::optional<std::string> UnipenFiles::include(const File& file, const std::string& path) const {
  const Distribution& home = distributions_[file.distribution];
  if (std::optional<std::string> text = read(home, file.root + "include/" + path)) return text;
  const size_t slash = file.path.rfind('/');
  return read(home, (slash == std::string::npos ? "" : file.path.substr(0, slash + 1)) + path);
}

}  // namespace biji
