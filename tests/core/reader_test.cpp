// Reading as a conversation: what is asked of the model, what is remembered, what comes out.
#include "shared/reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/samples.h"

namespace biji {
namespace {

ReaderModel digits_like() {
  return {.input = kDigitsInput, .labels = {"0", "1", "2"}, .rejection = 0.9f};
}

// A circle and, 100 to its right, a line: a 0 and a 1 that stand apart.
Ink two_characters() {
  Ink ink = circle_ink(0, 0, 20);
  append(ink, line_ink(100, -20, 104, 20));
  return ink;
}

// Answers every batch: logits of 5 for the label of each input in turn. Returns how many inputs were asked for.
int32_t answer(Reader& reader, std::vector<int32_t> labels, float logit = 5) {
  int32_t asked = 0;
  for (Batch batch = reader.next(); batch.count > 0; batch = reader.next()) {
    std::vector<float> logits;
    for (int32_t i = 0; i < batch.count; ++i, ++asked)
      for (int32_t c = 0; c < 3; ++c)
        logits.push_back(c == labels[static_cast<size_t>(asked) % labels.size()] ? logit : 0);
    EXPECT_EQ(reader.feed(logits), Err::kOk);
  }
  return asked;
}

TEST(Reader, ReadsCharactersWithTheirStrokesBoxesAndLines) {
  Reader reader;
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(two_characters(), {.candidates = 2}), Err::kOk);
  EXPECT_EQ(answer(reader, {0, 1}), 2);
  const Readings& result = reader.result();
  EXPECT_EQ(result.text, "01");
  EXPECT_TRUE(result.sure);
  ASSERT_EQ(result.candidates.size(), 2u);
  EXPECT_GT(result.candidates[0].probability, result.candidates[1].probability);
  ASSERT_EQ(result.characters.size(), 2u);
  EXPECT_EQ(result.characters[1].text, "1");
  ASSERT_EQ(result.characters[1].strokes.size(), 1u);
  EXPECT_EQ(result.characters[1].strokes[0].stroke, 1);
  EXPECT_EQ(result.characters[1].strokes[0].end, two_characters().stroke(1).size());
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_EQ(result.lines[0].end, 2);
  EXPECT_EQ(result.lines[0].box.width, bounds(two_characters()).width);
}

TEST(Reader, LinesAreSeparatedInTheText) {
  Ink ink = two_characters();
  append(ink, circle_ink(0, 200, 20));
  Reader reader;
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(ink, {}), Err::kOk);
  answer(reader, {0, 1, 2});
  EXPECT_EQ(reader.result().text, "01\n2");
  ASSERT_EQ(reader.result().lines.size(), 2u);
  EXPECT_EQ(reader.result().lines[1].begin, 2);
  EXPECT_EQ(reader.result().characters[2].line, 1);
}

TEST(Reader, ReadingTheSameAgainAsksNothing) {
  Reader reader;
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(two_characters(), {}), Err::kOk);
  EXPECT_EQ(answer(reader, {0, 1}), 2);
  const std::string before = reader.result().text;
  ASSERT_EQ(reader.begin(two_characters(), {}), Err::kOk);
  EXPECT_EQ(reader.next().count, 0);
  EXPECT_EQ(reader.result().text, before);

  Ink more = two_characters();  // one more character: only that is asked for
  append(more, line_ink(180, -20, 220, 20));
  ASSERT_EQ(reader.begin(more, {}), Err::kOk);
  EXPECT_EQ(answer(reader, {2}), 1);
  EXPECT_EQ(reader.result().text, "012");

  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);  // another model: nothing is known of it
  ASSERT_EQ(reader.begin(two_characters(), {}), Err::kOk);
  EXPECT_EQ(answer(reader, {0, 1}), 2);
}

TEST(Reader, MemoryIsBounded) {
  Reader reader(2 * (28 * 28 + 3 * 4));  // two characters
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  for (float x = 10; x < 60; x += 10) {
    ASSERT_EQ(reader.begin(line_ink(0, 0, x, 20), {}), Err::kOk);
    EXPECT_EQ(answer(reader, {1}), 1);
  }
  ASSERT_EQ(reader.begin(line_ink(0, 0, 50, 20), {}), Err::kOk);
  EXPECT_EQ(reader.next().count, 0);  // the last but one is still there, the first is not
  ASSERT_EQ(reader.begin(line_ink(0, 0, 10, 20), {}), Err::kOk);
  EXPECT_EQ(answer(reader, {1}), 1);
}

TEST(Reader, AsksInBatches) {
  Ink ink;
  for (int i = 0; i < 5; ++i) append(ink, line_ink(100.f * i, 0, 100.f * i + 10 * i, 50));
  Reader reader(0, 2);
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(ink, {}), Err::kOk);
  std::vector<int32_t> counts;
  for (Batch batch = reader.next(); batch.count > 0; batch = reader.next()) {
    EXPECT_EQ(reader.next().count, batch.count);  // the same until it is answered
    EXPECT_EQ(batch.input.size(), batch.count * size_t{28 * 28});
    counts.push_back(batch.count);
    ASSERT_EQ(reader.feed(std::vector<float>(batch.count * size_t{3}, 1)), Err::kOk);
  }
  EXPECT_EQ(counts, (std::vector<int32_t>{2, 2, 1}));
  EXPECT_EQ(reader.result().characters.size(), 5u);
}

TEST(Reader, OnlyTheUnsureAreShearedAndTheMeanDecides) {
  ReaderModel model = digits_like();
  model.look = {.below = 0.8f, .shear = 0.125f};
  Reader reader;
  ASSERT_EQ(reader.set_model(model), Err::kOk);
  ASSERT_EQ(reader.begin(two_characters(), {}), Err::kOk);
  ASSERT_EQ(reader.next().count, 2);
  ASSERT_EQ(reader.feed(std::vector<float>{9, 0, 0, 0, 1, 0}), Err::kOk);
  const Batch views = reader.next();
  ASSERT_EQ(views.count, 2);
  for (int i = 0; i < 2; ++i) {
    const Ink line = line_ink(100, -20, 104, 20);
    const Image expected = normalize(sheared(line, i == 0 ? 0.125f : -0.125f), kDigitsInput).value;
    EXPECT_TRUE(
        std::equal(expected.pixels.begin(), expected.pixels.end(), views.input.begin() + i * 28 * 28));
  }
  ASSERT_EQ(reader.feed(std::vector<float>{0, 0, 4, 0, 0, 4}), Err::kOk);
  ASSERT_EQ(reader.next().count, 0);
  EXPECT_EQ(reader.result().text, "02");
  EXPECT_NEAR(reader.logits(1)[1], 1.f / 3, 1e-6);
  EXPECT_NEAR(reader.logits(1)[2], 8.f / 3, 1e-6);
  EXPECT_FALSE(reader.result().characters[1].sure);  // below the rejection threshold
  EXPECT_FALSE(reader.result().sure);
}

TEST(Reader, SquaresOfPacksAreReadAsTheyAre) {
  const InputSpec spec = kHanziInput;
  const Image square = normalize(circle_ink(0, 0, 20), spec.picture()).value;
  Encoded characters;
  ASSERT_EQ(append_square(square.pixels, spec, characters), Err::kOk);
  ASSERT_EQ(append_character(line_ink(0, 0, 9, 9), spec, characters), Err::kOk);
  EXPECT_EQ(append_square(std::span(square.pixels).first(7), spec, characters), Err::kBadData);
  Reader reader;
  ASSERT_EQ(reader.set_model({.input = spec, .labels = {"a", "b", "c"}}), Err::kOk);
  ASSERT_EQ(reader.begin(characters, {}), Err::kOk);
  const Batch batch = reader.next();
  ASSERT_EQ(batch.count, 2);
  EXPECT_TRUE(std::equal(square.pixels.begin(), square.pixels.end(), batch.input.begin()));
  const Image ink = normalize(line_ink(0, 0, 9, 9), spec).value;
  EXPECT_TRUE(std::equal(ink.pixels.begin(), ink.pixels.end(), batch.input.begin() + 6 * 48 * 48));
}

// What a pack's square gives for test-time augmentation, beside what the page makes of the picture that was packed.
TEST(Reader, SquaresAreShearedMuchAsTheirPictures) {
  constexpr float kShear = 0.3f;
  for (const InputSpec& spec : {kDigitsInput, kLettersInput, kHanziInput}) {
    double apart = 0, apart_upright = 0;
    for (uint64_t seed = 30; seed < 40; ++seed) {
      const Image picture = normalize(random_ink(seed), {96, 88, Centring::kBox, 4}).value;
      const Image upright = normalize(picture, spec.picture()).value;
      const Image expected = normalize(sheared(picture, kShear), spec.picture()).value;
      Encoded characters;
      ASSERT_EQ(append_square(upright.pixels, spec, characters), Err::kOk);
      const Result<Image> view = sheared_view(characters, 0, spec, kShear);
      ASSERT_TRUE(view.ok());
      ASSERT_EQ(view.value.pixels.size(), characters.input.size());
      for (size_t k = 0; k < expected.pixels.size(); ++k) {
        apart += std::abs(view.value.pixels[k] - expected.pixels[k]);
        apart_upright += std::abs(upright.pixels[k] - expected.pixels[k]);
      }
    }
    // Lines that were spread upright lean otherwise than lines that are spread when they lean.
    const double most = spec.centring == Centring::kDensity ? 0.9 : 0.5;
    EXPECT_LT(apart, most * apart_upright) << spec.size_px << " " << apart / apart_upright;
  }
}

TEST(Reader, NothingToReadIsAnEmptyResult) {
  Reader reader;
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(two_characters(), {}), Err::kOk);
  answer(reader, {0, 1});
  ASSERT_EQ(reader.begin(Ink(), {}), Err::kOk);
  EXPECT_EQ(reader.next().count, 0);
  EXPECT_EQ(reader.result().text, "");
  EXPECT_TRUE(reader.result().characters.empty());
  EXPECT_TRUE(reader.result().sure);
  Image blank(50, 50);
  std::fill(blank.pixels.begin(), blank.pixels.end(), uint8_t{255});
  EXPECT_EQ(reader.begin(blank, {}), Err::kOk);
  EXPECT_EQ(reader.next().count, 0);
}

TEST(Reader, RefusesWhatItCannotUse) {
  Reader reader;
  EXPECT_EQ(reader.begin(two_characters(), {}), Err::kBadArgument);  // no model yet
  ReaderModel model = digits_like();
  model.temperature = 0;
  EXPECT_EQ(reader.set_model(model), Err::kBadArgument);
  model = digits_like();
  model.rejection = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(reader.set_model(model), Err::kBadArgument);
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  EXPECT_EQ(reader.begin(two_characters(), {.candidates = 0}), Err::kBadArgument);
  EXPECT_EQ(reader.begin(two_characters(), {.allow = {1}}), Err::kBadArgument);
  EXPECT_EQ(reader.begin(two_characters(), {.allow = {0, 0, 0}}), Err::kBadArgument);
  EXPECT_EQ(reader.next().count, 0);
  EXPECT_EQ(reader.begin(Image(), {}), Err::kBadData);
  EXPECT_EQ(reader.feed(std::vector<float>(3)), Err::kBadData);  // nobody asked
}

TEST(Reader, LogitsThatAreNoNumbersGiveAnAnswerAllTheSame) {
  Reader reader;
  ASSERT_EQ(reader.set_model(digits_like()), Err::kOk);
  ASSERT_EQ(reader.begin(circle_ink(0, 0, 20), {}), Err::kOk);
  ASSERT_EQ(reader.next().count, 1);
  ASSERT_EQ(reader.feed(std::vector<float>(3, std::nanf(""))), Err::kOk);
  ASSERT_EQ(reader.next().count, 0);
  EXPECT_EQ(reader.result().text, "0");
  EXPECT_FALSE(reader.result().sure);
}

}  // namespace
}  // namespace biji
