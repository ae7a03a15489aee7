// The recogniser in real Chromium: both providers, and what can go wrong between them.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawDigit, kGpuFlags, open, openBlank, ready, stage, valueIs } from './browser.mjs';
import { digitInk } from './digits.mjs';
import { golden, kDist, scratch, serve } from './support.mjs';

describe('WebGPU', () => {
  const here = stage({ before, after }, kGpuFlags);

  test('reads a drawn digit when asked for', async (t) => {
    const { page, errors } = await openBlank(t, here, '<biji-pad provider="webgpu"></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '6');
    await valueIs(page, 'biji-pad', '6');
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').result.provider), 'webgpu');
    assert.deepEqual(errors, []);
  });

  for (const model of ['digits', 'letters', 'hanzi'])
    for (const provider of ['webgpu', 'wasm'])
      test(`gives ${model}'s logits of golden.json in Chromium, with ${provider}`, async (t) => {
        const { page } = await openBlank(t, here);
        const info = JSON.parse(await readFile(path.join(kDist, `models/${model}/model.json`), 'utf8'));
        const { inputs, logits, tolerance } = await golden(model);
        const got = await page.evaluate(async ([model, which, size, pixels]) => {
          const build = which === 'webgpu' ? 'jspi' : 'wasm';
          const ort = await import(new URL(`ort/ort.${build}.bundle.min.mjs`, location.href).href);
          ort.env.wasm.numThreads = 1;
          const session = await ort.InferenceSession.create(`models/${model}/model.onnx`, { // as engine.js does
            executionProviders: [which === 'webgpu' ? { name: which, preferredLayout: 'NCHW' } : which],
          });
          const all = [];
          for (const input of pixels) {
            const planes = new ort.Tensor('uint8', Uint8Array.from(input), [1, input.length / size ** 2, size, size]);
            const result = await session.run({ input: planes });
            all.push(Array.from(await result.logits.getData()));
          }
          return all;
        }, [model, provider, info.input.size, inputs.map((input) => Array.from(input))]);
        for (const [i, row] of got.entries()) {
          const worst = Math.max(...row.map((v, j) => Math.abs(v - logits[i][j])));
          assert.ok(worst <= tolerance, `sample ${i} differs by ${worst}, more than ${tolerance}`);
          assert.equal(row.indexOf(Math.max(...row)), logits[i].indexOf(Math.max(...logits[i])));
        }
      });

  // Through the page's own engine: ink, whose planes of directions are not blank.
  test("reads ink as surely as WebAssembly does", async (t) => {
    const { page } = await openBlank(t, here);
    const [gpu, wasm] = await page.evaluate(async (ink) => {
      const { createRecognizer } = await import('./biji.js');
      const read = async (provider) => {
        const recognizer = await createRecognizer({ model: 'digits', provider });
        const { candidates } = await recognizer.recognize(ink, { segment: 'none' });
        await recognizer.dispose();
        return candidates;
      };
      return [await read('webgpu'), await read('wasm')];
    }, digitInk('3'));
    for (const [i, { text, probability }] of gpu.entries()) {
      assert.equal(text, wasm[i].text);
      assert.ok(Math.abs(probability - wasm[i].probability) < 1e-4, `${probability} and ${wasm[i].probability}`);
    }
  });

  test("is not chosen by 'auto' where it is software", async (t) => {
    const { page, requests } = await openBlank(t, here, '<biji-pad></biji-pad>');
    await ready(page);
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').recognizer.provider), 'wasm');
    assert.ok(!requests.some((url) => url.includes('jspi')));
  });

  test('that loses its device hands the same request to WebAssembly', async (t) => {
    const { page } = await openBlank(t, here);
    const result = await page.evaluate(async ([five, three, eight]) => { // each another: what was read before costs no inference
      // The test needs the device that ONNX Runtime asks for, so everything runs in the page's own thread.
      const request = GPUAdapter.prototype.requestDevice;
      const devices = [];
      GPUAdapter.prototype.requestDevice = async function (...args) {
        devices.push(await request.apply(this, args));
        return devices.at(-1);
      };
      const { createRecognizer } = await import(new URL('biji.js', location.href).href);
      const recognizer = await createRecognizer({ provider: 'webgpu', worker: false });
      const first = await recognizer.recognize(five);
      devices.forEach((device) => device.destroy());
      const second = await recognizer.recognize(three);
      const third = await recognizer.recognize(eight);
      return { devices: devices.length, results: [first, second, third].map(({ text, provider }) => `${text} ${provider}`) };
    }, ['5', '3', '8'].map((digit) => digitInk(digit)));
    assert.ok(result.devices > 0);
    assert.deepEqual(result.results, ['5 webgpu', '3 wasm', '8 wasm']);
  });

  test('that cannot start a session goes on with WebAssembly', async (t) => {
    const { page } = await openBlank(t, here);
    const result = await page.evaluate(async (ink) => {
      GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error('no device today'));
      const { createRecognizer } = await import(new URL('biji.js', location.href).href);
      const recognizer = await createRecognizer({ provider: 'webgpu', worker: false });
      const { text, provider } = await recognizer.recognize(ink);
      return `${text} ${provider}`;
    }, digitInk('5'));
    assert.equal(result, '5 wasm');
  });

  test('measured by auto, the faster provider is kept and remembered', async (t) => {
    const { page, requests } = await openBlank(t, here);
    const choose = (ink) => page.evaluate(async (strokes) => {
      // Software looks like hardware to the recogniser, so that it measures.
      Object.defineProperty(GPUAdapter.prototype, 'info', { value: { vendor: 'a', architecture: 'b', description: 'c' }, configurable: true });
      const { createRecognizer } = await import(new URL('biji.js', location.href).href);
      const recognizer = await createRecognizer({ provider: 'auto', worker: false });
      const { text, provider } = await recognizer.recognize(strokes);
      await recognizer.dispose();
      return { text, provider, stored: JSON.stringify(localStorage) };
    }, ink);
    const first = await choose(digitInk('2'));
    assert.equal(first.text, '2');
    assert.match(first.stored, new RegExp(`provider.*${first.provider}`));
    await page.reload();
    await page.waitForFunction(() => customElements.get('biji-pad'));
    requests.length = 0;
    const second = await choose(digitInk('2'));
    assert.equal(second.provider, first.provider);
    if (first.provider === 'wasm') assert.ok(!requests.some((url) => url.includes('jspi')), 'no second build');
  });
});

describe('files of another version', () => {
  const here = stage({ before, after });
  const kOldEngine = 'export function createEngine() { return {}; }\nglobalThis.postMessage?.({ ready: true });\n';
  const kOldModule = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]); // WebAssembly without any function

  // dist/ on a server that lets browsers keep every file for an hour. old: name -> content of files that are of another
  // version, until mend(). asked(name): how often the server was asked for a file.
  async function host(t, old) {
    const folder = await scratch(t);
    for (const name of await readdir(kDist)) if (!(name in old)) await symlink(path.join(kDist, name), path.join(folder, name));
    for (const [name, content] of Object.entries(old)) await writeFile(path.join(folder, name), content);
    await writeFile(path.join(folder, 'blank.html'), '<!doctype html><link rel="icon" href="data:,"><biji-pad></biji-pad>');
    const { url, server, close } = await serve(folder, { 'cache-control': 'max-age=3600' });
    t.after(close);
    const requests = [];
    server.on('request', (request) => requests.push(request.url.slice(1).split('?')[0]));
    const asked = (name) => requests.filter((each) => each === name).length;
    const mend = async () => {
      for (const name of Object.keys(old)) {
        await rm(path.join(folder, name));
        await symlink(path.join(kDist, name), path.join(folder, name));
      }
    };
    return { url, asked, mend };
  }

  // A tab whose cache holds the old files, while the server has the new ones.
  async function openCached(t, old) {
    const { url, asked, mend } = await host(t, old);
    const tab = await open(t, here, `${url}blank.html`);
    await tab.page.evaluate(async (names) => {
      for (const name of names) await (await fetch(name)).arrayBuffer();
    }, Object.keys(old));
    await mend();
    return { ...tab, asked };
  }

  const read = (page, options) => page.evaluate(async ([ink, given]) => {
    const { createRecognizer } = await import(new URL('biji.js', location.href).href);
    const recognizer = await createRecognizer(given).catch((error) => error);
    if (recognizer instanceof Error) return `${recognizer.code}: ${recognizer.message}`;
    return (await recognizer.recognize(ink)).text;
  }, [digitInk('5'), options]);

  test('an old worker out of a cache is refused, fetched anew and works', async (t) => {
    const { page, asked } = await openCached(t, { 'engine.js': kOldEngine });
    let workers = 0;
    page.on('worker', () => ++workers);
    assert.equal(await read(page, {}), '5');
    assert.equal(workers, 2, 'the old one and the new one');
    assert.equal(asked('engine.js'), 2, 'once when it was old, once past the cache');
  });

  test('an old engine in the same thread is refused, fetched anew and works', async (t) => {
    const { page } = await openCached(t, { 'engine.js': kOldEngine });
    assert.equal(await read(page, { worker: false }), '5');
  });

  test('old WebAssembly modules out of a cache are fetched anew and work', async (t) => {
    const { page, asked } = await openCached(t, { 'biji-core.wasm': kOldModule, 'biji-pad.wasm': kOldModule });
    await page.addScriptTag({ type: 'module', url: './biji.js' });
    await ready(page);
    await drawDigit(page, 'biji-pad', '5');
    await valueIs(page, 'biji-pad', '5');
    assert.deepEqual([asked('biji-core.wasm'), asked('biji-pad.wasm')], [2, 2]);
  });

  test('that the server itself has are refused by name', async (t) => {
    const worker = await host(t, { 'engine.js': kOldEngine });
    const { page } = await open(t, here, `${worker.url}blank.html`);
    for (const options of [{}, { worker: false }])
      assert.match(await read(page, options), /^network: .*engine\.js is of version an early version and this script of \d/);
    await worker.mend();
    assert.equal(await read(page, {}), '5', 'the next one who asks tries again');
    const core = await host(t, { 'biji-core.wasm': kOldModule });
    await page.goto(`${core.url}blank.html`);
    assert.match(await read(page, {}), /^network: .*biji-core\.wasm is damaged or of another version/);
  });
});
