// New hands out of those that are there.
#pragma once

#include "shared/ink.h"

namespace biji {

// Writing between two hands: `from` with each of its points moved by share of the way to where `to`, another person's
// writing of the same character, has the same place of its strokes. share: 0..1, or below 0, which overdoes what tells
// from's hand from the other. Found by dynamic time warping (H. Sakoe and S. Chiba, 1978) of the ways that the pens went,
// lifted too, so that joined strokes and lifted ones go together. The longer side of the result is about 1, its middle
// 0; unless both were written too differently, in another order for instance: then `from` comes back as it is. Neither
// may be empty (assert).
Ink between(const Ink& from, const Ink& to, float share);

}  // namespace biji
