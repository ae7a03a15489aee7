// Scalars as TensorBoard reads them: a TFRecord file of protocol buffers (tensorflow/core/util/event.proto), of which only
// wall_time, step, file_version and summary.value {tag, simple_value} are written.
//
// A record is u64 length, u32 masked CRC-32C of these eight bytes, the event, u32 masked CRC-32C of the event, little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace biji {

struct Scalar {
  std::string tag;  // "train/loss": what stands before the slash groups the charts
  double value = 0;
};

struct ScalarEvent {
  double wall_time = 0;  // seconds since 1970
  int64_t step = 0;
  std::vector<Scalar> scalars;  // none: the file's first record
};

// CRC-32C (Castagnoli), and as TFRecord files have it.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

// The events of a file up to the first record that is not whole; bytes_up_to(step) of them belong to steps up to that one.
struct EventFile {
  std::vector<ScalarEvent> events;
  std::vector<uint64_t> ends;  // [events], in bytes
  uint64_t bytes_up_to(int64_t step) const;
};
// Safe for untrusted bytes.
EventFile read_events(std::string_view bytes);

// One event as a record.
std::string event_record(const ScalarEvent& event);
// The record that a file begins with.
std::string first_event_record(double wall_time);

}  // namespace biji
