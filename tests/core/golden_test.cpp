// The same bytes on every platform: hashes of encoded inks and pictures are constants, and these tests run
// natively, under sanitizers and as WebAssembly.
#include <gtest/gtest.h>

#include "shared/encode.h"
#include "tests/core/samples.h"

namespace biji {
namespace {

// FNV-1a, 64 bits.
void mix(uint64_t& hash, const void* data, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211u;
}
constexpr uint64_t kNothing = 14695981039346656037u;

constexpr InputSpec kSpecs[] = {kDigitsInput, kLettersInput, {48, 44, Centring::kBox, 2.5f}};

// What models were trained on. When normalize() changes on purpose, raise input_version() (models trained before
// then no longer fit) and put the new hash here.
TEST(Golden, TwoHundredNormalisedCharactersHaveTheKnownHash) {
  static_assert(input_version(kLettersInput) == 1, "a new version needs a new hash");
  uint64_t hash = kNothing;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Result<Image> ink = normalize(random_ink(seed), kSpecs[seed % 3]);
    ASSERT_TRUE(ink.ok());
    mix(hash, ink.value.pixels.data(), ink.value.pixels.size());
    Image map = random_photo(seed);
    for (uint8_t& v : map.pixels) v = v < 128 ? static_cast<uint8_t>(255 - v) : 0;
    const Result<Image> picture = normalize(map, kSpecs[seed % 3]);
    ASSERT_TRUE(picture.ok());
    mix(hash, picture.value.pixels.data(), picture.value.pixels.size());
  }
  EXPECT_EQ(hash, 1494235538943286424u);
}

// Directions, order and densities.
uint64_t chinese_hash(bool order) {
  uint64_t hash = kNothing;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    InputSpec spec = kHanziInput;
    spec.order = order;
    spec.centring = seed % 2 == 0 ? Centring::kBox : Centring::kDensity;
    const Result<Image> ink = normalize(random_ink(seed), spec);
    EXPECT_TRUE(ink.ok());
    mix(hash, ink.value.pixels.data(), ink.value.pixels.size());
    Image map = random_photo(seed);
    for (uint8_t& v : map.pixels) v = v < 128 ? static_cast<uint8_t>(255 - v) : 0;
    const Result<Image> picture = normalize(map, spec);
    EXPECT_TRUE(picture.ok());
    mix(hash, picture.value.pixels.data(), picture.value.pixels.size());
  }
  return hash;
}

TEST(Golden, TwoHundredChineseInputsHaveTheKnownHash) {
  static_assert(input_version(kHanziInput) == 3, "a new version needs a new hash");
  EXPECT_EQ(chinese_hash(true), 10795476295301108032u);
  static_assert(input_version({48, 44, Centring::kDensity, 2, 4}) == 2, "a new version needs a new hash");
  EXPECT_EQ(chinese_hash(false), 14688529089908639221u);
}

TEST(Golden, TwoHundredInkInputsOfDigitsAndLettersHaveTheKnownHash) {
  static_assert(input_version(kDigitsInput.pen()) == 3, "a new version needs a new hash");
  uint64_t hash = kNothing;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const InputSpec spec = (seed % 2 == 0 ? kDigitsInput : kLettersInput).pen();
    const Result<Image> ink = normalize(random_ink(seed), spec);
    ASSERT_TRUE(ink.ok());
    const Image picture = normalize(random_ink(seed), spec.picture()).value;
    ASSERT_TRUE(std::equal(picture.pixels.begin(), picture.pixels.end(), ink.value.pixels.begin())) << seed;
    mix(hash, ink.value.pixels.data(), ink.value.pixels.size());
  }
  EXPECT_EQ(hash, 16437700294447549038u);
}

// What is found on pages and photographs, and how they become ink maps. A better way to find characters may
// change this hash; models still fit.
TEST(Golden, TwoHundredEncodingsHaveTheKnownHash) {
  uint64_t hash = kNothing;
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
  EXPECT_EQ(hash, 14441827811918042726u);
}

// Characters sheared to either side: the views of test-time augmentation.
TEST(Golden, TwoHundredShearedCharactersHaveTheKnownHash) {
  uint64_t hash = kNothing;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const EncodeOptions options{kSpecs[seed % 3], seed % 2 == 0, seed % 3 == 2, Shade::kAuto};
    for (const Result<Encoded>& all :
         {encode(random_ink(seed), options), encode(random_photo(seed), options)}) {
      ASSERT_TRUE(all.ok()) << seed;
      for (int32_t i = 0; i < all.value.count(); ++i) {
        for (const float shear : {0.125f, -0.125f}) {
          const Result<Image> view = sheared_view(all.value, i, options.spec, shear);
          ASSERT_TRUE(view.ok()) << seed;
          mix(hash, view.value.pixels.data(), view.value.pixels.size());
        }
      }
    }
  }
  EXPECT_EQ(hash, 11893713926665496267u);
}

}  // namespace
}  // namespace biji
