// Accuracy of the shipped models as users get them: the ONNX file, run by ONNX Runtime behind the shared encoder.
// usage: node tests/eval.mjs [MODEL ...]    (make eval)
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { kDist, mnistTest } from './support.mjs';

const { createRecognizer } = await import(pathToFileURL(path.join(kDist, 'biji.js')).href);

// Test sets by model: each yields { label, input, options }.
const kSets = {
  digits: {
    async *'mnist-test'() {
      const mnist = await mnistTest();
      for (let i = 0; i < mnist.count; ++i)
        yield { label: String(mnist.label(i)), input: { data: mnist.image(i), width: 28, height: 28 } };
    },
  },
};

const models = process.argv.length > 2 ? process.argv.slice(2)
  : JSON.parse(await readFile(path.join(kDist, 'models/index.json'), 'utf8')).map(({ name }) => name);
for (const model of models) {
  const recognizer = await createRecognizer({ model });
  for (const [set, samples] of Object.entries(kSets[model] ?? {})) {
    let count = 0;
    const right = [0, 0, 0];
    const bins = Array.from({ length: 15 }, () => ({ n: 0, right: 0, sum: 0 })); // expected calibration error
    for await (const { label, input } of samples()) {
      const { candidates } = await recognizer.recognize(input, { segment: 'none', candidates: 3 });
      const rank = candidates.findIndex(({ text }) => text === label);
      for (let k = 0; k < 3; ++k) right[k] += rank >= 0 && rank <= k;
      const p = candidates[0]?.probability ?? 0;
      const bin = bins[Math.min(14, Math.floor(p * 15))];
      bin.n += 1;
      bin.sum += p;
      bin.right += rank === 0;
      count += 1;
      if (process.stderr.isTTY && count % 100 === 0) process.stderr.write(`\r${model} ${set}: ${count}`);
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    const ece = bins.reduce((sum, bin) => sum + Math.abs(bin.sum - bin.right), 0) / count;
    const percent = (n) => `${((100 * n) / count).toFixed(2)} %`;
    console.log(`${model} on ${set}: ${count} samples, top-1 ${percent(right[0])}, top-2 ${percent(right[1])}, ` +
      `top-3 ${percent(right[2])}, calibration error ${(100 * ece).toFixed(2)} %`);
  }
  await recognizer.dispose();
}
