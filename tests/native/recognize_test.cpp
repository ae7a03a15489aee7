// Photographs: files to pixels, pages to text by the digits that ship.

#include "native/commands/recognize.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/commands/annotate.h"
#include "native/data/ink_file.h"
#include "native/data/photo.h"
#include "native/data/png.h"
#include "native/train/read.h"
#include "native/train/run_model.h"
#include "shared/raster.h"
#include "tests/core/samples.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

std::string text_of(const std::vector<uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

Photo photo_of(const Image& gray) {
  Photo photo{gray.width, gray.height, {}};
  for (const uint8_t v : gray.pixels) photo.rgba.insert(photo.rgba.end(), {v, v, v, 255});
  return photo;
}

// ---- files ----

// 32 x 16, stored with a black top left quarter and a grey top right one.
Photo two_corners() {
  Image gray(32, 16);
  for (int32_t y = 0; y < 16; ++y)
    for (int32_t x = 0; x < 32; ++x) gray.at(x, y) = y >= 8 ? 255 : x < 16 ? 0 : 128;
  return photo_of(gray);
}

// The same file saying how the camera was held.
std::string with_orientation(const std::string& jpeg_file, char orientation) {
  std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 24);
  exif += std::string({orientation, 0, 0, 0}) + std::string(4, '\0');
  const std::string segment = std::string("\xff\xe1\0", 3) + static_cast<char>(exif.size() + 2) + exif;
  return jpeg_file.substr(0, 2) + segment + jpeg_file.substr(2);
}

TEST(Photo, ExifTurnsThePictureUpright) {
  const std::string file = text_of(jpeg(two_corners(), 95));
  // Where the stored picture's two corners are on the upright one: Exif 2.32, table 5.
  struct Case {
    char orientation;
    bool tall, black_right, black_bottom, grey_right, grey_bottom;
  };
  for (const Case& c : {Case{1, false, false, false, true, false},
                        {2, false, true, false, false, false},
                        {3, false, true, true, false, true},
                        {4, false, false, true, true, true},
                        {5, true, false, false, false, true},
                        {6, true, true, false, true, true},
                        {7, true, true, true, true, false},
                        {8, true, false, true, false, false},
                        {9, false, false, false, true, false}}) {  // 9 means nothing
    const Photo photo = decode_photo(with_orientation(file, c.orientation));
    ASSERT_EQ(photo.width, c.tall ? 16 : 32) << int{c.orientation};
    ASSERT_EQ(photo.height, c.tall ? 32 : 16) << int{c.orientation};
    const auto at = [&photo](bool right, bool bottom) {
      const int32_t x = right ? photo.width - 4 : 3, y = bottom ? photo.height - 4 : 3;
      return int32_t{photo.rgba[static_cast<size_t>(y * photo.width + x) * 4]};
    };
    EXPECT_NEAR(at(c.black_right, c.black_bottom), 0, 12) << int{c.orientation};
    EXPECT_NEAR(at(c.grey_right, c.grey_bottom), 128, 12) << int{c.orientation};
  }
}

TEST(Photo, EveryTruncationIsRefused) {
  const Photo picture = two_corners();
  const std::string jpeg_file = with_orientation(text_of(jpeg(picture, 90)), 6);
  for (size_t size = 0; size < jpeg_file.size(); ++size)
    EXPECT_NE(error_of([&] { decode_photo(jpeg_file.substr(0, size)); }), "") << size;
  Image noise(20, 10);
  Xorshift random(1);
  for (uint8_t& v : noise.pixels) v = static_cast<uint8_t>(random.below(256));
  const std::string png_file = text_of(png(noise));
  EXPECT_EQ(decode_photo(png_file).width, 20);
  for (size_t size = 0; size + 12 < png_file.size(); ++size)  // 12: the end mark holds no pixels
    EXPECT_NE(error_of([&] { decode_photo(png_file.substr(0, size)); }), "") << size;
}

TEST(Photo, SizesThatLieAreRefusedBeforeMemoryIsAsked) {
  std::string png_file = text_of(png(Image(20, 10)));
  const auto big_endian = [&png_file](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) png_file[at + i] = static_cast<char>(value >> (24 - 8 * i));
  };
  big_endian(16, 900000);
  big_endian(20, 900000);
  big_endian(29, static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png_file.data() + 12), 17)));
  EXPECT_NE(error_of([&] { decode_photo(png_file); }), "");

  std::string jpeg_file = text_of(jpeg(two_corners(), 90));
  const size_t frame = jpeg_file.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (size_t i = 5; i < 9; ++i) jpeg_file[frame + i] = '\xf0';
  EXPECT_NE(error_of([&] { decode_photo(jpeg_file); }).find("61680 x 61680"), std::string::npos);
}

TEST(Photo, DamageNeverCrashes) {
  const std::string files[] = {with_orientation(text_of(jpeg(two_corners(), 90)), 3),
                               text_of(png(Image(20, 10)))};
  Xorshift random(2);
  int32_t refused = 0;
  for (const std::string& file : files) {
    for (int32_t i = 0; i < 500; ++i) {
      std::string damaged = file;
      for (int32_t k = 0; k < 3; ++k)
        damaged[static_cast<size_t>(random.below(static_cast<int32_t>(file.size())))] =
            static_cast<char>(random.below(256));
      refused += error_of([&] { decode_photo(damaged); }) != "";
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Photo, AnotherFormatIsNamedWithARemedy) {
  const TempFolder folder;
  write_file(folder / "a.heic", std::string_view("\0\0\0\x18"
                                                 "ftypheic",
                                                 12));
  const std::string error = error_of([&] { read_photo(folder / "a.heic"); });
  EXPECT_NE(error.find("a.heic"), std::string::npos);
  EXPECT_NE(error.find("convert"), std::string::npos);
}

TEST(Photo, TransparentPixelsBecomeWhite) {
  Photo photo = two_corners();
  for (size_t i = 3; i < photo.rgba.size(); i += 4) photo.rgba[i] = 0;
  for (const uint8_t v : decode_photo(text_of(jpeg(photo, 90))).rgba) EXPECT_GT(v, 250);
}

// ---- pages ----

// Part of an ellipse; angles in degrees, clockwise from the right.
void arc(std::vector<Point>& stroke, float cx, float cy, float rx, float ry, float from, float to) {
  for (int32_t i = 0; i <= 24; ++i) {
    const float angle = (from + (to - from) * static_cast<float>(i) / 24) * 3.14159265f / 180;
    stroke.push_back({cx + rx * std::cos(angle), cy + ry * std::sin(angle), 0, 0.5f});
  }
}

// A digit as somebody might draw it, in a unit square.
std::vector<Point> digit(char c) {
  std::vector<Point> s;
  const auto to = [&s](float x, float y) { s.push_back({x, y, 0, 0.5f}); };
  switch (c) {
    case '0':
      arc(s, 0.5f, 0.5f, 0.28f, 0.42f, -90, -450);
      break;
    case '2':
      arc(s, 0.5f, 0.3f, 0.24f, 0.21f, -170, 30), to(0.42f, 0.74f), to(0.24f, 0.9f), to(0.78f, 0.9f);
      break;
    case '3':
      arc(s, 0.47f, 0.28f, 0.22f, 0.18f, -150, 90), arc(s, 0.47f, 0.68f, 0.26f, 0.22f, -90, 150);
      break;
    case '6':
      to(0.64f, 0.08f), to(0.44f, 0.28f), to(0.3f, 0.56f), arc(s, 0.49f, 0.7f, 0.2f, 0.2f, 180, -180);
      break;
    case '7':
      to(0.22f, 0.12f), to(0.76f, 0.11f), to(0.5f, 0.68f), to(0.42f, 0.92f);
      break;
    default:
      ADD_FAILURE() << c;
  }
  return s;
}

struct Page {
  std::vector<std::string> lines;
  float size = 60;       // of a digit
  int32_t noise = 4;     // shades, to either side
  double dark_side = 1;  // light at the right side; 1 = as at the left
  double shadow = 1;     // light below a sharp diagonal edge
  bool light_ink = false;
};

// Ink on paper of 520 x 300, as a camera sees it.
Photo photograph(const Page& page) {
  Ink ink;
  for (size_t line = 0; line < page.lines.size(); ++line) {
    for (size_t i = 0; i < page.lines[line].size(); ++i) {
      std::vector<Point> stroke = digit(page.lines[line][i]);
      for (Point& p : stroke) {
        p.x = 40 + page.size * (1.3f * static_cast<float>(i) + p.x);
        p.y = 40 + page.size * (1.7f * static_cast<float>(line) + p.y);
      }
      ink.add_stroke(stroke);
    }
  }
  Image map(520, 300);
  draw_ink(ink, {}, page.size / 12, 0, map);
  Image gray(520, 300);
  Xorshift random(11);
  for (int32_t y = 0; y < gray.height; ++y) {
    for (int32_t x = 0; x < gray.width; ++x) {
      const double light = (1 - (1 - page.dark_side) * x / gray.width) * (x + 2 * y > 420 ? page.shadow : 1);
      const double paper = page.light_ink ? 60 : 215, pen = page.light_ink ? 200 : 70;
      const double shade = (paper + (pen - paper) * map.at(x, y) / 255) * light;
      gray.at(x, y) =
          static_cast<uint8_t>(std::clamp(shade + random.below(2 * page.noise + 1) - page.noise, 0., 255.));
    }
  }
  return photo_of(gray);
}

Model& digits() {
  static Model model = load_model(BIJI_MODELS "/digits");
  return model;
}

Readings readings(const Photo& photo, const ReadOptions& options = {}, const Model& model = digits()) {
  Reader reader;
  EXPECT_EQ(reader.set_model(reader_model(model)), Err::kOk);
  Net net = model.net;
  EXPECT_EQ(begin(reader, photo, options), Err::kOk);
  read(reader, net);
  return reader.result();
}

std::vector<std::string> lines_of(const Photo& photo) {
  const Readings result = readings(photo);
  std::vector<std::string> lines;
  for (const ReadLine& line : result.lines) {
    std::string& text = lines.emplace_back();
    for (int32_t i = line.begin; i < line.end; ++i) text += result.characters[static_cast<size_t>(i)].text;
  }
  return lines;
}

TEST(Recognize, LinesOfDigitsInReadingOrder) {
  const std::vector<std::string> lines = {"30726", "6237"};
  EXPECT_EQ(lines_of(photograph({lines})), lines);
  EXPECT_EQ(lines_of(photograph({.lines = lines, .size = 25})), lines);
  EXPECT_EQ(lines_of(photograph({.lines = lines, .light_ink = true})), lines);
}

TEST(Recognize, LightThatFallsOffAndShadowsAcrossTheText) {
  const std::vector<std::string> lines = {"30726", "6237"};
  EXPECT_EQ(lines_of(photograph({.lines = lines, .dark_side = 0.3})), lines);
  EXPECT_EQ(lines_of(photograph({.lines = lines, .shadow = 0.5})), lines);
  EXPECT_EQ(lines_of(photograph({.lines = lines, .dark_side = 0.6, .shadow = 0.6})), lines);
}

TEST(Recognize, ABlankPageAndNoiseHaveNoCharacters) {
  const auto found = [](const Page& page) { return lines_of(photograph(page)).size(); };
  EXPECT_EQ(found({.lines = {"7"}}), 1u);  // it can see
  for (const int32_t noise : {0, 4, 40})
    for (const double dark_side : {1., 0.3})
      for (const double shadow : {1., 0.5})
        EXPECT_EQ(found({.lines = {}, .noise = noise, .dark_side = dark_side, .shadow = shadow}), 0u)
            << noise << ' ' << dark_side << ' ' << shadow;
}

TEST(Recognize, ReadsAfterACamerasJpeg) {
  const std::vector<std::string> lines = {"30726", "6237"};
  const Photo photo = photograph({.lines = lines, .noise = 8, .dark_side = 0.5});
  EXPECT_EQ(lines_of(decode_photo(text_of(jpeg(photo, 80)))), lines);
}

TEST(Recognize, BoxesAreWhereTheInkIs) {
  const Photo photo = photograph({{"3", "6"}});
  const Readings page = readings(photo);
  ASSERT_EQ(page.lines.size(), 2u);
  const Box box = page.characters.at(1).box;  // the 6: x from 0.29 to 0.69, y from 0.08 to 0.9
  EXPECT_NEAR(box.x, 40 + 60 * 0.29, 5);
  EXPECT_NEAR(box.y, 40 + 60 * (1.7 + 0.08), 5);
  EXPECT_NEAR(box.width, 60 * 0.4, 8);
  EXPECT_NEAR(box.height, 60 * 0.82, 8);
}

TEST(Recognize, TheCardSaysWhatIsSure) {
  Model strict = digits();
  EXPECT_EQ(strict.rejection, 0.99);  // models/digits/model.json
  strict.rejection = 1;
  const Readings page = readings(photograph({{"37"}}), {}, strict);
  EXPECT_EQ(page.text, "37");  // all the same
  EXPECT_FALSE(page.sure);
  EXPECT_FALSE(page.characters.at(0).sure);
  strict.rejection = 0;
  EXPECT_TRUE(readings(photograph({{"37"}}), {}, strict).sure);
}

TEST(Recognize, LessProbableCharactersCanBeLeftOut) {
  const Readings page = readings(photograph({{"37", "6"}}));
  EXPECT_EQ(confident_text(page, 0), page.text);
  EXPECT_EQ(confident_text(page, 1.01), "");
  float least = 1;
  for (const ReadCharacter& character : page.characters)
    least = std::min(least, character.candidates[0].probability);
  EXPECT_LT(confident_text(page, least + 1e-6).size(), page.text.size());
}

TEST(Recognize, AugmentsAsThePageDoes) {
  Model twice = digits();
  twice.look = {1, 0.12f};
  const auto probability = [](const Readings& page) {
    return page.characters.at(0).candidates.at(0).probability;
  };
  const Readings once = readings(photograph({{"37"}})), again = readings(photograph({{"37"}}), {}, twice);
  EXPECT_EQ(again.text, "37");
  EXPECT_NE(probability(again), probability(once));
  twice.look.shear = 0;  // the same view once more would tell nothing new
  EXPECT_EQ(probability(readings(photograph({{"37"}}), {}, twice)), probability(once));
}

TEST(Recognize, WritesTextPicturesAndJson) {
  const TempFolder folder;
  write_file(folder / "page.jpg", jpeg(photograph({{"30", "726"}}), 90));
  write_file(folder / "empty.jpg", jpeg(photograph({}), 90));
  write_file(folder / "broken.jpg", std::string_view("\xff\xd8\xff\xe0"));
  RecognizeOptions options;
  for (const char* name : {"broken.jpg", "page.jpg", "empty.jpg"}) options.inputs.push_back(folder / name);
  options.model = BIJI_MODELS "/digits";
  options.annotate = folder / "seen";
  options.json = folder / "seen.json";
  options.allow = "0-9";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(recognize(options), 1);  // not read
  const std::string text = testing::internal::GetCapturedStdout();
  const std::string messages = testing::internal::GetCapturedStderr();
  const std::string page = (folder / "page.jpg").string(), empty = (folder / "empty.jpg").string();
  EXPECT_EQ(text, page + ": 30\n" + page + ": 726\n" + empty + ": \n");
  EXPECT_NE(messages.find("broken.jpg: is a damaged JPEG"), std::string::npos) << messages;
  EXPECT_NE(messages.find("empty.jpg: found no characters"), std::string::npos) << messages;

  const auto json = nlohmann::json::parse(read_file(folder / "seen.json"));
  EXPECT_TRUE(json["images"][0].contains("error"));
  EXPECT_EQ(json["images"][1]["text"], "30\n726");
  EXPECT_EQ(json["format"], 2);
  EXPECT_EQ(json["images"][1]["candidates"][0]["text"], "30\n726");
  EXPECT_EQ(json["images"][1]["lines"][1]["begin"], 2);
  EXPECT_EQ(json["images"][1]["characters"].size(), 5u);
  EXPECT_EQ(json["images"][1]["characters"][2]["line"], 1);
  EXPECT_EQ(json["images"][1]["characters"][2]["candidates"][0]["text"], "7");
  EXPECT_EQ(json["images"][2]["characters"].size(), 0u);

  EXPECT_FALSE(std::filesystem::exists(folder / "seen/broken.jpg.svg"));
  const std::string svg = read_file(folder / "seen/page.jpg.svg");
  size_t boxes = 0;
  for (size_t at = 0; (at = svg.find("<title>", at)) != std::string::npos; ++at) ++boxes;
  EXPECT_EQ(boxes, 5u);
  EXPECT_NE(svg.find("data:image/jpeg;base64,"), std::string::npos);
}

TEST(Recognize, ReadsInkFromJson) {
  const TempFolder folder;
  write_file(folder / "ink.json",
             std::string_view(R"([{"x": [10, 11, 12], "y": [0, 50, 90], "t": [0, 9, 20]}])"));
  RecognizeOptions options;
  options.inputs = {folder / "ink.json"};
  options.model = BIJI_MODELS "/digits";
  options.annotate = folder / "seen";
  testing::internal::CaptureStdout();
  EXPECT_EQ(recognize(options), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "1\n");
  EXPECT_NE(read_file(folder / "seen/ink.json.svg").find("<path d=\"M 10.0 0.0 11.0 50.0 12.0 90.0\"/>"),
            std::string::npos);
}

TEST(InkFile, WhatIsNoInkIsNamed) {
  const TempFolder folder;
  const auto error = [&](std::string_view text) {
    write_file(folder / "ink.json", text);
    return error_of([&] { read_ink(folder / "ink.json"); });
  };
  EXPECT_EQ(error("[]"), "");
  EXPECT_EQ(error(R"([{"x": [], "y": []}])"), "");
  EXPECT_EQ(error(R"([{"x": [1], "y": [1], "t": [1795571234567.25]}])"), "");  // since 1970, in milliseconds
  EXPECT_NE(error(R"([{"x": [1e300], "y": [1]}])").find("can be read"), std::string::npos);
  EXPECT_NE(error("{}").find("ink.json: is no ink"), std::string::npos);
  EXPECT_NE(error("[{\"x\": [1").find("is no ink"), std::string::npos);
  EXPECT_NE(error(R"([{"x": [1], "y": [1]}, {"x": [1], "y": []}])").find("stroke 1"), std::string::npos);
  EXPECT_NE(error(R"([7])").find("stroke 0"), std::string::npos);
  EXPECT_NE(error(R"([{"x": ["1"], "y": [1]}])").find("stroke 0"), std::string::npos);
  EXPECT_NE(error(R"([{"x": [1], "y": [1], "pressure": [1, 2]}])").find("pressures"), std::string::npos);
  EXPECT_NE(error(R"([{"x": [1e9], "y": [1]}])").find("can be read"), std::string::npos);
}

TEST(Recognize, MarkupInLabelsIsEscaped) {
  const Photo photo{1, 1, {255, 255, 255, 255}};
  Readings page;
  page.characters.push_back(
      {.text = "<", .box = {0, 0, 1, 1}, .strokes = {}, .candidates = {{0, 0.9f}, {1, 0.1f}}});
  const std::string svg = annotated_svg(photo, page, {"<", "&"});
  EXPECT_NE(svg.find("&lt; 90 %\n&amp; 10 %"), std::string::npos) << svg;
}

TEST(Recognize, WhatAllowLeavesNothingOfIsNamed) {
  RecognizeOptions options;
  options.model = BIJI_MODELS "/digits";
  options.allow = "a-z";
  EXPECT_NE(error_of([&] { recognize(options); }).find("a-z"), std::string::npos);
}

}  // namespace
}  // namespace biji
