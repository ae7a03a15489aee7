// The loop around a Reader (shared/reader.h) with LibTorch as the network, as web/recognizer/engine.js is with ONNX
// Runtime.
#pragma once

#include "native/data/dataset.h"
#include "native/nets/model.h"
#include "shared/reader.h"

namespace biji {

// What a Reader must know of the model.
ReaderModel reader_model(const Model& model);

// Answers whatever the reader asks for until its result is complete. reader.begin() was called, with a model that has
// net's input and classes (assert). net: on any device.
void read(Reader& reader, Net& net);

// Samples begin .. end-1 as characters for a Reader: ink as ink, pixels as squares. One without ink is a blank square.
Encoded encoded_samples(const Dataset& data, int64_t begin, int64_t end);

// What the model says to each, with test-time augmentation where the reader's model has it: float [characters, classes]
// on the CPU.
at::Tensor read_logits(Reader& reader, Net& net, Encoded characters);

}  // namespace biji
