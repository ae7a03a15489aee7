// UNIPEN's format and distribution, on files that the tests write: whole, cut anywhere, lying, leading elsewhere; and on the
// real ones, where they are.
#include "native/data/unipen.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "native/base/file.h"
#include "native/commands/show.h"
#include "native/data/dataset.h"
#include "native/data/pack.h"
#include "native/data/prepare.h"
#include "native/data/unipen_files.h"
#include "shared/labels.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

using Texts = std::map<std::string, std::string>;

struct Read {
  std::vector<UnipenSample> samples;
  std::vector<std::string> lost;
  Skipped skipped;
  int64_t left_out(const std::string& reason) const {
    const auto found = skipped.reasons.find(reason);
    return found == skipped.reasons.end() ? 0 : found->second.count;
  }
  std::vector<std::string> labels() const {
    std::vector<std::string> all;
    for (const UnipenSample& sample : samples) all.push_back(sample.label);
    return all;
  }
};

Read read(const std::string& text, const Texts& included = {}) {
  Read out;
  out.lost = read_unipen(
      "test.dat", text,
      [&](const std::string& path) -> std::optional<std::string> {
        const auto found = included.find(path);
        return found == included.end() ? std::nullopt : std::optional(found->second);
      },
      out.skipped,
      [&](UnipenSample&& sample) {
        EXPECT_FALSE(sample.ink.empty());
        out.samples.push_back(std::move(sample));
        return true;
      });
  return out;
}

std::vector<std::pair<float, float>> points(const Ink& ink) {
  std::vector<std::pair<float, float>> all;
  for (const Point& point : ink.points) all.emplace_back(point.x, point.y);
  return all;
}
using Pairs = std::vector<std::pair<float, float>>;

// Components 0 (down), 1 (up), 2 (down), 3 (down); some without points, which do not count.
const std::string kInk =
    ".PEN_DOWN\n1 10\n2 20\n3 30\n.PEN_UP\n4 40\n.PEN_DOWN\n5 50\n.PEN_UP\n.DT "
    "100\n.PEN_DOWN\n.PEN_UP\n.PEN_DOWN\n6 60\n7 70\n";

TEST(Unipen, SegmentsNameComponentsAndPoints) {
  const Read all =
      read(".COORD X Y\n.WRITER_ID me\n" + kInk +
           ".SEGMENT CHARACTER 0-2 OK \"a\"\n.SEGMENT CHARACTER 3 ? \"b\"\n.SEGMENT CHARACTER 0:1-2 ? \"c\"\n"
           ".SEGMENT CHARACTER 0:2-3:0 ? \"d\"\n.SEGMENT CHARACTER 0:1-0:1 GOOD \"e\"\n.SEGMENT WORD 0,3 ? "
           "\"two words\"\n"
           ".SEGMENT WORD 0, 2-3 \"g\"\n");
  ASSERT_EQ(all.labels(), (std::vector<std::string>{"a", "b", "c", "d", "e", "two words", "g"}));
  EXPECT_EQ(points(all.samples[0].ink), (Pairs{{1, -10}, {2, -20}, {3, -30}, {5, -50}}));
  EXPECT_EQ(all.samples[0].ink.stroke_count(), 2);
  EXPECT_EQ(points(all.samples[1].ink), (Pairs{{6, -60}, {7, -70}}));
  EXPECT_EQ(points(all.samples[2].ink), (Pairs{{2, -20}, {3, -30}, {5, -50}}));
  EXPECT_EQ(points(all.samples[3].ink), (Pairs{{3, -30}, {5, -50}, {6, -60}}));
  EXPECT_EQ(points(all.samples[4].ink), (Pairs{{2, -20}}));
  EXPECT_EQ(all.samples[5].ink.stroke_count(), 2);
  EXPECT_EQ(all.samples[6].ink.stroke_count(), 3);
  EXPECT_EQ(all.samples[4].quality, "GOOD");
  EXPECT_EQ(all.samples[6].quality, "");
  EXPECT_EQ(all.samples[5].type, "WORD");
  EXPECT_EQ(all.samples[5].writer, "me");
  EXPECT_TRUE(all.skipped.reasons.empty());
}

TEST(Unipen, ColumnsComeInAnyOrder) {
  const std::string rest = ".SEGMENT CHARACTER 0 ? \"a\"\n";
  EXPECT_EQ(points(read(".COORD T Y P X\n.PEN_DOWN\n100 2 0.5 1\n" + rest).samples.at(0).ink),
            (Pairs{{1, -2}}));
  EXPECT_EQ(points(read(".COORD Y X\n.PEN_DOWN\n2 1\n" + rest).samples.at(0).ink), (Pairs{{1, -2}}));
  EXPECT_EQ(points(read(".PEN_DOWN\n1 2\n" + rest).samples.at(0).ink), (Pairs{{1, -2}}));
  EXPECT_EQ(points(read(".COORD\tX Y T\r\n.PEN_DOWN\r\n1 +2.5\r\n\r\n3 4 5\r\n" + rest).samples.at(0).ink),
            (Pairs{{1, -2.5}, {3, -4}}));
  for (const char* bad :
       {".COORD X T\n.PEN_DOWN\n1 2\n", ".COORD\n.PEN_DOWN\n1 2\n", ".COORD X Y\n.PEN_DOWN\n1\n",
        ".COORD X Y\n.PEN_DOWN\n1 2 3\n", ".COORD X Y\n.PEN_DOWN\n1 two\n", ".COORD X Y\n.PEN_DOWN\n1 nan\n",
        ".COORD X Y\n.PEN_DOWN\n1 1e30\n"})
    EXPECT_EQ(read(bad + rest).left_out("a point is not as .COORD says"), 1) << bad;
}

TEST(Unipen, LabelsAreUnescaped) {
  const Read all = read(
      kInk +
      ".SEGMENT CHARACTER 0 OK \"\\\"\"\n.SEGMENT CHARACTER 0 OK \"\\\\\"\n.SEGMENT CHARACTER 0 OK \"@\"\n"
      ".SEGMENT CHARACTER 0 OK \"\xe9\"\n.SEGMENT CHARACTER 0 OK \"\xc3\xa9\"\n"
      ".SEGMENT WORD 0 OK \"t\\@h\\@e\"\n.SEGMENT CHARACTER 0 OK \"\\@\"\n.SEGMENT CHARACTER 0 OK \"\"\n"
      ".SEGMENT CHARACTER 0 OK \"open\n.SEGMENT CHARACTER 0 OK\n.SEGMENT CHARACTER 0 OK \" \"\n");
  EXPECT_EQ(all.labels(), (std::vector<std::string>{"\"", "\\", "@", "é", "é", "the"}));
  EXPECT_EQ(all.left_out("a segment is a ligature, no character"), 1);
  EXPECT_EQ(all.left_out("a segment's label is empty"), 2);
  EXPECT_EQ(all.left_out("a segment has no label"), 2);
}

TEST(Unipen, UnknownKeywordsAndTextAreIgnored) {
  const Read all = read(
      "99 99\n.VERSION 1.0\n.COMMENT numbers follow\n1 2\n   .PEN_DOWN in a text\n3 4\n.. dots\n.lower 7\n" +
      kInk + ".START_BOX\n8 8\n.H_LINE 1 2\n9 9\n.SEGMENT CHARACTER 0 ? \"a\"\n.NEW_WORD 5 5\n");
  ASSERT_EQ(all.samples.size(), 1u);
  EXPECT_EQ(points(all.samples[0].ink), (Pairs{{1, -10}, {2, -20}, {3, -30}}));
}

TEST(Unipen, SegmentsThatLieAreSkipped) {
  for (const char* components : {"4", "0-4", "3-0", "0:3", "0:1-0:0", "2:0-2:1", "0-99999999999999999999",
                                 "-1", "1-", "x", "0:", "0:-1", "0,,2", "0;2"}) {
    const Read all =
        read(kInk + ".SEGMENT CHARACTER " + components + " ? \"a\"\n.SEGMENT CHARACTER 0 ? \"b\"\n");
    EXPECT_EQ(all.labels(), std::vector<std::string>{"b"}) << components;
    EXPECT_EQ(all.skipped.reasons.size(), 1u) << components;
  }
  EXPECT_EQ(read(kInk + ".SEGMENT CHARACTER 1 ? \"a\"\n").left_out("there is no ink"), 1);  // in the air
  std::string many = kInk;
  for (int i = 0; i < 1000; ++i) many += ".SEGMENT TEXT 0-3,0-3,0-3 ? \"a\"\n";
  EXPECT_LT(read(many).samples.size(), 20u);
  EXPECT_GT(read(many).left_out("segments overlap without end"), 900);
}

TEST(Unipen, ComponentsAreCountedOverIncludes) {
  const Texts files = {{"a/head.doc", ".COORD X Y T\n.COMMENT text\n"},
                       {"a/one.dat", ".INCLUDE a/head.doc\n.WRITER_ID  first \n.PEN_DOWN\n1 1 0\n"},
                       {"a/two.dat", ".WRITER_ID second\n.PEN_DOWN\n2 2 0\n.PEN_DOWN\n3 3 0\n"}};
  const Read all = read(
      ".INCLUDE a/one.dat\n.INCLUDE a/two.dat\n.SEGMENT CHARACTER 0 ? \"a\"\n.SEGMENT CHARACTER 2 ? "
      "\"b\"\n.PEN_DOWN\n4 4 0\n"
      ".SEGMENT CHARACTER 3 ? \"c\"\n",
      files);
  ASSERT_EQ(all.labels(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(points(all.samples[1].ink), (Pairs{{3, -3}}));
  EXPECT_EQ(points(all.samples[2].ink), (Pairs{{4, -4}}));
  EXPECT_EQ(all.samples[0].writer, "first");
  EXPECT_EQ(all.samples[1].writer, "second");
}

TEST(Unipen, MissingIncludesAreNamed) {
  const std::string segment = ".SEGMENT CHARACTER 0 ? \"a\"\n";
  const Texts files = {{"x.dat", kInk}, {"y.dat", kInk}};
  const Read one = read(".INCLUDE no.doc\n.INCLUDE x.dat\n" + segment, files);
  EXPECT_EQ(one.lost, std::vector<std::string>{"no.doc"});
  EXPECT_EQ(one.left_out("an include is missing"), 1);
  EXPECT_EQ(one.labels(), std::vector<std::string>{"a"});
  // Which of the components are gone?
  const Read two = read(".INCLUDE x.dat\n.INCLUDE no.dat\n.INCLUDE y.dat\n" + segment, files);
  EXPECT_EQ(two.left_out("components cannot be counted where a file is missing"), 1);
  EXPECT_TRUE(two.samples.empty());
}

TEST(Unipen, IncludesThatLeadAwayOrOnWithoutEndAreRefused) {
  for (const std::string path :
       {"../../etc/passwd", "/etc/passwd", "a/../../b", "..", "a/..", "c:x", "a\\b", ""}) {
    Skipped skipped;
    const auto lost = read_unipen(
        "test.dat", ".INCLUDE " + path + "\n",
        [&](const std::string& asked) -> std::optional<std::string> {
          ADD_FAILURE() << asked;
          return std::nullopt;
        },
        skipped, [](UnipenSample&&) { return true; });
    EXPECT_EQ(lost, std::vector<std::string>{path});
  }
  EXPECT_EQ(
      read(".INCLUDE a\n", {{"a", ".INCLUDE b\n"}, {"b", ".INCLUDE a\n"}}).left_out("a file includes itself"),
      1);
  Texts deep, wide;
  for (int i = 0; i < 1000; ++i) deep[std::to_string(i)] = ".INCLUDE " + std::to_string(i + 1) + "\n";
  deep["1000"] = kInk;
  EXPECT_EQ(read(".INCLUDE 0\n", deep).left_out("includes are nested too deep"), 1);
  for (int i = 0; i < 16; ++i)
    wide[std::to_string(i)] =
        ".INCLUDE " + std::to_string(i + 1) + "\n.INCLUDE " + std::to_string(i + 1) + "\n";
  wide["16"] = kInk;
  EXPECT_GT(read(".INCLUDE 0\n", wide).left_out("there are too many includes"), 0);
  const std::string large(size_t{20} << 20, ' ');
  EXPECT_EQ(read(".INCLUDE a\n.INCLUDE b\n", {{"a", large}, {"b", large}})
                .left_out("the file and its includes are larger than 32 MB"),
            1);
}

TEST(Unipen, EveryTruncationGivesWhatIsWhole) {
  const std::string text = ".COORD X Y\n.WRITER_ID me\n" + kInk +
                           ".SEGMENT CHARACTER 0-2 OK \"a\"\n.SEGMENT CHARACTER 3 ? \"b\\\"\"\n";
  const Read whole = read(text);
  ASSERT_EQ(whole.labels(), (std::vector<std::string>{"a", "b\""}));
  for (size_t length = 0; length < text.size(); ++length) {
    const Read cut = read(text.substr(0, length));
    ASSERT_LE(cut.samples.size(), 2u);
    for (size_t i = 0; i < cut.samples.size(); ++i) {
      EXPECT_EQ(cut.samples[i].label, whole.samples[i].label) << length;
      EXPECT_EQ(points(cut.samples[i].ink), points(whole.samples[i].ink)) << length;
    }
    const Read included = read(".INCLUDE x\n.SEGMENT CHARACTER 3 ? \"b\"\n", {{"x", text.substr(0, length)}});
    EXPECT_LE(included.samples.size(), 3u);
  }
}

// ---- the distribution and packs ----

class Distribution : public testing::Test {
 protected:
  void SetUp() override {
    put("data/1a/app/one.dat",
        ".INCLUDE app/app.doc\n.INCLUDE app/data/one.dat\n.SEGMENT CHARACTER 0 ? \"1\"\n"
        ".SEGMENT CHARACTER 1 ? \"1\"\n.SEGMENT CHARACTER 2 ? \"7\"\n");
    put("data/1a/tos/t/two.dat",
        ".INCLUDE tos/gone.doc\n.INCLUDE tos/data/two.dat\n.SEGMENT CHARACTER 0 ? \"1\"\n");
    put("data/7/app/one.dat",
        ".INCLUDE app/app.doc\n.INCLUDE app/data/one.dat\n.SEGMENT WORD 0-1 ? \"na\xc3\xafve\"\n"
        ".SEGMENT WORD 2 ? \"I\"\n");
    put("include/app/app.doc", ".COORD X Y\n");
    put("include/app/data/one.dat",
        ".WRITER_ID ann\n.PEN_DOWN\n0 0\n0 9\n.PEN_DOWN\n4 0\n4 9\n.PEN_DOWN\n9 9\n9 0\n");
    put("include/tos/data/two.dat", ".COORD Y X\n.WRITER_ID bob\n.PEN_DOWN\n0 0\n9 0\n");
    put("README", ".SEGMENT CHARACTER 0 ? \"x\"\n");
    options.set = "unipen";
    options.from = {folder / "set"};
    options.out = folder / "out.bjp";
    options.threads = 2;
  }
  void put(const std::string& name, const std::string& text) {
    write_file(folder.path / "set" / name, std::string_view(text));
  }
  Pack prepared() {
    prepare(options);
    return Pack(options.out);
  }

  TempFolder folder;
  PrepareOptions options;
};

TEST_F(Distribution, BecomesAPack) {
  const Pack pack = prepared();
  EXPECT_EQ(pack.count(), 4);
  EXPECT_EQ(pack.info().kind, PackKind::kStrokes);
  EXPECT_EQ(pack.info().classes, (Labels{"1", "7"}));
  EXPECT_EQ(pack.info().groups, (std::vector<std::string>{"app/ann", "tos/bob"}));
  EXPECT_EQ(pack.info().terms, kTermsUnipen);
  EXPECT_EQ(points(pack.ink(2)), (Pairs{{0, 0}, {0, 9}}));  // from the top to the bottom
}

TEST_F(Distribution, WritersCollectionsAndACapChoose) {
  options.writers = "tos/bob";
  EXPECT_EQ(prepared().count(), 1);
  options.writers.clear();
  write_file(folder / "list.txt", std::string_view("tos/bob\n"));
  options.without_writers = folder / "list.txt";
  EXPECT_EQ(prepared().info().groups, std::vector<std::string>{"app/ann"});
  options.without_writers.clear();
  options.collections = "tos";
  EXPECT_EQ(prepared().count(), 1);
  options.collections.clear();
  options.without_collections = "tos";
  EXPECT_EQ(prepared().count(), 3);
  options.cap = 1;
  EXPECT_EQ(prepared().count(), 2);
  options.writers = "nobody";
  EXPECT_NE(error_of([&] { prepare(options); }).find("COLLECTION/WRITER"), std::string::npos);
  options.writers = "app/nobody";
  EXPECT_NE(error_of([&] { prepare(options); }).find("no sample that is wanted"), std::string::npos);
  options.categories = "9";
  EXPECT_NE(error_of([&] { prepare(options); }).find("no file of these categories"), std::string::npos);
}

TEST_F(Distribution, WordsBecomeTexts) {
  options.categories = "7";
  const Pack pack = prepared();
  ASSERT_EQ(pack.count(), 2);
  EXPECT_EQ(pack.info().kind, PackKind::kTexts);
  EXPECT_EQ(pack.text(0), "naïve");
  EXPECT_EQ(pack.text(1), "I");
  EXPECT_EQ(pack.ink(0).stroke_count(), 2);
  EXPECT_EQ(pack.info().classes, (Labels{"I", "a", "e", "n", "v", "ï"}));
  EXPECT_TRUE(pack.labels().empty());
  EXPECT_EQ(pack.groups().size(), 2u);
  options.categories = "1a,7";
  EXPECT_NE(error_of([&] { prepare(options); }).find("--texts"), std::string::npos);
  options.texts = true;
  EXPECT_EQ(prepared().count(), 6);
}

TEST_F(Distribution, ShowDrawsTexts) {
  options.categories = "7";
  prepared();
  ShowOptions shown;
  shown.data = options.out;
  shown.sheet = folder / "sheet.png";
  shown.png_dir = folder / "png";
  show(shown);
  EXPECT_TRUE(fs::exists(folder / "sheet.png"));
  EXPECT_TRUE(fs::exists(folder.path / "png" / "0000000-na__ve.png"));
  EXPECT_TRUE(fs::exists(folder.path / "png" / "0000001-I.png"));
  shown.class_label = "no";
  EXPECT_NE(error_of([&] { show(shown); }).find("has no text"), std::string::npos);
}

TEST_F(Distribution, AnArchiveIsReadInPlace) {
  prepare(options);
  const std::string unpacked = read_file(options.out);
  archive* out = archive_write_new();
  archive_write_set_format_ustar(out);
  archive_write_add_filter_gzip(out);
  ASSERT_EQ(archive_write_open_filename(out, (folder / "set.tgz").c_str()), ARCHIVE_OK);
  for (const auto& file : fs::recursive_directory_iterator(folder / "set")) {
    if (!file.is_regular_file()) continue;
    const std::string text = read_file(file.path());
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry,
                               ("./top/" + file.path().lexically_relative(folder / "set").string()).c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(out, entry);
    archive_write_data(out, text.data(), text.size());
    archive_entry_free(entry);
  }
  archive_write_free(out);
  options.from = {folder / "set.tgz"};
  prepare(options);
  EXPECT_EQ(read_file(options.out), unpacked);
  options.from = {folder / "missing.tgz"};
  EXPECT_NE(error_of([&] { prepare(options); }).find("does not exist"), std::string::npos);
}

TEST_F(Distribution, LinksThatLeadOutAreNotFollowed) {
  write_file(folder / "secret.dat", std::string_view(".PEN_DOWN\n1 1\n"));
  fs::create_symlink(folder / "secret.dat", folder.path / "set" / "include" / "app" / "link.dat");
  fs::create_symlink(folder.path, folder.path / "set" / "include" / "app" / "up");
  fs::create_symlink("app.doc", folder.path / "set" / "include" / "app" / "inside.doc");
  const UnipenFiles files({folder / "set"});
  ASSERT_FALSE(files.files().empty());
  const UnipenFiles::File& file = files.files().front();
  EXPECT_EQ(file.category, "1a");
  EXPECT_EQ(file.collection, "app");
  EXPECT_EQ(files.include(file, "app/link.dat"), std::nullopt);
  EXPECT_EQ(files.include(file, "app/up/secret.dat"), std::nullopt);
  EXPECT_EQ(files.include(file, "app/data"), std::nullopt);
  EXPECT_TRUE(files.include(file, "app/inside.doc").has_value());
}

TEST_F(Distribution, PendigitsSayInACommentWhoWrote) {
  write_file(folder / "pendigits-orig.tra",
             std::string_view(".INCLUDE dene.doc\n.LEXICON \"0\" \"1\"\n.SEGMENT DIGIT 0 ? \"8\"\n.COMMENT 8 "
                              "12  224\n.PEN_DOWN\n 1 2\n 3 4\n"
                              ".PEN_UP\n.DT 100\n.SEGMENT DIGIT 1-2 ? \"1\"\n.COMMENT 1 3 25\n.PEN_DOWN\n1 "
                              "1\n.PEN_UP\n.PEN_DOWN\n2 2\n.PEN_UP\n"));
  options.from = {folder / "pendigits-orig.tra"};
  const Pack pack = prepared();
  EXPECT_EQ(pack.count(), 2);
  EXPECT_EQ(pack.info().groups, (std::vector<std::string>{"pendigits/12", "pendigits/3"}));
  EXPECT_EQ(pack.info().terms, kTermsPendigits);
  EXPECT_EQ(pack.info().name, "pendigits");

  // As UCI has it.
  const std::string text = read_file(options.from[0]);
  archive* out = archive_write_new();
  archive_write_set_format_raw(out);
  archive_write_add_filter_compress(out);
  ASSERT_EQ(archive_write_open_filename(out, (folder / "pendigits-orig.tra.Z").c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(out, entry);
  archive_write_data(out, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(out);
  options.from = {folder / "pendigits-orig.tra.Z"};
  EXPECT_EQ(prepared().count(), 2);
}

TEST(Terms, CardsNameThoseWhoAskForIt) {
  const std::string both = licence_note(joined({kTermsUnipen}, {kTermsNist}));
  EXPECT_NE(both.find("Apache-2.0"), std::string::npos);
  EXPECT_NE(both.find("NIST"), std::string::npos);
  EXPECT_NE(both.find("International Unipen Foundation, CC BY 4.0"), std::string::npos);
  EXPECT_TRUE(shareable(joined({kTermsUnipen}, {kTermsPendigits})));
  EXPECT_FALSE(shareable(joined({kTermsUnipen}, {kTermsCasia})));
  const std::string casia = licence_note(joined({kTermsPendigits}, {kTermsCasia}));
  EXPECT_NE(casia.find("Alimoglu"), std::string::npos);
  EXPECT_NE(casia.find("CASIA"), std::string::npos);
  EXPECT_EQ(casia.find("not recorded"), std::string::npos);
}

TEST(TextPacks, DamageIsRefused) {
  TempFolder folder;
  const Ink ink{{{0, 0}, {5, 5}}, {2}};
  PackWriter writer(folder / "a.bjp", PackKind::kTexts);
  writer.add("hello", 0, ink);
  writer.add("é", 1, ink);
  writer.commit("words", {}, {"x", "y"});
  const Pack pack(folder / "a.bjp");
  EXPECT_EQ(pack.info().classes, (Labels{"e", "h", "l", "o", "é"}));
  EXPECT_EQ(pack.text(1), "é");
  const std::string bytes = read_file(folder / "a.bjp");
  for (size_t length = 0; length < bytes.size(); length += 3) {
    write_file(folder / "b.bjp", std::string_view(bytes).substr(0, length));
    EXPECT_NE(error_of([&] { Pack(folder / "b.bjp"); }), "") << length;
  }
}

TEST(TextPacks, AreNotForNetworksOfCharacters) {
  TempFolder folder;
  PackWriter writer(folder / "a.bjp", PackKind::kTexts);
  writer.add("hello", 0, Ink{{{0, 0}, {5, 5}}, {2}});
  writer.commit("words", {});
  EXPECT_NE(error_of([&] {
              load_data(std::vector<fs::path>{folder / "a.bjp"}, kHanziInput);
            }).find("words or lines"),
            std::string::npos);
}

// ---- the real ones, where somebody has laid them out ----

const fs::path kReal = fs::path(BIJI_MODELS) / ".." / ".." / "shared" / "data";

TEST(RealUnipen, HasAsManySegmentsAsItsDescriptionSays) {
  const fs::path path = kReal / "unipen" / "unipen-train.tar.xz";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  const UnipenFiles files({path});
  std::map<std::string, int64_t> segments;
  Skipped skipped;
  std::set<std::string> lost;
  for (const UnipenFiles::File& file : files.files()) {
    if (file.category != "1a" && file.category != "1b" && file.category != "1c" && file.category != "1d" &&
        file.category != "3")
      continue;
    int64_t& count = segments[file.category];
    Skipped left_out;
    for (const std::string& include : read_unipen(
             file.name, files.read(file).value(),
             [&](const std::string& name) { return files.include(file, name); }, left_out,
             [&](UnipenSample&& sample) {
               EXPECT_FALSE(sample.writer.empty());
               return ++count > 0;
             }))
      lost.insert(include);
    for (const auto& [reason, entry] : left_out.reasons) {
      skipped.add(reason, entry);
      if (reason.find("segment") != std::string::npos || reason == "there is no ink") count += entry.count;
    }
  }
  EXPECT_EQ(segments["1a"], 15173);
  EXPECT_EQ(segments["1b"], 25850);
  EXPECT_EQ(segments["1c"], 56988);
  EXPECT_EQ(segments["1d"], 15642);
  EXPECT_EQ(segments["3"], 62825);
  EXPECT_EQ(skipped.reasons["a segment is a ligature, no character"].count, 2 * 1198);  // of 1d and 3
  EXPECT_EQ(skipped.reasons.size(), 1u);
}

TEST(RealPendigits, HasAllDigits) {
  const fs::path path = kReal / "pendigits" / "pendigits-orig.tra.xz";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  TempFolder folder;
  PrepareOptions options;
  options.set = "unipen";
  options.from = {path};
  options.out = folder / "out.bjp";
  prepare(options);
  const Pack pack(options.out);
  EXPECT_EQ(pack.count(), 7494);
  EXPECT_EQ(pack.info().classes.size(), 10u);
  EXPECT_EQ(pack.info().groups.size(), 30u);
  EXPECT_EQ(pack.info().terms, kTermsPendigits);
}

}  // namespace
}  // namespace biji
