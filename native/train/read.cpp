#include "native/train/read.h"

#include <cassert>

#include "native/train/eval.h"

namespace biji {

ReaderModel reader_model(const Model& model) {
  return {.input = model.net.network().input,
          .labels = model.classes,
          .temperature = static_cast<float>(model.temperature),
          .rejection = static_cast<float>(model.rejection),
          .look = model.look};
}

void read(Reader& reader, Net& net) {
  const InputSpec& input = net.network().input;
  assert(reader.model().input == input);
  for (Batch batch = reader.next(); batch.count > 0; batch = reader.next()) {
    const at::Tensor pixels =
        at::from_blob(const_cast<uint8_t*>(batch.input.data()),
                      {batch.count, input.channels(), input.size_px, input.size_px}, at::kByte)
            .to(net.state().device());
    const at::Tensor logits = logits_of(net, pixels).to(at::kFloat).contiguous();
    [[maybe_unused]] const Err err =
        reader.feed({logits.data_ptr<float>(), static_cast<size_t>(logits.numel())});
    assert(err == Err::kOk);
  }
}

}  // namespace biji
