// Takes README's picture, web/page/screenshot.png, of the page in dist/: node tests/web/screenshot.mjs [OUT]
import path from 'node:path';
import { chromium } from 'playwright-core';
import { kRoot, serve } from './support.mjs';

// Strokes as corner points of a smooth line in a unit square, y down.
const kCharacters = {
  山: [
    [[0.5, 0.08], [0.51, 0.45], [0.49, 0.82]],
    [[0.17, 0.4], [0.16, 0.62], [0.18, 0.83], [0.5, 0.82], [0.84, 0.8]],
    [[0.85, 0.38], [0.85, 0.6], [0.83, 0.9]],
  ],
  水: [
    [[0.5, 0.05], [0.52, 0.4], [0.51, 0.86], [0.47, 0.93], [0.38, 0.84]],
    [[0.14, 0.36], [0.27, 0.35], [0.4, 0.33], [0.34, 0.5], [0.1, 0.8]],
    [[0.82, 0.2], [0.72, 0.33], [0.58, 0.43]],
    [[0.55, 0.42], [0.7, 0.64], [0.93, 0.83]],
  ],
};
// Through all points (E. Catmull & R. Rom, 1974), some steps between two.
function* smooth(points, steps = 8) {
  const at = (i) => points[Math.max(0, Math.min(points.length - 1, i))];
  for (let i = 0; i + 1 < points.length; ++i)
    for (let k = 0; k < steps; ++k) {
      const t = k / steps, [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
      yield [0, 1].map((d) => q[d] + (t / 2) * (r[d] - p[d] + t * (2 * p[d] - 5 * q[d] + 4 * r[d] - s[d] + t * (3 * (q[d] - r[d]) + s[d] - p[d]))));
    }
  yield points.at(-1);
}

const site = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--enable-unsafe-swiftshader'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
await page.goto(site.url);
await page.waitForFunction(() => document.querySelector('biji-pad').recognizer);
await page.locator('#models').selectOption('hanzi');
await page.waitForFunction(() => document.querySelector('biji-pad').recognizer?.info.name === 'hanzi');
const box = await page.locator('biji-pad .sheet').boundingBox();
const side = Math.min(box.width, box.height) * 0.4;
for (const [i, strokes] of Object.values(kCharacters).entries()) {
  for (const stroke of strokes) {
    const [start, ...points] = [...smooth(stroke)].map(([x, y]) =>
      [box.x + box.width * (0.27 + 0.46 * i) + (x - 0.5) * side, box.y + box.height / 2 + (y - 0.5) * side * 1.1]);
    await page.mouse.move(...start);
    await page.mouse.down();
    for (const point of points) await page.mouse.move(...point);
    await page.mouse.up();
  }
}
await page.waitForFunction((text) => document.querySelector('biji-pad').value === text, Object.keys(kCharacters).join(''));
// Once more, warm: the first request after loading is not what a user sees from then on.
for (let i = 0; i < 20; ++i) await page.locator('biji-pad').evaluate((pad) => pad.recognize());
await page.mouse.move(5, 5);
await page.screenshot({ path: process.argv[2] ?? path.join(kRoot, 'web/page/screenshot.png') });
await browser.close();
await site.close();
