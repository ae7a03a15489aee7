// <biji-pad>: a form control that one writes on. What pages see of it (attributes, properties, events, CSS) is described in
// web/biji.d.ts, interface BijiPad. Here it is put together from its parts: View (what is seen), Paper (the ink), Pen
// (pointer events), Loading (the recogniser) and Reading (requests to it).
import { defineAccessors, kChanges, kProperties } from './attributes.js';
import { Failure } from './failure.js';
import { Loading } from './loading.js';
import { Paper } from './paper.js';
import { Pen } from './pen.js';
import { Reading } from './reading.js';
import { View } from './view.js';
import { wordsFor } from './words.js';

const kPatience = 40; // ms that the paper may be still while the ink is read
const kMaxStrokesKept = 64; // browsers keep a form's state with the history entry

// Node imports this file with the package, and has no elements.
const Base = globalThis.HTMLElement ?? class {};

export class BijiPad extends Base {
  static formAssociated = true;
  static observedAttributes = [...kChanges.keys()];

  #internals = this.attachInternals();
  #view;
  #paper;
  #pen;
  #loading;
  #reading;
  #alive = null; // an AbortController from connection to removal
  #held = 0; // timer, while nothing is drawn; see #hold
  #value = '';
  #result = null;
  #disabled = false; // by the attribute or a fieldset
  #failure = new Failure((error, again) => this.#complain(error, again));
  #noSheet = null; // why there is nothing to draw on

  constructor() {
    super();
    this.#internals.role = 'group';
    const edit = (action) => () => this.#editable && action();
    this.#view = new View(this.attachShadow({ mode: 'open', delegatesFocus: true }), {
      undo: edit(() => this.undo()), redo: edit(() => this.redo()), clear: edit(() => this.clear()),
      retry: () => this.retry(), choose: (text) => this.#editable && this.#change(this.#result, text, true),
    });
    this.#paper = new Paper(this.#view.sheet);
    this.#pen = new Pen(this.#view.sheet, this.#paper, {
      may: () => this.#editable, down: () => this.#penDown(), moved: (since) => this.#reading.moved(since),
      up: (erasing) => this.#penUp(erasing), cancelled: () => this.#inkChanged(), failed: (error) => this.#fail(error),
    });
    this.#loading = new Loading({
      source: () => ({ model: this.model, assets: this.#assets, provider: this.provider }),
      begun: () => this.#view.progress(0), progress: (progress) => this.#progress(progress), ended: () => this.#view.progress(null),
      ready: () => this.#ready(), failed: (error) => this.#fail(error, () => this.#reload()),
    });
    this.#reading = new Reading(this.#paper, this.#pen, this.#loading, {
      options: () => ({ candidates: this.candidates, segment: 'auto', ...(this.allow && { allow: this.allow }) }),
      delay: () => this.delay, isWanted: () => this.#value !== '' || this.#result !== null, isAlive: () => this.#alive !== null,
      took: () => this.#result?.milliseconds ?? 0, answered: (result, asked) => this.#answered(result, asked),
      failed: (error, again) => this.#fail(error, again),
    });
    this.#relabel();
    this.#refresh();
    this.#setValue('');
  }

  static {
    for (const name of ['form', 'validity', 'validationMessage', 'willValidate'])
      Object.defineProperty(this.prototype, name, { configurable: true, get() { return this.#internals[name]; } });
  }

  // ---- properties; those of attributes come from attributes.js ------------------------------------------------------

  get type() {
    return 'biji-pad';
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
    return this.#paper.ink;
  }
  set ink(strokes) {
    this.#paper.ink = strokes;
    this.#inkChanged();
  }

  get result() {
    return this.#result;
  }
  get recognizer() {
    return this.#loading.recognizer;
  }

  // ---- methods ------------------------------------------------------------------------------------------------------

  recognize() {
    return this.#reading.recognize();
  }

  retry() {
    this.#failure.retry();
  }

  undo() {
    return this.#edit(() => this.#paper.undo());
  }

  redo() {
    return this.#edit(() => this.#paper.redo());
  }

  clear() {
    return this.#edit(() => this.#paper.clear());
  }

  // ---- life ---------------------------------------------------------------------------------------------------------

  connectedCallback() {
    if (this.#alive) return; // moved: everything goes on
    for (const name of kProperties) {
      if (!Object.hasOwn(this, name)) continue; // set before the element was defined
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    this.#pen.listen(signal);
    this.#paper.watch(signal);
    this.#view.sheet.addEventListener('blur', () => this.#view.unpress(), { signal });
    this.shadowRoot.addEventListener('keydown', (event) => this.#key(event), { signal });
    this.#relabel();
    this.#start(signal);
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
    const change = kChanges.get(name);
    if (change === 'validate') this.#validate();
    if (change === 'relabel') this.#relabel();
    if (change === 'refresh') this.#refresh();
    if (!this.#alive) return;
    if (change === 'load') {
      this.#reading.withdraw();
      this.#loading.unload();
      this.#reload();
    }
    if (change === 'read') this.#reading.read();
  }

  formDisabledCallback(disabled) {
    this.#disabled = disabled;
    this.#refresh();
  }

  formResetCallback() {
    this.#paper.clear();
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
    this.#loading.load().catch(() => {}); // shown already; the two load side by side
    try {
      if (!(await this.#paper.open(this.#assets, signal, (error) => this.#fail(error, () => this.#restart())))) return;
    } catch (error) {
      if (signal.aborted) return;
      this.#noSheet = error;
      return this.#fail(error, () => this.#restart());
    }
    try {
      this.#paper.adopt();
    } catch (error) {
      this.#fail(error);
    }
    this.#refresh();
    this.#ready();
  }

  #stop() {
    if (!this.#alive) return;
    this.#alive.abort();
    this.#alive = null;
    this.#noSheet = null;
    this.#release();
    this.#reading.stop();
    this.#paper.close();
    this.#pen.drop();
    this.#loading.unload();
  }

  #restart() {
    this.#stop();
    this.#failure.clear();
    this.connectedCallback();
  }

  // Loads the recogniser again and reads with it; the drawing module as well when it is missing.
  #reload() {
    if (this.#noSheet) return this.#restart();
    this.#loading.load().then(() => this.#reading.read(), () => {}); // shown already
  }

  // One of the two that are loaded side by side has arrived.
  #ready() {
    const { recognizer } = this.#loading;
    if (!recognizer) return;
    if (this.#noSheet) return this.#fail(this.#noSheet, () => this.#restart());
    if (!this.#paper.isOpen) return;
    if (this.#failure.code !== 'input') this.#failure.clear();
    this.#dispatch('biji-ready', { info: recognizer.info, provider: recognizer.provider });
    if (this.#paper.strokeCount > 0 && !this.#result) this.#reading.read();
  }

  get #assets() {
    return new URL(this.assets, document.baseURI).href;
  }

  // ---- ink to text --------------------------------------------------------------------------------------------------

  get #editable() {
    return !this.#disabled && !this.readOnly;
  }

  #penDown() {
    this.#view.press();
    this.#reading.wait();
    this.#paper.fit(); // not every browser tells of a new device pixel ratio
    this.#release();
    this.#view.hint(false);
  }

  #penUp(erasing) {
    this.#reading.lifted();
    if (this.#loading.recognizer && this.delay === 0) this.#hold();
    this.#inkChanged();
    if (erasing) return;
    const { ink } = this;
    this.#dispatch('biji-stroke', { stroke: ink.at(-1), strokes: ink.length });
  }

  // When the pen lifts, the answer comes before anything that only looks different: browsers lay out, paint and, without
  // a GPU, draw on the cores that read the ink. kPatience ends the wait for slow models.
  #hold() {
    clearTimeout(this.#held);
    this.#held = setTimeout(() => this.#release(), kPatience);
    this.#paper.hold();
  }

  #release() {
    if (!this.#held) return;
    clearTimeout(this.#held);
    this.#held = 0;
    this.#paper.resume();
    this.#refresh();
  }

  #key(event) {
    this.#view.unpress();
    if (event.altKey || !this.#editable) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    let done = false;
    if (command && key === 'z') done = event.shiftKey ? this.redo() : this.undo();
    else if (command && key === 'y') done = this.redo();
    else if (command) return;
    else if (key === 'escape' && this.#pen.isDown) {
      this.#pen.cancel();
      done = true;
    } else if (key === 'delete' || key === 'backspace' || key === 'escape') done = this.clear();
    // Escape on an empty pad is for the dialog around it.
    if (done || (command && (key === 'z' || key === 'y'))) event.preventDefault();
  }

  #edit(action) {
    const changed = action();
    if (changed || this.#paper.isOpen) this.#pen.drop();
    if (changed) this.#inkChanged();
    return changed;
  }

  #inkChanged() {
    this.#reading.withdraw();
    this.#refresh();
    this.#reading.read();
  }

  #answered(result, asked) {
    if (asked) this.#failure.clear();
    this.#result = result.text === '' && result.characters.length === 0 ? null : result;
    if (!this.#pen.isDown) this.#paper.boxes(result.characters.length > 1 ? result.characters.map(({ box }) => box) : []);
    this.#view.list(this.candidates > 1 ? (this.#result?.candidates ?? []) : []);
    this.#change(result, result.text, false);
    this.#release();
    return result;
  }

  #change(result, text, chosen) {
    const changed = text !== this.#value;
    this.#setValue(text);
    const words = wordsFor(this);
    this.#view.say(text === '' ? words.empty : words.read(text));
    this.#dispatch('biji-change', { ...result, text, chosen });
    if (!changed) return;
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  #setValue(text) {
    this.#value = text;
    this.#view.mark(text);
    const state = { value: text, ...(this.#paper.strokeCount <= kMaxStrokesKept && { ink: this.ink }) };
    this.#internals.setFormValue(text, JSON.stringify(state));
    this.#validate();
  }

  #validate() {
    const missing = this.required && this.#value === '';
    if (missing) this.#internals.setValidity({ valueMissing: true }, wordsFor(this).required, this.#view.sheet);
    else this.#internals.setValidity({});
  }

  // ---- what is seen -------------------------------------------------------------------------------------------------

  #relabel() {
    const words = wordsFor(this);
    this.#internals.ariaLabel = words.pad;
    this.#view.relabel(words);
  }

  // Buttons that can do something, and the hint on empty paper.
  #refresh() {
    if (this.#held) return;
    const { undo, redo, clear } = this.#paper.can;
    const free = this.#editable;
    const empty = !clear && !this.#pen.isDown;
    this.#view.refresh({ undo: undo && free, redo: redo && free, clear: clear && free }, empty, !this.#disabled);
  }

  #progress(progress) {
    const { loaded, total } = progress;
    this.#view.progress(total > 0 ? Math.min(loaded / total, 1) : 0);
    this.#dispatch('biji-progress', progress);
  }

  // Shows and announces an error; again() is what the button does, where trying again makes sense.
  #fail(error, again) {
    const shown = this.#failure.show(error, again);
    if (shown) this.#dispatch('biji-error', { error: shown });
  }

  #complain(error, again) {
    const whole = error?.code === 'unsupported' && !this.#paper.isOpen; // instead of a blank paper
    this.#view.complain(error?.message ?? null, again, whole);
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

defineAccessors(BijiPad);
