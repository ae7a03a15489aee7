// The encoder gives the same bytes on every platform: the hash of 200 encoded inks and pictures is a
// constant, and this test runs natively, under sanitizers and as WebAssembly. When the encoder changes on
// purpose, raise kInputVersion (models trained before then no longer fit) and put the new hash here.
#include <gtest/gtest.h>

#include "shared/encode.h"
#include "tests/samples.h"

namespace biji {
namespace {

// FNV-1a, 64 bits.
void mix(uint64_t& hash, const void* data, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211u;
}

TEST(Golden, TwoHundredEncodingsHaveTheKnownHash) {
  static_assert(kInputVersion == 1, "a new version needs a new hash");
  constexpr InputSpec kSpecs[] = {kDigitsInput, kLettersInput, {48, 44, Centring::kBox, 2.5f}};
  uint64_t hash = 14695981039346656037u;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    EncodeOptions options{kSpecs[seed % 3], seed % 2 == 0, seed % 3 == 2, Shade::kAuto};
    const Result<Encoded> ink = encode(random_ink(seed), options);
    ASSERT_TRUE(ink.ok());
    mix(hash, ink.value.input.data(), ink.value.input.size());
    const Result<Encoded> photo = encode(random_photo(seed), options);
    ASSERT_TRUE(photo.ok()) << seed << ' ' << err_message(photo.err);
    mix(hash, photo.value.input.data(), photo.value.input.size());
    mix(hash, photo.value.boxes.data(), photo.value.boxes.size() * sizeof(Box));
  }
  EXPECT_EQ(hash, 1656480156549038765u);
}

}  // namespace
}  // namespace biji
