// The recogniser core for JavaScript: ink or pixels in, a model's input out; a model's logits in, candidates
// out.
//
// Plain C: int32_t, float and pointers only. One handle per recogniser, no globals. C++ owns every buffer; a
// pointer that is returned stays valid until the next call with the same handle, and JavaScript must take its
// views of the heap anew after each call (memory may have grown). Every function but the getters returns a
// status: 0, or a number of Err (shared/result.h) that biji_core_error_text turns into a sentence. Nothing
// here trusts its arguments.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct biji_core biji_core;

// NULL when memory is short. Destroying NULL does nothing.
biji_core* biji_core_create(void);
void biji_core_destroy(biji_core* core);

// UTF-8, NUL-terminated, static.
const char* biji_core_error_text(int32_t status);

// How the model wants its input: InputSpec. centring: 0 mass, 1 box, 2 density.
int32_t biji_core_set_input(biji_core* core, int32_t size_px, int32_t box_px, int32_t centring, float pen_px,
                            int32_t directions, int32_t order);
// Characters whose most probable class has less than `below` get a second look, leaning by slant to either side. Both
// 0..1; 0 (as it is at first) is for models that look once.
int32_t biji_core_set_look_again(biji_core* core, float below, float slant);
// input_version() of that input: what model.json must name.
int32_t biji_core_input_version(const biji_core* core);
// The labels file: the first `bytes` bytes of the scratch buffer. They also tell how characters are found:
// those of Chinese are squares that may fall apart (shared/decode.h, fills_squares).
int32_t biji_core_set_labels(biji_core* core, int32_t bytes);
int32_t biji_core_label_count(const biji_core* core);
// Restricts candidates ("0-9"): the first `bytes` bytes of the scratch buffer; 0 allows all.
int32_t biji_core_set_allow(biji_core* core, int32_t bytes);

// At least `bytes` bytes, 16-byte aligned, for JavaScript to fill; NULL when memory is short or bytes < 0.
void* biji_core_scratch(biji_core* core, int32_t bytes);

// Encodes ink. Scratch: xy f32 [points, 2], then pressure f32 [points], then ends i32 [strokes].
// split: 0 = one character.
int32_t biji_core_encode_ink(biji_core* core, int32_t points, int32_t strokes, int32_t split);
// Encodes an image. Scratch: RGBA (channels = 4) or grey (channels = 1, 255 = white), [height, width,
// channels]. shade: 0 find out, 1 dark ink, 2 light ink.
int32_t biji_core_encode_image(biji_core* core, int32_t width, int32_t height, int32_t channels,
                               int32_t shade, int32_t split);

// The last encoding: characters, their input u8 [count, channels, size, size], boxes f32 [count, 4] (x, y,
// width, height), lines i32 [count].
int32_t biji_core_count(const biji_core* core);
const uint8_t* biji_core_input(const biji_core* core);
const float* biji_core_boxes(const biji_core* core);
const int32_t* biji_core_lines(const biji_core* core);

// After the model's first look, before biji_core_decode: logits f32 [biji_core_count, classes] in scratch, of which the
// model is unsure about some. biji_core_again_count then tells how many inputs are to be looked at besides (0 until this
// is called), biji_core_again_input has them: u8 [again_count, channels, size, size].
int32_t biji_core_look_again(biji_core* core, int32_t classes, float temperature);
int32_t biji_core_again_count(const biji_core* core);
const uint8_t* biji_core_again_input(const biji_core* core);

// Decodes the logits of the last encoding's characters: f32 [biji_core_count + biji_core_again_count, classes] in
// scratch; classes must be the number of labels. k: how many candidates a character and how many readings of the
// whole, 1..1024.
int32_t biji_core_decode(biji_core* core, int32_t classes, float temperature, int32_t k);
// Candidates a character (k, or fewer where the allowed labels are), and for all characters in one array
// [count, candidate_count]: label indices i32 and probabilities f32, best first.
int32_t biji_core_candidate_count(const biji_core* core);
const int32_t* biji_core_candidate_indices(const biji_core* core);
const float* biji_core_candidate_probabilities(const biji_core* core);
// Readings of the whole input, best first: UTF-8, NUL-terminated, '\n' between lines. NULL or 0 outside
// 0..count-1.
int32_t biji_core_reading_count(const biji_core* core);
const char* biji_core_reading_text(const biji_core* core, int32_t i);
float biji_core_reading_probability(const biji_core* core, int32_t i);

#ifdef __cplusplus
}
#endif
