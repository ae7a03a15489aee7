// Handwriting that is not part of this repository, read where it lies: ../shared/data, or the folder named by BIJI_DATA.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

const kRoot = process.env.BIJI_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const run = promisify(execFile);

/** Whether a file or folder of the data is there. */
export const has = (name) => existsSync(path.join(kRoot, name));

const gbk = new TextDecoder('gbk', { fatal: true });

/** EMNIST, stored column-major: { label, input } for each image of a split ('byclass-val'). */
export async function* emnist(split) {
  const read = async (kind) => gunzipSync(await readFile(path.join(kRoot, 'emnist', `emnist-${split}-${kind}-ubyte.gz`)));
  const [images, labels] = [await read('images-idx3'), await read('labels-idx1')];
  const classes = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  for (let i = 0; i < labels.length - 8; ++i) {
    const data = new Uint8Array(784);
    for (let y = 0; y < 28; ++y) for (let x = 0; x < 28; ++x) data[y * 28 + x] = images[16 + i * 784 + x * 28 + y];
    yield { label: classes[labels[8 + i]], input: { data, width: 28, height: 28 } };
  }
}

/** HWDB scans (.gnt.xz): { label, input }, grey as scanned, dark ink. */
export async function* hwdb(file) {
  const { stdout } = await run('xz', ['-dc', path.join(kRoot, file)], { encoding: 'buffer', maxBuffer: 1 << 30 });
  for (let at = 0; at + 10 <= stdout.length; at += stdout.readUInt32LE(at)) {
    const [width, height] = [stdout.readUInt16LE(at + 6), stdout.readUInt16LE(at + 8)];
    const data = new Uint8Array(stdout.subarray(at + 10, at + 10 + width * height));
    yield { label: gbk.decode(stdout.subarray(at + 4, at + 6)), input: { data, width, height } };
  }
}

/** OLHWDB ink (.pot in a .tar.xz): { label, input, group: writer } for every step-th character, another one in each file. */
export async function* olhwdb(file, step = 1) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'biji-pot-'));
  try {
    await run('tar', ['-xJf', path.join(kRoot, file), '-C', folder]);
    const pots = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.pot')).sort();
    for (const [k, name] of pots.entries()) {
      const bytes = await readFile(path.join(folder, name));
      for (let at = 0, i = 0; at + 8 <= bytes.length; at += bytes.readUInt16LE(at), ++i) {
        if (i % step !== k % step) continue;
        const strokes = [{ x: [], y: [] }];
        for (let p = at + 8; p < at + bytes.readUInt16LE(at); p += 4) {
          const [x, y] = [bytes.readInt16LE(p), bytes.readInt16LE(p + 2)];
          if (x === -1 && y === -1) break;
          if (x === -1 && y === 0) {
            strokes.push({ x: [], y: [] });
          } else {
            strokes.at(-1).x.push(x);
            strokes.at(-1).y.push(y);
          }
        }
        yield {
          label: gbk.decode(Uint8Array.of(bytes[at + 3], bytes[at + 2])),
          input: strokes.filter(({ x }) => x.length > 0),
          group: path.basename(name, '.pot'),
        };
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** UNIPEN or Pendigits ink of some categories and writers, by way of `biji prepare`: { label, input, group: writer }. */
export async function* unipen({ from, categories, writers }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'biji-unipen-'));
  try {
    const biji = fileURLToPath(new URL('../../build/biji', import.meta.url));
    const source = path.join(kRoot, from);
    const pack = path.join(folder, 'unipen.bjp'), lines = path.join(folder, 'unipen.jsonl');
    const chosen = categories ? ['--categories', categories] : [];
    await run(biji, ['prepare', 'unipen', '--from', source, ...chosen, '--writers', writers, '--out', pack], { maxBuffer: 1 << 24 });
    await run(biji, ['show', pack, '--jsonl', lines], { maxBuffer: 1 << 24 });
    for (const line of (await readFile(lines, 'utf8')).split('\n').filter(Boolean)) {
      const { label, writer, ink } = JSON.parse(line);
      yield { label, input: ink, group: writer };
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
/** The writers of UNIPEN and of Pendigits that nothing is trained on. */
export const kUnipen = { from: 'unipen/unipen-train.tar.xz', writers: path.join(kRoot, 'unipen/validation-writers.txt') };
export const kPendigits = { from: 'pendigits/pendigits-orig.tra.xz', writers: 'pendigits/28,pendigits/29,pendigits/30' };
