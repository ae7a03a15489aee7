// One training step of several builds of the trainer, by turns: whether training became slower.
// usage: node tests/bench/bench_steps.mjs --build OLD/build --build build [--rounds 7] [--steps 5] [--batch 256] [--threads 0]
//        [--precision fp32] [--device cpu] [NETWORK ...]    (default: hanzi letters)
// The last column is the last one's median divided by the first one's. Each build has its train_bench.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { kRoot } from '../web/support.mjs';

const { values, positionals } = parseArgs({
  options: {
    build: { type: 'string', multiple: true, default: [path.join(kRoot, 'build')] },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '5' },
    batch: { type: 'string', default: '256' },
    threads: { type: 'string', default: '0' },
    precision: { type: 'string', default: 'fp32' },
    device: { type: 'string', default: 'cpu' },
  },
  allowPositionals: true,
});
const rounds = Number(values.rounds), steps = Number(values.steps);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** A train_bench, which waits for orders and answers each with a line of JSON. */
function startBench(build, network) {
  const { device, threads, precision, batch } = values;
  // No session reaches the end of an epoch, where a checkpoint would be written.
  const child = spawn(path.join(build, 'train_bench'), [network, device, threads, precision, batch, String(batch * (steps + 2))],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${build}/train_bench ended; see above`);
    return JSON.parse(value);
  };
  return {
    info: answer(),
    /** Seconds of each step but the first, which warms up; what: 'network', or 'whole' with its input pipeline. */
    async round(what) {
      child.stdin.write(`${what} ${steps + 1}\n`);
      return (await answer()).slice(1).map(([, seconds]) => seconds);
    },
    close: () => child.stdin.end(),
  };
}

values.build.forEach((build, k) => console.log(`column ${k + 1}: ${path.resolve(build)}`));
for (const network of positionals.length > 0 ? positionals : ['hanzi', 'letters']) {
  const benches = values.build.map((build) => startBench(build, network));
  const { parameters, batch, precision, device, threads } = (await Promise.all(benches.map(({ info }) => info))).at(-1);
  console.log(`\n${network}: ${parameters.toLocaleString('en')} parameters, batch ${batch}, ${precision}, ${device}, ${threads} threads`);
  for (const [what, name] of [['network', 'one step'], ['whole', 'one step with its input pipeline']]) {
    const times = benches.map(() => []);
    for (let round = -1; round < rounds; ++round) { // nobody counts the first: memory, kernels
      for (const [k, bench] of benches.entries()) {
        const seconds = await bench.round(what);
        if (round >= 0) times[k].push(...seconds);
      }
    }
    const medians = times.map(median);
    console.log(`  ${name.padEnd(40)}${medians.map((each) => `${(each * 1e3).toFixed(1)} ms`.padStart(12)).join('')}` +
      `${(medians.at(-1) / medians[0]).toFixed(3).padStart(10)} x`);
  }
  for (const bench of benches) bench.close();
}
