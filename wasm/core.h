// The recogniser core for JavaScript: ink or pixels in, inputs for the model out; the model's logits in, text
// out.
// A thin layer over Reader (shared/reader.h): the loop around it is in web/recognizer/engine.js.
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

// Raised with every change of this interface; web/recognizer/core.js refuses a module with another number (an old one from
// a cache, for instance) with a message that says so.
#define BIJI_CORE_ABI 2
int32_t biji_core_abi(void);

// NULL when memory is short. Destroying NULL does nothing.
biji_core* biji_core_create(void);
void biji_core_destroy(biji_core* core);

// UTF-8, NUL-terminated, static.
const char* biji_core_error_text(int32_t status);

// At least `bytes` bytes, 16-byte aligned, for JavaScript to fill; NULL when memory is short or bytes < 0.
void* biji_core_scratch(biji_core* core, int32_t bytes);

// Before biji_core_set_model. How the model wants its input: InputSpec. centring: 0 mass, 1 box, 2 density.
int32_t biji_core_set_input(biji_core* core, int32_t size_px, int32_t box_px, int32_t centring, float pen_px,
                            int32_t directions, int32_t order);
// Before biji_core_set_model. Test-time augmentation: characters whose most probable class has less than `below` are
// read again, sheared to either side. Both 0..1; 0, the default, turns it off.
int32_t biji_core_set_augmentation(biji_core* core, float below, float shear);
// Scratch: the labels file, `bytes` bytes. They also decide how characters are found: Chinese ones are squares
// that may have separate parts (shared/labels.h, fills_squares). Logits are divided by temperature; a character whose best candidate is
// less probable than rejection is not sure.
int32_t biji_core_set_model(biji_core* core, int32_t bytes, float temperature, float rejection);
// input_version() of that input: what model.json must name.
int32_t biji_core_input_version(const biji_core* core);
int32_t biji_core_label_count(const biji_core* core);

// How the next inputs are read. Scratch: which characters are allowed ("0-9"), `bytes` bytes, 0 allows all. candidates: of
// each character, and readings of the whole, 1..1024. split: 0 = everything given is one character.
int32_t biji_core_set_options(biji_core* core, int32_t bytes, int32_t candidates, int32_t split);

// Begins to read ink. Scratch: xy f32 [points, 2], then pressure f32 [points], then ends i32 [strokes].
int32_t biji_core_begin_ink(biji_core* core, int32_t points, int32_t strokes);
// Begins to read an image. Scratch: RGBA (channels = 4) or grey (channels = 1, 255 = white), [height, width,
// channels]. shade: 0 find out, 1 dark ink, 2 light ink.
int32_t biji_core_begin_image(biji_core* core, int32_t width, int32_t height, int32_t channels,
                              int32_t shade);

// What the model should look at now: how many inputs, 0 when the reading is done; then biji_core_batch has them: u8
// [count, channels, size, size]. The same batch again until biji_core_feed has its logits.
int32_t biji_core_next(biji_core* core);
const uint8_t* biji_core_batch(const biji_core* core);
// Scratch: the logits of that batch, f32 [count, label_count].
int32_t biji_core_feed(biji_core* core, int32_t count);

// The result, once biji_core_next has returned 0, as `words` 32-bit words; texts are (offset, bytes) in biji_core_text,
// UTF-8. f: the word's bits are a float.
//   sure, readings, lines, characters                          sure is 0 or 1, the others are counts
//   readings:    text, f probability                           best first; the first is the text of the result
//   lines:       f x, f y, f width, f height, begin, end       characters begin .. end-1
//   characters:  text, f x, f y, f width, f height, line, sure, strokes, candidates     the last two are counts; then
//     strokes:     stroke, begin, end                          points begin .. end-1
//     candidates:  label, f probability                        best first
const int32_t* biji_core_result(biji_core* core);
int32_t biji_core_result_words(const biji_core* core);
const char* biji_core_text(const biji_core* core);

#ifdef __cplusplus
}
#endif
