// Words and lines: how far what was read is from what is written.

#include "native/train/texts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "native/base/edit_distance.h"
#include "native/base/file.h"
#include "native/commands/report.h"
#include "native/train/export.h"
#include "tests/native/training.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  const auto distance = [](std::string a, std::string b) { return edit_distance(a, b); };
  EXPECT_EQ(distance("kitten", "sitting"), 3u);
  EXPECT_EQ(distance("", "abc"), 3u);
  EXPECT_EQ(distance("abc", ""), 3u);
  EXPECT_EQ(distance("abc", "abc"), 0u);
  EXPECT_EQ(distance("abcd", "bcde"), 2u);
}

TEST(Texts, AreComparedByCharactersAndWords) {
  const TextAnswer answer = compared("Wir 中文", "wlr 中 文", {"W", "i", "r", "w", "l", "中"});
  EXPECT_EQ(answer.characters, 6);
  EXPECT_EQ(answer.errors, 3);  // W, i, a blank
  EXPECT_EQ(answer.errors_ignoring_case, 2);
  EXPECT_EQ(answer.words, 2);
  EXPECT_EQ(answer.word_errors, 3);
  EXPECT_EQ(answer.unknown, 1);  // 文; every model may write blanks
  EXPECT_EQ(compared("ab", "", {"a", "b"}).errors, 2);
}

TEST(Texts, AddUpAndTheWorstComeFirst) {
  const std::set<std::string> known = {"a", "b"};
  const std::vector<TextAnswer> answers = {compared("abab", "abbb", known), compared("ab", "ab", known),
                                           compared("aaaa", "bbbb", known), compared("aa", "bb", known)};
  const TextMetrics m = summarise(answers);
  EXPECT_EQ(m.texts, 4);
  EXPECT_EQ(m.right, 1);
  EXPECT_DOUBLE_EQ(m.character_error_rate(), 7. / 12);
  EXPECT_EQ(worst_texts(answers), (std::vector<int64_t>{2, 3, 0}));
  EXPECT_EQ(summarise(std::span<const TextAnswer>()).character_error_rate(), 0);
}

// Two upright strokes side by side are 11, whatever the pack says.
TEST(Texts, AreMeasuredThroughTheReader) {
  const TempFolder folder;
  Ink ink;
  for (const float x : {0.f, 150.f}) ink.add_stroke(std::vector<Point>{{x, 0}, {x, 60}, {x, 120}, {x, 200}});
  PackWriter writer(folder / "texts.bjp", PackKind::kTexts);
  writer.add("11", 0, ink);
  writer.add("1<", 1, ink);
  writer.commit("texts", {}, {"ann", "bob"});
  write_bars(folder / "bars.bjp", 10);

  ReportOptions options{
      BIJI_MODELS "/digits", {folder / "texts.bjp"}, folder / "report.json", folder / "report.html"};
  options.device = "cpu";
  report(options);
  const auto json = nlohmann::json::parse(read_file(folder / "report.json"));
  EXPECT_EQ(json.at("texts"), 2);
  EXPECT_EQ(json.at("right"), 1) << json;
  EXPECT_EQ(json.at("characters"), 4);
  EXPECT_EQ(json.at("errors"), 1);
  EXPECT_EQ(json.at("character_error_rate"), 0.25);
  EXPECT_EQ(json.at("unknown"), 1);
  EXPECT_EQ(json.at("worst").at(0).at("truth"), "1<");
  EXPECT_EQ(json.at("worst").at(0).at("answer"), "11");
  EXPECT_EQ(json.at("groups").at(0).at("name"), "bob");
  const std::string page = read_file(folder / "report.html");
  EXPECT_NE(page.find("25.00 %"), std::string::npos);
  EXPECT_NE(page.find("<td class=\"start\">1&lt;</td>"), std::string::npos);
  EXPECT_EQ(page.find("{{"), std::string::npos);

  options.data.push_back(folder / "bars.bjp");
  EXPECT_NE(error_of([&] { report(options); }).find("measure them apart"), std::string::npos);
}

TEST(Card, IsWrittenOnceForItsAuthorToEdit) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = pinned_run("mnist-dense", folder / "bars.bjp", folder / "run");
  options.recipe.epochs = 2;
  options.recipe.batch = 20;
  options.command = "biji train mnist-dense --epochs 2";
  train(options, nullptr);
  ExportOptions to;
  to.run = folder / "run";
  to.out = folder / "bars";
  to.quiet = true;
  to.evaluate = {folder / "bars.bjp"};
  export_model(to);
  const std::string card = read_file(folder / "bars/README.md");
  const auto json = nlohmann::json::parse(read_file(folder / "bars/model.json"));
  char accuracy[32];
  std::snprintf(accuracy, sizeof accuracy, "| bars | %.2f %% |",
                100 * json.at("accuracy").at("bars").get<double>());
  for (const std::string& said :
       {std::string("# bars\n"), std::string(accuracy), std::string("25818 parameters"),
        std::string("| training | 2 epochs, seed 1, batch 20 |"),
        std::string("    biji train mnist-dense --epochs 2\n"), std::string("bars (100 samples)"),
        json.at("licence").get<std::string>()})
    EXPECT_NE(card.find(said), std::string::npos) << said << card;
  write_file(folder / "bars/README.md", "edited");
  export_model(to);
  EXPECT_EQ(read_file(folder / "bars/README.md"), "edited");
}

}  // namespace
}  // namespace biji
