// A network as people look at it.
#pragma once

#include <string>

#include "native/nets/network.h"

namespace biji {

// A table of its layers: name, what it does, shape of the output, parameters, multiply-adds of one sample; and the sums.
std::string layer_table(const Network& network);

}  // namespace biji
