// The budgets, measured: sizes, cold start, latency from pen-up to text, encoder speed. Numbers depend on the machine;
// nothing here fails.
// usage: node tests/bench/bench.mjs [--dist DIR ...]    (make bench)
// --dist: the built page, dist/ by default. Several are measured by turns, so that a machine whose speed changes changes
//   it for all of them; the last column is the last one's median divided by the first one's. The encoder's programs are
//   taken from build/ and build-wasm/ beside each.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { chromium } from 'playwright-core';
import { kDigits } from '../web/digits.mjs';
import { kDist, serve } from '../web/support.mjs';

const { values } = parseArgs({ options: { dist: { type: 'string', multiple: true, default: [kDist] } } });
const builds = values.dist.map((dist) => ({ dist: path.resolve(dist) }));

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const p95 = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * 0.95)];
const ms = (value) => `${value.toFixed(2)} ms`;
const kB = (value) => `${(value / 1e3).toFixed(1)} kB`;

/** One line: what was measured, a number for each build (undefined: not measured), how many times the first the last is. */
function row(what, numbers, text, budget = '') {
  const columns = numbers.map((number) => (number === undefined ? '-' : text(number)).padStart(13));
  const ratio = numbers.at(-1) / numbers[0];
  if (numbers.length > 1) columns.push((Number.isFinite(ratio) ? `${ratio.toFixed(3)} x` : '').padStart(10));
  console.log(`  ${what.padEnd(52)} ${columns.join(' ')}  ${budget}`.trimEnd());
}

/** The digit leaning by so much: ink that nothing has seen before, so that nothing remembered answers for it. */
const leaning = (digit, slant) => kDigits[digit].map((stroke) => stroke.map(([x, y]) => [x + slant * (0.5 - y), y]));
const inkOf = (strokes, size = 200) => strokes.map((stroke) => ({ x: stroke.map(([x]) => x * size), y: stroke.map(([, y]) => y * size) }));

// ---- sizes ---------------------------------------------------------------------------------------------------------

/** Map of file of a build to its size, compressed. */
async function compressedSizes({ dist }) {
  const files = (await readdir(dist)).filter((name) => /\.(js|wasm)$/.test(name)).concat('ort/ort-wasm-simd-threaded.wasm');
  return new Map(await Promise.all(files.map(async (file) => {
    const quality = file.startsWith('ort/') ? 9 : 11; // 14 MB at 11 take a minute
    const bytes = brotliCompressSync(await readFile(path.join(dist, file)),
      { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 } });
    return [file, bytes.length];
  })));
}

async function benchSizes() {
  console.log('Sizes, brotli');
  const sizes = await Promise.all(builds.map(compressedSizes));
  for (const file of new Set(sizes.flatMap((each) => [...each.keys()]))) row(file, sizes.map((each) => each.get(file)), kB);
  const own = sizes.map((each) => [...each].filter(([file]) => !file.startsWith('ort/')).reduce((sum, [, size]) => sum + size, 0));
  row('our own js + wasm', own, kB, 'budget 250 kB');
}

// ---- the page ------------------------------------------------------------------------------------------------------

/** From navigation to the first result of a visitor who was never here. */
async function coldStart(browser, { url }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'commit' });
  const milliseconds = await page.evaluate(async (ink) => {
    await customElements.whenDefined('biji-pad');
    const pad = document.querySelector('biji-pad');
    const done = new Promise((resolve) => pad.addEventListener('biji-change', () => resolve(performance.now())));
    pad.ink = ink;
    return done;
  }, inkOf(kDigits[7]));
  await context.close();
  return milliseconds;
}

/** Opens the page to be drawn on; it notes how long each pen-up waited for its text. */
async function openPage(browser, { url }) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('biji-pad').recognizer);
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
  return page;
}

async function draw({ page }, strokes) {
  await page.bringToFront();
  const box = await page.locator('biji-pad .sheet').boundingBox();
  const at = ([x, y]) => [box.x + box.width * (0.2 + 0.6 * x), box.y + box.height * (0.2 + 0.6 * y)];
  for (const stroke of strokes) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
  await page.waitForFunction(() => document.querySelector('biji-pad').value !== '');
  await page.locator('biji-pad').evaluate((pad) => pad.clear());
}

/** Milliseconds that recognize() took for each of inks; the recogniser stays for the next call. */
async function recognizeAll({ page }, model, inks) {
  await page.bringToFront();
  return page.evaluate(async ([model, inks]) => {
    const { createRecognizer } = await import('./biji.js');
    window.recognizers ??= {};
    const recognizer = window.recognizers[model] ??= await createRecognizer({ model, provider: 'wasm' });
    const all = [];
    for (const ink of inks) all.push((await recognizer.recognize(ink)).milliseconds);
    return all;
  }, [model, inks]);
}

async function benchPage() {
  console.log('\nThe page in Chromium, WebAssembly on one thread');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--enable-unsafe-swiftshader'],
  });
  for (const build of builds) {
    build.site = await serve(build.dist);
    build.url = build.site.url;
  }

  const cold = builds.map(() => []);
  for (let i = 0; i < 5; ++i)
    for (const [k, build] of builds.entries()) cold[k].push(await coldStart(browser, build));
  row('cold page to first result (median of 5, from navigation)', cold.map(median), ms, 'budget 2000 ms');

  for (const build of builds) build.page = await openPage(browser, build);
  for (let i = 0; i < 60; ++i)
    for (const build of builds) await draw(build, leaning(i % 10, (i - 30) / 200));
  const latencies = await Promise.all(builds.map(async ({ page }) => (await page.evaluate(() => window.latencies)).slice(5)));
  row(`digits: pen-up to text (median of ${latencies[0].length}, with the mouse)`, latencies.map(median), ms, 'budget 3 ms');
  row('digits: the same, 95th percentile', latencies.map(p95), ms);

  const models = await Promise.all(builds.map(async ({ dist }) =>
    JSON.parse(await readFile(path.join(dist, 'models/index.json'), 'utf8')).map(({ name }) => name)));
  for (const model of models.at(-1)) {
    const times = builds.map(() => []);
    for (let turn = 0; turn < 11; ++turn) {
      const inks = Array.from({ length: 20 }, (_, i) => inkOf(leaning(3, (turn * 20 + i - 110) / 500)));
      for (const [k, build] of builds.entries())
        if (models[k].includes(model)) times[k].push(...await recognizeAll(build, model, inks));
    }
    row(`${model}: recognize() of one character (median of 200)`, times.map((all) => median(all.slice(20))), ms,
      `budget ${{ digits: 3, letters: 6, hanzi: 12 }[model] ?? '?'} ms`);
  }
  await browser.close();
  for (const { site } of builds) await site.close();
}

// ---- the encoder ---------------------------------------------------------------------------------------------------

/** Runs a core_bench: Map of what it measured to a rate, empty where it was not built. */
function runEncoder(program) {
  if (!existsSync(program)) return new Map();
  const { stdout } = program.endsWith('.cjs') ? spawnSync(process.execPath, ['--no-experimental-fetch', program], { encoding: 'utf8' })
    : spawnSync(program, [], { encoding: 'utf8' });
  return new Map([...stdout.matchAll(/^ *(.*?) +([\d.]+) \/s$/gm)].map(([, what, rate]) => [what, Number(rate)]));
}

function benchEncoder() {
  console.log('\nThe encoder on one core (budget: 20,000 characters/s native, 10,000 in WebAssembly)');
  for (const [where, file] of [['native', 'build/core_bench'], ['WebAssembly under Node', 'build-wasm/core_bench.cjs']]) {
    console.log(` ${where}`);
    const turns = builds.map(() => []);
    for (let turn = 0; turn < 3; ++turn)
      for (const [k, { dist }] of builds.entries()) turns[k].push(runEncoder(path.join(dist, '..', file)));
    const whats = new Set(turns.flatMap((each) => [...each[0].keys()]));
    if (whats.size === 0) console.log('  not built: make bench builds it');
    for (const what of whats)
      row(what, turns.map((each) => (each[0].has(what) ? median(each.map((rates) => rates.get(what))) : undefined)), (rate) => `${rate.toFixed(0)} /s`);
  }
}

if (builds.length > 1) builds.forEach(({ dist }, k) => console.log(`column ${k + 1}: ${dist}`));
await benchSizes();
await benchPage();
benchEncoder();
