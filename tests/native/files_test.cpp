// The readers of files: whatever the bytes, they give the data or an error that names the file.

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <csignal>
#include <cstring>
#include <map>
#include <memory>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/data/class_table.h"
#include "native/data/idx.h"
#include "native/data/npy.h"
#include "native/data/pack.h"
#include "native/data/picture.h"
#include "native/data/png.h"
#include "native/data/prepare.h"
#include "native/nets/safetensors.h"
#include "shared/encode.h"
#include "shared/raster.h"
#include "tests/core/samples.h"
#include "tests/native/png_files.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

// A zip whose members are stored as they are.
void write_zip(const std::filesystem::path& path, const std::map<std::string, std::string>& members) {
  const std::unique_ptr<archive, decltype(&archive_write_free)> out(archive_write_new(), archive_write_free);
  archive_write_set_format_zip(out.get());
  ASSERT_EQ(archive_write_open_filename(out.get(), path.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : members) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    ASSERT_EQ(archive_write_header(out.get(), entry.get()), ARCHIVE_OK);
    ASSERT_EQ(archive_write_data(out.get(), bytes.data(), bytes.size()),
              static_cast<la_ssize_t>(bytes.size()));
  }
}

std::string npy_bytes(const std::string& shape, const std::string& data, const std::string& type = "|u1",
                      const std::string& column_major = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + column_major + ", 'shape': (" + shape + "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  return "\x93NUMPY" + std::string("\1\0", 2) + static_cast<char>(header.size() & 255) +
         static_cast<char>(header.size() >> 8) + header + data;
}

std::string idx_bytes(std::vector<uint32_t> shape, const std::string& data) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (const uint32_t n : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(n >> shift);
  return bytes + data;
}

void write_gz(const std::filesystem::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

TEST(Idx, ReadsPlainAndGzippedFilesAlike) {
  const TempFolder folder;
  const std::string bytes = idx_bytes({2, 1, 3}, "abcdef");
  write_file(folder / "plain", bytes);
  write_gz(folder / "zipped.gz", bytes);
  for (const char* name : {"plain", "zipped.gz"}) {
    const Idx idx = read_idx(folder / name);
    EXPECT_EQ(idx.shape, (std::vector<uint32_t>{2, 1, 3}));
    EXPECT_EQ(std::string(idx.data.begin(), idx.data.end()), "abcdef");
  }
}

TEST(Idx, RefusesEveryTruncationAndExtraByte) {
  const TempFolder folder;
  const std::string bytes = idx_bytes({2, 2, 2}, "abcdefgh");
  for (size_t length = 0; length < bytes.size(); ++length) {
    write_file(folder / "cut", bytes.substr(0, length));
    EXPECT_NE(error_of([&] { read_idx(folder / "cut"); }).find((folder / "cut").string()), std::string::npos)
        << length;
  }
  write_file(folder / "long", bytes + "x");
  EXPECT_NE(error_of([&] { read_idx(folder / "long"); }), "");
}

TEST(Idx, RefusesEveryTruncationAndDamagedByteOfAGzipStream) {
  const TempFolder folder;
  write_gz(folder / "whole.gz", idx_bytes({40}, std::string(40, 'x')));
  const std::string bytes = read_file(folder / "whole.gz");
  for (size_t length = 0; length < bytes.size(); ++length) {
    write_file(folder / "cut.gz", bytes.substr(0, length));
    EXPECT_NE(error_of([&] { read_idx(folder / "cut.gz"); }), "") << length;
  }
  std::string damaged = bytes;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  write_file(folder / "damaged.gz", damaged);
  EXPECT_NE(error_of([&] { read_idx(folder / "damaged.gz"); }), "");
}

TEST(Idx, ALyingHeaderCostsNoMemory) {
  const TempFolder folder;
  write_file(folder / "huge", idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, "x"));
  EXPECT_NE(error_of([&] { read_idx(folder / "huge"); }), "");
  write_file(folder / "large", idx_bytes({60000, 4096, 4096}, "x"));  // a terabyte
  EXPECT_NE(error_of([&] { read_idx(folder / "large"); }).find("truncated"), std::string::npos);
}

TEST(Idx, ImagesAndLabelsMustBelongTogether) {
  const TempFolder folder;
  write_file(folder / "train-images-idx3-ubyte", idx_bytes({2, 2, 2}, "abcdefgh"));
  EXPECT_NE(
      error_of([&] { read_idx_pair({{folder.path}}, "train", false, 10); }).find("train-labels-idx1-ubyte"),
      std::string::npos);
  write_file(folder / "train-labels-idx1-ubyte", idx_bytes({3}, std::string("\1\2\3")));
  EXPECT_NE(error_of([&] { read_idx_pair({{folder.path}}, "train", false, 10); }), "");
  write_file(folder / "train-labels-idx1-ubyte", idx_bytes({2}, std::string("\1\12")));
  EXPECT_NE(error_of([&] { read_idx_pair({{folder.path}}, "train", false, 10); }).find("label 10"),
            std::string::npos);
  const LabelledImages images = read_idx_pair({{folder.path}}, "train", true, 11);
  EXPECT_EQ(std::string(images.pixels.begin(), images.pixels.end()),
            "acbdegfh");  // column-major made row-major
}

TEST(Npz, HoldsMnistAsKerasKeepsIt) {
  const TempFolder folder;
  const std::string pixels = std::string(784, '\0') + std::string(300, '\0') + std::string(484, 'x');
  const auto write = [&](const std::string& images, const std::string& labels) {
    write_zip(folder / "mnist.npz", {{"x_test.npy", images}, {"y_test.npy", labels}});
  };
  const auto error = [&](const std::string& images, const std::string& labels) {
    write(images, labels);
    return error_of([&] { read_npz(folder / "mnist.npz", "test", 10); });
  };
  const std::string images = npy_bytes("2, 28, 28", pixels), labels = npy_bytes("2,", "\3\7");
  write(images, labels);
  const LabelledImages read = read_npz(folder / "mnist.npz", "test", 10);
  EXPECT_EQ(read.count, 2u);
  EXPECT_EQ(read.labels, (std::vector<uint8_t>{3, 7}));
  EXPECT_EQ(read.pixels[1500], 'x');
  EXPECT_NE(error_of([&] { read_npz(folder / "mnist.npz", "train", 10); }).find("x_test.npy, y_test.npy"),
            std::string::npos);
  EXPECT_NE(error(images, npy_bytes("3,", "abc")).find("do not belong together"), std::string::npos);
  EXPECT_NE(error(images, npy_bytes("2,", "\3\12")).find("label 10"), std::string::npos);
  EXPECT_NE(error(npy_bytes("2, 28, 28", pixels, "<f4"), labels).find("not bytes"), std::string::npos);
  EXPECT_NE(error(npy_bytes("2, 28, 28", pixels, "|u1", "True"), labels).find("column-major"),
            std::string::npos);
  EXPECT_NE(error(npy_bytes("2, 28, 28", pixels + "x"), labels).find("more data"), std::string::npos);
  EXPECT_NE(error(npy_bytes("9, 4096, 4096000", "x"), labels).find("truncated"), std::string::npos);
  EXPECT_NE(error(npy_bytes("4294967295, 4294967295, 4294967295", "x"), labels).find("asks for more"),
            std::string::npos);
  for (size_t length = 0; length < images.size(); length += length < 200 ? 1 : 97)
    EXPECT_NE(error(images.substr(0, length), labels).find("x_test.npy"), std::string::npos) << length;

  write(images, labels);
  prepare({.set = "mnist", .split = "test", .from = {folder.path}, .out = folder / "a.bjp"});
  EXPECT_EQ(Pack(folder / "a.bjp").count(), 1);  // the other image is blank
}

TEST(Prepare, WritesWhatTheEncoderOfThePageGives) {
  const TempFolder folder;
  std::string pixels(28 * 28, '\0');
  for (int y = 2; y < 12; ++y) pixels[static_cast<size_t>(y * 28 + 3)] = '\xff';
  write_gz(folder / "t10k-images-idx3-ubyte.gz", idx_bytes({2, 28, 28}, pixels + std::string(28 * 28, '\0')));
  write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({2}, std::string("\1\2")));
  prepare({.set = "mnist", .split = "test", .from = {folder.path}, .out = folder / "test.bjp"});
  const Pack pack(folder / "test.bjp");
  ASSERT_EQ(pack.count(), 1);  // the blank one is left out
  Image image(28, 28);
  std::copy(pixels.begin(), pixels.end(), image.pixels.begin());
  const Result<Image> expected = normalize(image, kDigitsInput);
  EXPECT_TRUE(std::equal(expected.value.pixels.begin(), expected.value.pixels.end(), pack.image(0).begin()));
  EXPECT_EQ(pack.info().name, "mnist-test");
}

TEST(Pack, ComesBackAsItWasWritten) {
  const TempFolder folder;
  const PackInfo info{"two", {8, 6, Centring::kBox, 1.5f}, {"一", "a"}};
  std::vector<uint8_t> pixels(3 * 64);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i);
  write_pack(folder / "a.bjp", info, std::vector<uint16_t>{1, 0, 1}, pixels);
  const Pack pack(folder / "a.bjp");
  EXPECT_EQ(pack.info().name, "two");
  EXPECT_EQ(pack.info().classes, info.classes);
  EXPECT_EQ(pack.info().input.box_px, 6);
  EXPECT_EQ(pack.info().input.centring, Centring::kBox);
  EXPECT_EQ(pack.info().input.pen_px, 1.5f);
  EXPECT_EQ(std::vector<uint16_t>(pack.labels().begin(), pack.labels().end()),
            (std::vector<uint16_t>{1, 0, 1}));
  EXPECT_EQ(std::vector<uint8_t>(pack.pixels().begin(), pack.pixels().end()), pixels);
  EXPECT_EQ(pack.image(2)[0], 128);
}

TEST(Pack, RefusesEveryTruncationExtraByteAndFlippedBit) {
  const TempFolder folder;
  const PackInfo info{"p", {8, 6, Centring::kMass, 1}, {"a", "b"}};
  write_pack(folder / "good.bjp", info, std::vector<uint16_t>{0, 1}, std::vector<uint8_t>(128, 7));
  const std::string good = read_file(folder / "good.bjp");
  const auto error = [&](const std::string& bytes) {
    write_file(folder / "bad.bjp", bytes);
    return error_of([&] { Pack pack(folder / "bad.bjp"); });
  };
  ASSERT_EQ(error(good), "");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(error(good.substr(0, length)), "") << length;
  EXPECT_NE(error(good + '\0'), "");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x10;
    EXPECT_NE(error(bad), "") << "byte " << i;
  }
}

// Headers whose checksum is right but whose numbers are not.
TEST(Pack, RefusesLyingHeadersBeforeItUsesTheirNumbers) {
  const TempFolder folder;
  const PackInfo info{"p", {8, 6, Centring::kMass, 1}, {"a", "b"}};
  write_pack(folder / "good.bjp", info, std::vector<uint16_t>{0, 1}, std::vector<uint8_t>(128, 7));
  const std::string good = read_file(folder / "good.bjp");
  const auto error_with = [&](size_t offset, uint64_t value, size_t size) {
    std::string bad = good;
    std::memcpy(bad.data() + offset, &value, size);
    const auto crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bad.data()), 124));
    std::memcpy(bad.data() + 124, &crc, 4);
    write_file(folder / "bad.bjp", bad);
    return error_of([&] { Pack pack(folder / "bad.bjp"); });
  };
  ASSERT_EQ(error_with(48, 2, 8), "");
  for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{1} << 40, ~uint64_t{0}})
    EXPECT_NE(error_with(48, count, 8), "") << count;
  for (const uint64_t side : {0ull, 7ull, 9ull, 65535ull, 0xffffffffull}) {
    EXPECT_NE(error_with(20, side, 4), "") << side;
  }
  for (const uint64_t bytes : {0ull, 3ull, 0xffffffffull}) EXPECT_NE(error_with(44, bytes, 4), "") << bytes;
  for (const uint64_t bytes : {0ull, 127ull, 129ull, ~0ull}) EXPECT_NE(error_with(56, bytes, 8), "") << bytes;
  for (const uint64_t classes : {0ull, 1ull, 3ull, 0xffffffffull})
    EXPECT_NE(error_with(36, classes, 4), "") << classes;
  for (const uint64_t groups : {1ull, 0xffffffffull}) EXPECT_NE(error_with(40, groups, 4), "") << groups;
  EXPECT_NE(error_with(16, 1, 4), "");
  EXPECT_NE(error_with(16, 2, 4), "");
  for (const uint64_t format : {0, 1, 4})
    EXPECT_NE(error_with(8, format, 4).find("biji prepare"), std::string::npos) << format;
  EXPECT_NE(error_with(8, 2, 4), "");  // which has no terms: a label too many
  EXPECT_NE(error_with(12, input_version(kDigitsInput) + 1, 4).find("encoder version"), std::string::npos);
}

TEST(Pack, RefusesLabelsWithoutAClass) {
  const TempFolder folder;
  const PackInfo info{"p", {8, 6, Centring::kMass, 1}, {"a", "b"}};
  write_pack(folder / "bad.bjp", info, std::vector<uint16_t>{0, 2}, std::vector<uint8_t>(128, 7));
  EXPECT_NE(error_of([&] { Pack pack(folder / "bad.bjp"); }), "");
}

Ink two_strokes() {
  Ink ink;
  ink.add_stroke(std::vector<Point>{{10, 20}, {30, 20}, {30, 25}});
  ink.add_stroke(std::vector<Point>{{12, 40}});
  return ink;
}

TEST(Pack, KeepsStrokesAndWhoWroteThem) {
  const TempFolder folder;
  PackWriter writer(folder / "ink.bjp", PackKind::kStrokes);
  writer.add(1, 1, two_strokes());
  Ink far = two_strokes();
  for (Point& p : far.points) p.x = p.x * 1e5f - 7e5f, p.y *= 1e5f;  // wider than 16 bits
  writer.add(0, 0, far);
  writer.relabel(std::vector<uint16_t>{1, 0});
  writer.commit("ink", {"一", "a"}, {"1001", "1002"});
  const Pack pack(folder / "ink.bjp");
  ASSERT_EQ(pack.count(), 2);
  EXPECT_EQ(pack.info().kind, PackKind::kStrokes);
  EXPECT_EQ(pack.info().groups, (std::vector<std::string>{"1001", "1002"}));
  EXPECT_EQ(pack.groups()[0], 1);
  EXPECT_EQ(pack.labels()[0], 0);  // relabelled
  const Ink ink = pack.ink(0);
  ASSERT_EQ(ink.ends, (std::vector<int32_t>{3, 4}));
  EXPECT_EQ(ink.points[2].x, 20);  // moved to the origin
  EXPECT_EQ(ink.points[3].y, 20);
  // Drawn, it is the same character: position and unit do not matter.
  EXPECT_EQ(normalize(ink, kHanziInput).value.pixels, normalize(two_strokes(), kHanziInput).value.pixels);
  const Box box = bounds(pack.ink(1));
  EXPECT_NEAR(std::max(box.width, box.height), 32000, 1);
}

// Packs of format 2 say nothing of their terms, and may so not be passed on.
TEST(Pack, TellsItsTermsAndThoseOfFormat2AreUnknown) {
  const TempFolder folder;
  PackWriter writer(folder / "new.bjp", PackKind::kStrokes);
  writer.add(0, 0, two_strokes());
  writer.commit("ink", {"a"}, {}, kTermsCasia);
  EXPECT_EQ(Pack(folder / "new.bjp").info().terms, kTermsCasia);
  std::string old = read_file(folder / "new.bjp");
  old.erase(old.size() - std::string("casia\na\n").size(), std::string("casia\n").size());
  const auto put = [&](size_t at, uint32_t value) { std::memcpy(old.data() + at, &value, 4); };
  const auto crc = [&](size_t begin, size_t end) {
    return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(old.data()) + begin, end - begin));
  };
  put(8, 2);
  put(44, static_cast<uint32_t>(std::string("ink\na\n").size()));
  put(64, crc(128, old.size()));
  put(124, crc(0, 124));
  write_file(folder / "old.bjp", old);
  const Pack pack(folder / "old.bjp");
  EXPECT_EQ(pack.info().terms, kTermsUnknown);
  EXPECT_EQ(pack.info().name, "ink");
  EXPECT_EQ(pack.info().classes, Labels{"a"});
  EXPECT_FALSE(shareable({pack.info().terms}));
}

TEST(Pack, RefusesEveryTruncationAndFlippedBitOfStrokes) {
  const TempFolder folder;
  {
    PackWriter writer(folder / "good.bjp", PackKind::kStrokes);
    writer.add(0, 0, two_strokes());
    writer.add(1, 0, two_strokes());
    writer.commit("p", {"a", "b"}, {"g"});
  }
  const std::string good = read_file(folder / "good.bjp");
  const auto error = [&](const std::string& bytes) {
    write_file(folder / "bad.bjp", bytes);
    return error_of([&] { Pack pack(folder / "bad.bjp"); });
  };
  ASSERT_EQ(error(good), "");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(error(good.substr(0, length)), "") << length;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x10;
    EXPECT_NE(error(bad), "") << "byte " << i;
    // The same with checksums that were made to fit: no crash, and no ink beyond the data.
    for (const auto& [at, from, size] : {std::tuple{size_t{64}, size_t{128}, good.size() - 128},
                                         std::tuple{size_t{124}, size_t{0}, size_t{124}}}) {
      const auto crc =
          static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bad.data()) + from, size));
      std::memcpy(bad.data() + at, &crc, 4);
    }
    write_file(folder / "bad.bjp", bad);
    try {
      const Pack pack(folder / "bad.bjp");
      if (pack.info().kind == PackKind::kStrokes) {
        for (int64_t k = 0; k < pack.count(); ++k) EXPECT_FALSE(pack.ink(k).empty());
      }
    } catch (const std::runtime_error&) {
    }
  }
}

TEST(Prepare, KnowsTheLettersOfMergedSets) {
  const TempFolder folder;
  const std::string pixels(3 * 28 * 28, '\x80');
  write_file(folder / "emnist-letters-train-images-idx3-ubyte", idx_bytes({3, 28, 28}, pixels));
  write_file(folder / "emnist-letters-train-labels-idx1-ubyte", idx_bytes({3}, std::string("\1\32\0", 3)));
  PrepareOptions options{.set = "emnist-letters", .from = {folder.path}, .out = folder / "a.bjp"};
  prepare(options);
  {
    const Pack pack(folder / "a.bjp");
    ASSERT_EQ(pack.count(), 2);  // 0 is no letter
    EXPECT_EQ(pack.info().classes[pack.labels()[0]], "Aa");
    EXPECT_EQ(pack.info().classes[pack.labels()[1]], "Zz");
  }
  write_file(folder / "emnist-letters-mapping.txt", std::string("1 65 97\n2 66 98\n"));
  prepare(options);
  write_file(folder / "emnist-letters-mapping.txt", std::string("1 65 97\n2 67 99\n"));
  EXPECT_NE(error_of([&] { prepare(options); }).find("mapping of another set"), std::string::npos);
}

// EMNIST's byclass files with these labels.
void write_emnist(const std::filesystem::path& folder, const std::vector<Image>& images,
                  const std::string& labels) {
  std::string pixels;
  for (const Image& image : images)  // column-major
    for (int32_t x = 0; x < 28; ++x)
      for (int32_t y = 0; y < 28; ++y)
        pixels += static_cast<char>(image.pixels[static_cast<size_t>(y * 28 + x)]);
  const auto n = static_cast<uint32_t>(images.size());
  write_file(folder / "emnist-byclass-train-images-idx3-ubyte", idx_bytes({n, 28, 28}, pixels));
  write_file(folder / "emnist-byclass-train-labels-idx1-ubyte", idx_bytes({n}, labels));
}

Image drawn(const Ink& ink, Placement placement, float pen_px) {
  Image image(28, 28);
  draw_ink(ink, placement, pen_px, 0, image);
  return image;
}

TEST(Prepare, KeepsTheClassesThatAreWanted) {
  const TempFolder folder;
  const Ink ink = circle_ink(0, 0, 1);
  const std::vector<Image> images(4, drawn(ink, {0, 0, 8, 14, 14}, 2));
  write_emnist(folder.path, images, {5, 10, 35, 36});  // 5, A, Z, a
  PrepareOptions options{.set = "emnist", .from = {folder.path}, .out = folder / "a.bjp", .classes = "0-9Z"};
  prepare(options);
  {
    const Pack pack(folder / "a.bjp");
    EXPECT_EQ(pack.info().classes.size(), 11u);
    ASSERT_EQ(pack.count(), 2);
    EXPECT_EQ(pack.info().classes[pack.labels()[0]], "5");
    EXPECT_EQ(pack.info().classes[pack.labels()[1]], "Z");
    EXPECT_EQ(pack.info().input, kLettersInput);
  }
  options.classes = "0-9";
  prepare(options);
  EXPECT_EQ(Pack(folder / "a.bjp").info().input, kDigitsInput);  // digits alone are for the model of digits
  options.input = {"letters", kLettersInput};
  prepare(options);
  EXPECT_EQ(Pack(folder / "a.bjp").info().input, kLettersInput);
  for (const char* none : {"一", "9-0", "\xff"}) {
    options.classes = none;
    EXPECT_NE(error_of([&] { prepare(options); }).find("0-9 or A-Za-z"), std::string::npos);
  }
}

TEST(Prepare, LeavesOutTheSameWritingHoweverItWasCutOut) {
  const TempFolder folder;
  Ink two = circle_ink(0, 0, 2);  // what there is already
  append(two, line_ink(-2, 4, 3, 7));
  Ink other = circle_ink(0, 5, 2);
  append(other, line_ink(-2, -2, 3, 1));
  write_emnist(folder.path, {drawn(two, {0, 0, 2.2f, 12, 6}, 3)}, {2});
  prepare({.set = "emnist", .from = {folder.path}, .out = folder / "known.bjp", .classes = "0-9"});
  PrepareOptions options{
      .set = "emnist", .from = {folder.path}, .out = folder / "new.bjp", .without = {folder / "known.bjp"}};
  Image faint = drawn(two, {0, 0, 2.2f, 14, 7}, 3);
  for (uint8_t& pixel : faint.pixels) pixel = static_cast<uint8_t>(pixel * 3 / 4);
  write_emnist(folder.path,
               {drawn(two, {0, 0, 1.8f, 13, 8}, 2.4f), drawn(other, {0, 0, 2.2f, 12, 6}, 3), faint,
                drawn(line_ink(0, 0, 1, 6), {0, 0, 3, 10, 4}, 3)},
               {2, 3, 2, 1});
  prepare(options);
  {
    const Pack pack(folder / "new.bjp");
    EXPECT_EQ(std::vector<uint16_t>(pack.labels().begin(), pack.labels().end()),
              (std::vector<uint16_t>{3, 1}));
  }
  PackWriter strokes(folder / "strokes.bjp", PackKind::kStrokes);
  strokes.add(0, 0, two);
  strokes.commit("strokes", {"2"});
  options.without = {folder / "strokes.bjp"};
  EXPECT_NE(error_of([&] { prepare(options); }).find("strokes.bjp: holds strokes"), std::string::npos);
}

// A .pot record of one character with one stroke, dx wide.
std::string pot_record(const std::string& gbk, int dx) {
  std::string out;
  const auto put = [&](int v) {
    out += static_cast<char>(v & 255);
    out += static_cast<char>(v >> 8 & 255);
  };
  put(8 + 4 * 4);
  out += {gbk[1], gbk[0], '\0', '\0'};
  put(1);
  for (const int v : {5, 5, 5 + dx, 9, -1, 0, -1, -1}) put(v);
  return out;
}

TEST(Prepare, PicksWritersAndClassesOfCasia) {
  const TempFolder folder;
  const std::string both =
      pot_record("\xb0\xa1", 3) + pot_record("\xe0\xc5", 4);  // 啊 is of the first level, 嗯 not
  write_file(folder / "in" / "1001.pot", both);
  write_file(folder / "in" / "1002.pot", both + pot_record("\xb0\xa2", 9));
  write_file(folder / "in" / "1003.pot", both);
  PrepareOptions options{
      .set = "olhwdb", .from = {folder / "in"}, .out = folder / "a.bjp", .writers = "1001-1002"};
  prepare(options);
  {
    const Pack pack(folder / "a.bjp");
    EXPECT_EQ(pack.count(), 3);
    EXPECT_EQ(pack.info().classes.size(), 3755u);
    EXPECT_EQ(pack.info().groups, (std::vector<std::string>{"1001", "1002"}));
    EXPECT_EQ(pack.info().classes[pack.labels()[0]], "啊");
    EXPECT_EQ(pack.info().classes[pack.labels()[2]], "阿");
    EXPECT_EQ(bounds(pack.ink(2)).width, 9);
  }
  options.classes = "all";
  options.writers = "";
  prepare(options);
  {
    const Pack pack(folder / "a.bjp");
    EXPECT_EQ(pack.count(), 7);
    EXPECT_EQ(pack.info().classes, (Labels{"啊", "嗯", "阿"}));  // by code point
    EXPECT_EQ(pack.info().classes[pack.labels()[1]], "嗯");
  }
  write_file(folder / "list.txt", std::string("阿\n"));
  options.classes = folder / "list.txt";
  prepare(options);
  EXPECT_EQ(Pack(folder / "a.bjp").count(), 1);
  options.writers = "1003";
  EXPECT_NE(error_of([&] { prepare(options); }).find("not among the classes"), std::string::npos);
  options.writers = "10x";
  EXPECT_NE(error_of([&] { prepare(options); }).find("1001-1200,1205"), std::string::npos);
}

TEST(Prepare, KnowsTheFirstLevelOfGb2312) {
  const std::vector<std::string> labels = gb2312_level1();
  ASSERT_EQ(labels.size(), 3755u);
  EXPECT_EQ(labels.front(), "啊");
  EXPECT_EQ(labels.back(), "座");
}

TEST(Safetensors, ComeBackAsTheyWereWritten) {
  const FloatTensors tensors = {{"a", {{2, 2}, {1, 2, 3, 4}}}, {"b", {{}, {5}}}, {"empty", {{0, 3}, {}}}};
  const FloatTensors back = from_safetensors(to_safetensors(tensors));
  ASSERT_EQ(back.size(), 3u);
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(back.at(name).shape, tensor.shape);
    EXPECT_EQ(back.at(name).data, tensor.data);
  }
}

// ---- PNG

// As grey: 0 = black.
Image gray_png(const std::string& file) {
  const Photo photo = read_png({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
  return gray_from_rgba(photo.rgba, photo.width, photo.height).value;
}

size_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) << 10;
}

Image bar(bool dark) {
  Image image(40, 50);
  image.pixels.assign(image.pixels.size(), dark ? 250 : 10);
  for (int y = 8; y < 40; ++y)
    for (int x = 15; x < 19; ++x) image.at(x, y) = dark ? 20 : 240;
  return image;
}

TEST(Png, EveryKindShowsTheSamePicture) {
  const Image photo = random_photo(3);
  for (const PngKind& kind : kPngKinds) {
    const std::string file = png_file(photo, kind);
    const Image read = gray_png(file);
    EXPECT_EQ(read.width, photo.width);
    EXPECT_EQ(read.pixels, photo.pixels) << kind.depth << ' ' << kind.colour;
  }
}

TEST(Png, ReadsWhatWeWriteAndInterlacedFiles) {
  const Image ink = bar(false);
  const std::vector<uint8_t> bytes = png(ink);
  Image read = gray_png({bytes.begin(), bytes.end()});
  for (uint8_t& v : read.pixels) v = static_cast<uint8_t>(255 - v);  // 255 = ink there
  EXPECT_EQ(read.pixels, ink.pixels);
  // Adam7: one pixel of each of the passes 1, 6 and 7; those that a 2 x 2 image has.
  const std::string file = png_file(2, 2, {8, 0}, std::string("\0\x01\0\x02\0\x03\x04", 7), true);
  EXPECT_EQ(gray_png(file).pixels, (std::vector<uint8_t>{1, 2, 3, 4}));
}

TEST(Png, RefusesEveryTruncationAndDamagedByte) {
  const std::string good = png_file(bar(true), {16, 6});
  const auto read = [](const std::string& file) { return gray_png(file).pixels; };
  const auto error = [&](const std::string& file) { return error_of([&] { read(file); }); };
  ASSERT_EQ(error(good), "");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(error(good.substr(0, length)), "") << length;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x10;
    // Newer versions of libpng do not look at the checksum of the end, behind which there is nothing to damage.
    if (i + 4 >= good.size() && error(bad).empty())
      EXPECT_EQ(read(bad), read(good)) << "byte " << i;
    else
      EXPECT_NE(error(bad), "") << "byte " << i;
  }
}

TEST(Png, ALyingSizeCostsNoMemory) {
  for (const auto& [width, height] : {std::pair{0xffffffffu, 0xffffffffu},
                                      {0x7fffffffu, 0x7fffffffu},
                                      {0u, 1u},
                                      {100000u, 1u},
                                      {1u, 100000u},
                                      {16384u, 16384u},
                                      {16384u, 4096u}}) {
    const std::string file = png_file(width, height, {16, 6}, std::string(9, '\0'));
    const size_t before = peak_memory();
    EXPECT_NE(error_of([&] { gray_png(file); }), "") << width << 'x' << height;
    EXPECT_LT(peak_memory() - before, 16u << 20);
  }
}

TEST(Png, FoldersAreNamedByTheirLabels) {
  for (const char* label : {"7", "a", "A", "Cc", "一", "?", "/", "bytes"})
    EXPECT_EQ(label_of_folder(folder_of_label(label)), label);
  for (const char* name : {"一", "AB", "A_lower", "bytes", "bytes_4", "bytes_zz", "C_uppers"})
    EXPECT_EQ(label_of_folder(name), name);
}

TEST(PreparePng, TakesFoldersInTheOrderOfTheirLabels) {
  const TempFolder folder;
  for (const char* name : {"b", "一", "A_upper", "B", "empty"})
    std::filesystem::create_directories(folder / name);
  write_file(folder / "一" / "x.png", png_file(bar(true), {8, 0}));
  write_file(folder / "b" / "2.PNG", png_file(bar(false), {16, 6}));
  write_file(folder / "b" / "1.png", png_file(random_photo(5), {8, 2}));
  write_file(folder / "A_upper" / "a.png", png_file(bar(true), {8, 3}));
  write_file(folder / "B" / ".hidden", std::string("x"));
  prepare({.set = "png", .from = {folder.path}, .out = folder / "a.bjp"});
  const Pack pack(folder / "a.bjp");
  EXPECT_EQ(pack.info().classes, (Labels{"A", "B", "b", "empty", "一"}));
  EXPECT_EQ(std::vector<uint16_t>(pack.labels().begin(), pack.labels().end()),
            (std::vector<uint16_t>{0, 2, 2, 4}));
  EXPECT_EQ(pack.info().input.size_px, kHanziInput.size_px);
  // What the page makes of the same pictures; which shade is ink is found for each.
  const Image expected[] = {bar(true), random_photo(5), bar(false), bar(true)};
  for (int64_t i = 0; i < pack.count(); ++i) {
    const std::vector<uint8_t> input =
        encode(expected[i], {.spec = kHanziInput.picture(), .split = false}).value.input;
    EXPECT_TRUE(std::equal(input.begin(), input.end(), pack.image(i).begin(), pack.image(i).end())) << i;
  }
}

TEST(PreparePng, AsksTheClassesWhichInputIsMeantOrIsTold) {
  const TempFolder folder;
  write_file(folder / "in" / "7" / "x.png", png_file(bar(true), {8, 0}));
  PrepareOptions options{.set = "png", .from = {folder / "in"}, .out = folder / "a.bjp"};
  const auto input = [&] {
    prepare(options);
    return Pack(folder / "a.bjp").info().input;
  };
  EXPECT_EQ(input().centring, Centring::kMass);  // digits
  write_file(folder / "in" / "q" / "x.png", png_file(bar(true), {8, 0}));
  EXPECT_EQ(input().box_px, kLettersInput.box_px);
  options.input = {"hanzi", kHanziInput.picture()};
  EXPECT_EQ(input().size_px, kHanziInput.size_px);
  write_file(folder / "classes.txt", std::string("q\n一\n"));
  options.classes = (folder / "classes.txt").string();
  input();
  EXPECT_EQ(Pack(folder / "a.bjp").info().classes, (Labels{"q", "一"}));  // the file's order; 7 is left out
  EXPECT_EQ(Pack(folder / "a.bjp").count(), 1);
}

TEST(PreparePng, NamesWhatItLeavesOut) {
  const TempFolder folder;
  const std::string good = png_file(bar(true), {8, 0});
  write_file(folder / "in" / "1" / "good.png", good);
  write_file(folder / "in" / "1" / "cut.png", good.substr(0, good.size() / 2));
  write_file(folder / "in" / "1" / "huge.png", png_file(0x7fffffff, 0x7fffffff, {8, 0}, "x"));
  write_file(folder / "in" / "1" / "notes.txt", std::string("no picture"));
  write_file(folder / "in" / "1" / "text.png", std::string("no picture"));
  write_file(folder / "in" / "1" / "blank.png", png_file(Image(30, 30), {8, 0}));
  write_file(folder / "in" / "stray.png", good);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  prepare({.set = "png", .from = {folder / "in"}, .out = folder / "a.bjp"});
  const std::string text = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  for (const char* name :
       {"1/cut.png", "1/huge.png", "1/notes.txt", "1/text.png", "1/blank.png", "stray.png"})
    EXPECT_NE(text.find((folder / "in" / name).string()), std::string::npos) << name << " in " << text;
  EXPECT_EQ(Pack(folder / "a.bjp").count(), 1);
}

TEST(PreparePng, AFolderWithoutPicturesIsAnErrorThatSaysWhatWasExpected) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "empty");
  write_file(folder / "flat" / "a.png", png_file(bar(true), {8, 0}));
  write_file(folder / "bad" / "7" / "a.png", std::string("no picture"));
  for (const char* from : {"empty", "flat", "bad", "nowhere"}) {
    const std::string error =
        error_of([&] { prepare({.set = "png", .from = {folder / from}, .out = folder / "a.bjp"}); });
    EXPECT_NE(error.find((folder / from).string()), std::string::npos) << error;
    EXPECT_FALSE(std::filesystem::exists(folder / "a.bjp"));
  }
}

TEST(Safetensors, RefuseEveryTruncationAndLyingEntry) {
  const std::string good = to_safetensors({{"a", {{2, 2}, {1, 2, 3, 4}}}, {"b", {{3}, {5, 6, 7}}}});
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(error_of([&] { from_safetensors(good.substr(0, length)); }), "") << length;
  EXPECT_NE(error_of([&] { from_safetensors(good + "x"); }), "");
  for (const char* entry : {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})",
                            R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
                            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})",
                            R"({"a":{"dtype":"F32","shape":[1e99],"data_offsets":[0,4]}})",
                            R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})",
                            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-0.5,4]}})",
                            R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})",
                            R"({"a":{"shape":[1]}})", R"({"a":7})", R"([])", R"({"a":)"}) {
    const uint64_t length = std::strlen(entry);
    std::string bytes(reinterpret_cast<const char*>(&length), 8);
    bytes += std::string(entry) + std::string(4, '\0');
    EXPECT_NE(error_of([&] { from_safetensors(bytes); }), "") << entry;
  }
}

TEST(Json, HoldsNoNumberThatAnIntegerCannot) {
  for (const char* text : {"{\"a\": 1e99}", "[[-3e9]]", "1e10", "{\"a\":", ""})
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  EXPECT_EQ(parse_json("[18446744073709551615, -1, 0.5, 1e-9]").size(), 4u);
}

TEST(AtomicFile, LeavesTheOldFileWhenItIsNotCommitted) {
  const TempFolder folder;
  write_file(folder / "f", "old");
  {
    AtomicFile file(folder / "f");
    file.write("new");
  }
  EXPECT_EQ(read_file(folder / "f"), "old");
  write_file(folder / "f", "newer");
  EXPECT_EQ(read_file(folder / "f"), "newer");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}),
            1);  // no temporary file is left
}

TEST(AtomicFile, AFullDiskIsAnErrorAndTheOldFileStays) {
  const TempFolder folder;
  write_file(folder / "f", "old");
  // A limit on the size of files stands in for the full disk.
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] { write_file(folder / "f", std::string(5000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(error.find((folder / "f").string()), std::string::npos) << error;
  EXPECT_EQ(read_file(folder / "f"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1);
}

TEST(Checksums, MatchPublishedValues) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  const auto encoded = [](std::string_view text) {
    return base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");  // RFC 4648
  EXPECT_EQ(encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(encoded(""), "");
}

TEST(Picture, ASheetHoldsItsImagesSideBySide) {
  const Image dot(2, 2);
  Image black(2, 2);
  black.pixels.assign(4, 255);
  const Image sheet = contact_sheet(std::vector{dot, black, dot}, 2);
  EXPECT_EQ(sheet.width, 7);
  EXPECT_EQ(sheet.height, 7);
  EXPECT_EQ(sheet.at(1, 1), 0);
  EXPECT_EQ(sheet.at(4, 1), 255);
  const std::vector<uint8_t> bytes = png(sheet);
  EXPECT_EQ(std::string(bytes.begin() + 1, bytes.begin() + 4), "PNG");
}

}  // namespace
}  // namespace biji
