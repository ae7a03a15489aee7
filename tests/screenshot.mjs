// Takes README's picture, web/screenshot.png, of the page in dist/: node tests/screenshot.mjs [OUT]
import path from 'node:path';
import { chromium } from 'playwright-core';
import { kDigits } from './digits.mjs';
import { kRoot, serve } from './support.mjs';

const site = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--enable-unsafe-swiftshader'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
await page.goto(site.url);
await page.waitForFunction(() => document.querySelector('biji-pad').recognizer);
const box = await page.locator('biji-pad .sheet').boundingBox();
const side = Math.min(box.width, box.height) * 0.34;
for (const [i, digit] of [...'20'].entries()) {
  for (const stroke of kDigits[digit]) {
    const at = ([x, y]) => [box.x + box.width * (0.3 + 0.4 * i) + (x - 0.5) * side, box.y + box.height / 2 + (y - 0.5) * side * 1.4];
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 3 });
    await page.mouse.up();
  }
}
await page.waitForFunction(() => document.querySelector('biji-pad').value === '20');
// Once more, warm: the first request after loading is not what a user sees from then on.
for (let i = 0; i < 20; ++i) await page.locator('biji-pad').evaluate((pad) => pad.recognize());
await page.mouse.move(5, 5);
await page.screenshot({ path: process.argv[2] ?? path.join(kRoot, 'web/screenshot.png') });
await browser.close();
await site.close();
