#include "native/nets/model.h"

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

Model load_exported_model(const fs::path& folder) {
  Exported exported = read_exported(folder);
  const json& card = exported.card;
  const fs::path path = folder / "model.json";
  try {
    Net net(folded(network_row(card.at("network").get<std::string>())
                       .build(static_cast<int32_t>(exported.classes.size()))),
            at::kCPU);
    const json input = input_card(net.network().input);
    for (const auto& [key, value] : card.at("input").items())
      if (input.contains(key) && input.at(key) != value)
        throw std::runtime_error(path.string() + ": the model reads input with " + key + " " + value.dump() +
                                 ", " + net.network().name + " here has " + input.at(key).dump() +
                                 "; export a run of this version");
    const int32_t version = input_version(net.network().input);
    if (card.at("input_version") != version)
      throw std::runtime_error(path.string() + ": the model reads input of encoder version " +
                               card.at("input_version").dump() + ", this program makes " +
                               std::to_string(version) + "; train and export it again");
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
