// New writer styles out of those that are there.
#pragma once

#include "shared/ink.h"

namespace biji {

// Interpolates between two writers' styles. from, to: the same character by different people, neither empty (assert).
// share: how far each point of `from` moves towards the matching point of `to`: 0 = not at all, 1 = all the way, below 0
// = away from it, which extrapolates from's style. Points are matched by dynamic time warping (H. Sakoe and S. Chiba,
// 1978) of the pens' paths, between strokes as well, so that joined and separate strokes match. Returns ink whose longer
// side is about 1 and whose middle is 0; `from` unchanged where the two are too different to match, as in stroke order.
Ink between(const Ink& from, const Ink& to, float share);

}  // namespace biji
