// The loop around a Reader (shared/reader.h) with LibTorch as the network, as web/recognizer/engine.js is with ONNX
// Runtime.
#pragma once

#include "native/nets/model.h"
#include "shared/reader.h"

namespace biji {

// What a Reader must know of the model.
ReaderModel reader_model(const Model& model);

// Answers whatever the reader asks for until its result is complete. reader.begin() was called, with a model that has
// net's input and classes (assert). net: on any device.
void read(Reader& reader, Net& net);

}  // namespace biji
