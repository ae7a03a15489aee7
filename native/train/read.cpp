#include "native/train/read.h"

#include <algorithm>
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

Encoded encoded_samples(const Dataset& data, int64_t begin, int64_t end) {
  const InputSpec& spec = data.input;
  const at::Tensor rows = data.drawn() ? at::Tensor() : data.pixels.slice(0, begin, end).cpu().contiguous();
  const size_t area = static_cast<size_t>(spec.size_px) * static_cast<size_t>(spec.size_px);
  const std::vector<uint8_t> blank(area);
  Encoded out;
  for (int64_t i = begin; i < std::min(end, data.size()); ++i) {
    Err err = Err::kEmpty;
    if (!data.drawn()) {
      err =
          append_square({rows.data_ptr<uint8_t>() + static_cast<size_t>(i - begin) * area, area}, spec, out);
    } else {
      const auto [pack, sample] = data.place(i);
      err = pack.info().kind == PackKind::kStrokes ? append_character(pack.ink(sample), spec, out)
                                                   : append_square(pack.image(sample), spec, out);
    }
    if (err != Err::kOk) err = append_square(blank, spec, out);
    assert(err == Err::kOk);
  }
  return out;
}

at::Tensor read_logits(Reader& reader, Net& net, Encoded characters) {
  const int32_t count = characters.count();
  const auto classes = static_cast<int64_t>(reader.model().labels.size());
  [[maybe_unused]] const Err err = reader.begin(std::move(characters), {.candidates = 1});
  assert(err == Err::kOk);
  read(reader, net);
  at::Tensor logits = at::empty({count, classes});
  for (int32_t i = 0; i < count; ++i) {
    const std::span<const float> row = reader.logits(i);
    std::copy(row.begin(), row.end(), logits.data_ptr<float>() + i * classes);
  }
  return logits;
}

}  // namespace biji
