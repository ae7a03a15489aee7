// Evaluation: figures against hand-computed ones, many classes in little memory, pages that hold hostile
// labels.

#include "native/commands/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/commands/report_page.h"
#include "native/train/calibrate.h"
#include "native/train/eval.h"
#include "native/train/train.h"
#include "native/vary/draw.h"
#include "tests/core/samples.h"
#include "tests/native/training.h"

namespace biji {
namespace {

// rows: logits of one sample each.
at::Tensor matrix(const std::vector<std::vector<float>>& rows) {
  at::Tensor out = at::empty({static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())});
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy(rows[i].begin(), rows[i].end(), out.data_ptr<float>() + i * rows[0].size());
  return out;
}

// Logits that make a softmax give these probabilities.
std::vector<float> logits_for(const std::vector<double>& probabilities) {
  std::vector<float> row;
  for (const double p : probabilities) row.push_back(static_cast<float>(std::log(p)));
  return row;
}

at::Tensor labels(const std::vector<int64_t>& values) {
  return at::tensor(values);
}

// ---- metrics ----

Metrics measure(const at::Tensor& logits, const at::Tensor& labels, double temperature = 1) {
  std::vector<Answer> answers;
  add_answers(answers, logits, labels, temperature);
  return summarise(answers, logits.size(1));
}

TEST(Metrics, AreThoseComputedByHand) {
  const Metrics m = measure(matrix({logits_for({0.7, 0.2, 0.1}), logits_for({0.6, 0.3, 0.1}),
                                    logits_for({0.5, 0.3, 0.2}), logits_for({0.05, 0.05, 0.9})}),
                            labels({0, 1, 2, 2}));
  EXPECT_EQ(m.count, 4);
  EXPECT_EQ(m.errors, 2);
  EXPECT_DOUBLE_EQ(m.top1, 0.5);
  EXPECT_DOUBLE_EQ(m.top2, 0.75);
  EXPECT_DOUBLE_EQ(m.top3, 1);
  EXPECT_DOUBLE_EQ(m.top5, 1);
  EXPECT_NEAR(m.loss, -(std::log(0.7) + std::log(0.3) + std::log(0.2) + std::log(0.9)) / 4, 1e-6);
  EXPECT_NEAR(m.mean_recall, (1 + 0 + 0.5) / 3, 1e-12);
  // Each of the four probabilities lies in a bin of its own: 0.7 and 0.9 right, 0.6 and 0.5 wrong.
  EXPECT_NEAR(m.calibration_error, (0.3 + 0.6 + 0.5 + 0.1) / 4, 1e-6);
  EXPECT_EQ(m.bins[10].count, 1);
  EXPECT_NEAR(m.bins[10].confidence, 0.7, 1e-6);
  EXPECT_EQ(m.bins[10].accuracy, 1);
  EXPECT_EQ(m.classes[0].samples, 1);
  EXPECT_EQ(m.classes[0].answered, 3);
  EXPECT_EQ(m.classes[0].right, 1);
  EXPECT_EQ(m.classes[1].answered, 0);
  ASSERT_EQ(m.confusions.size(), 2u);
  EXPECT_EQ(m.confusions[1].truth, 2);
  EXPECT_EQ(m.confusions[1].answer, 0);
  // Wilson's interval of 2 in 4.
  EXPECT_NEAR(m.top1_low, 0.1500, 1e-4);
  EXPECT_NEAR(m.top1_high, 0.8500, 1e-4);
}

TEST(Metrics, TemperatureDividesTheLogits) {
  const at::Tensor x = matrix({{2, 0}});
  EXPECT_NEAR(measure(x, labels({0}), 2).loss, std::log(1 + std::exp(-1.)), 1e-6);
}

TEST(Metrics, TiesGoToTheLowerIndexAndCountOnce) {
  std::vector<Answer> answers;
  add_answers(answers, matrix({{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}), labels({0, 1, 2}));
  for (int32_t c = 0; c < 3; ++c) {
    EXPECT_EQ(answers[static_cast<size_t>(c)].best, 0);
    EXPECT_EQ(answers[static_cast<size_t>(c)].rank, c);
  }
  EXPECT_EQ(summarise(answers, 3).errors, 2);
}

TEST(Metrics, ADivergedModelIsNotRight) {
  std::vector<Answer> answers;
  add_answers(answers, matrix({{NAN, 1, 2}, {NAN, NAN, NAN}, {3, NAN, 1}}), labels({2, 2, 1}));
  EXPECT_TRUE(answers[0].right());
  EXPECT_FALSE(answers[1].right());
  EXPECT_FALSE(answers[2].right());
  EXPECT_EQ(summarise(answers, 3).errors, 2);
}

TEST(Metrics, OfNothingAreZero) {
  const Metrics m = measure(at::zeros({0, 3}), at::zeros({0}, at::kLong));
  EXPECT_EQ(m.count, 0);
  EXPECT_EQ(m.top1, 0);
  EXPECT_EQ(m.classes.size(), 3u);
}

TEST(Metrics, PairsAddBothDirections) {
  const std::vector<Confusion> confusions = {{3, 1, 5}, {0, 2, 4}, {2, 0, 3}, {1, 3, 1}};
  const auto pairs = confused_pairs(confusions);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].a, 0);  // 7 together
  EXPECT_EQ(pairs[0].b, 2);
  EXPECT_EQ(pairs[0].a_as_b, 4);
  EXPECT_EQ(pairs[0].b_as_a, 3);
  EXPECT_EQ(pairs[1].a_as_b, 1);
  EXPECT_EQ(pairs[1].b_as_a, 5);
}

TEST(Metrics, WorstErrorsAreTheMostCertain) {
  std::vector<Answer> answers;
  add_answers(answers, matrix({{2, 0}, {5, 0}, {9, 0}, {7, 0}}), labels({1, 1, 0, 1}));
  EXPECT_EQ(worst_errors(answers), (std::vector<int64_t>{3, 1, 0}));
}

TEST(Metrics, GroupsCountTheirOwn) {
  std::vector<Answer> answers;
  add_answers(answers, matrix({{1, 0}, {1, 0}, {1, 0}}), labels({0, 1, 0}));
  const std::vector<int64_t> groups = {0, 0, 2};
  const auto counts = by_group(answers, groups, 3);
  EXPECT_EQ(counts[0].samples, 2);
  EXPECT_EQ(counts[0].right, 1);
  EXPECT_EQ(counts[1].samples, 0);
  EXPECT_EQ(counts[2].right, 1);
}

TEST(Metrics, BlocksGiveWhatTheWholeGives) {
  Net net(network_row("mnist-dense").build(10), at::kCPU);
  net.initialise(1);
  at::manual_seed(1);
  Dataset data;
  data.pixels = at::randint(256, {9000, 28, 28}, at::kByte);  // three blocks
  data.labels = at::randint(10, {9000}, at::kLong);
  int64_t told = 0;
  data.input = kDigitsInput;
  const ReaderModel model{.input = kDigitsInput, .labels = Labels(10, "a"), .temperature = 0.5};
  const auto answers = answers_of(model, net, data, [&](int64_t done) { told = done; });
  EXPECT_EQ(told, 9000);
  std::vector<Answer> whole;
  add_answers(whole, logits_of(net, data.pixels), data.labels, 0.5);
  ASSERT_EQ(answers.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(answers[i].rank, whole[i].rank);
    EXPECT_FLOAT_EQ(answers[i].log_likelihood, whole[i].log_likelihood);
  }
}

TEST(Metrics, AugmentedAnswersAreTheMeanOverThreeViews) {
  const TempFolder folder;
  PackWriter writer(folder / "ink.bjp", PackKind::kStrokes);
  for (uint64_t i = 0; i < 40; ++i) writer.add(static_cast<uint16_t>(i % 10), 0, random_ink(i));
  writer.commit("ink", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  const Dataset data = load_data(std::vector<std::filesystem::path>{folder / "ink.bjp"}, kDigitsInput);
  Net net(network_row("mnist-dense").build(10), at::kCPU);
  net.initialise(1);
  const auto view = [&](float shear) {
    at::Tensor out = at::zeros({40, 28, 28}, at::kByte);
    for (uint64_t i = 0; i < 40; ++i) {
      const Image image =
          normalize(sheared(data.place(static_cast<int64_t>(i)).pack.ink(static_cast<int64_t>(i)), shear),
                    kDigitsInput)
              .value;
      std::copy(image.pixels.begin(), image.pixels.end(), out[static_cast<int64_t>(i)].data_ptr<uint8_t>());
    }
    return logits_of(net, out);
  };
  const at::Tensor once = logits_of(net, data), sure = std::get<0>(at::softmax(once, 1).max(1));
  const at::Tensor twice = (once + view(0.25f) + view(-0.25f)) / 3;
  const float below = sure.median().item<float>();
  std::vector<Answer> expected;
  add_answers(expected, at::where(sure.lt(below).unsqueeze(1), twice, once), data.labels);
  const auto answers =
      answers_of({.input = kDigitsInput, .labels = data.classes, .look = {below, 0.25f}}, net, data);
  ASSERT_EQ(answers.size(), expected.size());
  int changed = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(answers[i].best, expected[i].best) << i;
    EXPECT_NEAR(answers[i].probability, expected[i].probability, 1e-5) << i;
    const auto row = static_cast<int64_t>(i);
    changed += std::abs(answers[i].probability - sure[row].item<float>()) > 1e-4;
  }
  EXPECT_NEAR(changed, 19, 2);  // the half that is below the median
}

// Of this process so far, in MB; 0 where the system does not tell.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1000;
  return 0;
}

TEST(Metrics, SevenThousandClassesNeedLittleMemory) {
  constexpr int64_t kClasses = 7356, kRows = 256, kBlocks = 40;
  at::manual_seed(1);
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak starts anew, on Linux
  const double before = peak_memory();
  std::vector<Answer> answers;
  const at::Tensor x = at::randn({kRows, kClasses});
  for (int64_t i = 0; i < kBlocks; ++i)
    add_answers(answers, x, (at::arange(kRows) + i * kRows).remainder(kClasses));
  const Metrics m = summarise(answers, kClasses);
  EXPECT_LT(peak_memory() - before, 100);  // the logits are 301 MB, a table of all confusions 433
  EXPECT_EQ(m.count, kRows * kBlocks);
  EXPECT_LE(static_cast<int64_t>(m.confusions.size()), m.errors);
  EXPECT_EQ(m.classes.size(), static_cast<size_t>(kClasses));
}

TEST(Metrics, TemperatureIsFoundAgain) {
  at::manual_seed(3);
  const at::Tensor x = at::randn({4000, 5}, at::kDouble) * 2;
  const at::Tensor y = at::multinomial(at::softmax(x, 1), 1).flatten();
  EXPECT_NEAR(fit_temperature(x * 3, y), 3, 0.2);
}

TEST(Metrics, TheTemperaturesSampleIsSmallAndFixed) {
  EXPECT_EQ(temperature_sample(7).numel(), 7);
  const at::Tensor some = temperature_sample(50000);
  EXPECT_EQ(some.numel(), 20000);
  EXPECT_TRUE(some.equal(temperature_sample(50000)));
  EXPECT_EQ(std::get<0>(at::_unique(some)).numel(), 20000);
}

// ---- the report ----

// Every third sample of each class is taken for the next class; the last class has no samples and is never
// answered but for that.
Evaluation made_up(int32_t classes, int64_t samples) {
  Evaluation e;
  e.model = "runs/made-up";
  e.network = "digits";
  for (int32_t c = 0; c < classes; ++c) e.classes.push_back("k" + std::to_string(c));
  e.data = {{"test", "test.bjp", samples}};
  for (int64_t i = 0; i < samples; ++i) {
    const auto truth = static_cast<int32_t>(i % (classes - 1));
    const bool wrong = i / (classes - 1) % 3 == 2;
    e.answers.push_back({truth, truth + wrong, wrong, 0.9f, wrong ? -2.5f : -0.1f});
  }
  e.metrics = summarise(e.answers, classes);
  return e;
}

const auto kBlank = [](int64_t) { return Image(28, 28); };

size_t count_of(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Report, JsonHoldsTheFigures) {
  Evaluation e = made_up(4, 9);
  e.groups = {0, 0, 0, 0, 0, 0, 1, 1, 1};
  e.group_names = {"neat", "hasty", "absent"};
  e.epochs = {{1, 10, 0.5, 0.8, 0.4, 0.85, 0.001, 2}, {2, 20, 0.3, 0.9, -1, -1, 0.001, 4}};
  const auto j = to_json(e);
  EXPECT_EQ(j.at("format"), 1);
  EXPECT_EQ(j.at("samples"), 9);
  EXPECT_EQ(j.at("errors"), 3);
  EXPECT_NEAR(j.at("top1").get<double>(), 6. / 9, 1e-12);
  EXPECT_EQ(j.at("calibration").size(), 15u);
  EXPECT_TRUE(j.at("calibration")[0].at("accuracy").is_null());
  EXPECT_EQ(j.at("classes")[1].at("label"), "k1");
  EXPECT_EQ(j.at("classes")[1].at("confused_with").at("label"), "k2");
  EXPECT_EQ(j.at("classes")[1].at("confused_with").at("count"), 1);
  EXPECT_TRUE(j.at("classes")[3].at("recall").is_null());  // it has no samples
  EXPECT_EQ(j.at("classes")[3].at("precision"), 0);
  EXPECT_TRUE(j.at("classes")[3].at("confused_with").is_null());
  EXPECT_EQ(j.at("confusions").size(), 3u);
  EXPECT_EQ(j.at("pairs")[0].at("a_as_b"), 1);
  EXPECT_EQ(j.at("worst_errors")[0].at("sample"), 6);
  EXPECT_EQ(j.at("worst_errors")[0].at("truth_rank"), 2);
  ASSERT_EQ(j.at("groups").size(), 2u);  // those with samples
  EXPECT_EQ(j.at("groups")[0].at("name"), "hasty");
  EXPECT_EQ(j.at("groups")[0].at("accuracy"), 0);
  EXPECT_EQ(j.at("groups")[1].at("accuracy"), 1);
  EXPECT_EQ(j.at("epochs")[0].at("val_accuracy"), 0.85);
  EXPECT_TRUE(j.at("epochs")[1].at("val_accuracy").is_null());
}

TEST(Report, ClassesWithoutSamplesComeLast) {
  EXPECT_EQ(worst_classes(made_up(4, 8).metrics), (std::vector<int32_t>{0, 1, 2, 3}));
}

// What the page's script reads: the JSON in the element with this id.
nlohmann::json block_of(const std::string& page, const std::string& id) {
  const std::string start = "<script type=\"application/json\" id=\"" + id + "\">";
  const size_t at = page.find(start) + start.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

TEST(Report, PagesHoldTheJson) {
  const Evaluation e = made_up(4, 9);
  const std::string page = report_page(e, kBlank);
  EXPECT_EQ(block_of(page, "report"), to_json(e));
  EXPECT_EQ(page.find("{{"), std::string::npos);  // nothing was left to fill in
}

TEST(Report, HostileTextStaysText) {
  Evaluation e = made_up(4, 9);
  const std::string evil = "</script><script>alert('1')</script><!--<script>\"&\x01";
  e.classes[0] = e.model = e.network = e.data[0].name = evil;
  e.groups.assign(9, 0);
  e.group_names = {evil};
  const std::string page = report_page(e, kBlank), plain = report_page(made_up(4, 9), kBlank);
  for (const char* tag : {"<script", "</script", "<!--"})
    EXPECT_EQ(count_of(page, tag), count_of(plain, tag)) << tag;
  EXPECT_EQ(block_of(page, "report").at("classes")[0].at("label"), evil);
  // A path may hold bytes that are no UTF-8.
  e.model = "\xff";
  EXPECT_EQ(block_of(report_page(e, kBlank), "report").at("model"), "\xef\xbf\xbd");
}

TEST(Report, PagesFetchNothing) {
  const std::string page = report_page(made_up(4, 9), kBlank);
  EXPECT_NE(page.find("default-src 'none'; img-src data:; style-src 'sha256-"), std::string::npos);
  EXPECT_EQ(page.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(count_of(page, "http:"), 1u);  // the name of SVG's elements
  EXPECT_EQ(count_of(page, "https:"), 0u);
  EXPECT_EQ(page.find(" src="), std::string::npos);
}

TEST(Report, PicturesAreOfTheErrors) {
  const auto pictures = block_of(report_page(made_up(4, 9), kBlank), "pictures");
  ASSERT_EQ(pictures.size(), 3u);
  EXPECT_EQ(pictures[0].at("sample"), 6);
  EXPECT_EQ(pictures[0].at("truth"), "k0");
  EXPECT_EQ(pictures[0].at("answer"), "k1");
  EXPECT_EQ(pictures[0].at("png").get<std::string>().substr(0, 8), "iVBORw0K");
  EXPECT_TRUE(block_of(report_page(made_up(4, 3), kBlank), "pictures").empty());  // nothing is wrong
}

TEST(Report, ManyErrorsGiveFewPictures) {
  const Evaluation e = made_up(3755, 9000);
  int64_t asked = 0;
  const std::string page = report_page(e, [&](int64_t) {
    ++asked;
    return Image(64, 64);
  });
  EXPECT_GE(asked, 120);
  EXPECT_LE(asked, 400);
  EXPECT_LT(page.size(), 2u << 20);
}

TEST(Report, ReadsARunAndTellsHowItWent) {
  const TempFolder folder;
  write_bars(folder / "bars.bjp", 100);
  TrainOptions options = pinned_run("mnist-dense", folder / "bars.bjp", folder / "run");
  options.recipe.epochs = 3;
  options.held_out = 0.2;
  train(options, nullptr);
  report({folder / "run", {folder / "bars.bjp"}, folder / "report.json", folder / "report.html"});
  const auto j = nlohmann::json::parse(read_file(folder / "report.json"));
  EXPECT_EQ(j.at("network"), "mnist-dense");
  EXPECT_EQ(j.at("epochs").size(), 3u);
  EXPECT_EQ(j.at("data")[0].at("samples"), 100);
  EXPECT_EQ(block_of(read_file(folder / "report.html"), "report"), j);

  write_bars(folder / "empty.bjp", 0);
  EXPECT_NE(error_of([&] { report({folder / "run", {folder / "empty.bjp"}, {}, {}}); }).find("empty.bjp"),
            std::string::npos);
}

}  // namespace
}  // namespace biji
