// What was read, drawn over what it was read from: an SVG file that any browser shows, in any script.
#pragma once

#include <string>

#include "native/data/photo.h"
#include "shared/ink.h"
#include "shared/reader.h"

namespace biji {

// A box round each character with its text and probability, unsure ones dashed and in another colour, the other
// candidates as tooltips. The picture inside is a JPEG without the original's metadata; ink is drawn as lines. classes: of
// the model, [labels].
std::string annotated_svg(const Photo& photo, const Readings& readings, const Labels& classes);
std::string annotated_svg(const Ink& ink, const Readings& readings, const Labels& classes);

}  // namespace biji
