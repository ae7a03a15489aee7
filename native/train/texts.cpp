#include "native/train/texts.h"

#include <algorithm>
#include <cassert>
#include <sstream>

#include "native/base/edit_distance.h"
#include "native/train/read.h"

namespace biji {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> lower(std::vector<std::string> characters) {
  for (std::string& each : characters)
    if (each.size() == 1 && each[0] >= 'A' && each[0] <= 'Z')
      each[0] = static_cast<char>(each[0] - 'A' + 'a');
  return characters;
}

}  // namespace

TextAnswer compared(std::string truth, std::string answer, const std::set<std::string>& known) {
  assert(!truth.empty());
  TextAnswer out;
  const std::vector<std::string> is = split_code_points(truth), read = split_code_points(answer);
  const std::vector<std::string> words = words_of(truth);
  out.characters = static_cast<int64_t>(is.size());
  out.errors = static_cast<int64_t>(edit_distance(is, read));
  out.errors_ignoring_case = static_cast<int64_t>(edit_distance(lower(is), lower(read)));
  out.words = static_cast<int64_t>(words.size());
  out.word_errors = static_cast<int64_t>(edit_distance(words, words_of(answer)));
  out.unknown = std::count_if(is.begin(), is.end(),
                              [&](const std::string& each) { return each != " " && !known.contains(each); });
  out.truth = std::move(truth);
  out.answer = std::move(answer);
  return out;
}

TextMetrics summarise(std::span<const TextAnswer> answers) {
  TextMetrics m;
  for (const TextAnswer& answer : answers) {
    ++m.texts;
    m.right += answer.right();
    m.characters += answer.characters;
    m.errors += answer.errors;
    m.errors_ignoring_case += answer.errors_ignoring_case;
    m.words += answer.words;
    m.word_errors += answer.word_errors;
    m.unknown += answer.unknown;
  }
  return m;
}

std::vector<TextAnswer> texts_of(const ReaderModel& model, Net& net,
                                 std::span<const std::shared_ptr<const Pack>> packs,
                                 const std::function<void(int64_t)>& told) {
  Reader reader;
  [[maybe_unused]] const Err err = reader.set_model(model);
  assert(err == Err::kOk);
  const Labels& labels = reader.model().labels;
  const std::set<std::string> known(labels.begin(), labels.end());
  std::vector<TextAnswer> answers;
  for (size_t p = 0; p < packs.size(); ++p)
    for (int64_t i = 0; i < packs[p]->count(); ++i) {
      std::string answer;  // nothing, where the ink cannot be read
      if (reader.begin(packs[p]->ink(i), ReadOptions{.candidates = 1}) == Err::kOk) {
        read(reader, net);
        answer = reader.result().text;
        std::replace(answer.begin(), answer.end(), '\n', ' ');
      }
      TextAnswer& added =
          answers.emplace_back(compared(std::string(packs[p]->text(i)), std::move(answer), known));
      added.pack = static_cast<int64_t>(p);
      added.sample = i;
      if (told) told(static_cast<int64_t>(answers.size()));
    }
  return answers;
}

std::vector<int64_t> worst_texts(std::span<const TextAnswer> answers) {
  std::vector<int64_t> wrong;
  for (size_t i = 0; i < answers.size(); ++i)
    if (!answers[i].right()) wrong.push_back(static_cast<int64_t>(i));
  std::stable_sort(wrong.begin(), wrong.end(), [&](int64_t a, int64_t b) {
    const TextAnswer &x = answers[static_cast<size_t>(a)], &y = answers[static_cast<size_t>(b)];
    return std::pair(x.error_rate(), x.errors) > std::pair(y.error_rate(), y.errors);
  });
  return wrong;
}

}  // namespace biji
