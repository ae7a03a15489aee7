// UNIPEN's pen ink: a data file and what it includes.

#include "native/data/unipen.h"

#include "shared/labels.h"
#include "tests/fuzz/fuzz.h"

namespace biji {
namespace {

// Files in one input, each behind a byte of this value.
constexpr char kNext = '\x01';

}  // namespace

std::vector<std::string> seeds() {
  const std::string two =
      ".INCLUDE b\n.SEGMENT CHARACTER 0-1 ? \"i\"\n.SEGMENT CHARACTER 0:1-1:0 OK \"\\\"\"\n";
  const std::string ink =
      ".COORD Y X T\n.WRITER_ID me\n.PEN_DOWN\n1 2 3\n4 5 6\n.PEN_UP\n7 8 9\n.PEN_DOWN\n1 1 1\n";
  return {two + kNext + ink, ".SEGMENT DIGIT 0 ? \"8\"\n.COMMENT 8 12 224\n.PEN_DOWN\n 1 2\n 3 4\n.PEN_UP\n",
          two + kNext + ".INCLUDE c\n.INCLUDE b\n.INCLUDE ../x\n" + ink + kNext + ink};
}

}  // namespace biji

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace biji;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> files;
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find(kNext, begin), all.size());
    files.emplace_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  Skipped skipped;
  const UnipenInclude include = [&](const std::string& path) -> std::optional<std::string> {
    require(!path.empty() && path.front() != '/' && ("/" + path + "/").find("/../") == std::string::npos,
            "a path that stays inside");
    const size_t index = static_cast<size_t>(path.front() - 'a');
    return path.size() == 1 && index < files.size() ? std::optional(files[index]) : std::nullopt;
  };
  std::vector<int32_t> points;
  const std::vector<std::string> lost =
      read_unipen("a", files.front(), include, skipped, [&](UnipenSample&& sample) {
        require(!sample.label.empty() && code_points(sample.label, points), "a label in UTF-8");
        require(code_points(sample.writer, points) && code_points(sample.type, points), "names in UTF-8");
        require(sample.label.find('\n') == std::string::npos, "a label of one line");
        require(!sample.ink.empty(), "ink");
        require(sample.ink.points.size() <= static_cast<size_t>(kMaxInkPoints), "no more than an Ink holds");
        for (int32_t i = 0; i < sample.ink.stroke_count(); ++i)
          require(!sample.ink.stroke(i).empty(), "a point in every stroke");
        return true;
      });
  for (const std::string& path : lost) require(code_points(path, points), "a path in UTF-8");
  return 0;
}
