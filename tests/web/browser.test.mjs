// The page and the widget in real Chromium: drawing with real pointer events, both providers, and what can go wrong.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { digitInk, kDigits } from './digits.mjs';
import { golden, kDist, kRoot, serve } from './support.mjs';

const kFlags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader'];
// WebGPU on the CPU: slow, but the same kernels.
const kGpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
const kPatience = 120_000; // for shared machines; nothing here sleeps that long

let site;
before(async () => (site = await serve()));
after(() => site.close());

async function launch(flags = []) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...kFlags, ...flags] });
}

/** A tab that fails the test on any error of the page. Returns { page, requests, errors }. */
async function open(t, browser, address = site.url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(kPatience);
  const requests = [];
  const errors = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  if (address) await page.goto(address);
  return { page, requests, errors };
}

/** A page of our own next to dist/: body markup, biji.js loaded. */
async function openBlank(t, browser, body = '', options = {}) {
  const tab = await open(t, browser, null, options);
  await tab.page.route('**/blank.html', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!doctype html><html lang="en"><link rel="icon" href="data:,"><script type="module" src="./biji.js"></script>
      <body>${body}`,
  }));
  await tab.page.goto(`${site.url}blank.html`);
  await tab.page.waitForFunction(() => customElements.get('biji-pad'));
  return tab;
}

const ready = (page, selector = 'biji-pad') =>
  page.waitForFunction((s) => document.querySelector(s)?.recognizer, selector);

/** Draws a digit with the mouse in the middle of an element. */
async function drawDigit(page, selector, digit, { size = 0.7, dx = 0 } = {}) {
  const box = await page.locator(selector).locator('.sheet').boundingBox();
  const side = Math.min(box.width, box.height) * size;
  const at = ([x, y]) => [box.x + box.width / 2 + (x - 0.5 + dx) * side, box.y + box.height / 2 + (y - 0.5) * side];
  for (const stroke of kDigits[digit]) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

const valueIs = (page, selector, value) =>
  page.waitForFunction(([s, v]) => document.querySelector(s).value === v, [selector, value]);

describe('the page, with WebAssembly', () => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  test('reads each digit drawn with the mouse, from one ONNX Runtime build', async (t) => {
    const { page, requests, errors } = await open(t, browser);
    await ready(page);
    for (const digit of '0123456789') {
      await drawDigit(page, 'biji-pad', digit);
      await valueIs(page, 'biji-pad', digit);
      await page.locator('biji-pad').evaluate((pad) => pad.clear());
      await valueIs(page, 'biji-pad', '');
    }
    const runtimes = new Set(requests.filter((url) => /ort-wasm.*\.wasm/.test(url)));
    assert.equal(runtimes.size, 1, [...runtimes].join());
    assert.ok(requests.every((url) => url.startsWith(site.url) || url.startsWith('data:')), 'only our own host is asked');
    assert.deepEqual(errors, []);
  });

  test('shows the answer in large type, candidates to choose from, the provider and the time', async (t) => {
    const { page } = await open(t, browser);
    await ready(page);
    await drawDigit(page, 'biji-pad', '7');
    await valueIs(page, 'biji-pad', '7');
    assert.equal((await page.locator('#text').textContent()).trim(), '7');
    assert.match(await page.locator('#time').textContent(), /^[\d.]+ ms$/);
    assert.match(await page.locator('#provider').textContent(), /WebAssembly/);
    const second = page.locator('#ranking button').nth(1);
    const text = await second.locator('.sign').textContent();
    await second.click();
    assert.equal(await page.locator('#pad').evaluate((pad) => pad.value), text);
    assert.equal((await page.locator('#text').textContent()).trim(), text);
  });

  test('reads while the pen rests, and uses it only for the same ink', async (t) => {
    const { page } = await openBlank(t, browser, '<biji-pad style="width: 300px; height: 300px"></biji-pad>');
    await ready(page);
    await page.locator('biji-pad').evaluate((pad) => {
      window.asked = 0;
      const recognize = pad.recognizer.recognize.bind(pad.recognizer);
      pad.recognizer.recognize = (...request) => ((window.asked += 1), recognize(...request));
    });
    const box = await page.locator('biji-pad .sheet').boundingBox();
    const at = ([x, y]) => [box.x + 60 + 180 * x, box.y + 60 + 180 * y];
    // A 7, whose last point comes after the pause or before it.
    for (const more of [true, false]) {
      await page.evaluate(() => (window.asked = 0));
      await page.mouse.move(...at([0, 0]));
      await page.mouse.down();
      await page.mouse.move(...at([1, 0]), { steps: 4 });
      if (!more) await page.mouse.move(...at([0.4, 1]), { steps: 4 });
      await page.waitForFunction(() => window.asked > 0);
      assert.equal(await page.locator('biji-pad').evaluate((pad) => pad.value), '', 'nobody hears of it');
      if (more) await page.mouse.move(...at([0.4, 1]));
      const before = await page.evaluate(() => window.asked);
      await page.mouse.up();
      await valueIs(page, 'biji-pad', '7');
      if (!more) assert.equal(await page.evaluate(() => window.asked), before, 'nothing is read twice');
      await page.locator('biji-pad').evaluate((pad) => pad.clear());
      await valueIs(page, 'biji-pad', '');
    }
  });

  test('works from a sub-path, under the strictest policy that WebAssembly allows', async (t) => {
    const strict = await serve(path.dirname(kDist), {
      'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
        "img-src 'self' data:; connect-src 'self'; worker-src 'self'",
    });
    t.after(strict.close);
    const { page, errors } = await open(t, browser, `${strict.url}${path.basename(kDist)}/`);
    await ready(page);
    await drawDigit(page, 'biji-pad', '3');
    await valueIs(page, 'biji-pad', '3');
    assert.deepEqual(errors, []);
  });

  test('fits a phone, and a finger draws without scrolling the page', async (t) => {
    const { page } = await open(t, browser, site.url,
      { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 });
    await ready(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    const box = await page.locator('biji-pad .sheet').boundingBox();
    const client = await page.context().newCDPSession(page);
    const touch = (type, point) => client.send('Input.dispatchTouchEvent', {
      type, touchPoints: point ? [{ x: box.x + point[0] * box.width, y: box.y + point[1] * box.height }] : [],
    });
    for (const stroke of kDigits[2]) {
      await touch('touchStart', stroke[0]);
      for (const point of stroke.slice(1)) await touch('touchMove', point);
      await touch('touchEnd');
    }
    await valueIs(page, 'biji-pad', '2');
    assert.equal(await page.evaluate(() => scrollY), 0);
  });

  const photos = path.join(kRoot, '../shared/data/photos');
  test('reads photographs of digits', { skip: !existsSync(photos) && `no photographs in ${photos}` }, async (t) => {
    const { page } = await open(t, browser);
    await ready(page);
    const truth = (await readFile(path.join(photos, 'truth.tsv'), 'utf8')).trim().split('\n').map((line) => line.split('\t'));
    for (const [file, text, model] of truth.slice(1)) {
      if (model !== 'digits') continue;
      await page.setInputFiles('#file', path.join(photos, file));
      await page.waitForFunction((wanted) => document.querySelector('#text').textContent.trim() === wanted, text);
    }
  });

  test('works offline once it has been visited', async (t) => {
    const { page } = await open(t, browser);
    await ready(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    await page.context().setOffline(true);
    await page.reload();
    await ready(page);
    await drawDigit(page, 'biji-pad', '5');
    await valueIs(page, 'biji-pad', '5');
  });

  test('says so and offers to retry when the model is damaged', async (t) => {
    const { page } = await open(t, browser, null);
    let broken = true;
    await page.route('**/models/digits/model.onnx', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      if (broken) body[1000] ^= 1;
      await route.fulfill({ response, body });
    });
    await page.goto(site.url);
    await page.locator('#failure').waitFor();
    assert.match(await page.locator('#failure-text').textContent(), /damaged/);
    broken = false;
    await page.locator('#retry').click();
    await ready(page);
    await drawDigit(page, 'biji-pad', '4');
    await valueIs(page, 'biji-pad', '4');
    assert.ok(await page.locator('#failure').isHidden());
  });

  test('says so when there is no WebGL2, instead of a blank', async (t) => {
    const { page } = await open(t, browser, null);
    await page.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (type, ...rest) {
        return type === 'webgl2' ? null : original.call(this, type, ...rest);
      };
    });
    await page.goto(site.url);
    await page.waitForFunction(() => /WebGL ?2/.test(document.querySelector('biji-pad').shadowRoot.querySelector('.message').textContent));
  });
});

describe('the widget', () => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  test('stands twice on one page, each with its own ink, sharing one model', async (t) => {
    const { page, requests, errors } = await openBlank(t, browser, '<biji-pad id="a"></biji-pad><biji-pad id="b"></biji-pad>');
    await ready(page, '#a');
    await ready(page, '#b');
    await drawDigit(page, '#a', '7');
    await drawDigit(page, '#b', '0');
    await valueIs(page, '#a', '7');
    await valueIs(page, '#b', '0');
    await page.evaluate(() => document.querySelector('#a').clear());
    await valueIs(page, '#a', '');
    assert.equal(await page.evaluate(() => document.querySelector('#b').value), '0');
    assert.equal(requests.filter((url) => url.endsWith('model.onnx')).length, 1);
    assert.deepEqual(errors, []);
  });

  test('undoes, redoes and clears by keyboard, only while it has the focus', async (t) => {
    const { page } = await openBlank(t, browser, '<input id="text"><biji-pad></biji-pad>');
    await ready(page);
    const strokes = () => page.evaluate(() => document.querySelector('biji-pad').ink.length);
    await drawDigit(page, 'biji-pad', '4');
    assert.equal(await strokes(), 2);
    await page.keyboard.press('Control+z');
    assert.equal(await strokes(), 1);
    await page.keyboard.press('Control+Shift+z');
    assert.equal(await strokes(), 2);
    await page.locator('#text').focus();
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Delete');
    assert.equal(await strokes(), 2);
    await page.keyboard.type('z');
    assert.equal(await page.locator('#text').inputValue(), 'z');
    await page.locator('biji-pad .sheet').focus();
    await page.keyboard.press('Delete');
    assert.equal(await strokes(), 0);
  });

  test('is a form control: value, required, reset, disabled', async (t) => {
    const { page } = await openBlank(t, browser,
      '<form id="form"><fieldset id="set"><biji-pad name="answer" required></biji-pad></fieldset></form>');
    await ready(page);
    const form = () => page.evaluate(() => ({
      value: new FormData(document.querySelector('#form')).get('answer'), valid: document.querySelector('#form').checkValidity(),
    }));
    assert.equal((await form()).valid, false);
    await drawDigit(page, 'biji-pad', '1');
    await valueIs(page, 'biji-pad', '1');
    assert.deepEqual(await form(), { value: '1', valid: true });
    await page.evaluate(() => document.querySelector('#form').reset());
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').ink.length), 0);
    await page.evaluate(() => (document.querySelector('#set').disabled = true));
    await drawDigit(page, 'biji-pad', '1');
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').ink.length), 0);
  });

  test('keeps its ink when it is moved, and works in a shadow root made by script', async (t) => {
    const { page, errors } = await openBlank(t, browser, '<div id="one"></div><div id="two"></div>');
    await page.evaluate(() => {
      const root = document.querySelector('#one').attachShadow({ mode: 'open' });
      window.pad = document.createElement('biji-pad');
      root.append(window.pad);
    });
    await page.waitForFunction(() => window.pad.recognizer);
    await page.evaluate((ink) => (window.pad.ink = ink), digitInk('5'));
    await page.waitForFunction(() => window.pad.value === '5');
    await page.evaluate(() => document.querySelector('#two').append(window.pad));
    await page.waitForFunction(() => window.pad.recognizer);
    assert.equal(await page.evaluate(() => window.pad.ink.length), kDigits[5].length);
    await page.evaluate(() => window.pad.clear());
    await drawDigit(page, '#two biji-pad', '6');
    await page.waitForFunction(() => window.pad.value === '6');
    assert.deepEqual(errors, []);
  });

  test('comes and goes forty times without leaking contexts or failing', async (t) => {
    const { page, errors } = await openBlank(t, browser);
    for (let i = 0; i < 40; ++i) {
      await page.evaluate(async () => {
        const pad = document.createElement('biji-pad');
        document.body.append(pad);
        await new Promise((resolve) => pad.addEventListener('biji-ready', resolve, { once: true }));
        pad.remove();
      });
    }
    await page.evaluate(() => document.body.append(document.createElement('biji-pad')));
    await ready(page);
    await drawDigit(page, 'biji-pad', '9');
    await valueIs(page, 'biji-pad', '9');
    assert.deepEqual(errors, []);
  });

  test('survives hostile attributes', async (t) => {
    const { page, errors } = await openBlank(t, browser,
      '<biji-pad delay="-5e9" candidates="&lt;script&gt;" provider="cuda" allow="0-9" lang="x"></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '7');
    await valueIs(page, 'biji-pad', '7');
    assert.deepEqual(errors, []);
  });

  test('redraws its ink when the graphics context is lost and restored', async (t) => {
    const { page } = await openBlank(t, browser, '<biji-pad></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '8');
    await valueIs(page, 'biji-pad', '8');
    const dark = () => page.locator('biji-pad .sheet').screenshot().then((png) => png.length);
    const before = await dark();
    await page.evaluate(async () => {
      const canvas = document.querySelector('biji-pad').shadowRoot.querySelector('canvas');
      const extension = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
      const restored = new Promise((resolve) => canvas.addEventListener('webglcontextrestored', resolve, { once: true }));
      extension.loseContext();
      await new Promise((resolve) => setTimeout(resolve, 50));
      extension.restoreContext();
      await restored;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').ink.length), 1);
    const ratio = (await dark()) / before; // the picture with ink, compressed: as large as it was
    assert.ok(ratio > 0.9 && ratio < 1.1, `the pictures differ by ${ratio}`);
    await page.evaluate(() => document.querySelector('biji-pad').clear());
    await drawDigit(page, 'biji-pad', '3');
    await valueIs(page, 'biji-pad', '3');
  });
});

describe('WebGPU', () => {
  let browser;
  before(async () => (browser = await launch(kGpuFlags)));
  after(() => browser.close());

  test('reads a drawn digit when asked for', async (t) => {
    const { page, errors } = await openBlank(t, browser, '<biji-pad provider="webgpu"></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '6');
    await valueIs(page, 'biji-pad', '6');
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').result.provider), 'webgpu');
    assert.deepEqual(errors, []);
  });

  for (const provider of ['webgpu', 'wasm']) {
    test(`gives the logits of golden.json in Chromium, with ${provider}`, async (t) => {
      const { page } = await openBlank(t, browser);
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
    const { page, requests } = await openBlank(t, browser, '<biji-pad></biji-pad>');
    await ready(page);
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').recognizer.provider), 'wasm');
    assert.ok(!requests.some((url) => url.includes('jspi')));
  });

  test('that loses its device hands the same request to WebAssembly', async (t) => {
    const { page } = await openBlank(t, browser);
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
    const { page } = await openBlank(t, browser);
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
    const { page, requests } = await openBlank(t, browser);
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
