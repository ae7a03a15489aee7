// The page: shows in large type what <biji-pad> reads, and reads photos with the same recogniser.
import './biji.js';

const $ = (id) => document.getElementById(id);
const pad = $('pad');

let shown = null; // { text, characters, candidates } on display, of the pad or of a photo
let selected = -1; // the character whose candidates are listed; -1 = the whole text

// ---- the result -----------------------------------------------------------------------------------------------------

function show(result, text = result.text) {
  shown = { ...result, text };
  const signs = [...text];
  const written = signs.filter((sign) => sign !== '\n');
  const several = result.characters.length > 1 && written.length === result.characters.length;
  if (!several || selected >= written.length) selected = -1;

  const output = $('text');
  output.classList.toggle('waiting', text === '');
  output.classList.toggle('long', text.length > 2);
  output.classList.toggle('very-long', text.length > 9);
  output.classList.toggle('unsure', !several && result.sure === false);
  if (several) {
    let next = 0;
    output.replaceChildren(...signs.map((sign) => {
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
  } else {
    output.textContent = text;
    output.setAttribute('aria-hidden', 'true'); // the pad announces it
  }

  const candidates = selected >= 0 ? result.characters[selected].candidates : result.candidates;
  const current = selected >= 0 ? written[selected] : text;
  const list = $('ranking');
  list.classList.toggle('wide', several && selected < 0);
  const doubt = (selected >= 0 ? result.characters[selected] : result).sure === false ? ', none of them sure' : '';
  $('ranking-title').textContent = (selected >= 0 ? `Character ${selected + 1}` : 'Candidates') + doubt;
  if (candidates.length === 0) {
    const item = document.createElement('li');
    item.className = 'none';
    item.textContent = pad.recognizer ? 'Write with a mouse, a finger or a pen. The answer is here as soon as you lift it.' : '';
    list.replaceChildren(item);
  } else {
    list.replaceChildren(...candidates.slice(0, 5).map((candidate) => row(candidate, candidate.text === current, () => choose(candidate.text))));
  }
  if (result.provider) {
    $('time').textContent = `${result.milliseconds.toFixed(result.milliseconds < 10 ? 1 : 0)} ms`;
    $('provider').textContent = { wasm: 'WebAssembly', webgpu: 'WebGPU' }[result.provider] ?? result.provider;
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

function button(text, pressed, click) {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = text;
  element.setAttribute('aria-pressed', String(pressed));
  element.addEventListener('click', click);
  return element;
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

const kNothing = { text: '', candidates: [], characters: [] };

pad.addEventListener('biji-change', ({ detail }) => {
  selected = -1;
  show(detail);
});

// ---- loading and failing --------------------------------------------------------------------------------------------

function size(bytes) {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

pad.addEventListener('biji-progress', ({ detail: { loaded, total, stage } }) => {
  $('failure').hidden = true;
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
  $('loading').hidden = true;
  $('failure').hidden = true;
  $('facts').hidden = false;
  $('provider').textContent = { wasm: 'WebAssembly', webgpu: 'WebGPU' }[provider] ?? provider ?? '–';
  $('size').textContent = info?.bytes > 0 ? size(info.bytes) : '–';
  const accuracy = accuracyOf(info);
  $('accuracy').parentElement.hidden = !accuracy;
  if (accuracy) {
    $('accuracy').textContent = `${(100 * accuracy.value).toFixed(2)} %`;
    $('accuracy').parentElement.title = `on ${accuracy.set}`;
  }
  if (!shown?.text) show(kNothing);
  navigator.serviceWorker?.register('./sw.js').catch(() => {}); // offline from the next visit on; not everywhere allowed
});

// The figure that stands for the model, or the first that its card has.
function accuracyOf(info) {
  const sets = info?.accuracy ?? {};
  const set = info?.measured_on in sets ? info.measured_on : Object.keys(sets)[0];
  return sets[set] > 0 && sets[set] <= 1 ? { set, value: sets[set] } : null;
}

let again = () => pad.recognize();

function fail(message, repeat) {
  again = repeat;
  $('loading').hidden = true;
  $('failure').hidden = false;
  $('failure-text').textContent = message;
  $('retry').hidden = !repeat;
}

pad.addEventListener('biji-error', ({ detail: { error } }) => {
  fail(error.message, error.code === 'input' ? null : () => pad.retry());
});
$('retry').addEventListener('click', () => {
  $('failure').hidden = true;
  again();
});

// ---- models ---------------------------------------------------------------------------------------------------------

async function listModels() {
  const response = await fetch('./models/index.json');
  if (!response.ok) return;
  const models = await response.json();
  if (models.length < 2) return;
  $('models').replaceChildren(...models.map(({ name, title }) => new Option(title ?? name, name, name === pad.model, name === pad.model)));
  $('models').closest('label').hidden = false;
  $('models').addEventListener('change', ({ target }) => {
    pad.model = target.value;
    pad.querySelector('[slot=hint]').textContent = 'Write here';
  });
}
listModels().catch(() => {}); // the list is a convenience: the pad has its model anyway

// ---- photos ---------------------------------------------------------------------------------------------------------

const desk = document.querySelector('.desk');

async function readPhoto(file) {
  if (!file?.type.startsWith('image/')) return fail('That is not a picture. A photo of handwriting on plain paper works best.', null);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return fail(`${file.name || 'This picture'} cannot be opened by this browser. JPEG, PNG and WebP work.`, null);
  }
  const picture = $('picture');
  const shrink = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height)); // for display alone
  picture.width = bitmap.width * shrink;
  picture.height = bitmap.height * shrink;
  const context = picture.getContext('2d');
  context.drawImage(bitmap, 0, 0, picture.width, picture.height);
  $('photo').hidden = false;
  pad.inert = true;
  $('failure').hidden = true;
  $('close').focus({ preventScroll: true });
  try {
    if (!pad.recognizer) throw new Error('The model is still loading. Try again in a moment.');
    const result = await pad.recognizer.recognize(bitmap, { candidates: pad.candidates, segment: 'auto' });
    if ($('photo').hidden) return;
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--seal');
    context.lineWidth = Math.max(picture.width, picture.height) / 250;
    const margin = context.lineWidth * 2;
    for (const { box } of result.characters) {
      context.beginPath();
      context.roundRect(box.x * shrink - margin, box.y * shrink - margin, box.width * shrink + 2 * margin, box.height * shrink + 2 * margin, margin * 2);
      context.stroke();
    }
    selected = -1;
    show(result);
    if (result.characters.length === 0) fail('No writing was found in this picture. Dark ink on plain paper, well lit, works best.', null);
  } catch (error) {
    fail(error.message, () => readPhoto(file));
  } finally {
    bitmap.close();
  }
}

function closePhoto() {
  $('photo').hidden = true;
  pad.inert = false;
  $('failure').hidden = true;
  selected = -1;
  show(pad.result ?? kNothing, pad.value);
  pad.focus({ preventScroll: true });
}

$('open').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', ({ target }) => {
  if (target.files[0]) readPhoto(target.files[0]);
  target.value = ''; // so that the same file can be chosen again
});
$('close').addEventListener('click', closePhoto);
$('photo').addEventListener('keydown', ({ key }) => key === 'Escape' && closePhoto());
desk.addEventListener('dragover', (event) => {
  if (!event.dataTransfer.types.includes('Files')) return;
  event.preventDefault();
  $('drop').hidden = false;
});
desk.addEventListener('dragleave', ({ relatedTarget }) => {
  if (!desk.contains(relatedTarget)) $('drop').hidden = true;
});
desk.addEventListener('drop', (event) => {
  event.preventDefault();
  $('drop').hidden = true;
  if (event.dataTransfer.files[0]) readPhoto(event.dataTransfer.files[0]);
});
document.addEventListener('paste', ({ clipboardData }) => {
  const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
  if (file) readPhoto(file);
});

// ---- embed ----------------------------------------------------------------------------------------------------------

$('copy').addEventListener('click', async ({ target }) => {
  try {
    await navigator.clipboard.writeText($('snippet').textContent);
    target.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('snippet')); // no permission: ready for Ctrl+C
    target.textContent = 'Selected';
  }
  setTimeout(() => (target.textContent = 'Copy'), 1500);
});

show(kNothing);

// ---- offline --------------------------------------------------------------------------------------------------------

// Once everything is here, a worker keeps a copy for times without a network. Pages from file: and plain http have none.
pad.addEventListener('biji-ready', () => navigator.serviceWorker?.register('./sw.js').catch(() => {}), { once: true });
