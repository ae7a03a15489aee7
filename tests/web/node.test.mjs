// The package in Node: what `import('biji')` gives, with the shipped models, good input and bad.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { digitInk } from './digits.mjs';
import { golden, kDist, kRoot, mnistTest, scratch, serve } from './support.mjs';

const { createRecognizer, BijiError } = await import(pathToFileURL(path.join(kDist, 'biji.js')).href);
const models = JSON.parse(await readFile(path.join(kDist, 'models/index.json'), 'utf8')).map(({ name }) => name);

/** An assert.rejects check: a BijiError of this code whose message matches. */
const failsWith = (code, pattern) => (error) => {
  assert.ok(error instanceof BijiError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  return true;
};

describe('digits', () => {
  let recognizer;
  before(async () => (recognizer = await createRecognizer({ model: 'digits' })));
  after(() => recognizer.dispose());

  test('says what it is', () => {
    assert.equal(recognizer.info.name, 'digits');
    assert.equal(recognizer.info.classes, 10);
    assert.equal(recognizer.provider, 'wasm');
  });

  for (const digit of '0123456789') {
    test(`reads a drawn ${digit}`, async () => {
      const result = await recognizer.recognize(digitInk(digit));
      assert.equal(result.text, digit);
      assert.equal(result.candidates[0].text, digit);
      assert.equal(result.candidates.length, 10);
      const sum = result.candidates.reduce((total, { probability }) => total + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5, `probabilities add up to ${sum}`);
      assert.ok(result.milliseconds > 0);
    });
  }

  test('reads several digits in a row, whatever the order they were drawn in', async () => {
    const ink = [...digitInk('7', 100, 250), ...digitInk('3', 100, 0), ...digitInk('5', 100, 125)];
    const result = await recognizer.recognize(ink, { candidates: 3 });
    assert.equal(result.text, '357');
    assert.equal(result.characters.length, 3);
    assert.equal(result.candidates.length, 3);
    assert.ok(result.characters[1].box.x > 125 && result.characters[1].box.x < 225);
  });

  test('tells which strokes and points each character is made of', async () => {
    const ink = [...digitInk('4', 100, 250), ...digitInk('7', 100, 0)]; // strokes 0 and 1 are the 4, which comes last
    const { lines, characters } = await recognizer.recognize(ink);
    assert.deepEqual(characters.map(({ text }) => text), ['7', '4']);
    assert.deepEqual(characters.map(({ strokes }) => strokes), [[2], [0, 1]].map((drawn) =>
      drawn.map((stroke) => ({ stroke, begin: 0, end: ink[stroke].x.length }))));
    assert.deepEqual(lines.map(({ begin, end }) => [begin, end]), [[0, 2]]);
    assert.ok(lines[0].box.width > 200);
    const image = { data: (await mnistTest()).image(0), width: 28, height: 28 };
    assert.deepEqual((await recognizer.recognize(image)).characters.map(({ strokes }) => strokes), [[]]);
  });

  test("reads everything as one character with segment: 'none'", async () => {
    const ink = [...digitInk('3', 100, 0), ...digitInk('5', 100, 125)];
    const result = await recognizer.recognize(ink, { segment: 'none' });
    assert.equal(result.characters.length, 1);
  });

  test('gives only what allow allows', async () => {
    const result = await recognizer.recognize(digitInk('7'), { allow: '0-46' });
    assert.deepEqual(result.candidates.map(({ text }) => text).sort(), ['0', '1', '2', '3', '4', '6']);
    assert.equal((await recognizer.recognize(digitInk('7'))).text, '7');
  });

  test('reads MNIST images, given as grey, as RGBA and inverted', async () => {
    const mnist = await mnistTest();
    let right = 0;
    const count = 300;
    for (let i = 0; i < count; ++i) {
      const gray = mnist.image(i);
      const image = { data: gray, width: 28, height: 28 };
      const { text } = await recognizer.recognize(image, { segment: 'none' });
      right += text === String(mnist.label(i));
      if (i >= 20) continue;
      const rgba = new Uint8ClampedArray(4 * 784).map((_, j) => (j % 4 === 3 ? 255 : 255 - gray[j >> 2]));
      const inverted = await recognizer.recognize({ ...image, data: rgba }, { segment: 'none', ink: 'dark' });
      assert.equal(inverted.text, text);
    }
    assert.ok(right >= 0.99 * count, `${right} of ${count}`);
  });

  test('reads nothing where there is nothing', async () => {
    for (const nothing of [[], [{ x: [], y: [] }], { data: new Uint8Array(400).fill(255), width: 20, height: 20 }]) {
      const result = await recognizer.recognize(nothing);
      assert.deepEqual([result.text, result.candidates, result.lines, result.characters], ['', [], [], []]);
    }
  });

  const bad = {
    'strokes of unequal arrays': [[{ x: [1, 2], y: [1] }], /same length/],
    'a stroke that is no stroke': [[null], /Stroke 0/],
    'coordinates that are not numbers': [[{ x: [1, 2], y: [1, 2] }, { x: [1, NaN], y: [1, 2] }], /Stroke 1 has x\[1\] = NaN/],
    'coordinates that are too large': [[{ x: [1, 2], y: [-2e7, 2] }], /Stroke 0 has y\[0\] = -20000000/],
    'too many points': [[{ x: new Float32Array((1 << 18) + 1), y: new Float32Array((1 << 18) + 1) }], /more than anybody/],
    'too many strokes': [Array.from({ length: (1 << 14) + 1 }, () => ({ x: [1], y: [1] })), /more than anybody/],
    'times of another length': [[{ x: [1, 2], y: [1, 2], t: [0, 1, 2] }], /Stroke 0 has 3 times for 2 points/],
    'pressure of another length': [[{ x: [1, 2], y: [1, 2], pressure: [1] }], /pressures/],
    nothing: [null, /takes ink/],
    'an image whose size lies': [{ data: new Uint8Array(10), width: 28, height: 28 }, /784 bytes/],
    'an image without sides': [{ data: new Uint8Array(0), width: 0, height: 0 }, /at least one pixel/],
    'an image of negative size': [{ data: new Uint8Array(1), width: -1, height: -1 }, /at least one pixel/],
  };
  for (const [what, [input, pattern]] of Object.entries(bad)) {
    test(`refuses ${what}, and goes on`, async () => {
      await assert.rejects(recognizer.recognize(input), failsWith('input', pattern));
      assert.equal((await recognizer.recognize(digitInk('3'))).text, '3');
    });
  }

  test('refuses options that make no sense', async () => {
    await assert.rejects(recognizer.recognize(digitInk('3'), { allow: 'x' }), failsWith('input', /leaves no character/));
    await assert.rejects(recognizer.recognize(digitInk('3'), { allow: '9-0' }), failsWith('input', /not a list/));
    await assert.rejects(recognizer.recognize(digitInk('3'), { segment: 'yes' }), failsWith('input', /segment/));
    const image = { data: new Uint8Array(784), width: 28, height: 28 };
    await assert.rejects(recognizer.recognize(image, { ink: 'blue' }), failsWith('input', /blue/));
    await assert.rejects(createRecognizer({ provider: 'cuda' }), failsWith('input', /cuda/));
  });

  test('answers many requests in order, and drops those that are withdrawn while they wait', async () => {
    const controller = new AbortController();
    const first = recognizer.recognize(digitInk('1'));
    const withdrawn = recognizer.recognize(digitInk('2'), { signal: controller.signal });
    const last = recognizer.recognize(digitInk('3'));
    controller.abort();
    await assert.rejects(withdrawn, failsWith('aborted', /newer/));
    assert.equal((await first).text, '1');
    assert.equal((await last).text, '3');
  });
});

describe('a recogniser', () => {
  test('is shared until the last user disposes of it', async () => {
    const [a, b] = await Promise.all([createRecognizer(), createRecognizer()]);
    await a.dispose();
    await a.dispose();
    assert.equal((await b.recognize(digitInk('4'))).text, '4');
    await assert.rejects(a.recognize(digitInk('4')), failsWith('disposed', /disposed/));
    await b.dispose();
  });

  test('can be had again after it was disposed of', async () => {
    for (let i = 0; i < 3; ++i) {
      const recognizer = await createRecognizer();
      assert.equal((await recognizer.recognize(digitInk('4'))).text, '4');
      await recognizer.dispose();
    }
  });

  test('can be had again while its predecessor is still closing', async () => {
    const first = await createRecognizer();
    const closing = first.dispose();
    const second = await createRecognizer();
    await closing;
    assert.equal((await second.recognize(digitInk('6'))).text, '6');
    await second.dispose();
  });

  test('reports its download in bytes', async () => {
    const seen = [];
    const recognizer = await createRecognizer({ onprogress: (progress) => seen.push(progress) });
    assert.ok(seen.length > 0);
    assert.ok(seen.every(({ loaded, total }) => loaded <= total));
    assert.equal(seen.at(-1).stage, 'start');
    await recognizer.dispose();
  });

  test('loads over HTTP from any folder', async () => {
    const { url, close } = await serve(path.dirname(kDist));
    const recognizer = await createRecognizer({ assets: `${url}${path.basename(kDist)}` });
    assert.equal((await recognizer.recognize(digitInk('8'))).text, '8');
    await recognizer.dispose();
    await close();
  });
});

test('a model looks again where it is unsure', async (t) => {
  const folder = path.join(await scratch(t), 'digits');
  await cp(path.join(kDist, 'models/digits'), folder, { recursive: true });
  const info = JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8'));
  const probabilities = async (look_again) => {
    await writeFile(path.join(folder, 'model.json'), JSON.stringify({ ...info, look_again }));
    const recognizer = await createRecognizer({ model: pathToFileURL(folder).href });
    const found = [];
    for (const digit of '0123456789') {
      const { text, candidates } = await recognizer.recognize(digitInk(digit));
      assert.equal(text, digit);
      found.push(candidates[0].probability);
    }
    await recognizer.dispose();
    return found;
  };
  const once = await probabilities(undefined);
  assert.deepEqual(await probabilities({ below: 0, slant: 0.12 }), once);
  const twice = await probabilities({ below: 1, slant: 0.12 });
  assert.ok(twice.every((p, i) => once[i] === 1 || p !== once[i]), 'always unsure');
  const median = once.toSorted()[5]; // some are above it, some below
  assert.deepEqual(await probabilities({ below: median, slant: 0.12 }), once.map((p, i) => (p < median ? twice[i] : p)));
});

describe('a broken model', () => {
  // Each case breaks a copy of models/digits; the last mends it and the same address works again.
  const edit = (change) => async (folder) => {
    const file = path.join(folder, 'model.json');
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
  };
  const cases = {
    'of the wrong content': [async (folder) => {
      const file = path.join(folder, 'model.onnx');
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] ^= 1;
      await writeFile(file, bytes);
    }, /damaged.*sha256/s],
    'that is cut short': [async (folder) => {
      const file = path.join(folder, 'model.onnx');
      await writeFile(file, (await readFile(file)).subarray(0, 1000));
    }, /damaged/],
    'for another encoder': [edit((info) => ({ ...info, input_version: 99 })), /version 99 of the encoder/],
    'with a label too many': [async (folder) => writeFile(path.join(folder, 'labels.txt'), '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n'), /11 labels/],
    'with an empty label': [async (folder) => writeFile(path.join(folder, 'labels.txt'), '0\n\n2\n'), /labels file/],
    'whose input cannot be': [edit((info) => ({ ...info, input: { ...info.input, box: 400 } })), /input that model\.json/],
    'that wants three directions': [edit((info) => ({ ...info, input: { ...info.input, directions: 3 } })), /input that model\.json/],
    'that wants an order without directions': [edit((info) => ({ ...info, input: { ...info.input, directions: 0, order: true } })), /input that model\.json/],
    'that would lean too far': [edit((info) => ({ ...info, look_again: { below: 0.8, slant: 12 } })), /test-time augmentation/],
    'with a temperature that cannot be': [edit((info) => ({ ...info, temperature: 1e300 })), /a temperature of 1e\+300/],
    'without a description': [async (folder) => writeFile(path.join(folder, 'model.json'), '<!doctype html>'), /not JSON/],
    'with an empty description': [async (folder) => writeFile(path.join(folder, 'model.json'), 'null'), /does not describe/],
  };
  for (const [what, [breakIt, pattern]] of Object.entries(cases)) {
    test(`${what} is refused by name, and works once mended`, async (t) => {
      const folder = path.join(await scratch(t), 'digits');
      const whole = path.join(kDist, 'models/digits');
      await cp(whole, folder, { recursive: true });
      await breakIt(folder);
      const model = pathToFileURL(folder).href;
      await assert.rejects(createRecognizer({ model }), failsWith('model', pattern));
      await cp(whole, folder, { recursive: true });
      const recognizer = await createRecognizer({ model });
      assert.equal((await recognizer.recognize(digitInk('2'))).text, '2');
      await recognizer.dispose();
    });
  }

  test('that is not there is an error that names the address', async () => {
    await assert.rejects(createRecognizer({ model: 'no-such-model' }), failsWith('network', /models\/no-such-model/));
    await assert.rejects(createRecognizer({ model: '../../etc' }), failsWith('network', /cannot be read/));
  });
});

describe('parity with LibTorch', async () => {
  const ort = await import(pathToFileURL(path.join(kDist, 'ort/ort.wasm.bundle.min.mjs')).href);
  for (const name of models) {
    test(`${name}: ONNX Runtime gives the logits of golden.json`, async () => {
      const info = JSON.parse(await readFile(path.join(kDist, 'models', name, 'model.json'), 'utf8'));
      const session = await ort.InferenceSession.create(await readFile(path.join(kDist, 'models', name, 'model.onnx')));
      const { inputs, logits, tolerance } = await golden(name);
      assert.equal(inputs.length, 10);
      const { size, directions = 0, order = false } = info.input;
      for (const [i, input] of inputs.entries()) {
        const result = await session.run({ input: new ort.Tensor('uint8', input, [1, 1 + directions + Number(order), size, size]) });
        const got = Array.from(result.logits.data);
        const worst = Math.max(...got.map((v, j) => Math.abs(v - logits[i][j])));
        assert.ok(worst <= tolerance, `sample ${i} differs by ${worst}, more than ${tolerance}`);
        assert.equal(got.indexOf(Math.max(...got)), logits[i].indexOf(Math.max(...logits[i])));
      }
      await session.release();
    });
  }
});

describe('the package', () => {
  const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

  test('is within its size budget: our own js and wasm at most 190 kB brotli', async (t) => {
    let total = 0;
    for (const file of await readdir(kDist))
      if (/\.(js|wasm)$/.test(file)) total += brotli(await readFile(path.join(kDist, file)));
    t.diagnostic(`${total} bytes`);
    assert.ok(total <= 190_000, `${total} bytes`);
  });

  const budgets = { digits: 0.3e6, letters: 1e6, hanzi: 3e6 };
  for (const name of models) {
    test(`${name} is within its size budget and is what model.json says`, async () => {
      const info = JSON.parse(await readFile(path.join(kDist, 'models', name, 'model.json'), 'utf8'));
      assert.equal((await readFile(path.join(kDist, 'models', name, 'model.onnx'))).length, info.bytes);
      assert.ok(info.bytes <= budgets[name], `${info.bytes} bytes`);
    });
  }

  test('fetches nothing from other hosts', async () => {
    for (const file of ['biji.js', 'engine.js', 'page.js', 'index.html', 'page.css']) {
      const text = await readFile(path.join(kDist, file), 'utf8');
      const hosts = [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host)
        .filter((host) => !['www.w3.org', 'x'].includes(host));
      assert.deepEqual(hosts, [], file);
    }
  });

  test('has types that a TypeScript program compiles against', async (t) => {
    const folder = await scratch(t);
    await writeFile(path.join(folder, 'use.ts'), `
      import { createRecognizer, BijiError, type BijiPad, type RecognitionResult } from 'biji';
      const recognizer = await createRecognizer({ model: 'hanzi', provider: 'auto', onprogress: (p) => p.loaded / p.total });
      const result: RecognitionResult = await recognizer.recognize([{ x: [1], y: [2] }], { allow: '0-9' });
      result.characters[0].box.width.toFixed(); result.characters[0].strokes[0].begin.toFixed(); result.lines[0].end.toFixed(); recognizer.info.bytes.toFixed();
      const pad: BijiPad = document.createElement('biji-pad');
      pad.addEventListener('biji-change', (event) => event.detail.text.length);
      pad.undo(); pad.ink[0].x.length; pad.value.length;
      // @ts-expect-error: no such provider
      await createRecognizer({ provider: 'cuda' });
      try { await recognizer.dispose(); } catch (error) { if (error instanceof BijiError) error.code satisfies string; }
    `);
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { module: 'esnext', target: 'es2022', moduleResolution: 'bundler', strict: true, noEmit: true,
        types: [], lib: ['es2022', 'dom'], paths: { biji: [path.join(kDist, 'biji.d.ts')] } },
      files: ['use.ts'],
    }));
    const tsc = spawnSync(path.join(kRoot, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    assert.equal(tsc.status, 0, tsc.stdout + tsc.stderr);
  });
});
