#include "native/nets/model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/nets/onnx_model.h"

namespace biji {
namespace {

constexpr std::array kCentrings = {"mass", "box", "density"};  // in the order of Centring

namespace fs = std::filesystem;
using nlohmann::json;

// The files of an exported model, checked against one another.
struct Exported {
  json card;
  std::string onnx;
  Labels classes;
};

std::runtime_error damaged(const fs::path& path, const json::exception& error) {
  return std::runtime_error(path.string() + ": is damaged (" + message_of(error) +
                            "); export the model again");
}

Exported read_exported(const fs::path& folder) {
  const fs::path path = folder / "model.json";
  if (!fs::exists(path))
    throw std::runtime_error(folder.string() +
                             ": is neither a training run (state.json) nor an exported model (model.json)");
  json card = parse_json(read_file(path, 16 << 20));
  try {
    const fs::path file = folder / card.at("file").get<std::string>();
    std::string onnx = read_file(file);
    if (onnx.size() != card.at("bytes").get<uint64_t>() ||
        sha256(onnx) != card.at("sha256").get<std::string>())
      throw std::runtime_error(
          file.string() + ": is not the file that model.json describes (size or sha256); export it again");
    Result<Labels> classes = parse_labels(read_file(folder / card.at("labels").get<std::string>(), 16 << 20));
    if (!classes.ok() || classes.value.size() != card.at("classes").get<size_t>())
      throw std::runtime_error((folder / card.at("labels").get<std::string>()).string() +
                               ": is not the label table that model.json describes");
    return {std::move(card), std::move(onnx), std::move(classes.value)};
  } catch (const json::exception& error) {
    throw damaged(path, error);
  }
}

}  // namespace

double short_number(float value) {
  return std::round(value * 1e4) / 1e4;
}

json input_card(const InputSpec& input) {
  return {{"size", input.size_px},
          {"box", input.box_px},
          {"centring", kCentrings.at(static_cast<size_t>(input.centring))},
          {"pen", short_number(input.pen_px)},
          {"directions", input.directions},
          {"order", input.order},
          {"scale", 1. / 255},
          {"mean", 0},
          {"type", "u8"}};
}

namespace {

InputSpec input_of_card(const json& card) {
  const json& input = card.at("input");
  const auto centring =
      std::find(kCentrings.begin(), kCentrings.end(), input.at("centring").get<std::string>());
  const InputSpec spec{input.at("size").get<int32_t>(),
                       input.at("box").get<int32_t>(),
                       static_cast<Centring>(centring - kCentrings.begin()),
                       input.at("pen").get<float>(),
                       input.value("directions", 0),
                       input.value("order", false)};
  if (!valid(spec))
    throw std::runtime_error("the model reads input " + input.dump() + ", which this program cannot make");
  const json known = input_card(spec);
  for (const auto& [key, value] : input.items())
    if (known.contains(key) && known.at(key) != value)
      throw std::runtime_error("the model reads input with " + key + " " + value.dump() +
                               ", which this program cannot make");
  return spec;
}

InputSpec input_in(const fs::path& path, const json& card) {
  try {
    return input_of_card(card);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path.string() + ": " + error.what());
  }
}

}  // namespace

Model load_exported_model(const fs::path& folder) {
  Exported exported = read_exported(folder);
  const json& card = exported.card;
  const fs::path path = folder / "model.json";
  try {
    const InputSpec input = input_in(path, card);
    if (card.at("input_version") != input_version(input))
      throw std::runtime_error(path.string() + ": the model reads input of encoder version " +
                               card.at("input_version").dump() + ", this program makes " +
                               std::to_string(input_version(input)) + "; train and export it again");
    Net net(folded(network_row(card.at("network").get<std::string>())
                       .build(static_cast<int32_t>(exported.classes.size()), input)),
            at::kCPU);
    try {
      from_onnx(exported.onnx, net);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error((folder / card.at("file").get<std::string>()).string() + ": " + error.what());
    }
    const auto temperature = card.at("temperature").get<double>();
    if (!usable_temperature(static_cast<float>(temperature)))
      throw std::runtime_error(path.string() + ": has a temperature of " + card.at("temperature").dump() +
                               "; export the model again");
    TestTimeAugmentation look;
    if (card.contains("look_again"))
      look = {card.at("look_again").at("below").get<float>(), card.at("look_again").at("slant").get<float>()};
    const double rejection =
        card.contains("rejection") ? card.at("rejection").at("threshold").get<double>() : 0;
    return {std::move(net), std::move(exported.classes), temperature, look, rejection};
  } catch (const json::exception& error) {
    throw damaged(path, error);
  }
}

ExportedWeights load_exported_weights(const fs::path& folder) {
  Exported exported = read_exported(folder);
  try {
    std::vector<DataSource> data;
    for (const json& source : exported.card.at("data"))
      data.push_back({source.at("name").get<std::string>(), "", source.at("samples").get<int64_t>()});
    return {unfolded(weights_of_onnx(exported.onnx)),
            exported.card.at("network"),
            input_in(folder / "model.json", exported.card),
            exported.card.at("input_version"),
            std::move(exported.classes),
            exported.card.at("training").at("command"),
            exported.card.value("terms", Terms{kTermsUnknown}),
            std::move(data),
            exported.card.at("training").value("git_commit", "unknown")};
  } catch (const json::exception& error) {
    throw damaged(folder / "model.json", error);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error((folder / exported.card.at("file").get<std::string>()).string() + ": " +
                             error.what());
  }
}

}  // namespace biji
