// The page of `biji eval --html` in real Chromium: drawn from one file, offline, under its own content security policy.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { kRoot, mnistTest } from './support.mjs';

const kBiji = process.env.BIJI ?? path.join(kRoot, 'build/biji');
const kSamples = 400;
const kEvery = 20; // each such label is wrong

let browser, folder, report; // report: the page's HTML, of a run of a few epochs
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'biji-report-'));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader'],
  });
  await writeImages();
  const biji = (...words) => promisify(execFile)(kBiji, words, { cwd: folder });
  await biji('prepare', 'mnist', '--from', '.', '--split', 'test', '--out', 'few.bjp');
  await biji('train', 'mnist-dense', '--data', 'few.bjp', '--held-out', '0.2', '--epochs', '4', '--out', 'run');
  await biji('eval', 'run', '--data', 'few.bjp', '--html', 'report.html');
  report = await readFile(path.join(folder, 'report.html'), 'utf8');
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The first of MNIST's test images as IDX files, some of them with a wrong label, so that there are errors. */
async function writeImages() {
  const mnist = await mnistTest();
  const header = (...numbers) => Buffer.from(new Uint8Array(Uint32Array.from(numbers).buffer)).swap32();
  const images = Array.from({ length: kSamples }, (_, i) => mnist.image(i));
  const labels = Uint8Array.from({ length: kSamples }, (_, i) => (mnist.label(i) + (i % kEvery === 0 ? 1 : 0)) % 10);
  await writeFile(path.join(folder, 't10k-images-idx3-ubyte'), Buffer.concat([header(0x803, kSamples, 28, 28), ...images]));
  await writeFile(path.join(folder, 't10k-labels-idx1-ubyte'), Buffer.concat([header(0x801, kSamples), labels]));
}

const kReport = /(<script type="application\/json" id="report">)(.*?)(<\/script>)/s;
const dataOf = (html) => JSON.parse(kReport.exec(html)[2]);

/** The same page of other figures. Data are no scripts: the page's policy does not name them. */
function withData(html, data) {
  const text = JSON.stringify(data).replaceAll('<', '\\u003c');
  return html.replace(kReport, (_, open, old, close) => open + text + close);
}

/** A tab with the page from a file. Returns { page, requests, errors }. */
async function open(t, html, options = {}) {
  const file = path.join(folder, `${t.name.replaceAll(/\W+/g, '-')}.html`);
  await writeFile(file, html);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const requests = [], errors = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => errors.push(message.text()));
  await page.goto(pathToFileURL(file).href);
  return { page, requests, errors };
}

/** Many classes with hostile labels, many groups, one bin without samples. */
function large(data) {
  const name = (i) => (i === 0 ? '<img src=x onerror=alert(1)>' : String.fromCodePoint(0x4e00 + i));
  const classes = Array.from({ length: 3755 }, (_, i) => ({
    label: name(i), samples: i % 7 ? 60 : 0, recall: i % 7 ? 1 - (i % 50) / 60 : null, precision: i % 7 ? 0.9 : null,
    confused_with: i % 7 && i % 50 ? { label: name(i - 1), count: i % 50 } : null,
  }));
  const pairs = Array.from({ length: 40 }, (_, i) => ({ a: name(2 * i), b: name(2 * i + 1), a_as_b: 40 - i, b_as_a: i }));
  const confusions = pairs.map(({ a, b, a_as_b: count }) => ({ truth: b, answer: a, count }));
  const groups = Array.from({ length: 60 }, (_, i) => ({ name: `<b>writer ${i}`, samples: 100, accuracy: 0.5 + i / 200 }));
  return { ...data, classes, pairs, confusions, groups, model: '<script>alert(2)</script>', epochs: [] };
}

const texts = (page, selector) => page.locator(selector).allTextContents();

test('shows what was measured, and asks nobody for anything', async (t) => {
  const { page, requests, errors } = await open(t, report);
  const data = dataOf(report);
  assert.ok(data.errors >= kSamples / kEvery / 2, 'the wrong labels are errors');
  assert.match(await page.title(), /^mnist-dense on .*%$/);
  assert.equal(await page.locator('#accuracy').textContent(), (100 * data.top1).toFixed(2));
  assert.deepEqual(await texts(page, 'nav a'),
    ['Learning', 'Calibration', 'Confusions', 'Pairs', 'Errors', 'Classes']); // no groups: MNIST names no writers
  assert.equal(await page.locator('#learning svg').count(), 3);
  assert.equal(await page.locator('#learning .hit').count(), 2 * 4 * 2 + 4); // a place to point at for each epoch
  const filled = data.calibration.filter(({ samples }) => samples > 0).length;
  assert.equal(await page.locator('#calibration .gap').count(), filled);
  assert.equal(await page.locator('#calibration tbody tr').count(), filled);
  assert.equal(await page.locator('.matrix .wrong').count(), data.confusions.length);
  assert.equal(await page.locator('.matrix .right').count(), data.classes.filter(({ recall }) => recall > 0).length);
  assert.equal(await page.locator('#errors figure').count(), Math.min(120, data.errors));
  assert.equal(await page.locator('#pairs article').count(), Math.min(24, data.pairs.length));
  const loaded = await page.locator('img').evaluateAll((all) =>
    Promise.all(all.map(async (img) => (await img.decode(), img.naturalWidth))));
  assert.ok(loaded.length > 0 && loaded.every((width) => width === 28), 'every picture is one');
  assert.ok(requests.every((url) => /^(file|data):/.test(url)), requests.join());
  assert.deepEqual(errors, []);
});

test('runs no script but its own', async (t) => {
  const { page } = await open(t, report.replace('</main>', '</main><script>window.foreign = true</script>'));
  assert.equal(await page.evaluate(() => window.foreign), undefined);
  assert.ok(await page.locator('#accuracy').textContent());
});

test('tables sort both ways, what is unknown last, and show only what one looks for', async (t) => {
  const { page, errors } = await open(t, withData(report, large(dataOf(report))));
  const column = async (n) => (await texts(page, `#classes tbody tr:not([hidden]) td:nth-child(${n})`));
  const recall = page.locator('#classes th', { hasText: 'Recall' });
  const numbers = (cells) => cells.filter((cell) => cell !== '–').map((cell) => parseFloat(cell.replace('>', '')));
  const ascending = (list) => list.every((v, i) => i === 0 || v >= list[i - 1]);
  assert.equal(await recall.getAttribute('aria-sort'), 'ascending');
  assert.ok(ascending(numbers(await column(3))), 'the lowest recall comes first');
  await recall.locator('button').click();
  assert.equal(await recall.getAttribute('aria-sort'), 'descending');
  const cells = await column(3);
  assert.ok(ascending(numbers(cells).reverse()));
  assert.ok(cells.slice(cells.indexOf('–')).every((cell) => cell === '–'), 'classes without samples come last');
  await page.locator('#groups th button', { hasText: 'Group' }).click();
  assert.equal(await page.locator('#groups tbody td').first().textContent(), '<b>writer 0');

  await page.locator('#classes input').fill('丁');
  assert.deepEqual(await column(1), ['丁', '丂']); // itself, and the one that it is taken for
  await page.locator('#classes input').fill('');
  assert.equal((await column(1)).length, 3755);
  assert.deepEqual(errors, []);
});

test('takes any labels and thousands of classes', async (t) => {
  const { page, errors } = await open(t, withData(report, large(dataOf(report))));
  assert.match(await page.locator('#confusions > p').textContent(), /the 24 of 3,755 classes/);
  assert.equal(await page.locator('.matrix .name').count(), 48);
  assert.equal(await page.locator('#learning').count(), 0, 'an exported model has no epochs');
  assert.equal(await page.locator('#groups tbody tr').count(), 60);
  assert.match(await page.locator('#model').textContent(), /^<script>alert\(2\)<\/script> · 3,755 classes/);
  assert.equal(await page.locator('#classes bdi', { hasText: '<img src=x onerror=alert(1)>' }).first().isVisible(), true);
  assert.deepEqual(errors, []);
});

test('fits a phone and a model without a fault', async (t) => {
  const data = dataOf(report);
  const faultless = { ...data, errors: 0, top1: 1, confusions: [], pairs: [], worst_errors: [],
    epochs: data.epochs.slice(0, 1).map((row) => ({ ...row, loss: 0, accuracy: 1, val_loss: null, val_accuracy: null })) };
  for (const html of [report, withData(report, faultless)]) {
    const { page, errors } = await open(t, html, { viewport: { width: 360, height: 740 } });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing but tables and matrices scrolls sideways');
    const drawn = (await page.locator('main').innerHTML()).replaceAll(/ src="[^"]*"/g, '');
    assert.doesNotMatch(drawn, /NaN|Infinity|undefined/);
    assert.deepEqual(errors, []);
  }
  const { page } = await open(t, withData(report, faultless));
  assert.equal(await page.locator('#accuracy').textContent(), '100');
  assert.equal(await page.locator('#errors').count(), 0);
});
