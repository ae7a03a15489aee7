// The budgets, measured: sizes, cold start, latency from pen-up to text, frame time, encoder speed. `make bench`.
// Numbers depend on the machine; nothing here fails.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { chromium } from 'playwright-core';
import { digitInk, kDigits } from '../web/digits.mjs';
import { kDist, kRoot, serve } from '../web/support.mjs';

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const p95 = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)];
const ms = (value) => `${value.toFixed(2)} ms`;
const row = (what, value, budget = '') => console.log(`  ${what.padEnd(52)} ${String(value).padStart(12)}  ${budget}`);

console.log('Sizes, brotli');
let own = 0;
for (const file of (await readdir(kDist)).filter((name) => /\.(js|wasm)$/.test(name)).concat('ort/ort-wasm-simd-threaded.wasm')) {
  const quality = file.startsWith('ort/') ? 9 : 11; // 14 MB at 11 take a minute
  const size = brotliCompressSync(await readFile(path.join(kDist, file)),
    { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
  if (!file.startsWith('ort/')) own += size;
  row(file, `${(size / 1e3).toFixed(1)} kB`);
}
row('our own js + wasm', `${(own / 1e3).toFixed(1)} kB`, 'budget 250 kB');

const site = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--enable-unsafe-swiftshader'],
});

console.log('\nThe page in Chromium, WebAssembly on one thread');
const cold = [];
for (let i = 0; i < 5; ++i) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(site.url, { waitUntil: 'commit' });
  cold.push(await page.evaluate(async (ink) => {
    await customElements.whenDefined('biji-pad');
    const pad = document.querySelector('biji-pad');
    const done = new Promise((resolve) => pad.addEventListener('biji-change', () => resolve(performance.now())));
    pad.ink = ink;
    return done;
  }, digitInk('7')));
  await page.context().close();
}
row('cold page to first result (median of 5, from navigation)', ms(median(cold)), 'budget 2000 ms');

const page = await browser.newPage();
await page.goto(site.url);
await page.waitForFunction(() => document.querySelector('biji-pad').recognizer);
const box = await page.locator('biji-pad .sheet').boundingBox();
await page.evaluate(() => {
  const pad = document.querySelector('biji-pad');
  window.penUps = [];
  window.latencies = [];
  pad.addEventListener('pointerup', () => window.penUps.push(performance.now()), { capture: true });
  pad.addEventListener('biji-change', ({ detail }) => {
    if (detail.text && window.penUps.length) window.latencies.push(performance.now() - window.penUps.at(-1));
    window.penUps = [];
  });
});
for (let i = 0; i < 60; ++i) {
  for (const stroke of kDigits[i % 10]) {
    const at = ([x, y]) => [box.x + box.width * (0.2 + 0.6 * x), box.y + box.height * (0.2 + 0.6 * y)];
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
  await page.waitForFunction(() => document.querySelector('biji-pad').value !== '');
  await page.locator('biji-pad').evaluate((pad) => pad.clear());
}
const latencies = (await page.evaluate(() => window.latencies)).slice(5);
row(`digits: pen-up to text (median of ${latencies.length}, with the mouse)`, ms(median(latencies)), 'budget 3 ms');
row('digits: the same, 95th percentile', ms(p95(latencies)));

for (const { name } of JSON.parse(await readFile(path.join(kDist, 'models/index.json'), 'utf8'))) {
  const times = await page.evaluate(async ([model, ink]) => {
    const { createRecognizer } = await import('./biji.js');
    const recognizer = await createRecognizer({ model, provider: 'wasm' });
    const all = [];
    for (let i = 0; i < 220; ++i) all.push((await recognizer.recognize(ink)).milliseconds);
    await recognizer.dispose();
    return all.slice(20);
  }, [name, digitInk('3')]);
  row(`${name}: recognize() of one character (median of 200)`, ms(median(times)),
    `budget ${{ digits: 3, letters: 6, hanzi: 12 }[name] ?? '?'} ms`);
}
await browser.close();
await site.close();

console.log('\nThe encoder on one core (budget: 20,000 characters/s native, 10,000 in WebAssembly)');
for (const [what, command, args] of [['native', path.join(kRoot, 'build/core_bench'), []],
  ['WebAssembly under Node', process.execPath, ['--no-experimental-fetch', path.join(kRoot, 'build-wasm/core_bench.cjs')]]]) {
  console.log(` ${what}`);
  if (!existsSync(args.at(-1) ?? command)) console.log('  not built: make bench builds it');
  else process.stdout.write(spawnSync(command, args, { encoding: 'utf8' }).stdout);
}
