// Every format that the biji command reads, truncated, with flipped bits and with lying numbers: it ends with exit code 0 or
// 1 and a sentence, and leaves nothing behind.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <set>

#include "native/base/file.h"
#include "native/commands/commands.h"
#include "native/data/png.h"
#include "native/train/export.h"
#include "tests/native/training.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// Puts what the program says into a file while it lives.
class Silence {
 public:
  explicit Silence(const fs::path& file) {
    std::fflush(nullptr);
    const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (const int stream : {1, 2}) {
      kept_[stream - 1] = dup(stream);
      dup2(to, stream);
    }
    close(to);
  }
  ~Silence() {
    std::fflush(nullptr);
    for (const int stream : {1, 2}) {
      dup2(kept_[stream - 1], stream);
      close(kept_[stream - 1]);
    }
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int kept_[2];
};

struct Outcome {
  int code;
  std::string text;
};

Outcome run(std::vector<std::string> arguments, const fs::path& output) {
  std::vector<char*> argv;
  arguments.insert(arguments.begin(), "biji");
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int code = 0;
  {
    const Silence silence(output);
    code = run_command(static_cast<int>(argv.size()) - 1, argv.data());
  }
  return {code, read_file(output)};
}

std::string le(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 255);
  return out;
}
std::string be32(uint32_t value) {
  const std::string out = le(value, 4);
  return {out.rbegin(), out.rend()};
}

// A third each: cut, bits flipped, four bytes that are a large or a negative number.
std::string damaged(std::string bytes, int number, std::mt19937& random) {
  const size_t at = random() % bytes.size();
  if (number % 3 == 0) return bytes.substr(0, at);
  if (number % 3 == 1) {
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    return bytes;
  }
  // Headers lie at the beginning of most formats.
  const size_t begin = random() % 2 == 0 ? at : random() % std::min<size_t>(bytes.size(), 64);
  const uint32_t lies[] = {0xffffffff, 0x7fffffff, 0x80000000, 0, 0xffff, 0x01000000};
  const std::string lie = le(lies[random() % std::size(lies)], 4);
  return bytes.replace(begin, std::min<size_t>(4, bytes.size() - begin), lie);
}

// A file of some format and what reads it.
struct Format {
  std::string name;
  fs::path file;
  std::vector<std::string> command;
};

std::set<fs::path> files_in(const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) files.insert(entry.path());
  return files;
}

// Good files, and commands that read them.
std::vector<Format> formats(const TempFolder& folder) {
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  write_bars(folder / "bars.bjp", 40);
  write_ink_bars(folder / "ink.bjp", 20);
  {
    PackWriter texts(folder / "texts.bjp", PackKind::kTexts);
    Ink ink;
    ink.add_stroke(std::vector<Point>{{0, 0}, {10, 20}, {30, 5}});
    for (const char* text : {"12", "a b"}) texts.add(text, 0, ink);
    texts.commit("texts", {});
  }
  TrainOptions options = pinned_run("mnist-dense", folder / "bars.bjp", folder / "run");
  options.recipe.epochs = 1;
  options.recipe.batch = 20;
  options.held_out = 0.5;
  train(options, nullptr);
  ExportOptions to;
  to.run = folder / "run";
  to.out = folder / "model";
  to.quiet = true;
  export_model(to);
  std::string scan(16 * 16, '\xff');  // of paper, with a bar of ink
  for (size_t y = 3; y < 13; ++y) scan[16 * y + 7] = scan[16 * y + 8] = 0;
  const std::string gnt = le(10 + scan.size(), 4) + "\xb0\xa1" + le(16, 2) + le(16, 2) + scan;
  const std::string pot = le(24, 2) + std::string("\xa1\xb0\0\0", 4) + le(1, 2) + le(0, 4) + le(9, 2) +
                          le(9, 2) + le(0xffff, 2) + le(0, 2) + le(0xffff, 2) + le(0xffff, 2);
  write_file(folder / "in/1.gnt", gnt + gnt + gnt);
  write_file(folder / "in/1.pot", pot + pot + pot);
  write_file(
      folder / "in/a.dat",
      ".VERSION 1.0\n.COORD X Y\n.HIERARCHY CHARACTER\n.SEGMENT CHARACTER 0 ? \"7\"\n.PEN_DOWN\n1 2\n30 "
      "40\n50 2\n.PEN_UP\n.SEGMENT CHARACTER 1 ? \"1\"\n.PEN_DOWN\n1 2\n1 40\n.PEN_UP\n");
  write_file(folder / "idx/train-images-idx3-ubyte",
             be32(0x803) + be32(4) + be32(28) + be32(28) + std::string(4 * 28 * 28, '\x60'));
  write_file(folder / "idx/train-labels-idx1-ubyte", be32(0x801) + be32(4) + std::string("\1\2\3\4", 4));
  Image picture(30, 30);
  for (int32_t y = 5; y < 25; ++y) picture.at(15, y) = 255;
  write_file(folder / "png/7/a.png", png(picture));
  write_file(folder / "ink.json", "[{\"x\": [0, 5, 9.5], \"y\": [0, 20, 40], \"t\": [0, 1, 2]}]");
  write_file(folder / "recipe.json",
             "{\"network\": \"mnist-dense\", \"epochs\": 1, \"batch\": 20, \"lr\": 0.001}");
  const std::string model = path("model"), out = path("out");
  return {
      {"pack of pixels", folder / "bars.bjp", {"eval", model, "--data", path("bars.bjp"), "--device", "cpu"}},
      {"pack of ink", folder / "ink.bjp", {"show", path("ink.bjp"), "--sheet", out + "/sheet.png"}},
      {"pack of texts", folder / "texts.bjp", {"show", path("texts.bjp"), "--sheet", out + "/sheet.png"}},
      {"model.json",
       folder / "model/model.json",
       {"eval", model, "--data", path("bars.bjp"), "--device", "cpu"}},
      {"model.onnx",
       folder / "model/model.onnx",
       {"eval", model, "--data", path("bars.bjp"), "--device", "cpu"}},
      {"labels.txt",
       folder / "model/labels.txt",
       {"eval", model, "--data", path("bars.bjp"), "--device", "cpu"}},
      {"state.json", folder / "run/state.json", {"export", path("run"), "--out", out + "/model"}},
      {"checkpoint",
       folder / "run" / read_run(folder / "run").checkpoints.at(0).file,
       {"eval", path("run"), "--data", path("bars.bjp"), "--device", "cpu"}},
      {"recipe.json",
       folder / "recipe.json",
       {"train", path("recipe.json"), "--data", path("nowhere.bjp"), "--out", out + "/run"}},
      {"gnt",
       folder / "in/1.gnt",
       {"prepare", "hwdb", "--from", path("in/1.gnt"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"pot",
       folder / "in/1.pot",
       {"prepare", "olhwdb", "--from", path("in/1.pot"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"unipen",
       folder / "in/a.dat",
       {"prepare", "unipen", "--from", path("in/a.dat"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"idx images",
       folder / "idx/train-images-idx3-ubyte",
       {"prepare", "mnist", "--from", path("idx"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"idx labels",
       folder / "idx/train-labels-idx1-ubyte",
       {"prepare", "mnist", "--from", path("idx"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"png",
       folder / "png/7/a.png",
       {"prepare", "png", "--from", path("png"), "--out", out + "/x.bjp", "--threads", "1"}},
      {"picture", folder / "png/7/a.png", {"recognize", path("png/7/a.png"), "--model", model}},
      {"ink", folder / "ink.json", {"recognize", path("ink.json"), "--model", model, "--annotate", out}},
      {"events", folder / "run/events.out.tfevents.biji", {"train", "--resume", "--out", path("run")}},
  };
}

TEST(Damaged, InputsOfEveryFormatEndInASentence) {
  const TempFolder folder, said;
  const std::vector<Format> all = formats(folder);
  ASSERT_EQ(all.size() * 60, 1080u);
  std::mt19937 random(3);
  int failed = 0;
  for (const Format& format : all) {
    const std::string good = read_file(format.file);
    const Outcome whole = run(format.command, said / "text");
    EXPECT_TRUE(whole.code == 0 || format.name == "recipe.json") << format.name << ": " << whole.text;
    fs::remove_all(folder / "out");
    write_file(format.file, good);
    const std::set<fs::path> before = files_in(folder.path);
    for (int i = 0; i < 60; ++i) {
      write_file(format.file, damaged(good, i, random));
      const Outcome outcome = run(format.command, said / "text");
      const std::string name = format.name + " " + std::to_string(i) + ": " + outcome.text;
      EXPECT_TRUE(outcome.code == 0 || outcome.code == 1) << name;
      failed += outcome.code;
      if (outcome.code == 1) {
        EXPECT_NE(outcome.text.find("biji: "), std::string::npos) << name;
        EXPECT_GT(outcome.text.size(), 15u) << name;
        EXPECT_EQ(outcome.text.find("json.exception"), std::string::npos) << name;
        std::error_code not_empty;
        fs::remove(folder / "out", not_empty);  // a folder that was made for what did not come
        EXPECT_EQ(files_in(folder.path), before) << name;
      }
      fs::remove_all(folder / "out");
    }
    write_file(format.file, good);
  }
  EXPECT_GT(failed, 540);  // most of what is damaged is noticed
}

}  // namespace
}  // namespace biji
