// Accuracy of the shipped models as users get them: the ONNX file, run by ONNX Runtime behind the shared encoder.
// usage: node tests/bench/eval.mjs [--every N] [MODEL ...]    (make eval)
// --every N: only each N-th character of the ink sets, for a quick look. Sets that are not here are left out.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { emnist, has, hwdb, kPendigits, kUnipen, olhwdb, unipen } from './datasets.mjs';
import { kDigits } from '../web/digits.mjs';
import { inkOf } from '../web/skeleton.mjs';
import { kDist, mnistTest, serve } from '../web/support.mjs';

const { createRecognizer } = await import(pathToFileURL(path.join(kDist, 'biji.js')).href);

const { values: { every }, positionals } = parseArgs({ options: { every: { type: 'string', default: '1' } }, allowPositionals: true });
const kHanziInk = 'olhwdb1.1/writers-1201.tar.xz', kHanziScans = 'hwdb66/hwdb66-val.gnt.xz';
const kLetters = 'emnist/emnist-byclass-val-images-idx3-ubyte.gz';

// Pens first: ink of UNIPEN's validation writers. samples() yields { label, input, group }; allow: as recognize() takes it.
const pens = (categories, allow) => ({ samples: () => unipen({ ...kUnipen, categories }), allow });
// Test sets by model, each a function or { samples, allow }.
const kSets = {
  letters: {
    ...(has(kUnipen.from) && {
      'UNIPEN 1a, 1b, 1c, ink': pens('1a,1b,1c'),
      'UNIPEN 1a, allow 0-9': pens('1a', '0-9'),
      'UNIPEN 1b, allow A-Z': pens('1b', 'A-Z'),
      'UNIPEN 1c, allow a-z': pens('1c', 'a-z'),
    }),
    ...(has(kLetters) && { 'emnist-byclass-val, scans': () => emnist('byclass-val') }),
  },
  hanzi: {
    ...(has(kHanziInk) && { 'olhwdb1.1 writers 1201-1220, ink': () => olhwdb(kHanziInk, Number(every)) }),
    ...(has(kHanziScans) && { 'hwdb66-val, scans': () => hwdb(kHanziScans) }),
  },
  digits: {
    ...(has(kUnipen.from) && { 'UNIPEN 1a, ink': pens('1a') }),
    ...(has(kPendigits.from) && { 'Pendigits writers 28-30, ink': () => unipen(kPendigits) }),
    async *'mnist-test, scans'() {
      const mnist = await mnistTest();
      for (let i = 0; i < mnist.count; ++i)
        yield { label: String(mnist.label(i)), input: { data: mnist.image(i), width: 28, height: 28 } };
    },
  },
};

const models = positionals.length > 0 ? positionals
  : JSON.parse(await readFile(path.join(kDist, 'models/index.json'), 'utf8')).map(({ name }) => name);
for (const model of models) {
  const recognizer = await createRecognizer({ model });
  for (const [set, entry] of Object.entries(kSets[model] ?? {})) {
    const { samples, allow } = typeof entry === 'function' ? { samples: entry } : entry;
    let count = 0, unsure = 0, doubted = 0; // doubted: wrong and unsure
    const right = Array(10).fill(0); // [k]: truth among the first k + 1
    const bins = Array.from({ length: 15 }, () => ({ n: 0, right: 0, sum: 0 })); // expected calibration error
    const groups = new Map();
    for await (const { label, input, group } of samples()) {
      const { candidates, sure } = await recognizer.recognize(input, { segment: 'none', candidates: 10, allow });
      const rank = candidates.findIndex(({ text }) => text === label);
      for (let k = 0; k < 10; ++k) right[k] += rank >= 0 && rank <= k;
      const p = candidates[0]?.probability ?? 0;
      const bin = bins[Math.min(14, Math.floor(p * 15))];
      bin.n += 1;
      bin.sum += p;
      bin.right += rank === 0;
      count += 1;
      unsure += !sure;
      doubted += !sure && rank !== 0;
      // Writers, and the collections that UNIPEN's belong to.
      for (const name of group ? [group, ...(group.includes('/') ? [`${group.split('/')[0]}/`] : [])] : []) {
        const entry = groups.get(name) ?? groups.set(name, { n: 0, right: 0 }).get(name);
        entry.n += 1;
        entry.right += rank === 0;
      }
      if (process.stderr.isTTY && count % 100 === 0) process.stderr.write(`\r${model} ${set}: ${count}`);
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    const ece = bins.reduce((sum, bin) => sum + Math.abs(bin.sum - bin.right), 0) / count;
    const percent = (n, of = count) => `${((100 * n) / of).toFixed(2)} %`;
    const byAccuracy = [...groups].sort(([, a], [, b]) => a.right / a.n - b.right / b.n);
    const worst = byAccuracy.find(([name, { n }]) => !name.endsWith('/') && n >= 20);
    const collections = byAccuracy.filter(([name]) => name.endsWith('/'));
    console.log(`${model} on ${set}: ${count} samples, top-1 ${percent(right[0])}, top-2 ${percent(right[1])}, ` +
      `top-3 ${percent(right[2])}, top-10 ${percent(right[9])}, calibration error ${(100 * ece).toFixed(2)} %, unsure ${percent(unsure)}, ` +
      `of the errors ${percent(doubted, Math.max(1, count - right[0]))}` +
      (worst ? `, worst writer ${worst[0]} ${percent(worst[1].right, worst[1].n)}` : ''));
    if (collections.length > 1)
      console.log(`  by collection: ${collections.map(([name, { n, right }]) => `${name.slice(0, -1)} ${percent(right, n)} of ${n}`).join(', ')}`);
  }
  await recognizer.dispose();
}

// Pens: digits drawn on a 300 px canvas by the browser's own 2D context, slanted, turned, stretched and placed at random,
// with lines of 2 to 10 px, and given as pictures; and the same strokes given as ink.
if (models.includes('digits')) {
  const site = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(site.url);
  const rows = await page.evaluate(async (digits) => {
    const { createRecognizer } = await import('./biji.js');
    const recognizer = await createRecognizer({ model: 'digits', provider: 'wasm' });
    const context = new OffscreenCanvas(300, 300).getContext('2d', { willReadFrequently: true });
    let state = 1; // Park & Miller's generator
    const uniform = (low, high) => low + ((high - low) * (state = (state * 48271) % 2147483647)) / 2147483647;
    const results = new Map();
    const count = (name, right) => {
      const entry = results.get(name) ?? results.set(name, { right: 0, all: 0 }).get(name);
      entry.right += right;
      entry.all += 1;
    };
    for (let i = 0; i < 300; ++i) {
      const digit = String(i % 10);
      const [angle, slant, size, stretch] = [uniform(-0.2, 0.2), uniform(-0.25, 0.25), uniform(80, 220), uniform(0.75, 1.25)];
      const [dx, dy] = [uniform(size / 1.8, 300 - size / 1.8), uniform(size / 1.8, 300 - size / 1.8)];
      const strokes = digits[digit].map((stroke) => stroke.map(([u, v]) => {
        const x = (u - 0.5) * stretch - slant * (v - 0.5), y = v - 0.5;
        return [dx + size * 0.8 * (x * Math.cos(angle) - y * Math.sin(angle)), dy + size * 0.8 * (x * Math.sin(angle) + y * Math.cos(angle))];
      }));
      const ink = strokes.map((stroke) => ({ x: stroke.map(([x]) => x), y: stroke.map(([, y]) => y) }));
      count('as ink', (await recognizer.recognize(ink)).text === digit);
      for (const width of [2, 4, 6, 8, 10]) {
        context.fillStyle = 'white';
        context.fillRect(0, 0, 300, 300);
        context.lineWidth = width;
        context.lineCap = context.lineJoin = 'round';
        for (const stroke of strokes) {
          context.beginPath();
          for (const [x, y] of stroke) context.lineTo(x, y);
          context.stroke();
        }
        count(`pen of ${width} px`, (await recognizer.recognize(context.getImageData(0, 0, 300, 300))).text === digit);
      }
    }
    return [...results].map(([name, { right, all }]) => `${name} ${((100 * right) / all).toFixed(1)} %`);
  }, kDigits);
  console.log(`digits drawn on a 300 px canvas, 300 variations of 10 drawings: ${rows.join(', ')}`);
  await browser.close();
  await site.close();
}

// Pens of all widths: ink drawn by the browser's own 2D context into a box on a canvas, given as pictures.
async function drawn(model, samples, { canvas, box, widths }) {
  const site = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(site.url);
  const rows = await page.evaluate(async ({ model, samples, canvas, box, widths }) => {
    const { createRecognizer } = await import('./biji.js');
    const recognizer = await createRecognizer({ model, provider: 'wasm' });
    const context = new OffscreenCanvas(canvas, canvas).getContext('2d', { willReadFrequently: true });
    const results = [];
    for (const width of widths) {
      let right = 0;
      for (const { label, input } of samples) {
        const [xs, ys] = [input.flatMap(({ x }) => x), input.flatMap(({ y }) => y)];
        const [x0, y0] = [Math.min(...xs), Math.min(...ys)];
        const [w, h] = [Math.max(...xs) - x0, Math.max(...ys) - y0];
        const scale = (box - width) / Math.max(w, h, 1), middle = canvas / 2;
        context.fillStyle = 'white';
        context.fillRect(0, 0, canvas, canvas);
        context.lineWidth = width;
        context.lineCap = context.lineJoin = 'round';
        for (const { x, y } of input) {
          context.beginPath();
          x.forEach((px, i) => context.lineTo(middle + (px - x0 - w / 2) * scale, middle + (y[i] - y0 - h / 2) * scale));
          if (x.length === 1) context.lineTo(middle + 0.01 + (x[0] - x0 - w / 2) * scale, middle + (y[0] - y0 - h / 2) * scale);
          context.stroke();
        }
        right += (await recognizer.recognize(context.getImageData(0, 0, canvas, canvas), { segment: 'none' })).text === label;
      }
      results.push(`${width} px ${((100 * right) / samples.length).toFixed(1)} %`);
    }
    return results;
  }, { model, samples, canvas, box, widths });
  console.log(`${model} drawn into a box of ${box} px, ${samples.length} characters: ${rows.join(', ')}`);
  await browser.close();
  await site.close();
}

if (models.includes('hanzi') && has(kHanziInk)) {
  const samples = [];
  for await (const sample of olhwdb(kHanziInk, 25)) samples.push(sample); // some 3,000 of all writers
  await drawn('hanzi', samples, { canvas: 120, box: 96, widths: [2, 3, 4, 5, 6, 7, 8] });

  // People who write strokes the other way round, or in another order.
  const recognizer = await createRecognizer({ model: 'hanzi' });
  const turned = ({ x, y }) => ({ x: x.toReversed(), y: y.toReversed() });
  const habits = {
    'as they were written': (ink) => ink,
    'every fifth stroke the other way round': (ink) => ink.map((stroke, i) => (i % 5 === 0 ? turned(stroke) : stroke)),
    'all the other way round': (ink) => ink.map(turned),
    'the first stroke last': ([first, ...rest]) => [...rest, first],
    'all from the last to the first': (ink) => ink.toReversed(),
  };
  const rows = [];
  for (const [habit, change] of Object.entries(habits)) {
    let right = 0;
    for (const { label, input } of samples) right += (await recognizer.recognize(change(input), { segment: 'none' })).text === label;
    rows.push(`${habit} ${((100 * right) / samples.length).toFixed(1)} %`);
  }
  await recognizer.dispose();
  console.log(`hanzi as ink, the same characters: ${rows.join(', ')}`);
}

// Scans as ink: what was read from the scan, and from its skeleton drawn with pens of all widths.
if (models.includes('letters') && has(kLetters)) {
  const samples = [];
  const recognizer = await createRecognizer({ model: 'letters' });
  let [i, right] = [0, 0];
  for await (const { label, input } of emnist('byclass-val')) {
    const ink = i++ % 10 === 0 ? inkOf(input) : [];
    if (ink.length === 0) continue;
    samples.push({ label, input: ink });
    right += (await recognizer.recognize(input, { segment: 'none' })).text === label;
  }
  await recognizer.dispose();
  console.log(`letters, ${samples.length} of emnist-byclass-val as scans: ${((100 * right) / samples.length).toFixed(1)} %; their skeletons:`);
  await drawn('letters', samples, { canvas: 300, box: 200, widths: [2, 4, 6, 8, 10] });
}
