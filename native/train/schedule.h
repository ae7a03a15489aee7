// What changes in the course of a training: of total steps, at step (from 0).
#pragma once

#include <cstdint>

#include "native/train/recipe.h"

namespace biji {

// Strength of augmentation: recipe.augment, then linear to recipe.augment_end over the last quarter.
float augment_strength(const Recipe& recipe, int64_t step, int64_t total);

// "constant": recipe.lr. "one_cycle": linear rise over the first 15 %, then half a cosine down to nearly nothing (L. Smith, 2018).
double learning_rate(const Recipe& recipe, int64_t step, int64_t total);

// Side of the input in pixels: in steps of 8 from recipe.size_start to full, equally long within three quarters.
int32_t input_size(const Recipe& recipe, int32_t full, int64_t step, int64_t total);

}  // namespace biji
