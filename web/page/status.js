// What is loading, what has failed, and the facts about the model.
import { $, pad } from './dom.js';
import { nameOf, showNothing } from './result.js';

let again = null; // what the button beside a failure does
let ready = false; // the pad, with the model that is wanted now
let standing = null; // shows again what keeps it from that

/** Shows a failure in place of progress. repeat(): what trying again does, or null where that makes no sense. */
export function fail(message, repeat) {
  again = repeat;
  $('loading').hidden = true;
  $('failure').hidden = false;
  $('failure-text').textContent = message;
  $('retry').hidden = !repeat;
}

/** Takes a failure away; what keeps the pad from being ready comes back. */
export function clearFailure() {
  $('failure').hidden = true;
  standing?.();
}

/** Another model is wanted. */
export function startOver() {
  ready = false;
  standing = null;
  clearFailure();
}

$('retry').addEventListener('click', () => {
  $('failure').hidden = true;
  again?.();
});

pad.addEventListener('biji-error', ({ detail: { error } }) => {
  const show = () => fail(error.message, error.code === 'input' ? null : () => pad.retry());
  if (!ready) standing = show;
  show();
});

pad.addEventListener('biji-change', ({ detail }) => detail.provider && clearFailure());

// A failure stays until it is mended: what still loads beside it does not make the pad ready.
pad.addEventListener('biji-progress', ({ detail: { loaded, total, stage } }) => {
  if (!$('failure').hidden) return;
  $('loading').hidden = false;
  const bar = $('loading-bar');
  if (total > 0 && stage !== 'start') {
    bar.value = Math.min(loaded / total, 1);
    $('loading-text').textContent = `Loading the model: ${size(loaded)} of ${size(total)}`;
  } else {
    bar.removeAttribute('value');
    $('loading-text').textContent = 'Starting';
  }
});

pad.addEventListener('biji-ready', ({ detail: { info, provider } }) => {
  ready = true;
  standing = null;
  clearFailure();
  $('loading').hidden = true;
  $('facts').hidden = false;
  $('provider').textContent = nameOf(provider);
  $('size').textContent = info?.bytes > 0 ? size(info.bytes) : '–';
  const accuracy = accuracyOf(info);
  $('accuracy').parentElement.hidden = !accuracy;
  if (accuracy) {
    $('accuracy').textContent = `${(100 * accuracy.value).toFixed(2)} %`;
    $('accuracy').parentElement.title = `on ${accuracy.set}`;
  }
  showNothing();
});

// The figure that stands for the model, or the first that its card has.
function accuracyOf(info) {
  const sets = info?.accuracy ?? {};
  const set = info?.measured_on in sets ? info.measured_on : Object.keys(sets)[0];
  return sets[set] > 0 && sets[set] <= 1 ? { set, value: sets[set] } : null;
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
