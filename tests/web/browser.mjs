// What the tests in Chromium share: tabs whose errors are kept, and drawing with real pointer events.
import { chromium } from 'playwright-core';
import { kDigits } from './digits.mjs';
import { serve } from './support.mjs';

const kFlags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader'];
/** WebGPU on the CPU: slow, but the same kernels. */
export const kGpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
const kPatience = 120_000; // for shared machines; nothing here sleeps that long

/** Chromium and dist/ served, for one describe(): { browser, site }, filled before its tests and closed after them. */
export function stage({ before, after }, flags = []) {
  const here = {};
  before(async () => {
    here.site = await serve();
    here.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...kFlags, ...flags],
    });
  });
  after(async () => {
    await here.browser?.close();
    await here.site?.close();
  });
  return here;
}

/** A tab that keeps what the page asks for and every error of it: { page, requests, errors }. address: null for none yet. */
export async function open(t, { browser, site }, address = site.url, options = {}) {
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
export async function openBlank(t, here, body = '', options = {}) {
  const tab = await open(t, here, null, options);
  await tab.page.route('**/blank.html', (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!doctype html><html lang="en"><link rel="icon" href="data:,"><script type="module" src="./biji.js"></script>
      <body>${body}`,
  }));
  await tab.page.goto(`${here.site.url}blank.html`);
  await tab.page.waitForFunction(() => customElements.get('biji-pad'));
  return tab;
}

/** Waits until a pad has its model. */
export const ready = (page, selector = 'biji-pad') =>
  page.waitForFunction((s) => document.querySelector(s)?.recognizer, selector);

/** Waits until a pad reads as value. */
export const valueIs = (page, selector, value) =>
  page.waitForFunction(([s, v]) => document.querySelector(s).value === v, [selector, value]);

/** Draws a digit with the mouse in the middle of an element. */
export async function drawDigit(page, selector, digit, { size = 0.7, dx = 0 } = {}) {
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
