// A model's card, README.md in its folder: what export knows of it, for its author to go on from.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "native/train/run.h"

namespace biji {

// Markdown. model: model.json, as export.h describes it; state: of the run. What only the author can say stands there as
// a question in an HTML comment.
std::string card_text(const nlohmann::json& model, const RunState& state);

}  // namespace biji
