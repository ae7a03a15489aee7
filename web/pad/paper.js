// The ink of one pad: on a Sheet once the drawing module is here; as plain strokes before that and while the pad is off
// the page. Points are [{ x, y, t, pressure }], CSS pixels, y down.
import { packInk, unpackInk } from '../recognizer/ink.js';
import { createSheet } from './sheet.js';

const kFields = ['x', 'y', 't', 'pressure'];

export class Paper {
  /** Of the element, CSS pixels. */
  size = { width: 0, height: 0 };
  #element;
  #sheet = null;
  #strokes = []; // while there is no sheet
  #live = null; // the stroke under the pen, while there is no sheet

  /** element: to draw in. */
  constructor(element) {
    this.#element = element;
  }

  /** Resolves to false when signal was aborted meanwhile. onlost(error): the graphics have failed for good. */
  async open(assets, signal, onlost) {
    const sheet = await createSheet(this.#element, assets, onlost);
    if (signal.aborted) {
      sheet.dispose();
      return false;
    }
    this.#sheet = sheet;
    this.fit();
    this.restyle();
    return true;
  }

  /** Hands what was written or set so far to the sheet that has just come; the pen may still be down. */
  adopt() {
    const [strokes, live] = [this.#strokes, this.#live];
    this.#strokes = [];
    this.#live = null;
    if (strokes.length) this.#sheet.ink = strokes;
    if (live) this.#sheet.penDown(live.x.map((x, i) => ({ x, y: live.y[i], t: live.t[i], pressure: live.pressure[i] })));
  }

  /** Lets go of the sheet and keeps the ink. */
  close() {
    this.penUp();
    if (!this.#sheet) return;
    this.#strokes = this.#sheet.ink;
    this.#sheet.dispose();
    this.#sheet = null;
  }

  /** True while there is a sheet. */
  get isOpen() {
    return this.#sheet !== null;
  }

  // ---- the ink: [{ x, y, t, pressure }, ..], without the stroke under the pen ---------------------------------------

  get ink() {
    return this.#sheet ? this.#sheet.ink : structuredClone(this.#strokes);
  }
  /** Throws BijiError 'input' for what is not ink. */
  set ink(strokes) {
    if (this.#sheet) this.#sheet.ink = strokes;
    else this.#strokes = unpackInk(packInk(strokes)).filter(({ x }) => x.length > 0);
  }

  /** The ink as it would be if the pen were lifted now. */
  get inkSoFar() {
    return this.#sheet ? this.#sheet.inkSoFar : this.ink;
  }
  get strokeCount() {
    return this.#sheet?.strokeCount ?? this.#strokes.length;
  }

  // ---- the pen ------------------------------------------------------------------------------------------------------

  penDown(points) {
    if (this.#sheet) return this.#sheet.penDown(points);
    this.#live = { x: [], y: [], t: [], pressure: [] };
    this.penMove(points);
  }
  penMove(points, predicted = []) {
    if (this.#sheet) return this.#sheet.penMove(points, predicted);
    for (const point of points) for (const key of kFields) this.#live?.[key].push(point[key]);
  }
  penUp() {
    if (this.#sheet) return this.#sheet.penUp();
    if (this.#live) this.#strokes.push(this.#live);
    this.#live = null;
  }
  penCancel() {
    this.#live = null;
    this.#sheet?.penCancel();
  }

  // ---- edits: true when something changed ---------------------------------------------------------------------------

  undo() {
    return this.#sheet?.undo() ?? false;
  }
  redo() {
    return this.#sheet?.redo() ?? false;
  }
  clear() {
    if (this.#sheet) return this.#sheet.clear();
    const changed = this.#strokes.length > 0 || this.#live !== null;
    this.#strokes = [];
    this.#live = null;
    return changed;
  }
  erase(x, y, radius) {
    return this.#sheet?.erase(x, y, radius) ?? false;
  }

  /** What can be done: { undo, redo, clear }. */
  get can() {
    return { undo: this.#sheet?.canUndo ?? false, redo: this.#sheet?.canRedo ?? false, clear: this.strokeCount > 0 };
  }

  // ---- the look -----------------------------------------------------------------------------------------------------

  /** Keeps size, sharpness and colours as the page has them, until signal is aborted. */
  watch(signal) {
    const observer = new ResizeObserver(([entry]) => {
      this.size = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.fit();
    });
    observer.observe(this.#element);
    signal.addEventListener('abort', () => observer.disconnect());
    const sharpen = () => { // another screen, or the page was zoomed
      if (signal.aborted) return;
      this.fit();
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', sharpen, { once: true, signal });
    };
    sharpen();
    this.#element.addEventListener('transitionend', () => this.restyle(), { signal });
  }

  /** Draws at the size and in the pixels that the element has now. */
  fit() {
    const { width, height } = this.size;
    if (!this.#sheet || width === 0 || height === 0) return; // not shown now
    this.restyle();
    this.#sheet.resize(width, height, devicePixelRatio || 1);
  }

  /** Draws in the colours that CSS gives now. */
  restyle() {
    if (!this.#sheet) return;
    const style = getComputedStyle(this.#element);
    const side = Math.min(this.size.width, this.size.height);
    const width = parseFloat(style.getPropertyValue('--biji-pen-width'));
    const pressure = parseFloat(style.getPropertyValue('--biji-pressure'));
    this.#sheet.style({
      ink: rgba(style.color),
      box: rgba(style.textDecorationColor),
      penWidth: width > 0 ? width : Math.min(Math.max(side * 0.022, 3.5), 12),
      pressureGain: pressure >= 0 ? pressure : 0.7,
    });
  }

  /** Outlines around characters: [{ x, y, width, height }]. */
  boxes(boxes) {
    this.#sheet?.boxes(boxes);
  }

  /** No frames between hold() and resume(). */
  hold() {
    this.#sheet?.hold();
  }
  resume() {
    this.#sheet?.resume();
  }
}

let swatch = null;

// Any CSS colour as [r, g, b, a], 0..255: browsers keep colours in many notations, a pixel has one.
function rgba(colour) {
  swatch ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  swatch.clearRect(0, 0, 1, 1);
  swatch.fillStyle = colour;
  swatch.fillRect(0, 0, 1, 1);
  return swatch.getImageData(0, 0, 1, 1).data;
}
