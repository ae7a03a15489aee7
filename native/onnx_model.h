// A network as an ONNX file (https://onnx.ai), written and read back.
#pragma once

#include <string>
#include <string_view>

#include "native/net.h"

namespace biji {

inline constexpr int kOpset = 13;

// Walks the nodes of a folded network (net.h, fold) and writes each as ONNX:
//   "input"  u8 [n, 1, h, w], 255 = ink; cast to float and multiplied by 1/255 inside the graph
//   "logits" f32 [n, classes]
// n is the only dynamic dimension; padding is explicit. Initialisers bear the parameters' names (network.h).
// half: weights are stored as float16 and cast to float in the graph, which runtimes fold once when they load
// the file, so that the file halves and the arithmetic stays in float. The weights of net must already be
// float16 values (round_to_half).
std::string to_onnx(const Net& net, bool half);

// Fills a folded net with the weights of a file that to_onnx wrote for the same network. Safe for untrusted
// bytes. Throws std::runtime_error (without a file name) when the file is something else.
void from_onnx(std::string_view bytes, Net& net);

// Rounds every weight to the nearest float16 value.
void round_to_half(Net& net);

}  // namespace biji
