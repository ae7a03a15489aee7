// A sheet to write on: the JavaScript side of wasm/pad.h. One wasm module serves all pads of a page; each sheet has
// its document there, and a canvas with a WebGL2 context while it needs one.
import createModule from '#wasm/biji-pad.mjs';
import { BijiError } from '../recognizer/errors.js';
import { fetchBytes } from '../recognizer/fetch.js';

// Browsers drop the oldest WebGL context of a page when there are too many (16 on desktops, 8 on some phones), so
// a page of many pads shares this number: the pad that has rested longest keeps a picture of its ink instead.
const kMaxContexts = 6;
const kMaxSide = 4096; // device pixels; a larger drawing buffer is scaled
const kPatience = 1500; // ms to wait for a lost context before a new one is made
// The limits of shared/ink.h.
const kMaxPoints = 1 << 18;
const kMaxStrokes = 1 << 14;
const kMaxCoordinate = 1e7;

/** assets folder -> Promise of the module, for the life of the page. */
const modules = new Map();

/** Sheets with a WebGL2 context, the one that has rested longest first. */
const attached = new Set();

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
  const url = new URL('biji-pad.wasm', assets).href;
  const wasmBinary = await fetchBytes(url);
  try {
    return await createModule({ wasmBinary, locateFile: () => url });
  } catch (cause) {
    throw new BijiError('unsupported', `The drawing module does not start in this browser (${cause?.message ?? cause}).`, { cause });
  }
}

/**
 * A plain copy of ink, with t and pressure filled in: [{ x: [..], y: [..], t: [..], pressure: [..] }, ..]. For values from
 * outside: throws BijiError 'input' for what is not ink or more than a pad holds.
 */
export function plainInk(strokes) {
  const bad = (why) => new BijiError('input', `This is not ink: ${why}.`);
  if (!Array.isArray(strokes)) throw bad('an array of strokes is wanted');
  let points = 0;
  for (const stroke of strokes) {
    if (!(stroke?.x?.length >= 0) || stroke.x.length !== stroke.y?.length)
      throw bad('each stroke has x and y of the same length');
    points += stroke.x.length;
  }
  if (points > kMaxPoints || strokes.length > kMaxStrokes) throw new BijiError('input', 'This is more ink than a pad holds.');
  const column = (length, value) => Array.from({ length }, (_, i) => value(i));
  const finite = (value, otherwise) => (Number.isFinite(value) ? value : otherwise);
  return strokes.map(({ x, y, t, pressure }) => {
    const coordinate = (of) => (i) => {
      if (!(Math.abs(of[i]) <= kMaxCoordinate)) throw bad('coordinates are finite numbers');
      return of[i];
    };
    return {
      x: column(x.length, coordinate(x)),
      y: column(x.length, coordinate(y)),
      t: column(x.length, (i) => finite(t?.[i], 0)),
      pressure: column(x.length, (i) => Math.min(Math.max(finite(pressure?.[i], 0.5), 0), 1)),
    };
  });
}

// Dear ImGui asks for a dozen parameters in each frame, to restore them after it, and for most of them Chromium waits for
// its GPU process. Nothing else draws with this context: the first answers, a new context's state, are as good.
function rememberParameters(gl) {
  const answers = new Map();
  gl.getParameter = (name) => {
    if (!answers.has(name)) answers.set(name, WebGL2RenderingContext.prototype.getParameter.call(gl, name));
    return answers.get(name);
  };
}

class Sheet {
  #module;
  #pad;
  #container;
  #onlost;
  #canvas = null; // on the page: a WebGL canvas when attached, else a picture of it or nothing
  #context = 0; // emscripten's number of the WebGL2 context, 0 when detached
  #lostAt = 0; // when the context was lost; 0 when it was not
  #frame = 0;
  #held = false; // between hold() and resume()
  #width = 0;
  #height = 0;
  #scale = 1;
  #look = ''; // the last style

  constructor(module, container, onlost) {
    this.#module = module;
    this.#container = container;
    this.#onlost = onlost;
    this.#pad = module._biji_pad_create();
    if (!this.#pad) throw new BijiError('internal', 'Out of memory.');
    try {
      if (attached.size < kMaxContexts) this.#attach();
    } catch (error) {
      module._biji_pad_destroy(this.#pad);
      throw error;
    }
  }

  dispose() {
    cancelAnimationFrame(this.#frame);
    this.#detach();
    this.#free(this.#canvas);
    this.#canvas?.remove();
    this.#canvas = null;
    this.#module._biji_pad_destroy(this.#pad);
    this.#pad = 0;
  }

  // ---- the pen: points are [{ x, y, t, pressure }], CSS pixels ------------------------------------------------------

  penDown(points) {
    this.#check(this.#module._biji_pad_pen_down(this.#pad, this.#write(points)));
    this.invalidate();
  }

  penMove(points, predicted = []) {
    this.#check(this.#module._biji_pad_pen_move(this.#pad, this.#write(points)));
    if (predicted.length) this.#module._biji_pad_pen_predict(this.#pad, this.#write(predicted));
    this.invalidate();
  }

  penUp() {
    this.#module._biji_pad_pen_up(this.#pad);
    this.invalidate();
  }

  penCancel() {
    this.#module._biji_pad_pen_cancel(this.#pad);
    this.invalidate();
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

  /** Throws BijiError 'input' for ink that makes no sense, and then keeps what was there. */
  set ink(strokes) {
    strokes = plainInk(strokes);
    const points = strokes.reduce((sum, { x }) => sum + x.length, 0);
    const at = this.#scratch(points + Math.ceil(strokes.length / 4));
    const heap = this.#module.HEAPF32;
    let i = at;
    for (const { x, y, t, pressure } of strokes) {
      for (let j = 0; j < x.length; ++j) {
        heap[i++] = x[j];
        heap[i++] = y[j];
        heap[i++] = t[j];
        heap[i++] = pressure[j];
      }
    }
    let end = 0;
    for (const { x } of strokes) this.#module.HEAP32[i++] = end += x.length;
    this.#check(this.#module._biji_pad_replace(this.#pad, points, strokes.length));
    this.invalidate();
  }

  // ---- the look -----------------------------------------------------------------------------------------------------

  /** width, height: CSS pixels; scale: device pixels per CSS pixel. Draws at once, so that nothing flickers. */
  resize(width, height, scale) {
    scale = Math.min(Math.max(scale, 0.25), 16, kMaxSide / Math.max(width, height, 1));
    const w = Math.max(Math.round(width * scale), 1);
    const h = Math.max(Math.round(height * scale), 1);
    if (w === this.#width && h === this.#height && scale === this.#scale) return;
    [this.#width, this.#height, this.#scale] = [w, h, scale];
    this.#module._biji_pad_resize(this.#pad, w, h, scale);
    this.#draw();
  }

  /** ink: [r, g, b], box: [r, g, b, a], 0..255 each; penWidth: CSS pixels; pressureGain: 0..1. */
  style({ ink, box, penWidth, pressureGain }) {
    const word = (...bytes) => bytes.reduce((value, byte) => ((value << 8) | byte) >>> 0, 0);
    const clamp = (value, low, high) => Math.min(Math.max(value || low, low), high);
    const look = [word(...ink.slice(0, 3)), word(...box), clamp(penWidth, 0.5, 200), clamp(pressureGain, 0, 1)];
    if (look.join() === this.#look) return;
    this.#look = look.join();
    this.#module._biji_pad_style(this.#pad, ...look);
    this.invalidate();
  }

  /** Outlines around characters: [{ x, y, width, height }]. The next change of the ink takes them away. */
  boxes(boxes) {
    const at = this.#scratch(boxes.length);
    boxes.forEach(({ x, y, width, height }, i) => this.#module.HEAPF32.set([x, y, width, height], at + 4 * i));
    this.#check(this.#module._biji_pad_boxes(this.#pad, boxes.length));
    this.invalidate();
  }

  /** No frames between hold() and resume(); what changed meanwhile is drawn then. */
  hold() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#held = true;
  }
  resume() {
    this.#held = false;
    this.invalidate();
  }

  /** Draws in the next frame. Nothing runs while nothing changes. */
  invalidate() {
    if (this.#held) return;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#width || !this.#module._biji_pad_dirty(this.#pad)) return;
    if (!this.#context) {
      const empty = this.strokeCount === 0 && !this.#module._biji_pad_live(this.#pad);
      if (empty) return void this.#canvas?.remove(); // paper is the page's: nothing to draw, no context needed
      if (this.#lostAt && performance.now() - this.#lostAt < kPatience) return; // until it is restored
      try {
        this.#attach();
      } catch (error) {
        return this.#onlost(error);
      }
    }
    attached.delete(this); // to the end of the line
    attached.add(this);
    const canvas = this.#canvas;
    if (canvas.width !== this.#width) canvas.width = this.#width;
    if (canvas.height !== this.#height) canvas.height = this.#height;
    this.#module.GL.makeContextCurrent(this.#context);
    this.#check(this.#module._biji_pad_draw(this.#pad));
  }

  #attach() {
    while (attached.size >= kMaxContexts) attached.values().next().value.#rest();
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    const gl = canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, stencil: false });
    if (!gl) {
      throw new BijiError('unsupported',
        'This browser has no WebGL2, which drawing needs. It may be switched off in its settings.');
    }
    canvas.addEventListener('webglcontextlost', (event) => {
      if (canvas !== this.#canvas) return;
      event.preventDefault(); // asks for the context to be restored
      this.#lostAt = performance.now();
      this.#detach();
    });
    canvas.addEventListener('webglcontextrestored', () => {
      if (canvas !== this.#canvas) return;
      this.#open(gl);
      this.#draw();
    });
    this.#open(gl);
    this.#show(canvas);
  }

  #open(gl) {
    const { GL } = this.#module;
    rememberParameters(gl);
    this.#context = GL.registerContext(gl, { majorVersion: 2, minorVersion: 0, enableExtensionsByDefault: false });
    GL.makeContextCurrent(this.#context);
    if (this.#module._biji_pad_attach(this.#pad) !== 0) {
      this.#detach();
      throw new BijiError('unsupported', 'WebGL2 does not work in this browser.');
    }
    this.#lostAt = 0;
    attached.add(this);
  }

  #detach() {
    if (!this.#context) return;
    const { GL } = this.#module;
    GL.makeContextCurrent(this.#context);
    this.#module._biji_pad_detach(this.#pad);
    GL.deleteContext(this.#context);
    this.#context = 0;
    attached.delete(this);
  }

  // Gives the context to another sheet and leaves a picture of the ink.
  #rest() {
    const canvas = this.#canvas;
    const picture = document.createElement('canvas');
    if (this.#width && this.strokeCount > 0) {
      picture.setAttribute('aria-hidden', 'true');
      picture.width = this.#width;
      picture.height = this.#height;
      this.#module.GL.makeContextCurrent(this.#context);
      this.#module._biji_pad_draw(this.#pad); // the canvas has its pixels only until the frame is shown
      picture.getContext('2d').drawImage(canvas, 0, 0);
    }
    this.#detach();
    this.#show(picture);
    this.#free(canvas);
    this.#module._biji_pad_clean(this.#pad);
  }

  // Gives a context back now, not at garbage collection: browsers count both.
  #free(canvas) {
    canvas?.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #show(canvas) {
    this.#canvas?.remove();
    this.#canvas = canvas;
    this.#container.prepend(canvas);
  }

  #read(live) {
    const at = this.#module._biji_pad_points(this.#pad, live ? 1 : 0) >> 2;
    const ends = this.#module._biji_pad_ends(this.#pad) >> 2;
    const count = this.strokeCount + (live ? this.#module._biji_pad_live(this.#pad) : 0);
    const heap = this.#module.HEAPF32;
    const strokes = [];
    for (let i = 0, begin = 0; i < count; ++i) {
      const end = this.#module.HEAP32[ends + i];
      const column = (k) => Array.from({ length: end - begin }, (_, j) => heap[at + 4 * (begin + j) + k]);
      strokes.push({ x: column(0), y: column(1), t: column(2), pressure: column(3) });
      begin = end;
    }
    return strokes;
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
    this.invalidate();
    return status === 0;
  }

  #check(status) {
    if (status === 0 || status === 1) return;
    if (status === 4) throw new BijiError('input', 'The pad is full.');
    throw new BijiError('internal', `The pad refused a call (${status}).`);
  }
}
