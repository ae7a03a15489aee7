// The recogniser in real Chromium: both providers, and what can go wrong between them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawDigit, kGpuFlags, openBlank, ready, stage, valueIs } from './browser.mjs';
import { digitInk } from './digits.mjs';
import { golden, kDist } from './support.mjs';

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

  for (const provider of ['webgpu', 'wasm']) {
    test(`gives the logits of golden.json in Chromium, with ${provider}`, async (t) => {
      const { page } = await openBlank(t, here);
      const info = JSON.parse(await readFile(path.join(kDist, 'models/digits/model.json'), 'utf8'));
      const { inputs, logits, tolerance } = await golden('digits');
      const got = await page.evaluate(async ([which, size, pixels]) => {
        const build = which === 'webgpu' ? 'jspi' : 'wasm';
        const ort = await import(new URL(`ort/ort.${build}.bundle.min.mjs`, location.href).href);
        ort.env.wasm.numThreads = 1;
        const session = await ort.InferenceSession.create('models/digits/model.onnx', { executionProviders: [which] });
        const all = [];
        for (const input of pixels) {
          const result = await session.run({ input: new ort.Tensor('uint8', Uint8Array.from(input), [1, 1, size, size]) });
          all.push(Array.from(await result.logits.getData()));
        }
        return all;
      }, [provider, info.input.size, inputs.map((input) => Array.from(input))]);
      for (const [i, row] of got.entries()) {
        const worst = Math.max(...row.map((v, j) => Math.abs(v - logits[i][j])));
        assert.ok(worst <= tolerance, `sample ${i} differs by ${worst}, more than ${tolerance}`);
        assert.equal(row.indexOf(Math.max(...row)), logits[i].indexOf(Math.max(...logits[i])));
      }
    });
  }

  test("is not chosen by 'auto' where it is software", async (t) => {
    const { page, requests } = await openBlank(t, here, '<biji-pad></biji-pad>');
    await ready(page);
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').recognizer.provider), 'wasm');
    assert.ok(!requests.some((url) => url.includes('jspi')));
  });

  test('that loses its device hands the same request to WebAssembly', async (t) => {
    const { page } = await openBlank(t, here);
    const result = await page.evaluate(async (ink) => {
      // The test needs the device that ONNX Runtime asks for, so everything runs in the page's own thread.
      const request = GPUAdapter.prototype.requestDevice;
      const devices = [];
      GPUAdapter.prototype.requestDevice = async function (...args) {
        devices.push(await request.apply(this, args));
        return devices.at(-1);
      };
      const { createRecognizer } = await import(new URL('biji.js', location.href).href);
      const recognizer = await createRecognizer({ provider: 'webgpu', worker: false });
      const first = await recognizer.recognize(ink);
      devices.forEach((device) => device.destroy());
      const second = await recognizer.recognize(ink);
      const third = await recognizer.recognize(ink);
      return { devices: devices.length, results: [first, second, third].map(({ text, provider }) => `${text} ${provider}`) };
    }, digitInk('5'));
    assert.ok(result.devices > 0);
    assert.deepEqual(result.results, ['5 webgpu', '5 wasm', '5 wasm']);
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
