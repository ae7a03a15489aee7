// What is seen of <biji-pad>: its shadow tree, built once, and what changes in it.
import css from './pad.css';

const kIcons = {
  undo: 'M9 7 4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2',
  redo: 'm15 7 4.5 4.5L15 16m4-4.5h-9a5 5 0 0 0 0 10h2',
  clear: 'M4.5 7h15M10 7V4.5h4V7M6.5 7l.8 13h9.4l.8-13M10.2 10.5l.3 6M13.8 10.5l-.3 6',
};

let styles = null; // one for all pads; made when the first is

export class View {
  /** The element that is written on, positioned and empty; it takes the focus. */
  sheet;
  #parts;
  #choose;

  /** root: an empty shadow root. on: { undo(), redo(), clear(), retry(), choose(text) }, when the user asks for it. */
  constructor(root, on) {
    if (!styles) {
      styles = new CSSStyleSheet();
      styles.replaceSync(css);
    }
    root.adoptedStyleSheets = [styles];
    this.#choose = on.choose;
    const button = (name) => h('button', { type: 'button', part: `button ${name}` }, { click: on[name] }, svg(kIcons[name]));
    const sheet = h('div', { class: 'sheet', tabindex: '0', role: 'img', 'aria-describedby': 'keys' });
    const hint = h('div', { class: 'hint', part: 'hint', 'aria-hidden': 'true' }, {}, h('slot', { name: 'hint' }));
    const progress = h('div', { class: 'progress hidden', part: 'progress', 'aria-hidden': 'true' });
    const reason = h('span', {});
    const retry = h('button', { type: 'button', part: 'button retry' }, { click: on.retry });
    const message = h('div', { class: 'message hidden', part: 'message', role: 'alert' }, {}, reason, retry);
    const paper = h('div', { class: 'paper', part: 'paper' }, {}, sheet, hint, progress, message);
    const candidates = h('div', { class: 'candidates', part: 'candidates', role: 'group' });
    const [undo, redo, clear] = ['undo', 'redo', 'clear'].map(button);
    const actions = h('div', { class: 'actions', part: 'actions' }, {}, undo, redo, clear);
    const bar = h('div', { class: 'bar', part: 'bar' }, {}, candidates, actions);
    const keys = h('div', { class: 'spoken', id: 'keys', hidden: '' });
    const spoken = h('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
    root.append(paper, bar, keys, spoken);
    this.sheet = sheet;
    this.#parts = { hint, progress, message, reason, retry, candidates, undo, redo, clear, keys, spoken };
  }

  /** words: from words.js. */
  relabel(words) {
    const { hint, undo, redo, clear, retry, candidates, keys } = this.#parts;
    this.sheet.setAttribute('aria-label', words.pad);
    hint.firstChild.textContent = words.hint;
    candidates.setAttribute('aria-label', words.readings);
    keys.textContent = words.keys;
    retry.textContent = words.retry;
    for (const [name, element] of Object.entries({ undo, redo, clear })) {
      element.title = words[name];
      element.setAttribute('aria-label', words[name]);
    }
  }

  /** Which buttons do something: { undo, redo, clear }; whether the paper is empty and can be reached by keyboard. */
  refresh(can, empty, reachable) {
    for (const name of ['undo', 'redo', 'clear']) this.#parts[name].setAttribute('aria-disabled', String(!can[name]));
    this.hint(empty);
    this.sheet.tabIndex = reachable ? 0 : -1;
  }

  /** Shows or hides what the empty paper says. */
  hint(shown) {
    this.#parts.hint.classList.toggle('hidden', !shown);
  }

  /** The pen is down: a focus that came by pointer needs no ring. */
  press() {
    this.sheet.classList.add('pressed');
    this.sheet.focus({ preventScroll: true });
  }

  /** The focus is the keyboard's, or gone. */
  unpress() {
    this.sheet.classList.remove('pressed');
  }

  /** Readings to choose from: [{ text, probability }]. */
  list(candidates) {
    this.#parts.candidates.replaceChildren(...candidates.map(({ text, probability }) => h('button', {
      type: 'button', part: 'candidate', 'data-text': text, title: `${(100 * probability).toFixed(1)} %`,
    }, { click: () => this.#choose(text) }, text)));
  }

  /** Which of them is the value. */
  mark(value) {
    for (const button of this.#parts.candidates.children) button.setAttribute('aria-pressed', button.dataset.text === value);
  }

  /** Has a screen reader say it. */
  say(text) {
    this.#parts.spoken.textContent = text;
  }

  /** How much is loaded, 0..1, or null when nothing is loading. */
  progress(share) {
    const { progress } = this.#parts;
    progress.classList.toggle('hidden', share === null);
    if (share !== null) progress.style.setProperty('--_done', share);
  }

  /** message: of an error, or null. again: it can be tried again. whole: it takes the place of the paper. */
  complain(message, again, whole) {
    const { message: box, reason, retry } = this.#parts;
    reason.textContent = message ?? '';
    retry.hidden = !again;
    box.classList.toggle('hidden', message === null);
    box.classList.toggle('whole', whole);
    box.part.toggle('unsupported', whole);
  }
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
