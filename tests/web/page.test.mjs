// The page in real Chromium: drawing, photos, offline, and what can go wrong.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { drawDigit, open, ready, stage, valueIs } from './browser.mjs';
import { kDigits } from './digits.mjs';
import { kDist, kRoot, serve } from './support.mjs';

describe('the page, with WebAssembly', () => {
  const here = stage({ before, after });

  test('reads each digit drawn with the mouse, from one ONNX Runtime build', async (t) => {
    const { page, requests, errors } = await open(t, here);
    await ready(page);
    for (const digit of '0123456789') {
      await drawDigit(page, 'biji-pad', digit);
      await valueIs(page, 'biji-pad', digit);
      await page.locator('biji-pad').evaluate((pad) => pad.clear());
      await valueIs(page, 'biji-pad', '');
    }
    const runtimes = new Set(requests.filter((url) => /ort-wasm.*\.wasm/.test(url)));
    assert.equal(runtimes.size, 1, [...runtimes].join());
    assert.ok(requests.every((url) => url.startsWith(here.site.url) || url.startsWith('data:')), 'only our own host is asked');
    assert.deepEqual(errors, []);
  });

  test('shows the answer in large type, candidates to choose from, the provider and the time', async (t) => {
    const { page } = await open(t, here);
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

  test('works from a sub-path, under the strictest policy that WebAssembly allows', async (t) => {
    const strict = await serve(path.dirname(kDist), {
      'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
        "img-src 'self' data:; connect-src 'self'; worker-src 'self'",
    });
    t.after(strict.close);
    const { page, errors } = await open(t, here, `${strict.url}${path.basename(kDist)}/`);
    await ready(page);
    await drawDigit(page, 'biji-pad', '3');
    await valueIs(page, 'biji-pad', '3');
    assert.deepEqual(errors, []);
  });

  test('fits a phone, and a finger draws without scrolling the page', async (t) => {
    const { page } = await open(t, here, here.site.url,
      { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 });
    await ready(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth); // innerWidth would grow along
    assert.ok(width <= 390, `the page is ${width} px wide`);
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
    const { page } = await open(t, here);
    await ready(page);
    const truth = (await readFile(path.join(photos, 'truth.tsv'), 'utf8')).trim().split('\n').map((line) => line.split('\t'));
    for (const [file, text, model] of truth.slice(1)) {
      if (model !== 'digits') continue;
      await page.setInputFiles('#file', path.join(photos, file));
      await page.waitForFunction((wanted) => document.querySelector('#text').textContent.trim() === wanted, text);
    }
  });

  test('works offline once it has been visited', async (t) => {
    const { page } = await open(t, here);
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
    const { page } = await open(t, here, null);
    let broken = true;
    await page.route('**/models/digits/model.onnx', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      if (broken) body[1000] ^= 1;
      await route.fulfill({ response, body });
    });
    await page.goto(here.site.url);
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
    const { page } = await open(t, here, null);
    await page.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (type, ...rest) {
        return type === 'webgl2' ? null : original.call(this, type, ...rest);
      };
    });
    await page.goto(here.site.url);
    await page.waitForFunction(() => /WebGL ?2/.test(document.querySelector('biji-pad').shadowRoot.querySelector('.message').textContent));
  });

  test('says so when the drawing module is missing, whatever else arrives, and recovers', async (t) => {
    const { page } = await open(t, here, null);
    let missing = true;
    await page.route('**/biji-pad.wasm', (route) => (missing ? route.fulfill({ status: 404, body: 'no' }) : route.continue()));
    await page.goto(here.site.url);
    await page.waitForFunction(() => document.querySelector('biji-pad').recognizer);
    await page.locator('#failure').waitFor();
    assert.match(await page.locator('#failure-text').textContent(), /biji-pad\.wasm/);
    assert.ok(await page.locator('#loading').isHidden());
    await page.locator('#models').selectOption('letters');
    await page.waitForFunction(() => document.querySelector('biji-pad').recognizer?.info.name === 'letters');
    await page.waitForFunction(() => !document.querySelector('#failure').hidden && document.querySelector('#loading').hidden);
    await page.locator('#models').selectOption('digits');
    await page.waitForFunction(() => document.querySelector('biji-pad').recognizer?.info.name === 'digits');
    await page.locator('#failure').waitFor();
    missing = false;
    await page.locator('#retry').click();
    await page.locator('#facts').waitFor();
    await drawDigit(page, 'biji-pad', '3');
    await valueIs(page, 'biji-pad', '3');
    assert.ok(await page.locator('#failure').isHidden());
  });
});
