// <biji-pad> in real Chromium: several of them, as form controls, moved, removed, misused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { drawDigit, openBlank, ready, stage, valueIs } from './browser.mjs';
import { digitInk, kDigits } from './digits.mjs';

describe('<biji-pad>', () => {
  const here = stage({ before, after });

  test('stands twice on one page, each with its own ink, sharing one model', async (t) => {
    const { page, requests, errors } = await openBlank(t, here, '<biji-pad id="a"></biji-pad><biji-pad id="b"></biji-pad>');
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

  test('reads while the pen rests, and uses it only for the same ink', async (t) => {
    const { page } = await openBlank(t, here, '<biji-pad style="width: 300px; height: 300px"></biji-pad>');
    await ready(page);
    const pad = page.locator('biji-pad');
    const box = await page.locator('biji-pad .sheet').boundingBox();
    const at = ([x, y]) => [box.x + 60 + 180 * x, box.y + 60 + 180 * y];
    // The worker tells how many points each request has.
    const [worker] = page.workers();
    await worker.evaluate(() => {
      globalThis.asked = [];
      addEventListener('message', ({ data: { op, args } }) => {
        if (op === 'recognize') asked.push(args[1].ink.points.length / 4);
        globalThis.heard?.();
      });
    });
    const asked = (points) => worker.evaluate((n) => new Promise((resolve) => {
      globalThis.heard = () => asked.includes(n) && resolve();
      heard();
    }), points);
    // A 7 of 9 points: the pen rests before its last point, or after it.
    for (const rest of [8, 9]) {
      await worker.evaluate(() => (asked.length = 0));
      await page.mouse.move(...at([0, 0]));
      await page.mouse.down();
      await page.mouse.move(...at([1, 0]), { steps: 4 });
      await page.mouse.move(...at([0.55, 0.75]), { steps: 3 });
      if (rest === 9) await page.mouse.move(...at([0.4, 1]));
      await asked(rest);
      assert.equal(await pad.evaluate((element) => element.value), '', 'nobody hears of it');
      if (rest === 8) await page.mouse.move(...at([0.4, 1]));
      await page.mouse.up();
      await valueIs(page, 'biji-pad', '7');
      assert.equal(await pad.evaluate((element) => element.ink[0].x.length), 9);
      const whole = (await worker.evaluate(() => asked)).filter((points) => points === 9);
      if (rest === 9) assert.equal(whole.length, 1, 'nothing is read twice');
      await pad.evaluate((element) => element.clear());
      await valueIs(page, 'biji-pad', '');
    }
  });

  test('undoes, redoes and clears by keyboard, only while it has the focus', async (t) => {
    const { page } = await openBlank(t, here, '<input id="text"><biji-pad></biji-pad>');
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
    const { page } = await openBlank(t, here,
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
    const { page, errors } = await openBlank(t, here, '<div id="one"></div><div id="two"></div>');
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
    const { page, errors } = await openBlank(t, here);
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
    const { page, errors } = await openBlank(t, here,
      '<biji-pad delay="-5e9" candidates="&lt;script&gt;" provider="cuda" allow="0-9" lang="x"></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '7');
    await valueIs(page, 'biji-pad', '7');
    assert.deepEqual(errors, []);
  });

  test('redraws its ink when the graphics context is lost and restored', async (t) => {
    const { page } = await openBlank(t, here, '<biji-pad></biji-pad>');
    await ready(page);
    await drawDigit(page, 'biji-pad', '8');
    await valueIs(page, 'biji-pad', '8');
    const dark = () => page.locator('biji-pad .sheet').screenshot().then((png) => png.length);
    const before = await dark();
    await page.evaluate(async () => {
      const canvas = document.querySelector('biji-pad').shadowRoot.querySelector('canvas');
      const extension = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
      const told = (type) => new Promise((resolve) => canvas.addEventListener(type, resolve, { once: true }));
      const [lost, restored] = [told('webglcontextlost'), told('webglcontextrestored')];
      extension.loseContext();
      await lost;
      await new Promise(requestAnimationFrame); // until the event has ended, nothing can be restored
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

  test('refuses what is not ink, names the stroke and keeps what it had', async (t) => {
    const { page } = await openBlank(t, here, '<biji-pad></biji-pad>');
    await ready(page);
    await page.evaluate((ink) => (document.querySelector('biji-pad').ink = ink), digitInk('5'));
    await valueIs(page, 'biji-pad', '5');
    const refused = await page.evaluate(() => {
      const set = (ink) => {
        try {
          document.querySelector('biji-pad').ink = ink;
          return 'taken';
        } catch ({ code, message }) {
          return `${code}: ${message}`;
        }
      };
      const good = { x: [1, 2], y: [1, 2] };
      return [[good, { x: [1, NaN], y: [1, 2] }], [{ x: [1, 2], y: [1] }], 'ink', [{ ...good, t: [1] }]].map(set);
    });
    assert.match(refused[0], /^input: Stroke 1 has x\[1\] = NaN/);
    assert.match(refused[1], /^input: Stroke 0 needs arrays/);
    assert.match(refused[2], /^input: Ink is an array/);
    assert.match(refused[3], /^input: Stroke 0 has 1 times for 2 points/);
    assert.equal(await page.evaluate(() => document.querySelector('biji-pad').value), '5');
  });
});
