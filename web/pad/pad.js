// <biji-pad>: a form control that one writes on. Strokes go to a Sheet (surface.js), their meaning comes from a
// Recognizer (recognizer.js); this file holds the two together and is the element that pages see.
//
// Attributes (clamped, never trusted; each has a property of the same name):
//   model       which model reads the ink. Default 'digits'.
//   candidates  readings offered, 1..20. Default 5; with 1 the list of readings is not shown.
//   allow       characters that may be read: '0-9', 'A-Za-z'. Default: all that the model knows.
//   delay       ms of rest after the pen lifts before the ink is read, 0..60000. Default 0.
//   disabled, readonly, required, name, form, lang   as for other form controls.
//   assets      URL of the folder with biji.js' files. Default: the folder of the script.
//   provider    'auto' (default), 'webgpu' or 'wasm'.
// Properties: value (the text; setting it chooses a reading, the ink stays), ink ([{ x, y, t, pressure }, ..] arrays in
//   CSS pixels, y down; setting it reads it), result (the latest, or null), recognizer (or null), and those of form
//   controls: form, type, validity, validationMessage, willValidate, checkValidity(), reportValidity().
// Methods: recognize() reads now and resolves to the result; undo(), redo(), clear(): true when something changed;
//   retry() does what the button beside an error does.
// Events, all bubbling out of shadow roots:
//   biji-ready     { info, provider }: everything is loaded; again after model, assets or provider has changed
//   biji-progress  { loaded, total, stage }: of loading, in bytes
//   biji-stroke    { stroke, strokes }: a stroke has ended; strokes counts them
//   biji-change    { text, candidates, characters, provider, milliseconds, chosen }: the value has changed or was read
//                  again; chosen is true when the user chose it from the list. `input` and `change` follow.
//   biji-error     { error }: a BijiError. The pad shows it too, with a button to try again.
// CSS: --biji-ink, --biji-paper, --biji-guide, --biji-accent, --biji-border, --biji-box (colours),
//   --biji-pen-width (px), --biji-pressure (0..1), --biji-radius, --biji-aspect; parts paper, hint, bar, candidates, candidate, actions,
//   button (also undo, redo, clear), message (also unsupported), progress. Colours follow color-scheme. Slot hint: what the empty paper says.
import { BijiError } from '../recognizer/errors.js';
import { createRecognizer } from '../recognizer/recognizer.js';
import { createSheet, plainInk } from './surface.js';

const kEraserRadius = 10; // CSS pixels
const kPatience = 40; // ms that the paper may be still while the ink is read
const kPause = 8; // ms without movement after which the pen may be about to lift

const kHere = new URL('.', import.meta.url).href;

const kWords = {
  en: {
    pad: 'Handwriting', hint: 'Write here', undo: 'Undo', redo: 'Redo', clear: 'Clear', retry: 'Try again',
    readings: 'Readings', read: (text) => `Read as ${text}`, empty: 'Empty', required: 'Please write something.',
    keys: 'Draw with a mouse, finger or pen. Control Z undoes, Control Y redoes, Delete clears.',
  },
  zh: {
    pad: '手写区', hint: '请在此书写', undo: '撤销', redo: '重做', clear: '清空', retry: '重试',
    readings: '识别结果', read: (text) => `识别为${text}`, empty: '空白', required: '请书写内容。',
    keys: '用鼠标、手指或笔书写。Control Z 撤销，Control Y 重做，Delete 清空。',
  },
};

const kIcons = {
  undo: 'M9 7 4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2',
  redo: 'm15 7 4.5 4.5L15 16m4-4.5h-9a5 5 0 0 0 0 10h2',
  clear: 'M4.5 7h15M10 7V4.5h4V7M6.5 7l.8 13h9.4l.8-13M10.2 10.5l.3 6M13.8 10.5l-.3 6',
};

const kCss = `
:host {
  --_ink: var(--biji-ink, #17181f);
  --_paper: var(--biji-paper, #ffffff);
  --_guide: var(--biji-guide, #17181f24);
  --_accent: var(--biji-accent, #c8402c);
  --_border: var(--biji-border, #17181f2e);
  --_soft: #17181f0f;
  --_box: var(--biji-box, #c8402c66);
  display: inline-flex;
  flex-direction: column;
  gap: 0.375rem;
  box-sizing: border-box;
  inline-size: 20rem;
  min-inline-size: 8.75rem; /* the three buttons */
  max-inline-size: 100%;
  -webkit-tap-highlight-color: transparent;
}
@supports (color: light-dark(red, red)) {
  :host {
    --_ink: var(--biji-ink, light-dark(#17181f, #f3f1ea));
    --_paper: var(--biji-paper, light-dark(#ffffff, #1b1c22));
    --_guide: var(--biji-guide, light-dark(#17181f24, #ffffff26));
    --_accent: var(--biji-accent, light-dark(#c8402c, #ff7a63));
    --_border: var(--biji-border, light-dark(#17181f2e, #ffffff2e));
    --_soft: light-dark(#17181f0f, #ffffff14);
    --_box: var(--biji-box, light-dark(#c8402c66, #ff7a6380));
  }
}
:host([hidden]) { display: none; }
[hidden] { display: none !important; }
:host(:disabled) { opacity: 0.55; }
.paper {
  position: relative;
  flex: 1 1 auto;
  aspect-ratio: var(--biji-aspect, 1);
  min-block-size: 5rem;
  border: 1px solid var(--_border);
  border-radius: var(--biji-radius, 1rem);
  background: radial-gradient(circle, var(--_guide) 0 0.9px, transparent 1.4px) center / 28px 28px, var(--_paper);
  overflow: hidden;
  contain: content;
}
.paper:has(.sheet:focus-visible:not(.pressed)) { outline: 3px solid var(--_accent); outline-offset: 2px; }
.sheet {
  position: absolute;
  inset: 0;
  outline: none;
  cursor: crosshair;
  touch-action: none; /* here alone: elsewhere a finger scrolls the page */
  user-select: none;
  -webkit-user-select: none;
  -webkit-touch-callout: none;
  /* What the canvas is drawn with. The transitions tell when a colour changes, whatever the reason. */
  color: var(--_ink);
  text-decoration-color: var(--_box);
  transition: color 1ms, text-decoration-color 1ms;
}
.sheet canvas { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; display: block; pointer-events: none; }
:host(:disabled) .sheet, :host([readonly]) .sheet { cursor: default; touch-action: auto; }
.hint {
  position: absolute;
  inset: 0;
  display: grid;
  place-items: center;
  padding: 1rem;
  text-align: center;
  color: var(--_ink);
  opacity: 0.42;
  pointer-events: none;
}
.hint.hidden { visibility: hidden; }
.progress {
  position: absolute;
  inset: auto 0 0 0;
  block-size: 3px;
  background: var(--_soft);
  pointer-events: none;
  transition: opacity 200ms 100ms;
}
.progress::after {
  content: "";
  display: block;
  block-size: 100%;
  inline-size: 100%;
  background: var(--_accent);
  transform: scaleX(var(--_done, 0));
  transform-origin: left;
  transition: transform 120ms linear;
}
.progress.hidden { opacity: 0; }
.message {
  position: absolute;
  inset: auto 0.5rem 0.5rem;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: end;
  gap: 0.5rem 0.75rem;
  padding: 0.5rem 0.5rem 0.5rem 0.875rem;
  border-radius: 0.75rem;
  background: var(--_ink);
  color: var(--_paper);
  font-size: 0.875rem;
  line-height: 1.35;
  overflow-wrap: anywhere;
}
.message.hidden { display: none; }
.message.whole { inset: 0; border-radius: 0; flex-flow: column; justify-content: center; text-align: center; background: var(--_paper); color: var(--_ink); }
.message span { flex: 1 1 14rem; max-block-size: 8em; overflow: auto; }
.message.whole span { flex: none; max-inline-size: 34ch; }
.message button { flex: none; padding-inline: 0.875rem; border: 1px solid currentColor; color: inherit; font-weight: 600; }
.bar { display: flex; align-items: center; gap: 0.25rem; min-block-size: 2.75rem; }
.candidates { display: flex; gap: 0.25rem; flex: 1 1 0; min-inline-size: 0; overflow: hidden; }
.candidates button { font-size: 1.25rem; padding-inline: 0.5rem; white-space: nowrap; }
.candidates button[aria-pressed="true"] { background: var(--_soft); color: var(--_accent); font-weight: 600; }
.actions { display: flex; flex: none; margin-inline-start: auto; }
button {
  min-inline-size: 2.75rem;
  min-block-size: 2.75rem;
  display: inline-grid;
  place-items: center;
  padding: 0;
  border: 0;
  border-radius: 0.75rem;
  background: none;
  color: inherit;
  font: inherit;
  cursor: pointer;
}
@media (hover: hover) { button:not([aria-disabled="true"]):hover { background-color: var(--_soft); } }
button:focus-visible { outline: 3px solid var(--_accent); outline-offset: -3px; }
button[aria-disabled="true"] { opacity: 0.3; cursor: default; }
svg { inline-size: 1.5rem; block-size: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.spoken { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { .progress, .progress::after { transition: none; } }
@media (forced-colors: active) { .paper, button { border: 1px solid; } }
`;

let styles = null; // one for all pads; made when the first is

// Node imports this file with the package, and has no elements.
const Base = globalThis.HTMLElement ?? class {};

export class BijiPad extends Base {
  static formAssociated = true;
  static observedAttributes = ['model', 'candidates', 'allow', 'disabled', 'readonly', 'required', 'assets', 'provider', 'lang'];

  #internals = this.attachInternals();
  #parts; // { paper, sheet, hint, ... } of the shadow tree
  #alive = null; // an AbortController from connection to removal
  #sheet = null;
  #ink = []; // while there is no sheet: also what is written before the drawing module has arrived
  #recognizer = null;
  #loading = null; // Promise of the recogniser
  #loadId = null; // of the load that counts: an older one may still be under way
  #request = null; // AbortController of the newest recognition
  #timer = 0;
  #held = 0; // timer, while nothing is drawn; see #hold
  #pause = 0; // timer, from a movement of the pen to #guess
  #guessed = null; // { ink, options, recognizer, answer, abort }: see #guess
  #size = { width: 0, height: 0 }; // of the paper, CSS pixels
  #pen = null; // { id, type, erasing, origin } of the pointer that is down
  #origin = 0; // event time that counts as t = 0
  #penSeen = -Infinity; // when a pen was last near: palms are ignored for a while
  #value = '';
  #result = null;
  #failed = null; // the code of the error on show
  #retry = null; // what can be done about it
  #disabled = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    if (!styles) {
      styles = new CSSStyleSheet();
      styles.replaceSync(kCss);
    }
    root.adoptedStyleSheets = [styles];
    this.#build(root);
    this.#setValue('');
  }

  // ---- properties ---------------------------------------------------------------------------------------------------

  get type() {
    return 'biji-pad';
  }
  get form() {
    return this.#internals.form;
  }
  get validity() {
    return this.#internals.validity;
  }
  get validationMessage() {
    return this.#internals.validationMessage;
  }
  get willValidate() {
    return this.#internals.willValidate;
  }
  checkValidity() {
    return this.#internals.checkValidity();
  }
  reportValidity() {
    return this.#internals.reportValidity();
  }

  get value() {
    return this.#value;
  }
  set value(text) {
    this.#setValue(String(text ?? ''));
  }

  get ink() {
    return this.#sheet ? this.#sheet.ink : structuredClone(this.#ink);
  }
  set ink(strokes) {
    if (this.#sheet) this.#sheet.ink = strokes;
    else this.#ink = plainInk(strokes).filter(({ x }) => x.length > 0);
    this.#inkChanged();
  }

  get result() {
    return this.#result;
  }
  get recognizer() {
    return this.#recognizer;
  }

  get model() {
    return this.getAttribute('model') || 'digits';
  }
  get candidates() {
    return number(this.getAttribute('candidates'), 5, 1, 20, Math.trunc);
  }
  get allow() {
    return this.getAttribute('allow') ?? '';
  }
  get delay() {
    return number(this.getAttribute('delay'), 0, 0, 60000);
  }
  get assets() {
    return this.getAttribute('assets') ?? kHere;
  }
  get provider() {
    const provider = this.getAttribute('provider');
    return ['webgpu', 'wasm'].includes(provider) ? provider : 'auto';
  }
  get name() {
    return this.getAttribute('name') ?? '';
  }
  get disabled() {
    return this.hasAttribute('disabled');
  }
  get readOnly() {
    return this.hasAttribute('readonly');
  }
  get required() {
    return this.hasAttribute('required');
  }
  set model(value) {
    this.setAttribute('model', value);
  }
  set candidates(value) {
    this.setAttribute('candidates', value);
  }
  set allow(value) {
    this.setAttribute('allow', value);
  }
  set delay(value) {
    this.setAttribute('delay', value);
  }
  set assets(value) {
    this.setAttribute('assets', value);
  }
  set provider(value) {
    this.setAttribute('provider', value);
  }
  set name(value) {
    this.setAttribute('name', value);
  }
  set disabled(value) {
    this.toggleAttribute('disabled', Boolean(value));
  }
  set readOnly(value) {
    this.toggleAttribute('readonly', Boolean(value));
  }
  set required(value) {
    this.toggleAttribute('required', Boolean(value));
  }

  // ---- methods ------------------------------------------------------------------------------------------------------

  /**
   * Reads the ink now. Resolves to the result, or null when something newer took its place. Rejects with a BijiError.
   * Empty ink is the text '' without asking the model.
   */
  async recognize() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const ink = this.ink;
    if (ink.length === 0) return this.#show({ text: '', candidates: [], characters: [], sure: true, provider: null, milliseconds: 0 });
    const lent = this.isConnected ? null : await createRecognizer(this.#source()); // off the page: for this time only
    try {
      const recognizer = lent ?? (await this.#load());
      if (request.signal.aborted) return null;
      const options = this.#options();
      const result = (await this.#guessOf(ink, recognizer, options)) ??
        (await recognizer.recognize(ink, { ...options, signal: request.signal }));
      if (request.signal.aborted) return null;
      this.#complain(null);
      return this.#show(result);
    } catch (error) {
      if (request.signal.aborted) return null;
      throw BijiError.from(error);
    } finally {
      lent?.dispose();
    }
  }

  #options() {
    return { candidates: this.candidates, segment: 'auto', ...(this.allow && { allow: this.allow }) };
  }

  /** Loads anew what failed to load, and reads the ink. Nothing happens when nothing has failed. */
  retry() {
    this.#retry?.();
  }

  undo() {
    return this.#edit((sheet) => sheet.undo());
  }

  redo() {
    return this.#edit((sheet) => sheet.redo());
  }

  clear() {
    if (this.#sheet) return this.#edit((sheet) => sheet.clear());
    const changed = this.#ink.length > 0;
    this.#ink = [];
    if (changed) this.#inkChanged();
    return changed;
  }

  // ---- life ---------------------------------------------------------------------------------------------------------

  connectedCallback() {
    if (this.#alive) return; // moved: everything goes on
    for (const name of ['value', 'ink', 'model', 'candidates', 'allow', 'delay', 'assets', 'provider', 'disabled', 'readOnly', 'required']) {
      if (!Object.hasOwn(this, name)) continue; // set before the element was defined
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#alive = new AbortController();
    this.#listen(this.#alive.signal);
    this.#relabel();
    this.#start(this.#alive.signal);
  }

  disconnectedCallback() {
    // An element that is moved is removed and inserted in one go.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  connectedMoveCallback() {} // moveBefore(): nothing to do

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === 'required') this.#validate();
    if (name === 'lang') this.#relabel();
    if (name === 'readonly' || name === 'disabled') this.#refresh();
    if (!this.#alive) return;
    if (name === 'model' || name === 'assets' || name === 'provider') {
      this.#unload();
      this.#load().catch(() => {}); // shown already
      this.#read();
    }
    if (name === 'allow' || name === 'candidates') this.#read();
  }

  formDisabledCallback(disabled) {
    this.#disabled = disabled;
    this.#refresh();
  }

  formResetCallback() {
    if (this.#sheet) this.#sheet.clear();
    this.#ink = [];
    this.#inkChanged();
    this.#setValue('');
  }

  formStateRestoreCallback(state) {
    try {
      const { value, ink } = JSON.parse(state);
      if (ink) this.ink = ink;
      this.#setValue(value);
    } catch {
      this.#setValue(String(state)); // an autofill, or a form state that is not ours
    }
  }

  async #start(signal) {
    this.#load().catch(() => {}); // shown already; the two load side by side
    try {
      const sheet = await createSheet(this.#parts.sheet, new URL(this.assets, document.baseURI).href, (error) => this.#fail(error, () => this.#restart()));
      if (signal.aborted) return sheet.dispose();
      this.#sheet = sheet;
    } catch (error) {
      if (!signal.aborted) this.#fail(error, () => this.#restart());
      return;
    }
    this.#restyle();
    this.#resize();
    this.#adopt();
    this.#refresh();
    this.#ready();
  }

  // Hands what was written or set so far to the sheet that has just come; the pen may still be down.
  #adopt() {
    const live = this.#pen && !this.#pen.erasing ? this.#ink.pop() : null;
    this.#try(() => {
      if (this.#ink.length) this.#sheet.ink = this.#ink;
      if (live) this.#sheet.penDown(live.x.map((x, i) => ({ x, y: live.y[i], t: live.t[i], pressure: live.pressure[i] })));
    });
    this.#ink = [];
  }

  #stop() {
    if (!this.#alive) return;
    this.#alive.abort();
    this.#alive = null;
    this.#release();
    this.#dropGuess();
    clearTimeout(this.#timer);
    this.#request?.abort();
    if (this.#sheet) {
      this.#sheet.penUp();
      this.#ink = this.#sheet.ink;
      this.#sheet.dispose();
      this.#sheet = null;
    }
    this.#pen = null;
    this.#unload();
  }

  #restart() {
    this.#stop();
    this.#complain(null);
    this.connectedCallback();
  }

  #source() {
    return { model: this.model, assets: new URL(this.assets, document.baseURI).href, provider: this.provider };
  }

  // The recogniser, loaded once and again after a failure.
  #load() {
    this.#loading ??= this.#fetch((this.#loadId = Symbol()));
    return this.#loading;
  }

  async #fetch(id) {
    const current = () => this.#loadId === id;
    const { progress } = this.#parts;
    const onprogress = ({ loaded, total, stage }) => {
      if (!current()) return;
      progress.style.setProperty('--_done', total > 0 ? Math.min(loaded / total, 1) : 0);
      this.#dispatch('biji-progress', { loaded, total, stage });
    };
    progress.classList.remove('hidden');
    try {
      const recognizer = await createRecognizer({ ...this.#source(), onprogress });
      if (!current()) {
        recognizer.dispose();
        throw new BijiError('aborted', 'The pad was removed or given another model.');
      }
      this.#recognizer = recognizer;
      this.#ready();
      return recognizer;
    } catch (error) {
      if (current()) {
        this.#unload();
        this.#fail(error, () => this.#load().then(() => this.#read(), () => {}));
      }
      throw error;
    } finally {
      if (current() || !this.#loading) progress.classList.add('hidden');
    }
  }

  #unload() {
    this.#loading = null;
    this.#loadId = null;
    this.#recognizer?.dispose();
    this.#recognizer = null;
  }

  #ready() {
    if (!this.#sheet || !this.#recognizer) return;
    if (this.#failed !== 'input') this.#complain(null);
    this.#dispatch('biji-ready', { info: this.#recognizer.info, provider: this.#recognizer.provider });
    if (this.#sheet.strokeCount > 0 && !this.#result) this.#read();
  }

  // ---- the pen ------------------------------------------------------------------------------------------------------

  #listen(signal) {
    const { sheet } = this.#parts;
    const on = (target, type, listener, options) => target.addEventListener(type, listener, { signal, ...options });
    on(sheet, 'pointerdown', (event) => this.#down(event));
    on(sheet, 'pointermove', (event) => this.#move(event));
    on(sheet, 'pointerup', (event) => this.#up(event));
    on(sheet, 'pointercancel', (event) => this.#cancel(event));
    on(sheet, 'lostpointercapture', (event) => this.#up(event));
    on(sheet, 'contextmenu', (event) => this.#pen && event.preventDefault()); // a long press while writing
    on(sheet, 'dragstart', (event) => event.preventDefault());
    on(sheet, 'blur', () => sheet.classList.remove('pressed'));
    on(sheet, 'transitionend', () => this.#restyle());
    on(this.shadowRoot, 'keydown', (event) => this.#key(event));

    const observer = new ResizeObserver(([entry]) => {
      this.#size = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.#resize();
    });
    observer.observe(sheet);
    const sharpen = () => { // another screen, or the page was zoomed
      if (signal.aborted) return;
      this.#resize();
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', sharpen, { once: true, signal });
    };
    sharpen();
    signal.addEventListener('abort', () => observer.disconnect());
  }

  #down(event) {
    if (!this.#editable) return;
    const pen = event.pointerType === 'pen';
    const erasing = pen && (event.button === 5 || (event.buttons & 32) !== 0);
    if (event.button !== 0 && !erasing) return;
    if (pen) this.#penSeen = event.timeStamp;
    else if (event.pointerType === 'touch' && event.timeStamp - this.#penSeen < 500) return; // the palm beside the pen
    if (this.#pen) {
      if (!pen || this.#pen.type === 'pen') return; // a second finger
      this.#cancelStroke(); // the palm came first, then the pen
    }
    event.preventDefault();
    this.#parts.sheet.classList.add('pressed'); // focus that came by pointer needs no ring
    this.#parts.sheet.focus({ preventScroll: true });
    this.#parts.sheet.setPointerCapture(event.pointerId);
    clearTimeout(this.#timer);
    this.#resize(); // not every browser tells of a new device pixel ratio
    this.#release();
    this.#pen = { id: event.pointerId, type: event.pointerType, erasing };
    if (this.#strokeCount === 0) this.#origin = event.timeStamp;
    this.#parts.hint.classList.add('hidden');
    if (!this.#sheet && !erasing) this.#ink.push({ x: [], y: [], t: [], pressure: [] });
    this.#try(() => this.#ply([event], 'penDown'));
  }

  #move(event) {
    if (event.pointerType === 'pen') this.#penSeen = event.timeStamp;
    if (this.#pen?.id !== event.pointerId) return;
    let events = event.getCoalescedEvents?.() ?? [];
    if (events.length === 0) events = [event];
    this.#try(() => this.#ply(events, 'penMove', event.getPredictedEvents?.() ?? []));
    this.#dropGuess();
    // Movements come with the frames: the last of them may be older than a pause already.
    const rest = kPause - (performance.now() - events.at(-1).timeStamp);
    if (rest > 0) this.#pause = setTimeout(() => this.#guess(), rest);
    else this.#guess();
  }

  // What the pen does to the paper. how: 'penDown' or 'penMove'.
  #ply(events, how, predicted = []) {
    const points = this.#points(events);
    if (this.#pen.erasing) {
      for (const { x, y } of points) this.#sheet?.erase(x, y, kEraserRadius);
    } else if (this.#sheet) {
      this.#sheet[how](points, this.#points(predicted));
    } else {
      const stroke = this.#ink.at(-1);
      for (const point of points) for (const key of ['x', 'y', 't', 'pressure']) stroke[key].push(point[key]);
    }
  }

  #up(event) {
    if (this.#pen?.id !== event.pointerId) return;
    clearTimeout(this.#pause);
    const { erasing } = this.#pen;
    if (event.type === 'pointerup') this.#try(() => this.#ply([event], 'penMove'));
    this.#pen = null;
    if (!erasing) {
      this.#sheet?.penUp();
    }
    if (this.#recognizer && this.delay === 0) this.#hold();
    this.#inkChanged();
    if (!erasing) {
      const { ink } = this;
      this.#dispatch('biji-stroke', { stroke: ink.at(-1), strokes: ink.length });
    }
  }

  // When the pen lifts, the answer comes before anything that only looks different: browsers lay out, paint and, without
  // a GPU, draw on the cores that read the ink. kPatience ends the wait for slow models.
  #hold() {
    clearTimeout(this.#held);
    this.#held = setTimeout(() => this.#release(), kPatience);
    this.#sheet?.hold();
  }

  #release() {
    if (!this.#held) return;
    clearTimeout(this.#held);
    this.#held = 0;
    this.#sheet?.resume();
    this.#refresh();
  }

  #cancel(event) {
    if (this.#pen?.id === event.pointerId) this.#cancelStroke();
  }

  // Before a pen lifts it slows down, and mostly rests for longer than it takes to read the ink. So a pause is used to
  // read what is there; nobody hears of it unless the pen lifts and the ink is still the same.
  #guess() {
    const recognizer = this.#recognizer;
    if (!this.#pen || this.#pen.erasing || !this.#sheet || !recognizer || this.delay > 0) return;
    if (this.#result?.milliseconds > kPatience / 2) return; // a slow model: what has begun would delay what is wanted
    const abort = new AbortController();
    const [ink, options] = [this.#sheet.inkSoFar, this.#options()];
    const answer = recognizer.recognize(ink, { ...options, signal: abort.signal }).catch(() => null);
    this.#guessed = { ink, options, recognizer, answer, abort };
  }

  #dropGuess() {
    clearTimeout(this.#pause);
    this.#guessed?.abort.abort(); // while it waits for other pads; one that has begun ends for nothing
    this.#guessed = null;
  }

  // The Promise of what #guess found out about this ink, or null.
  #guessOf(ink, recognizer, options) {
    const guess = this.#guessed;
    this.#guessed = null;
    const same = guess?.recognizer === recognizer && sameInk(guess.ink, ink) &&
      JSON.stringify(guess.options) === JSON.stringify(options);
    return same ? guess.answer : null;
  }

  // Forgets the stroke under the pen.
  #cancelStroke() {
    if (this.#sheet) this.#sheet.penCancel();
    else if (!this.#pen.erasing) this.#ink.pop();
    this.#pen = null;
    this.#inkChanged();
  }

  // Pointer events in CSS pixels of the sheet, also under a CSS transform.
  #points(events) {
    if (events.length === 0) return [];
    const { sheet } = this.#parts;
    const box = sheet.getBoundingClientRect();
    const sx = this.#size.width / box.width || 1;
    const sy = this.#size.height / box.height || 1;
    return events.map((event) => ({
      x: (event.clientX - box.left) * sx,
      y: (event.clientY - box.top) * sy,
      t: event.timeStamp - this.#origin,
      // Mice and fingers have none to speak of; some pens send 0 for the first moment.
      pressure: event.pointerType === 'pen' && event.pressure > 0 ? event.pressure : 0.5,
    }));
  }

  // A full pad must not end the stroke in an uncaught error.
  #try(action) {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #key(event) {
    this.#parts.sheet.classList.remove('pressed');
    if (event.altKey || !this.#editable) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    let done = false;
    if (command && key === 'z') done = event.shiftKey ? this.redo() : this.undo();
    else if (command && key === 'y') done = this.redo();
    else if (command) return;
    else if (key === 'escape' && this.#pen) {
      this.#cancelStroke();
      done = true;
    } else if (key === 'delete' || key === 'backspace' || key === 'escape') done = this.clear();
    // Escape on an empty pad is for the dialog around it.
    if (done || (command && (key === 'z' || key === 'y'))) event.preventDefault();
  }

  // ---- ink to text --------------------------------------------------------------------------------------------------

  get #editable() {
    return !this.#disabled && !this.readOnly;
  }

  get #strokeCount() {
    return this.#sheet?.strokeCount ?? this.#ink.length;
  }

  #edit(action) {
    if (!this.#sheet) return false;
    this.#pen = null;
    const changed = action(this.#sheet);
    if (changed) this.#inkChanged();
    return changed;
  }

  #inkChanged() {
    this.#request?.abort();
    this.#refresh();
    this.#read();
  }

  // Reads the ink once the pen has rested for `delay`; at once when there is nothing to read.
  #read() {
    clearTimeout(this.#timer);
    if (this.#pen) return;
    const run = () => this.recognize().catch((error) => this.#fail(error, () => this.#read()));
    if (this.#strokeCount === 0) {
      if (this.#value !== '' || this.#result) run();
    } else if (this.#alive && (this.#recognizer || this.#loading)) {
      if (this.delay > 0) this.#timer = setTimeout(run, this.delay);
      else run();
    } else if (this.#alive) {
      this.#load().then(run, () => {}); // the model failed before: new ink is a reason to try again
    }
  }

  #show(result) {
    this.#result = result.text === '' && result.characters.length === 0 ? null : result;
    const boxes = result.characters.length > 1 ? result.characters.map(({ box }) => box) : [];
    if (this.#sheet && !this.#pen) this.#sheet.boxes(boxes);
    this.#listCandidates();
    this.#change(result, result.text, false);
    this.#release();
    return result;
  }

  #choose(text) {
    this.#change(this.#result, text, true);
  }

  #change(result, text, chosen) {
    const changed = text !== this.#value;
    this.#setValue(text);
    const words = this.#words;
    this.#parts.spoken.textContent = text === '' ? words.empty : words.read(text);
    this.#dispatch('biji-change', { ...result, text, chosen });
    if (!changed) return;
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  #setValue(text) {
    this.#value = text;
    for (const button of this.#parts.candidates.children) button.setAttribute('aria-pressed', button.dataset.text === text);
    this.#saveState();
    this.#validate();
  }

  #saveState() {
    const state = { value: this.#value };
    if (this.#strokeCount <= 64) state.ink = this.ink; // browsers keep this with the history entry
    this.#internals.setFormValue(this.#value, JSON.stringify(state));
  }

  #validate() {
    if (this.required && this.#value === '') {
      this.#internals.setValidity({ valueMissing: true }, this.#words.required, this.#parts.sheet);
    } else {
      this.#internals.setValidity({});
    }
  }

  // ---- what is seen -------------------------------------------------------------------------------------------------

  #build(root) {
    const button = (name, action) => {
      const icon = svg(kIcons[name]);
      return h('button', { type: 'button', part: `button ${name}` }, { click: () => this.#editable && action() }, icon);
    };
    const sheet = h('div', { class: 'sheet', tabindex: '0', role: 'img', 'aria-describedby': 'keys' });
    const hint = h('div', { class: 'hint', part: 'hint', 'aria-hidden': 'true' }, {}, h('slot', { name: 'hint' }));
    const progress = h('div', { class: 'progress hidden', part: 'progress', 'aria-hidden': 'true' });
    const reason = h('span', {});
    const retry = h('button', { type: 'button', part: 'button retry' }, { click: () => this.#retry?.() });
    const message = h('div', { class: 'message hidden', part: 'message', role: 'alert' }, {}, reason, retry);
    const paper = h('div', { class: 'paper', part: 'paper' }, {}, sheet, hint, progress, message);
    const candidates = h('div', { class: 'candidates', part: 'candidates', role: 'group' });
    const undo = button('undo', () => this.undo());
    const redo = button('redo', () => this.redo());
    const clear = button('clear', () => this.clear());
    const actions = h('div', { class: 'actions', part: 'actions' }, {}, undo, redo, clear);
    const bar = h('div', { class: 'bar', part: 'bar' }, {}, candidates, actions);
    const keys = h('div', { class: 'spoken', id: 'keys', hidden: '' });
    const spoken = h('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
    root.append(paper, bar, keys, spoken);
    this.#parts = { sheet, hint, progress, message, reason, retry, candidates, undo, redo, clear, keys, spoken };
    this.#relabel();
    this.#refresh();
  }

  get #words() {
    const lang = this.closest('[lang]')?.lang || document.documentElement.lang;
    return kWords[lang.toLowerCase().split('-')[0]] ?? kWords.en;
  }

  #relabel() {
    const words = this.#words;
    const { sheet, hint, undo, redo, clear, retry, candidates, keys } = this.#parts;
    this.#internals.role = 'group';
    this.#internals.ariaLabel = words.pad;
    sheet.setAttribute('aria-label', words.pad);
    hint.firstChild.textContent = words.hint;
    candidates.setAttribute('aria-label', words.readings);
    keys.textContent = words.keys;
    retry.textContent = words.retry;
    for (const [name, element] of Object.entries({ undo, redo, clear })) {
      element.title = words[name];
      element.setAttribute('aria-label', words[name]);
    }
  }

  // Buttons that can do something, and the hint on empty paper.
  #refresh() {
    if (this.#held) return;
    const { sheet, hint, undo, redo, clear } = this.#parts;
    const strokes = this.#strokeCount;
    const can = (element, able) => element.setAttribute('aria-disabled', String(!(able && this.#editable)));
    can(undo, this.#sheet?.canUndo);
    can(redo, this.#sheet?.canRedo);
    can(clear, strokes > 0);
    hint.classList.toggle('hidden', strokes > 0 || this.#pen !== null);
    sheet.tabIndex = this.#disabled ? -1 : 0;
  }

  #listCandidates() {
    const { candidates } = this.#parts;
    const list = this.candidates > 1 ? (this.#result?.candidates ?? []) : [];
    candidates.replaceChildren(...list.map(({ text, probability }) => h('button', {
      type: 'button', part: 'candidate', 'data-text': text, title: `${(100 * probability).toFixed(1)} %`,
    }, { click: () => this.#editable && this.#choose(text) }, text)));
  }

  #resize() {
    const { width, height } = this.#size;
    if (!this.#sheet || width === 0 || height === 0) return; // not shown now
    this.#restyle();
    this.#sheet.resize(width, height, devicePixelRatio || 1);
  }

  #restyle() {
    if (!this.#sheet) return;
    const { sheet } = this.#parts;
    const style = getComputedStyle(sheet);
    const side = Math.min(this.#size.width, this.#size.height);
    const width = parseFloat(style.getPropertyValue('--biji-pen-width'));
    const pressure = parseFloat(style.getPropertyValue('--biji-pressure'));
    this.#sheet.style({
      ink: rgba(style.color),
      box: rgba(style.textDecorationColor),
      penWidth: width > 0 ? width : Math.min(Math.max(side * 0.022, 3.5), 12),
      pressureGain: pressure >= 0 ? pressure : 0.7,
    });
  }

  // Shows and announces an error; again() is what the button does, where trying again makes sense.
  #fail(error, again = null) {
    error = BijiError.from(error);
    if (error.code === 'aborted') return;
    this.#failed = error.code;
    this.#complain(error, again);
    this.#dispatch('biji-error', { error });
  }

  #complain(error, again = null) {
    if (!error && !this.#failed) return;
    const { message, reason, retry } = this.#parts;
    if (!error) this.#failed = null;
    this.#retry = again && (() => {
      this.#complain(null);
      again();
    });
    reason.textContent = error?.message ?? '';
    retry.hidden = !again;
    message.classList.toggle('hidden', !error);
    const whole = error?.code === 'unsupported' && !this.#sheet; // instead of a blank paper
    message.classList.toggle('whole', whole);
    message.part.toggle('unsupported', whole);
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

// Whether both are read alike: the time of a point makes no difference.
function sameInk(a, b) {
  const same = (u, v) => u.length === v.length && u.every((value, i) => value === v[i]);
  return a.length === b.length && a.every((stroke, i) => ['x', 'y', 'pressure'].every((key) => same(stroke[key], b[i][key])));
}

// text as a number within [low, high]; otherwise for what is none.
function number(text, otherwise, low, high, round = (value) => value) {
  const value = round(parseFloat(text));
  return Number.isNaN(value) ? otherwise : Math.min(Math.max(value, low), high);
}

function h(name, attributes, listeners = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
  element.append(...children);
  return element;
}

function svg(path) {
  const make = (name, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const icon = make('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' });
  icon.append(make('path', { d: path }));
  return icon;
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

if (globalThis.customElements && !customElements.get('biji-pad')) customElements.define('biji-pad', BijiPad);
