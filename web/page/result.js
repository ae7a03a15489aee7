// The answer in large type, with its candidates: of the pad, or of a photo.
import { $, button, pad } from './dom.js';

/** The result where there is none. */
export const kNothing = { text: '', candidates: [], characters: [] };

let shown = null; // { text, characters, candidates } on display
let selected = -1; // the character whose candidates are listed; -1 = the whole text

/** Shows a result, with text in place of its own where the user has chosen it. Nothing is selected at first. */
export function showResult(result, text = result.text) {
  selected = -1;
  show(result, text);
}

/** Shows that there is nothing, unless something is shown. */
export function showNothing() {
  if (!shown?.text) show(kNothing, '');
}

function show(result, text) {
  shown = { ...result, text };
  const signs = [...text];
  const written = signs.filter((sign) => sign !== '\n');
  const several = result.characters.length > 1 && written.length === result.characters.length;
  if (!several || selected >= written.length) selected = -1;
  showText(result, text, several);
  showCandidates(result, selected >= 0 ? written[selected] : text, several);
  if (result.provider) {
    $('time').textContent = `${result.milliseconds.toFixed(result.milliseconds < 10 ? 1 : 0)} ms`;
    $('provider').textContent = nameOf(result.provider);
  }
}

// several: each character is a button that lists its candidates.
function showText(result, text, several) {
  const output = $('text');
  output.classList.toggle('waiting', text === '');
  output.classList.toggle('long', text.length > 2);
  output.classList.toggle('very-long', text.length > 9);
  output.classList.toggle('unsure', !several && result.sure === false);
  if (!several) {
    output.textContent = text;
    output.setAttribute('aria-hidden', 'true'); // the pad announces it
    return;
  }
  let next = 0;
  output.replaceChildren(...[...text].map((sign) => {
    if (sign === '\n') return lineBreak();
    const i = next++;
    const one = button(sign, i === selected, () => {
      selected = selected === i ? -1 : i;
      show(result, text);
    });
    one.classList.toggle('unsure', result.characters[i].sure === false);
    return one;
  }));
  output.removeAttribute('aria-hidden');
}

// Of the selected character, or of the whole; current: what it is read as now.
function showCandidates(result, current, several) {
  const of = selected >= 0 ? result.characters[selected] : result;
  const list = $('ranking');
  list.classList.toggle('wide', several && selected < 0);
  const doubt = of.sure === false ? ', none of them sure' : '';
  $('ranking-title').textContent = (selected >= 0 ? `Character ${selected + 1}` : 'Candidates') + doubt;
  if (of.candidates.length === 0) {
    const item = document.createElement('li');
    item.className = 'none';
    item.textContent = pad.recognizer ? 'Write with a mouse, a finger or a pen. The answer is here as soon as you lift it.' : '';
    list.replaceChildren(item);
  } else {
    list.replaceChildren(...of.candidates.slice(0, 5).map((candidate) =>
      row(candidate, candidate.text === current, () => choose(candidate.text))));
  }
}

function choose(text) {
  if (selected >= 0) {
    let next = 0;
    text = [...shown.text].map((sign) => (sign !== '\n' && next++ === selected ? text : sign)).join('');
  }
  if ($('photo').hidden) pad.value = text;
  show(shown, text);
}

function lineBreak() {
  const element = document.createElement('span');
  element.className = 'break';
  return element;
}

function row({ text, probability }, pressed, click) {
  const percent = 100 * probability;
  const label = percent >= 99.95 ? '> 99.9 %' : percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
  const element = button('', pressed, click);
  element.setAttribute('aria-label', `${text}, ${label}`);
  const [sign, meter, bar, number] = ['sign', 'meter', '', 'percent'].map((name) => {
    const span = document.createElement('span');
    if (name) span.className = name;
    return span;
  });
  sign.textContent = text;
  bar.style.setProperty('--share', probability.toFixed(4));
  meter.append(bar);
  number.textContent = label;
  element.append(sign, meter, number);
  const item = document.createElement('li');
  item.append(element);
  return item;
}

/** A provider as people call it. */
export function nameOf(provider) {
  return { wasm: 'WebAssembly', webgpu: 'WebGPU' }[provider] ?? provider ?? '–';
}

pad.addEventListener('biji-change', ({ detail }) => showResult(detail));
showResult(kNothing);
