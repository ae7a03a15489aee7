// The page of `biji eval --html`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "native/commands/report.h"
#include "shared/image.h"

namespace biji {

// One self-contained HTML file: styles, pictures, curves and a little script for its tables are inside, and
// its content security policy forbids anything else. Labels and names may hold any bytes. For any number of
// classes: from 10 to 100 the confusion matrix is shown whole, beyond that the part where most confusions
// are. picture: the input of sample i, 255 = ink; it is asked for some hundred samples.
std::string report_page(const Evaluation& evaluation, const std::function<Image(int64_t)>& picture);

}  // namespace biji
