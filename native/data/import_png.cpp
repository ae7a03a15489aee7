// Folders of pictures, one folder a class.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "native/base/file.h"
#include "native/data/class_table.h"
#include "native/data/import.h"
#include "native/data/photo.h"
#include "native/data/picture.h"
#include "native/data/png.h"
#include "shared/encode.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

struct PngFile {
  fs::path path;
  uint16_t label = 0;  // of the table
};

// The folders of the classes in root, in the order of their names.
std::vector<fs::path> folders_in(const fs::path& root, Skipped& skipped) {
  if (!fs::is_directory(root)) throw std::runtime_error(root.string() + ": is not a folder");
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    if (entry.is_directory())
      folders.push_back(entry.path());
    else
      skipped.add("lies beside the folders of the classes", entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string label_of(const fs::path& folder) {
  std::string label = label_of_folder(folder.filename().string());
  const Result<Labels> parsed = parse_labels(label);
  if (!parsed.ok() || parsed.value.size() != 1 || parsed.value[0] != label)
    throw std::runtime_error(folder.string() +
                             ": the folder's name is no label (UTF-8, without line breaks)");
  return label;
}

// In the order of --from, then of names.
std::vector<PngFile> png_files(const PrepareOptions& options, ClassTable& table, Skipped& skipped) {
  std::vector<PngFile> files;
  for (const fs::path& root : options.from)
    for (const fs::path& folder : folders_in(root, skipped)) {
      const std::optional<uint16_t> label = table.find(label_of(folder));
      if (!label) {
        skipped.add("the folder's name is not among the classes", folder.string());
        continue;
      }
      const auto first = static_cast<std::ptrdiff_t>(files.size());
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with('.')) continue;
        std::string extension = entry.path().extension().string();
        for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (extension == ".png" && entry.is_regular_file())
          files.push_back({entry.path(), *label});
        else
          skipped.add("is no .png file", entry.path().string());
      }
      std::sort(files.begin() + first, files.end(),
                [](const PngFile& a, const PngFile& b) { return a.path < b.path; });
    }
  return files;
}

Imported encoded(PngFile&& file, const EncodeOptions& options) {
  Imported made{file.path.string(), file.label};
  try {
    const std::string bytes = read_file(file.path, kMaxPhotoFileBytes);
    const Photo photo = read_png({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    const Result<Image> gray = gray_from_rgba(photo.rgba, photo.width, photo.height);
    Result<Encoded> encoding = gray.ok() ? encode(gray.value, options) : Result<Encoded>(gray.err);
    if (encoding.ok())
      made.pixels = std::move(encoding.value.input);
    else
      made.left_out = err_message(encoding.err);
  } catch (const std::runtime_error& error) {
    made.left_out = "cannot be read";
    made.damage = error.what();
  }
  return made;
}

// The pack is called as the first folder of --from.
std::string name_of(const PrepareOptions& options) {
  fs::path root = fs::absolute(options.from.front()).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // given with a slash at the end
  std::string name = root.filename().string();
  std::replace(name.begin(), name.end(), '\n', ' ');
  return name;
}

[[noreturn]] void fail(const PrepareOptions& options, const Skipped& skipped) {
  const fs::path& root = options.from.front();
  throw std::runtime_error(root.string() +
                           ": no picture could be taken; expected are folders named by their class with .png "
                           "files in them, such as " +
                           (root / "7" / "a.png").string() + skipped.text());
}

}  // namespace

void import_png(const PrepareOptions& options) {
  Skipped skipped;
  ClassTable table(options.classes.empty() ? "all" : options.classes);
  const std::vector<PngFile> files = png_files(options, table, skipped);
  if (files.empty()) fail(options, skipped);
  const auto [classes, moved] = table.finish();
  const NamedInput input = options.input ? *options.input : input_for(classes);
  const EncodeOptions encode_options{.spec = input.spec, .split = false};

  ImportedPack pack(options, PackKind::kPixels, input.spec);
  pack.skipped = std::move(skipped);
  Progress& progress = pack.progress.emplace("prepare", static_cast<int64_t>(files.size()));
  Import<PngFile> import(
      options, pack, each<PngFile>([&](PngFile&& file) { return encoded(std::move(file), encode_options); }),
      [&] {
        if (progress.due(pack.seen())) progress.show(pack.seen(), "", 1, "images");
      });
  for (const PngFile& file : files) import.push(file);
  import.finish();
  progress.clear();
  if (pack.count() == 0) fail(options, pack.skipped);
  const std::string side = std::to_string(input.spec.size_px);
  pack.commit(name_of(options), classes, moved, {}, kTermsUnknown,
              ", " + side + "x" + side + " as " + input.name + " reads them");
}

}  // namespace biji
