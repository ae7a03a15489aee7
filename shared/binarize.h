// From a photograph, scan or canvas to an ink map: 0 = paper, 255 = ink.
#pragma once

#include "image.h"

namespace biji {

// Which of the two is the ink. kAuto: paper is the shade of the border where that is one exact shade; in a
// photograph, the local majority.
enum class Shade : int32_t { kAuto = 0, kDark = 1, kLight = 2 };

// What a picture shows. In a photograph of a page, dark regions that touch two sides are surroundings (a table's
// edge, a fold, a shadow) and are left out; a single character may fill its picture.
enum class Scene : int32_t { kPage = 0, kCharacter = 1 };

// gray: 0 = black, 255 = white, any size >= 1x1; safe for untrusted sizes.
// A picture with one exact paper shade (a canvas, a scan with cleaned background, MNIST) is only inverted or
// shifted, so that its anti-aliasing survives untouched; only the pale ink of a scan (many shades, pale on the
// whole) is darkened. Anything else is treated as a photograph: the paper's shade is estimated in blocks and
// divided out, its noise is measured locally, and an iterated threshold (T. Ridler & S. Calvard,
// 1978) decides what is ink; edges stay soft. A picture without anything that stands out from its noise gives
// an all-zero map.
Result<Image> ink_from_gray(const Image& gray, Shade shade, Scene scene = Scene::kPage);

}  // namespace biji
