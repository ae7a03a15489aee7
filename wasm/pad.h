// The C interface of biji-pad.wasm: a sheet to write on, drawn by Dear ImGui on WebGL2. web/pad/sheet.js and surface.js
// call it.
//
// A biji_pad is one sheet: its ink, history and look. Nothing is global, so one module serves every pad of a page.
// Drawing needs a WebGL2 context of the pad's own; biji_pad_attach takes the current one and biji_pad_detach lets go of
// it, any number of times, while the ink stays. Before attach, detach and draw, the caller makes that context current.
//
// Finished ink is kept as pixels in a texture: a frame copies them and draws only the end of the stroke under the
// pen, so its cost does not grow with the ink.
//
// Lengths are CSS pixels, y down, from the upper left corner of the sheet. Times are milliseconds.
// Functions return 0 or a number of biji::Err (shared/result.h) unless they say otherwise; pad must be a live handle.
// All buffers belong to the module and stay valid until the next call for that pad; memory may move whenever it grows,
// so look at the heap anew after every call. Every number from JavaScript is treated as untrusted.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct biji_pad biji_pad;

// Null when out of memory. Free with biji_pad_destroy, after biji_pad_detach.
biji_pad* biji_pad_create(void);
void biji_pad_destroy(biji_pad* pad);

// ---- the screen -----------------------------------------------------------------------------------------------------

// Prepares the current WebGL2 context. kNoMemory when it cannot be used.
int32_t biji_pad_attach(biji_pad* pad);
// Frees what attach and draw made. After a lost context call it all the same: the memory on our side is freed.
void biji_pad_detach(biji_pad* pad);

// width, height: of the drawing buffer, device pixels, 1..8192. scale: device pixels per CSS pixel, 0.25..16.
int32_t biji_pad_resize(biji_pad* pad, int32_t width, int32_t height, float scale);

// ink, box: 0xRRGGBB, always opaque, and 0xRRGGBBAA. pen_width: 0.5..200, full width of the line of a mouse or finger.
// pressure_gain: 0..1, see Pen in ink_mesh.h.
int32_t biji_pad_style(biji_pad* pad, uint32_t ink_rgb, uint32_t box_rgba, float pen_width,
                       float pressure_gain);

// Outlines around recognised characters: floats [count, 4] of x, y, width, height in scratch; 0 for none. Any change of
// the ink takes them away.
int32_t biji_pad_boxes(biji_pad* pad, int32_t count);

// 1 when something changed since the last draw.
int32_t biji_pad_dirty(const biji_pad* pad);
// Calls it drawn: for a sheet that shows a picture of itself instead.
void biji_pad_clean(biji_pad* pad);
// Draws the sheet over a transparent background: paper is the page's. kBadArgument when not attached or not resized.
int32_t biji_pad_draw(biji_pad* pad);

// ---- the pen --------------------------------------------------------------------------------------------------------

// Room for count points: floats [count, 4] of x, y, t, pressure (0..1). Null over kMaxInkPoints or out of memory.
float* biji_pad_scratch(biji_pad* pad, int32_t count);

// The stroke under the pen: down starts it with the first count points of scratch, move goes on, up makes it an edit,
// cancel forgets it. predict shows points that the pen will probably reach; the next call of these replaces them.
// kTooLarge when the sheet is full: further points are dropped. kBadArgument for a move without a down.
int32_t biji_pad_pen_down(biji_pad* pad, int32_t count);
int32_t biji_pad_pen_move(biji_pad* pad, int32_t count);
int32_t biji_pad_pen_predict(biji_pad* pad, int32_t count);
int32_t biji_pad_pen_up(biji_pad* pad);
int32_t biji_pad_pen_cancel(biji_pad* pad);

// ---- edits: kEmpty when there is nothing to do ----------------------------------------------------------------------

int32_t biji_pad_undo(biji_pad* pad);
int32_t biji_pad_redo(biji_pad* pad);
int32_t biji_pad_clear(biji_pad* pad);
// Removes the topmost stroke within radius of (x, y).
int32_t biji_pad_erase(biji_pad* pad, float x, float y, float radius);

int32_t biji_pad_can_undo(const biji_pad* pad);
int32_t biji_pad_can_redo(const biji_pad* pad);

// ---- the ink, in and out --------------------------------------------------------------------------------------------

// 1 while a stroke is under the pen.
int32_t biji_pad_live(const biji_pad* pad);
// Finished strokes, without the one under the pen.
int32_t biji_pad_stroke_count(const biji_pad* pad);
// Copies the finished ink out: floats [points, 4] as in scratch; how many there are is the last of biji_pad_ends. Null when there is none or out of memory.
// live: 1 for one more stroke and its points at the end, the one under the pen, if there is one.
const float* biji_pad_points(biji_pad* pad, int32_t live);
// [stroke_count, + 1 with live]: the end of each stroke in the array of biji_pad_points, which must have been called last.
const int32_t* biji_pad_ends(biji_pad* pad);

// Replaces the ink, as an edit that can be undone: scratch holds the points, then int32 [strokes] with the end of each
// stroke, where the count-th and later points would be. Allocate scratch for points + (strokes + 3) / 4.
// kBadData or kTooLarge as in make_ink (shared/ink.h), and then nothing changes.
int32_t biji_pad_replace(biji_pad* pad, int32_t points, int32_t strokes);

#ifdef __cplusplus
}
#endif
