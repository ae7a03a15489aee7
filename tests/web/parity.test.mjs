// The page and `biji recognize` are two loops around one Reader: the same text, candidates and `sure` for the same input.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { digitInk, kDigits } from './digits.mjs';
import { kDist, kRoot, mnistTest, scratch } from './support.mjs';

const { createRecognizer } = await import(pathToFileURL(path.join(kDist, 'biji.js')).href);
const kCommand = process.env.BIJI_COMMAND ?? path.join(kRoot, 'build/biji');
const kPhotos = path.join(kRoot, '../shared/data/photos');

// LibTorch and ONNX Runtime add in different orders: logits differ by up to some 1e-5 (golden.json has each model's
// tolerance), probabilities by at most a quarter of that over the temperature, of which none is below 0.5.
const kTolerance = 1e-4;

/** An RGBA picture as a PNG file. */
function png({ data, width, height }) {
  const chunk = (type, body) => {
    const out = Buffer.alloc(body.length + 12);
    out.writeUInt32BE(body.length, 0);
    out.write(type, 4, 'latin1');
    body.copy(out, 8);
    out.writeUInt32BE(crc32(out.subarray(4, body.length + 8)), body.length + 8);
    return out;
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = Buffer.alloc(height * (4 * width + 1));
  for (let y = 0; y < height; ++y) Buffer.from(data.buffer, data.byteOffset + 4 * width * y, 4 * width).copy(rows, y * (4 * width + 1) + 1);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))]);
}

/** Rows of MNIST's test digits on grey paper. */
async function page(seed) {
  const mnist = await mnistTest();
  const [width, height] = [420, 200];
  const data = new Uint8ClampedArray(4 * width * height).fill(225);
  for (let i = 0; i < 16; ++i) {
    const image = mnist.image(100 * seed + i);
    const [left, top] = [20 + (i % 8) * 48, 20 + (i >> 3) * 90];
    for (let y = 0; y < 56; ++y)
      for (let x = 0; x < 56; ++x)
        for (let c = 0; c < 3; ++c)
          data[4 * ((top + y) * width + left + x) + c] -= (image[28 * (y >> 1) + (x >> 1)] * 180) / 255;
  }
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { data, width, height };
}

function command(files, model, extra = []) {
  const run = spawnSync(kCommand, ['recognize', ...files, '--model', path.join(kRoot, 'models', model), '--json', '-', ...extra],
    { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout).images;
}

function assertSame(ours, theirs) {
  assert.equal(ours.text, theirs.text);
  assert.equal(ours.sure, theirs.sure);
  const near = (a, b, what) => assert.ok(Math.abs(a - b) <= kTolerance * Math.max(1, Math.abs(b)), `${what}: ${a} and ${b}`);
  const nearBox = (a, b) => ['x', 'y', 'width', 'height'].forEach((side) => near(a[side], b[side], side));
  const sameCandidates = (a, b) => {
    assert.equal(a.length, b.length);
    a.forEach((candidate, i) => {
      near(candidate.probability, b[i].probability, candidate.text);
      if (candidate.probability > 10 * kTolerance) assert.equal(candidate.text, b[i].text); // the order of next to nothing is chance
    });
  };
  sameCandidates(ours.candidates, theirs.candidates);
  assert.equal(ours.lines.length, theirs.lines.length);
  ours.lines.forEach((line, i) => {
    nearBox(line.box, theirs.lines[i].box);
    assert.deepEqual([line.begin, line.end], [theirs.lines[i].begin, theirs.lines[i].end]);
  });
  assert.equal(ours.characters.length, theirs.characters.length);
  ours.characters.forEach((character, i) => {
    const other = theirs.characters[i];
    assert.deepEqual([character.text, character.line, character.sure], [other.text, other.line, other.sure]);
    nearBox(character.box, other.box);
    sameCandidates(character.candidates, other.candidates);
  });
}

describe('the page and biji recognize give the same', { skip: !existsSync(kCommand) && `${kCommand} is not built` }, () => {
  test('for ink', async (t) => {
    const folder = await scratch(t);
    const word = (text) => [...text].flatMap((digit, i) => digitInk(digit).map(({ x, y }) => ({ x: x.map((v) => v + 300 * i), y })));
    const inks = [...Object.keys(kDigits).map((digit) => digitInk(digit)), word('2026'), [...word('13'), ...word('57').map(({ x, y }) => ({ x, y: y.map((v) => v + 500) }))]];
    const files = await Promise.all(inks.map(async (ink, i) => {
      const file = path.join(folder, `${i}.json`);
      await writeFile(file, JSON.stringify(ink));
      return file;
    }));
    for (const model of ['digits', 'letters', 'hanzi']) {
      const recognizer = await createRecognizer({ model });
      const seen = command(files, model);
      for (const [i, ink] of inks.entries()) assertSame(await recognizer.recognize(ink), seen[i]);
      await recognizer.dispose();
    }
  });

  test('for pictures of digits', async (t) => {
    const folder = await scratch(t);
    const recognizer = await createRecognizer({ model: 'digits' });
    for (let seed = 0; seed < 5; ++seed) {
      const picture = await page(seed);
      const file = path.join(folder, `${seed}.png`);
      await writeFile(file, png(picture));
      assertSame(await recognizer.recognize(picture), command([file], 'digits')[0]);
    }
    await recognizer.dispose();
  });

  describe('for photographs', { skip: !existsSync(kPhotos) && `no photographs in ${kPhotos}` }, () => {
    let browser;
    before(async () => {
      browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    });
    after(() => browser.close());

    // Chromium decodes the JPEG; both then read the same pixels.
    test('as a browser decodes them', async (t) => {
      const folder = await scratch(t);
      const tab = await browser.newPage();
      const truth = (await readFile(path.join(kPhotos, 'truth.tsv'), 'utf8')).trim().split('\n').slice(1).map((line) => line.split('\t'));
      for (const [name, , model] of truth) {
        const url = `data:image/jpeg;base64,${(await readFile(path.join(kPhotos, name))).toString('base64')}`;
        const pixels = await tab.evaluate(async (source) => {
          const bitmap = await createImageBitmap(await (await fetch(source)).blob());
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
          context.drawImage(bitmap, 0, 0);
          const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
          let text = '';
          for (let i = 0; i < data.length; i += 1 << 15) text += String.fromCharCode(...data.subarray(i, i + (1 << 15)));
          return { base64: btoa(text), width, height };
        }, url);
        const picture = { data: new Uint8ClampedArray(Buffer.from(pixels.base64, 'base64')), width: pixels.width, height: pixels.height };
        const file = path.join(folder, `${name}.png`);
        await writeFile(file, png(picture));
        const recognizer = await createRecognizer({ model });
        assertSame(await recognizer.recognize(picture), command([file], model)[0]);
        await recognizer.dispose();
      }
    });
  });
});
