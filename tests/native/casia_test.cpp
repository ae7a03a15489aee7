// CASIA's formats, and reading them from wherever they lie: whole, cut anywhere, lying, compressed, in
// archives.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "native/base/file.h"
#include "native/commands/show.h"
#include "native/data/casia.h"
#include "native/data/prepare.h"
#include "native/nets/network.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

int64_t count_of(const Skipped& skipped) {
  int64_t total = 0;
  for (const auto& [reason, entry] : skipped.reasons) total += entry.count;
  return total;
}

namespace fs = std::filesystem;

class MemoryStream : public ByteStream {
 public:
  explicit MemoryStream(std::string bytes) : bytes_(std::move(bytes)) {}
  size_t read(std::span<uint8_t> buffer) override {
    const size_t n = std::min(buffer.size(), bytes_.size() - at_);
    std::memcpy(buffer.data(), bytes_.data() + at_, n);
    at_ += n;
    return n;
  }
  const std::string& name() const override { return name_; }

 private:
  std::string bytes_, name_ = "memory";
  size_t at_ = 0;
};

std::string le16(int32_t v) {
  return {static_cast<char>(v & 255), static_cast<char>(v >> 8 & 255)};
}
std::string le32(uint32_t v) {
  return le16(static_cast<int32_t>(v & 0xffff)) + le16(static_cast<int32_t>(v >> 16));
}

// "啊" is 0xB0A1 in GBK.
std::string gnt_record(const std::string& code, int32_t width, int32_t height) {
  const int32_t area = width * height;
  return le32(static_cast<uint32_t>(10 + area)) + code + le16(width) + le16(height) +
         std::string(static_cast<size_t>(area), '\x7f');
}
const std::string kA = "\xb0\xa1";
const std::string kGnt =
    gnt_record(kA, 3, 2) + gnt_record(std::string("7\0", 2), 1, 1) + gnt_record(kA, 2, 2);

// Two strokes: a line of two points and a dot.
std::string pot_record(const std::string& tag, int32_t strokes = 2) {
  const std::string body = le16(10) + le16(20) + le16(30) + le16(-5) + le16(-1) + le16(0) + le16(7) +
                           le16(8) + le16(-1) + le16(0) + le16(-1) + le16(-1);
  return le16(static_cast<int32_t>(8 + body.size())) + tag + le16(strokes) + body;
}
const std::string kTagA("\xa1\xb0\0\0", 4);
const std::string kPot = pot_record(kTagA) + pot_record(std::string("\0Q\0\0", 4));

struct Read {
  std::vector<std::string> labels;
  Skipped skipped;
};
Read gnt(const std::string& bytes) {
  Read out;
  MemoryStream stream(bytes);
  read_gnt(stream, out.skipped, [&](GntSample&& sample) {
    EXPECT_EQ(sample.gray.pixels.size(), static_cast<size_t>(sample.gray.width) * sample.gray.height);
    out.labels.push_back(sample.label);
    return true;
  });
  return out;
}
Read pot(const std::string& bytes) {
  Read out;
  MemoryStream stream(bytes);
  read_pot(stream, out.skipped, [&](PotSample&& sample) {
    EXPECT_FALSE(sample.ink.empty());
    out.labels.push_back(sample.label);
    return true;
  });
  return out;
}

TEST(Gbk, BecomesUtf8) {
  EXPECT_EQ(gbk_to_utf8(0xb0, 0xa1), "啊");
  EXPECT_EQ(gbk_to_utf8(0xd7, 0xf9), "座");
  EXPECT_EQ(gbk_to_utf8('A', 0), "A");
  EXPECT_EQ(gbk_to_utf8(0x81, 0x40), "丂");
  for (const uint8_t second : {0x00, 0x20, 0x7f, 0xff}) EXPECT_EQ(gbk_to_utf8(0xb0, second), "");
  EXPECT_EQ(gbk_to_utf8(0, 0), "");
  EXPECT_EQ(gbk_to_utf8('\n', 0), "");
}

TEST(Gnt, RecordsAreReadInOrder) {
  const Read read = gnt(kGnt);
  EXPECT_EQ(read.labels, (std::vector<std::string>{"啊", "7", "啊"}));
  EXPECT_EQ(count_of(read.skipped), 0);
}

TEST(Gnt, EveryTruncationKeepsTheWholeRecordsAndSaysWhatWasLost) {
  const size_t ends[] = {16, 27, kGnt.size()};
  for (size_t length = 0; length < kGnt.size(); ++length) {
    const Read read = gnt(kGnt.substr(0, length));
    const size_t whole = length >= ends[1] ? 2 : length >= ends[0] ? 1 : 0;
    EXPECT_EQ(read.labels.size(), whole) << length;
    const bool at_a_record = length == 0 || length == ends[0] || length == ends[1];
    EXPECT_EQ(count_of(read.skipped), at_a_record ? 0 : 1) << length;
  }
}

TEST(Gnt, SizesThatLieEndTheFileWithoutAllocatingForThem) {
  const std::string good = gnt_record(kA, 2, 2);
  for (const std::string& bad : {
           le32(0xffffffff) + kA + le16(0xffff) + le16(0xffff),      // 65,535 x 65,535, and not there
           le32(11) + kA + le16(2) + le16(2) + std::string(4, 'x'),  // the record is shorter than its image
           le32(10) + kA + le16(0) + le16(0),                        // no pixels
           le32(10) + kA + le16(0) + le16(9),
           le32(0) + kA + le16(1) + le16(1),
           le32(10 + 65535u * 65535u) + kA + le16(0xffff) + le16(0xffff) + "few",
       }) {
    const Read read = gnt(good + bad);
    EXPECT_EQ(read.labels.size(), 1u);
    EXPECT_EQ(count_of(read.skipped), 1);
  }
}

// As a tutorial has HWDB: squares of 64 px.
TEST(Gnt, ScansBecomeTheInputOfANetworkInAnySize) {
  const TempFolder folder;
  std::string record = gnt_record(kA, 30, 20);
  for (size_t i = record.size() - 600; i < record.size(); ++i) record[i] = i % 30 < 4 ? '\0' : '\xff';
  write_file(folder / "1001.gnt", record);
  PrepareOptions options{.set = "hwdb", .from = {folder / "1001.gnt"}, .out = folder / "hwdb.bjp"};
  options.input = {"hanzi", network_row("hanzi").input_of(64).picture()};
  prepare(options);
  const Pack pack(folder / "hwdb.bjp");
  EXPECT_EQ(pack.info().input.size_px, 64);
  ASSERT_EQ(pack.count(), 1);
  EXPECT_EQ(pack.image(0).size(), 64u * 64);
}

TEST(Gnt, UnknownLabelsAreSkippedAndReadingGoesOn) {
  const Read read = gnt(gnt_record("\xff\xff", 2, 2) + gnt_record(kA, 2, 2));
  EXPECT_EQ(read.labels, (std::vector<std::string>{"啊"}));
  ASSERT_EQ(read.skipped.reasons.size(), 1u);
  EXPECT_EQ(read.skipped.reasons.begin()->second.first, "memory at byte 0");
}

TEST(Pot, StrokesAndLabelsAreRead) {
  MemoryStream stream(kPot);
  Skipped skipped;
  std::vector<PotSample> samples;
  read_pot(stream, skipped, [&](PotSample&& sample) {
    samples.push_back(std::move(sample));
    return true;
  });
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].label, "啊");
  EXPECT_EQ(samples[1].label, "Q");
  ASSERT_EQ(samples[0].ink.stroke_count(), 2);
  EXPECT_EQ(samples[0].ink.stroke(0)[1].y, -5);
  EXPECT_EQ(samples[0].ink.stroke(1).size(), 1u);
  EXPECT_EQ(count_of(skipped), 0);
}

TEST(Pot, EveryTruncationKeepsTheWholeRecords) {
  const size_t record = kPot.size() / 2;
  for (size_t length = 0; length < kPot.size(); ++length) {
    const Read read = pot(kPot.substr(0, length));
    EXPECT_EQ(read.labels.size(), length >= record ? 1u : 0u) << length;
    EXPECT_EQ(count_of(read.skipped), length % record == 0 ? 0 : 1) << length;
  }
}

TEST(Pot, RecordsThatContradictThemselvesAreSkipped) {
  const std::string end = le16(-1) + le16(-1), lift = le16(-1) + le16(0), point = le16(1) + le16(2);
  const auto record = [](int32_t strokes, const std::string& body) {
    return le16(static_cast<int32_t>(8 + body.size())) + kTagA + le16(strokes) + body;
  };
  for (const std::string& bad : {
           pot_record(kTagA, 3),                        // more strokes than there are
           record(1, point + lift),                     // no end
           record(1, point + end),                      // a stroke that is not lifted
           record(1, point + lift + end + point),       // more behind the end
           record(2, point + lift + lift + end),        // a stroke of nothing
           record(0, end),                              // no ink
           pot_record(std::string("\xff\xff\0\0", 4)),  // no such character
           record(1, point + lift + "x" + end),         // half a pair
       }) {
    const Read read = pot(bad + pot_record(kTagA));
    EXPECT_EQ(read.labels.size(), 1u);
    EXPECT_EQ(count_of(read.skipped), 1);
  }
}

TEST(Pot, ARecordTooSmallToBeOneEndsTheFile) {
  const Read read = pot(pot_record(kTagA) + le16(2) + std::string(40, '\0'));
  EXPECT_EQ(read.labels.size(), 1u);
  EXPECT_EQ(count_of(read.skipped), 1);
}

// ---- folders, compression, archives
// ---------------------------------------------------------------------------------

class Archives : public testing::Test {
 protected:
  void zip(const fs::path& path, std::initializer_list<std::pair<const char*, std::string>> files) {
    archive* out = archive_write_new();
    archive_write_set_format_zip(out);
    ASSERT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
    for (const auto& [name, bytes] : files) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, name);
      archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_perm(entry, 0644);
      archive_write_header(out, entry);
      archive_write_data(out, bytes.data(), bytes.size());
      archive_entry_free(entry);
    }
    archive_write_free(out);
  }
  void gzip(const fs::path& path, const std::string& bytes) {
    const gzFile out = gzopen(path.c_str(), "wb");
    gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(out);
  }
  int64_t samples(const fs::path& from) {
    int64_t count = 0;
    Skipped skipped;
    const fs::path all[] = {from};
    for_each_file(all, ".gnt", [&](ByteStream& stream, const ReadProgress& progress) {
      EXPECT_LE(progress.done, progress.total);
      read_gnt(stream, skipped, [&](GntSample&&) { return ++count > 0; });
      return true;
    });
    return count;
  }
  std::string message(const fs::path& from) {
    try {
      samples(from);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  TempFolder folder;
};

TEST_F(Archives, PlainCompressedAndArchivedFilesAreAllRead) {
  write_file(folder / "1001-c.gnt", kGnt);
  gzip(folder / "1002-c.GNT.gz", kGnt);
  zip(folder / "more.zip", {{"deep/1003-c.gnt", kGnt}, {"readme.txt", "hello"}, {"1004-c.gnt", kGnt}});
  write_file(folder / "notes.txt", std::string_view("not a sample"));
  EXPECT_EQ(samples(folder.path), 12);
  EXPECT_EQ(samples(folder / "more.zip"), 6);
  EXPECT_EQ(samples(folder / "1001-c.gnt"), 3);
}

TEST_F(Archives, NamesInsideAnArchiveAreNeverPaths) {
  zip(folder / "evil.zip", {{"../../escape.gnt", kGnt}});
  EXPECT_EQ(samples(folder / "evil.zip"), 3);
  EXPECT_FALSE(fs::exists(folder.path.parent_path().parent_path() / "escape.gnt"));
}

TEST_F(Archives, AnAlzIsNamedWithWhatToDo) {
  zip(folder / "old.zip", {{"HWDB1.1trn_gnt.alz", "ALZ"}});
  EXPECT_NE(message(folder / "old.zip").find("HWDB1.1trn_gnt.alz: is an ALZ archive"), std::string::npos);
  write_file(folder / "x.alz", std::string_view("ALZ"));
  EXPECT_NE(message(folder.path).find("unalz"), std::string::npos);
}

TEST_F(Archives, ADamagedArchiveIsAnErrorThatNamesIt) {
  zip(folder / "cut.zip", {{"1.gnt", std::string(100000, 'x')}});
  fs::resize_file(folder / "cut.zip", 60);
  EXPECT_NE(message(folder / "cut.zip").find("cut.zip"), std::string::npos);
  EXPECT_NE(message(folder / "missing.zip").find("does not exist"), std::string::npos);
}

TEST_F(Archives, ContentDecidesWithinTheNamedFormatsOnly) {
  archive* out = archive_write_new();
  archive_write_set_format_cpio(out);  // libarchive would read it, but nobody asked for it
  ASSERT_EQ(archive_write_open_filename(out, (folder / "cpio.zip").c_str()), ARCHIVE_OK);
  archive_write_free(out);
  EXPECT_NE(message(folder / "cpio.zip").find("cpio.zip: cannot be read"), std::string::npos);
  zip(folder / "zip.tar", {{"1.gnt", kGnt}});
  EXPECT_EQ(samples(folder / "zip.tar"), 3);
}

#ifdef __GLIBC__
TEST_F(Archives, OneThatCannotBeOpenedCostsNoMemory) {
  write_file(folder / "no.zip", std::string_view("not a zip file"));
  EXPECT_NE(message(folder / "no.zip"), "");
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 20; ++i) message(folder / "no.zip");
  EXPECT_LT(mallinfo2().uordblks, before + 20 * 1000);  // the reader itself takes more than that each time
}
#endif

TEST_F(Archives, ShowDrawsWhatIsInThem) {
  zip(folder / "set.zip", {{"1.gnt", gnt_record(kA, 9, 7)}, {"2.pot", kPot}});
  ShowOptions options;
  options.data = folder / "set.zip";
  options.sheet = folder / "sheet.png";
  options.png_dir = folder / "png";
  show(options);
  EXPECT_TRUE(fs::exists(folder / "sheet.png"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "png"), fs::directory_iterator()), 2);
  options.class_label = "x";
  EXPECT_NE(error_of([&] { show(options); }).find("no class"), std::string::npos);
  options.data = folder / "sheet.png";
  EXPECT_NE(error_of([&] { show(options); }).find("no .gnt or .pot"), std::string::npos);
}

}  // namespace
}  // namespace biji
