#include "native/train/recipe.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/nets/network.h"

namespace biji {
namespace {

using nlohmann::json;

struct Field {
  RecipeField shown;
  std::function<void(Recipe&, const json&)> set;
  std::function<json(const Recipe&)> get;
};

// The decimal that people would write: 0.05, not 0.05000000074505806.
json short_decimal(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double exact = 0;
  std::from_chars(text, end, exact);
  return exact;
}
json short_decimal(int32_t value) {
  return value;
}

std::string text_of(double value) {
  std::ostringstream out;
  if (value == std::floor(value))
    out << static_cast<int64_t>(value);
  else
    out << value;
  return out.str();
}

template <class Number>
Field number_field(const char* name, Number Recipe::* member, double least, double most, const char* help) {
  const std::string range = text_of(least) + ".." + text_of(most);
  const auto set = [=](Recipe& recipe, const json& value) {
    const bool whole = std::is_integral_v<Number>;
    const bool fits = value.is_number() && value.get<double>() >= least && value.get<double>() <= most &&
                      (!whole || value.get<double>() == std::floor(value.get<double>()));
    if (!fits)
      throw std::runtime_error(std::string(name) + ": is to be a " + (whole ? "whole " : "") + "number " +
                               range + ", not " + json_text(value));
    recipe.*member = static_cast<Number>(value.get<double>());
  };
  return {{name, range, help}, set, [=](const Recipe& recipe) { return short_decimal(recipe.*member); }};
}

Field choice_field(const char* name, std::string Recipe::* member, const char* words, const char* help) {
  std::vector<std::string> known;
  std::string range;
  std::istringstream each(words);
  for (std::string word; each >> word; known.push_back(word)) range += (range.empty() ? "" : ", ") + word;
  const auto set = [=](Recipe& recipe, const json& value) {
    for (const std::string& word : known)
      if (value == word) {
        recipe.*member = word;
        return;
      }
    throw std::runtime_error(std::string(name) + ": there are " + range + ", not " + json_text(value));
  };
  return {{name, range, help}, set, [=](const Recipe& recipe) { return json(recipe.*member); }};
}

const std::vector<Field>& fields() {
#define BIJI_NUMBER(type, name, value, least, most, help) \
  number_field(#name, &Recipe::name, least, most, help),
#define BIJI_CHOICE(name, value, words, help) choice_field(#name, &Recipe::name, words, help),
  static const std::vector<Field> all = {BIJI_RECIPE(BIJI_NUMBER, BIJI_CHOICE)};
#undef BIJI_NUMBER
#undef BIJI_CHOICE
  return all;
}

// How the classic networks are trained: Adam with its usual, constant learning rate, images as they are, and no averages.
Recipe plain_adam(int32_t epochs, int32_t batch) {
  return {.epochs = epochs, .batch = batch, .lr = 1e-3f, .schedule = "constant", .weight_decay = 0, .ema = 0};
}

const std::map<std::string, Recipe>& defaults() {
  static const std::map<std::string, Recipe> table = {
      {"digits",
       {.epochs = 40,
        .batch = 256,
        .lr = 4e-3f,
        .weight_decay = 0.05f,
        .label_smoothing = 0.05f,
        .augment = 1,
        .ema = 0.999f}},
      {"letters",
       {.epochs = 8,
        .batch = 256,
        .optimizer = "muon",
        .lr = 4e-3f,
        .weight_decay = 0.05f,
        .label_smoothing = 0.05f,
        .augment = 0.6f,
        .augment_end = 0.3f,
        .ema = 0.999f,
        .non_characters = 0.03f,
        .skeletons = 0.3f}},
      {"hanzi",
       {.epochs = 6,
        .batch = 256,
        .optimizer = "muon",
        .lr = 3e-3f,
        .weight_decay = 0.05f,
        .label_smoothing = 0.1f,
        .augment = 0.6f,
        .augment_end = 0.3f,
        .ema = 0.999f,
        .size_start = 40,
        .non_characters = 0.03f,
        .extrapolated_style = 0.4f}},
      {"emnist-resnet", {.epochs = 20, .batch = 256, .lr = 2e-3f, .weight_decay = 0.02f, .augment = 0.5f}},
      {"mnist-dense", plain_adam(20, 64)},
      {"mnist-cnn", plain_adam(6, 64)},
      {"mnist-rnn", plain_adam(12, 64)},
      {"mnist-lstm", plain_adam(12, 64)},
      {"lenet5", plain_adam(10, 64)},
  };
  return table;
}

std::vector<RecipeData> data_of(const json& list) {
  std::vector<RecipeData> data;
  for (const json& each : list) {
    RecipeData& one = data.emplace_back();
    if (each.is_string()) {
      one.name = each.get<std::string>();
      continue;
    }
    for (const auto& [key, value] : each.items())
      if (key != "name" && key != "share")
        throw std::runtime_error("data: has \"" + key + "\"; there are name and share");
    one = {each.at("name").get<std::string>(), each.value("share", 1.)};
    if (!(one.share > 0 && one.share <= 100))
      throw std::runtime_error("data: the share of " + one.name + " is to be above 0 and at most 100");
  }
  return data;
}

}  // namespace

const std::vector<RecipeField>& recipe_fields() {
  static const std::vector<RecipeField> shown = [] {
    std::vector<RecipeField> list;
    for (const Field& field : fields()) list.push_back(field.shown);
    return list;
  }();
  return shown;
}

void set_field(Recipe& recipe, const std::string& name, const json& value) {
  std::string known;
  for (const Field& field : fields()) {
    if (field.shown.name == name) return field.set(recipe, value);
    known += (known.empty() ? "" : ", ") + field.shown.name;
  }
  throw std::runtime_error("no setting is called \"" + name + "\"; there are " + known);
}

void set_field(Recipe& recipe, const std::string& name, const std::string& text) {
  const json number = parse_json(text);
  set_field(recipe, name, number.is_number() ? number : json(text));
}

void set_field(Recipe& recipe, const std::string& key_value) {
  const size_t equals = key_value.find('=');
  if (equals == std::string::npos) throw std::runtime_error("\"" + key_value + "\": write it as name=value");
  set_field(recipe, key_value.substr(0, equals), key_value.substr(equals + 1));
}

void to_json(json& out, const Recipe& recipe) {
  out = json::object();
  for (const Field& field : fields()) out[field.shown.name] = field.get(recipe);
}

void from_json(const json& in, Recipe& recipe) {
  static const std::map<std::string, std::string> earlier = {{"scribbles", "non_characters"},
                                                             {"exaggerate", "extrapolated_style"},
                                                             {"pictures", "as_pictures"},
                                                             {"as_ink", "skeletons"}};
  for (const auto& [name, value] : in.items()) {
    if (name == "mixup") {
      if (value != 0) throw std::runtime_error("mixup: this version has none");
      continue;
    }
    const auto renamed = earlier.find(name);
    set_field(recipe, renamed == earlier.end() ? name : renamed->second, value);
  }
}

const Recipe& default_recipe(const std::string& network) {
  const auto found = defaults().find(network_row(network).name);
  if (found == defaults().end())
    throw std::runtime_error(network + ": has no recipe; give one with --recipe");
  return found->second;
}

RecipeFile read_recipe(const std::filesystem::path& path) {
  const json parsed = parse_json(read_file(path, 1 << 20));
  try {
    if (!parsed.is_object()) throw std::runtime_error("is no JSON object");
    RecipeFile file;
    file.network = parsed.at("network").get<std::string>();
    file.recipe = default_recipe(file.network);
    for (const auto& [key, value] : parsed.items()) {
      if (key == "network") continue;
      if (key == "seed")
        file.seed = value.get<uint64_t>();
      else if (key == "held_out")
        file.held_out = value.get<double>();
      else if (key == "data")
        file.data = data_of(value);
      else if (key == "validation")
        file.validation = data_of(value);
      else
        set_field(file.recipe, key, value);
    }
    if (!(file.held_out >= 0 && file.held_out <= 0.5)) throw std::runtime_error("held_out: is to be 0..0.5");
    return file;
  } catch (const std::exception& error) {
    throw std::runtime_error(path.string() + ": is no recipe: " + message_of(error));
  }
}

}  // namespace biji
