// The encoder: turns ink, or the picture of one character, into the square that a model reads.
// The page and the trainer call these same functions, so a model sees in the browser what it was trained on.
#pragma once

#include "image.h"
#include "ink.h"

namespace biji {

// What is put at the middle of the square.
enum class Centring : int32_t {
  kMass = 0,  // the centre of mass, as MNIST does it (Y. LeCun et al., 1998)
  kBox = 1,   // the centre of the bounding box, as EMNIST does it (G. Cohen et al., 2017)
  // Line-density normalisation (density.h): lines are spread over the square so that detail gets room; then the centre of
  // the box.
  kDensity = 2,
};

// One per model family; model.json holds it as input {size, box, centring, pen, directions,
// order}.
struct InputSpec {
  int32_t size_px = 28;  // side of the square, 8..256
  int32_t box_px = 20;   // the ink's longer side is fitted to this, 4..size_px
  Centring centring = Centring::kMass;
  float pen_px = 2.5f;  // line width that ink is drawn with, and thin pictures are thickened to
  // Planes behind the picture with the pen's direction (draw_with_directions() in raster.h): 0 or 4. Blank for pictures,
  // whose direction is unknown.
  int32_t directions = 0;
  bool order = false;  // one more plane, with the order of writing; only with directions
  bool operator==(const InputSpec&) const = default;
  int32_t channels() const { return 1 + directions + (order ? 1 : 0); }
  // The same input without those planes: what a picture of one character becomes.
  constexpr InputSpec picture() const { return {size_px, box_px, centring, pen_px}; }
  // The same input with all of them, for networks that read ink as well as pictures.
  constexpr InputSpec pen() const { return {size_px, box_px, centring, pen_px, 4, true}; }
};

// The families' inputs: MNIST's own design, EMNIST's, and that of hanzi. The networks digits and letters read pen() of theirs.
inline constexpr InputSpec kDigitsInput{28, 20, Centring::kMass, 2.5f};
inline constexpr InputSpec kLettersInput{28, 24, Centring::kBox, 2.6f};
inline constexpr InputSpec kHanziInput{48, 44, Centring::kDensity, 2.0f, 4, true};

// Changes whenever the bytes that normalize() produces for such a spec change. Stored in every pack, checkpoint and
// model.json; a mismatch is refused, because a model reads reliably only the input it was trained on.
constexpr int32_t input_version(const InputSpec& spec) {
  return spec.order ? 3 : spec.centring == Centring::kDensity ? 2 : 1;
}

// True when every field is within its range.
bool valid(const InputSpec& spec);

// Fits the ink into spec.box_px, draws it with spec.pen_px, centres it as spec says.
// Returns u8 [channels, size_px, size_px], the planes one below the other in one image size_px wide: the picture,
// 255 = ink, then the directions and the order if spec has them. Position, size and unit of the ink do not matter.
// Err::kEmpty when there is no point; Err::kBadArgument for an invalid spec. Safe for untrusted coordinates
// within the limits of make_ink. The same bytes on every platform (tests/core/golden_test.cpp).
Result<Image> normalize(const Ink& ink, const InputSpec& spec);

// The same for a picture of one character. image: ink map of any size >= 1x1, 0 = paper, 255 = ink.
// The ink is cropped, thickened where its lines would come out thinner than the pen, resampled by area to
// box_px, its contrast restored and centred. kDensity measures the density of the skeleton, so that thick lines count as
// ink's do. A picture already in this form comes back unchanged (but for kDensity, which spreads it a little more).
// The same shape as above. Err::kEmpty when there is no ink.
Result<Image> normalize(const Image& image, const InputSpec& spec);

// A picture as normalize(image, spec.picture()) gives it, with blank planes for the direction and order that spec
// asks for.
Image with_blank_directions(Image picture, const InputSpec& spec);

// Mean line width in pixels of an ink map (2 * area / perimeter); 0 when there is no ink.
float line_width_px(const Image& image);

}  // namespace biji
