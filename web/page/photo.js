// Photos: chosen, dropped or pasted, read by the pad's recogniser and shown with the characters that were found.
import { $, pad } from './dom.js';
import { kNothing, showResult } from './result.js';
import { clearFailure, fail } from './status.js';

const kMaxSide = 2048; // pixels shown; all of them are read
const desk = document.querySelector('.desk');

async function readPhoto(file) {
  if (!file?.type.startsWith('image/')) return fail('That is not a picture. A photo of handwriting on plain paper works best.', null);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return fail(`${file.name || 'This picture'} cannot be opened by this browser. JPEG, PNG and WebP work.`, null);
  }
  const shrink = Math.min(1, kMaxSide / Math.max(bitmap.width, bitmap.height));
  const context = open(bitmap, shrink);
  clearFailure();
  try {
    if (!pad.recognizer) throw new Error('The model is still loading. Try again in a moment.');
    const result = await pad.recognizer.recognize(bitmap, { candidates: pad.candidates, segment: 'auto' });
    if ($('photo').hidden) return;
    outline(context, result.characters, shrink);
    showResult(result);
    if (result.characters.length === 0) fail('No writing was found in this picture. Dark ink on plain paper, well lit, works best.', null);
  } catch (error) {
    fail(error.message, () => readPhoto(file));
  } finally {
    bitmap.close();
  }
}

// Shows the picture in place of the pad. Returns its canvas' context.
function open(bitmap, shrink) {
  const picture = $('picture');
  picture.width = bitmap.width * shrink;
  picture.height = bitmap.height * shrink;
  const context = picture.getContext('2d');
  context.drawImage(bitmap, 0, 0, picture.width, picture.height);
  $('photo').hidden = false;
  pad.inert = true;
  $('close').focus({ preventScroll: true });
  return context;
}

function outline(context, characters, shrink) {
  const { width, height } = context.canvas;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--seal');
  context.lineWidth = Math.max(width, height) / 250;
  const margin = context.lineWidth * 2;
  for (const { box } of characters) {
    context.beginPath();
    context.roundRect(box.x * shrink - margin, box.y * shrink - margin,
      box.width * shrink + 2 * margin, box.height * shrink + 2 * margin, margin * 2);
    context.stroke();
  }
}

function close() {
  $('photo').hidden = true;
  pad.inert = false;
  clearFailure();
  showResult(pad.result ?? kNothing, pad.value);
  pad.focus({ preventScroll: true });
}

$('open').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', ({ target }) => {
  if (target.files[0]) readPhoto(target.files[0]);
  target.value = ''; // so that the same file can be chosen again
});
$('close').addEventListener('click', close);
$('photo').addEventListener('keydown', ({ key }) => key === 'Escape' && close());
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
