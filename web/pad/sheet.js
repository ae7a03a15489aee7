// A sheet to write on: the JavaScript side of wasm/pad.h. One wasm module serves all pads of a page; each sheet has
// its document there, and a Surface that shows it.
import createModule from '#wasm/biji-pad.mjs';
import { BijiError } from '../recognizer/errors.js';
import { fetchModule } from '../recognizer/fetch.js';
import { packInk, unpackInk } from '../recognizer/ink.js';
import { Surface } from './surface.js';

/** assets folder -> Promise of the module, for the life of the page. */
const modules = new Map();

/**
 * A new sheet inside container, which should be positioned and otherwise empty.
 * assets: URL of the folder with biji-pad.wasm. Throws BijiError: 'network'; 'unsupported' without WebGL2.
 * onlost(error): called when the graphics fail for good.
 */
export async function createSheet(container, assets, onlost = () => {}) {
  let loading = modules.get(assets);
  if (!loading) {
    loading = loadModule(assets);
    modules.set(assets, loading);
    loading.catch(() => modules.delete(assets)); // the next pad tries again
  }
  return new Sheet(await loading, container, onlost);
}

async function loadModule(assets) {
  const wasmBinary = await fetchModule(assets, 'biji-pad.wasm');
  try {
    return await createModule({ wasmBinary, locateFile: (file) => new URL(file, assets).href });
  } catch (cause) {
    throw new BijiError('unsupported', `The drawing module does not start in this browser (${cause?.message ?? cause}).`, { cause });
  }
}

class Sheet {
  #module;
  #pad;
  #surface;
  #look = ''; // the last style

  constructor(module, container, onlost) {
    this.#module = module;
    this.#pad = module._biji_pad_create();
    if (!this.#pad) throw new BijiError('internal', 'Out of memory.');
    try {
      this.#surface = new Surface(module, this.#pad, container, onlost);
    } catch (error) {
      module._biji_pad_destroy(this.#pad);
      throw error;
    }
  }

  dispose() {
    this.#surface.dispose();
    this.#module._biji_pad_destroy(this.#pad);
    this.#pad = 0;
  }

  // ---- the pen: points are [{ x, y, t, pressure }], CSS pixels ------------------------------------------------------

  penDown(points) {
    this.#check(this.#module._biji_pad_pen_down(this.#pad, this.#write(points)));
    this.#surface.invalidate();
  }

  penMove(points, predicted = []) {
    this.#check(this.#module._biji_pad_pen_move(this.#pad, this.#write(points)));
    if (predicted.length) this.#module._biji_pad_pen_predict(this.#pad, this.#write(predicted));
    this.#surface.invalidate();
  }

  penUp() {
    this.#module._biji_pad_pen_up(this.#pad);
    this.#surface.invalidate();
  }

  penCancel() {
    this.#module._biji_pad_pen_cancel(this.#pad);
    this.#surface.invalidate();
  }

  // ---- edits: true when something changed ---------------------------------------------------------------------------

  undo() {
    return this.#edit(this.#module._biji_pad_undo(this.#pad));
  }

  redo() {
    return this.#edit(this.#module._biji_pad_redo(this.#pad));
  }

  clear() {
    return this.#edit(this.#module._biji_pad_clear(this.#pad));
  }

  /** Removes the topmost stroke within radius of (x, y). */
  erase(x, y, radius) {
    return this.#edit(this.#module._biji_pad_erase(this.#pad, x, y, radius));
  }

  get canUndo() {
    return this.#module._biji_pad_can_undo(this.#pad) === 1;
  }

  get canRedo() {
    return this.#module._biji_pad_can_redo(this.#pad) === 1;
  }

  get strokeCount() {
    return this.#module._biji_pad_stroke_count(this.#pad);
  }

  // ---- the ink: [{ x: [..], y: [..], t: [..], pressure: [..] }, ..] -------------------------------------------------

  get ink() {
    return this.#read(false);
  }

  /** The ink as it would be if the pen were lifted now. */
  get inkSoFar() {
    return this.#read(true);
  }

  /** Throws BijiError 'input' for what is not ink, and then keeps what was there. */
  set ink(strokes) {
    const { points, ends } = packInk(strokes);
    const count = points.length / 4;
    const at = this.#scratch(count + Math.ceil(ends.length / 4));
    this.#module.HEAPF32.set(points, at);
    this.#module.HEAP32.set(ends, at + points.length);
    this.#check(this.#module._biji_pad_replace(this.#pad, count, ends.length));
    this.#surface.invalidate();
  }

  // ---- the look -----------------------------------------------------------------------------------------------------

  /** width, height: CSS pixels; scale: device pixels per CSS pixel. Draws at once, so that nothing flickers. */
  resize(width, height, scale) {
    this.#surface.resize(width, height, scale);
  }

  /** ink: [r, g, b], box: [r, g, b, a], 0..255 each; penWidth: CSS pixels; pressureGain: 0..1. */
  style({ ink, box, penWidth, pressureGain }) {
    const word = (...bytes) => bytes.reduce((value, byte) => ((value << 8) | byte) >>> 0, 0);
    const clamp = (value, low, high) => Math.min(Math.max(value || low, low), high);
    const look = [word(...ink.slice(0, 3)), word(...box), clamp(penWidth, 0.5, 200), clamp(pressureGain, 0, 1)];
    if (look.join() === this.#look) return;
    this.#look = look.join();
    this.#module._biji_pad_style(this.#pad, ...look);
    this.#surface.invalidate();
  }

  /** Outlines around characters: [{ x, y, width, height }]. The next change of the ink takes them away. */
  boxes(boxes) {
    const at = this.#scratch(boxes.length);
    boxes.forEach(({ x, y, width, height }, i) => this.#module.HEAPF32.set([x, y, width, height], at + 4 * i));
    this.#check(this.#module._biji_pad_boxes(this.#pad, boxes.length));
    this.#surface.invalidate();
  }

  /** No frames between hold() and resume(); what changed meanwhile is drawn then. */
  hold() {
    this.#surface.hold();
  }
  resume() {
    this.#surface.resume();
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #read(live) {
    const at = this.#module._biji_pad_points(this.#pad, live ? 1 : 0) >> 2;
    const end = this.#module._biji_pad_ends(this.#pad) >> 2;
    const count = this.strokeCount + (live ? this.#module._biji_pad_live(this.#pad) : 0);
    const ends = this.#module.HEAP32.subarray(end, end + count);
    return unpackInk({ points: this.#module.HEAPF32.subarray(at), ends });
  }

  // The index in HEAPF32 of room for count points.
  #scratch(count) {
    const at = this.#module._biji_pad_scratch(this.#pad, count);
    if (!at) throw new BijiError('input', 'This is more ink than a pad holds.');
    return at >> 2;
  }

  #write(points) {
    let at = this.#scratch(points.length);
    const heap = this.#module.HEAPF32;
    for (const { x, y, t, pressure } of points) {
      heap[at++] = x;
      heap[at++] = y;
      heap[at++] = t;
      heap[at++] = pressure;
    }
    return points.length;
  }

  #edit(status) {
    this.#surface.invalidate();
    return status === 0;
  }

  #check(status) {
    if (status === 0 || status === 1) return;
    if (status === 4) throw new BijiError('input', 'The pad is full.');
    throw new BijiError('internal', `The pad refused a call (${status}).`);
  }
}
