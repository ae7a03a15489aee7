// A network as an ONNX file (https://onnx.ai), written and read back.
#pragma once

#include <string>
#include <string_view>

#include "native/nets/net.h"

namespace biji {

inline constexpr int kOpset = 13;

// How weights lie in the file. In the graph they are turned back into float, which runtimes do once, when they load
// it: the file shrinks, the arithmetic stays in float.
enum class Stored {
  kFloat,
  kHalf,  // float16
  kInt8,  // matrices and convolutions as -127..127 times a scale for each output; the first layer, which has few
          // weights and sees the pixels, and all biases as float16
};
// "fp32", "fp16", "int8". Throws std::runtime_error for another name.
Stored stored_of(const std::string& precision);

// Walks the nodes of a folded network (net.h, fold) and writes each as ONNX:
//   "input"  u8 [n, 1, h, w], 255 = ink; cast to float and multiplied by 1/255 inside the graph
//   "logits" f32 [n, classes]
// n is the only dynamic dimension; padding is explicit. Initialisers bear the parameters' names (network.h).
// The weights of net must already be what can be stored (round_to).
std::string to_onnx(const Net& net, Stored stored);

// The parameters of the folded network in a file that to_onnx wrote, by their names (network.h). Safe for untrusted
// bytes. Throws std::runtime_error (without a file name) when the file is something else.
FloatTensors weights_of_onnx(std::string_view bytes);

// Fills a folded net with them. Throws as above, and when they are those of another network.
void from_onnx(std::string_view bytes, Net& net);

// Rounds every weight of a folded net to the nearest value that can be stored. Doing it again changes nothing.
void round_to(Net& net, Stored stored);

}  // namespace biji
