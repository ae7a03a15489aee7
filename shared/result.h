// Errors of the core, without exceptions. Misuse by the programmer is an assert; bad data is a Result.
#pragma once

#include <cassert>
#include <cstdint>
#include <utility>

namespace biji {

// The numbers are part of the WebAssembly interface (wasm/core.h): append, never renumber.
enum class Err : int32_t {
  kOk = 0,
  kEmpty = 1,        // no ink at all: nothing to recognise
  kBadArgument = 2,  // an option outside its documented range
  kBadData = 3,      // data that contradicts itself: lengths, non-finite coordinates, invalid UTF-8
  kTooLarge = 4,     // over a documented limit
  kNoMemory = 5,
};

// One English sentence for each Err, without a full stop.
inline const char* err_message(Err err) {
  switch (err) {
    case Err::kOk:
      return "no error";
    case Err::kEmpty:
      return "there is no ink to recognise";
    case Err::kBadArgument:
      return "an option is outside its range";
    case Err::kBadData:
      return "the data contradicts itself";
    case Err::kTooLarge:
      return "the input is larger than the limit";
    case Err::kNoMemory:
      return "out of memory";
  }
  return "unknown error";
}

// A value or an error, never both. Read value only after ok().
template <class T>
struct Result {
  T value{};
  Err err = Err::kOk;

  Result(T v) : value(std::move(v)) {}               // NOLINT: implicit on purpose, `return image;`
  Result(Err e) : err(e) { assert(e != Err::kOk); }  // NOLINT: `return Err::kEmpty;`
  bool ok() const { return err == Err::kOk; }
};

}  // namespace biji
