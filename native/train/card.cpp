#include "native/train/card.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "native/base/json.h"

namespace biji {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

std::string percent(const json& share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share.get<double>());
  return text;
}

std::string row(const std::string& left, const std::string& right) {
  return "| " + left + " | " + right + " |\n";
}

// The settings that are not the network's own.
std::string changed_settings(const RunState& state) {
  const json recipe = state.recipe, own = default_recipe(state.network);
  std::string text;
  for (const auto& [name, value] : recipe.items())
    if (name != "epochs" && own.at(name) != value) text += ", " + name + " " + text_of(value);
  return text.empty() ? ", the network's own recipe" : text;
}

std::string facts(const json& model, const RunState& state) {
  const json& input = model.at("input");
  const std::string side = text_of(input.at("size"));
  std::string sources;
  for (const json& source : model.at("data"))
    sources += (sources.empty() ? "" : ", ") + text_of(source.at("name")) + " (" +
               text_of(source.at("samples")) + " samples)";
  char size[96];
  std::snprintf(size, sizeof size, "%lld parameters, stored as %s; %.2f M multiply-adds; %.0f kB",
                static_cast<long long>(model.at("parameters").get<int64_t>()),
                text_of(model.at("precision")).c_str(), model.at("multiply_adds").get<double>() / 1e6,
                model.at("bytes").get<double>() / 1e3);
  std::string text = "| | |\n|---|---|\n";
  text += row("input", "u8 [n, " + std::to_string(state.input.channels()) + ", " + side + ", " + side +
                           "], 255 = ink (box of " + text_of(input.at("box")) + " pixels, centred by " +
                           text_of(input.at("centring")) + ")");
  text += row("output", "logits [n, " + text_of(model.at("classes")) +
                            "]; divide by the temperature in `model.json` before softmax");
  text += row("network", "`" + text_of(model.at("network")) + "` <!-- its layers, in a sentence -->");
  text += row("size", size);
  if (model.contains("look_again"))
    text +=
        row("test-time augmentation", "where the best answer has a probability below " +
                                          text_of(model.at("look_again").at("below")) +
                                          ", the character is read again sheared by " +
                                          text_of(model.at("look_again").at("slant")) + " to either side");
  text += row("trained on", sources);
  char epochs[32];
  std::snprintf(epochs, sizeof epochs, "%g epochs", model.at("training").at("epochs").get<double>());
  text += row("training", std::string(epochs) + ", seed " + text_of(model.at("training").at("seed")) +
                              changed_settings(state));
  return text;
}

std::string accuracy(const json& model) {
  std::string text =
      "## Accuracy\n\nOf the weights as stored, with test-time augmentation where the network has it "
      "(`biji export --eval`):\n\n";
  if (model.at("accuracy").empty())
    return text + "<!-- nothing was measured: export again with --eval PACK -->\n";
  text += "| set | top-1 |\n|---|---|\n";
  for (const auto& [set, share] : model.at("accuracy").items()) text += row(set, percent(share));
  const json& precisions = model.at("precisions");
  text += "\nWithout test-time augmentation, on the " + text_of(precisions.at("samples")) +
          " samples that the temperature is from (" + text_of(model.at("temperature_from")) + "):\n\n" +
          "| fp32 | fp16 | int8 |\n|---|---|---|\n| " + percent(precisions.at("fp32")) + " | " +
          percent(precisions.at("fp16")) + " | " + percent(precisions.at("int8")) + " |\n";
  return text;
}

std::string rejection(const json& model) {
  const json& r = model.at("rejection");
  char threshold[16];
  std::snprintf(threshold, sizeof threshold, "%.2f", r.at("threshold").get<double>());
  return std::string("## Rejection\n\nAn answer below a probability of ") + threshold +
         " is marked as unsure:\n\n| | share |\n|---|---|\n" +
         row("non-characters accepted, of " + text_of(r.at("scribbles")), percent(r.at("false_accept"))) +
         row("characters rejected, of " + text_of(r.at("characters")), percent(r.at("false_reject")));
}

std::string commands(const std::string& joined) {
  std::string text;
  for (size_t begin = 0; begin < joined.size();) {
    const size_t end = std::min(joined.find(" && ", begin), joined.size());
    text += "    " + joined.substr(begin, end - begin) + "\n";
    begin = end + 4;
  }
  return text;
}

}  // namespace

std::string card_text(const json& model, const RunState& state) {
  return "# " + text_of(model.at("name")) +
         "\n\n<!-- What does it read, for whom? -->\n`model.json` has the numbers in machine-readable form, "
         "`golden.json` ten inputs with the logits that any\nruntime must give for them.\n\n" +
         facts(model, state) + "\n" + accuracy(model) + "\n" + rejection(model) + "\n## Training it\n\n" +
         commands(text_of(model.at("training").at("command"))) +
         "\n<!-- How long did it take, on which machine? -->\nProgram: commit " +
         text_of(model.at("training").at("git_commit")) + ".\n\n## Rights\n\n" +
         text_of(model.at("licence")) + "\n";
}

}  // namespace biji
