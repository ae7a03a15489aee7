// Makes dist/: the site and the npm package in one folder that any static server can serve.
// usage: node web/build.mjs [--wasm build-wasm] [--out dist]
import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { wasm: { type: 'string', default: 'build-wasm' }, out: { type: 'string', default: 'dist' } },
});
const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const wasm = path.resolve(root, values.wasm);
const out = path.resolve(root, values.out);
const next = `${out}.next`; // built aside, so that a failed build leaves the old site in place
const ort = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'));
const project = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

await rm(next, { recursive: true, force: true });
await mkdir(path.join(next, 'ort'), { recursive: true });

const runtime = ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm', 'ort.jspi.bundle.min.mjs',
  'ort-wasm-simd-threaded.jspi.wasm'];
for (const file of runtime) await cp(path.join(ort, file), path.join(next, 'ort', file));
for (const file of ['biji-core.wasm', 'biji-pad.wasm']) await cp(path.join(wasm, file), path.join(next, file));
for (const file of await readdir(path.join(root, 'web/page')))
  if (/\.(html|css|svg|png|webmanifest)$/.test(file)) await cp(path.join(root, 'web/page', file), path.join(next, file));
await cp(path.join(root, 'web/biji.d.ts'), path.join(next, 'biji.d.ts'));
for (const file of ['LICENSE', 'NOTICES.md']) await cp(path.join(root, file), path.join(next, file));
const readme = await readFile(path.join(root, 'README.md'), 'utf8');
await writeFile(path.join(next, 'README.md'), readme.replaceAll('(web/page/', '(').replaceAll('(web/', '('));
await cp(path.join(root, 'docs'), path.join(next, 'docs'), { recursive: true });
await cp(path.join(root, 'models'), path.join(next, 'models'), {
  recursive: true,
  filter: (file) => !/golden\.json$/.test(file), // for tests, not for visitors
});

const models = [];
for (const name of (await readdir(path.join(next, 'models'))).sort()) {
  try {
    const info = JSON.parse(await readFile(path.join(next, 'models', name, 'model.json'), 'utf8'));
    models.push({ name, title: info.title ?? name, bytes: info.bytes });
  } catch {
    // not a model folder
  }
}
await writeFile(path.join(next, 'models', 'index.json'), `${JSON.stringify(models)}\n`);

// What the page needs to work offline with its first model: sw.js keeps these.
const offline = ['./', './page.js', './page.css', './favicon.svg', './biji.js', './engine.js', './biji-core.wasm',
  './biji-pad.wasm', './ort/ort.wasm.bundle.min.mjs', './ort/ort-wasm-simd-threaded.wasm', './models/index.json',
  ...['model.json', 'labels.txt', 'model.onnx'].map((file) => `./models/digits/${file}`)];

// import css from './pad.css': the file's text, without its comments and spaces.
const styles = {
  name: 'styles',
  setup: ({ onLoad }) => onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
    const { code } = await transform(await readFile(file, 'utf8'), { loader: 'css', minify: true, target: 'es2022' });
    return { contents: code.trimEnd(), loader: 'text' };
  }),
};

// What the scripts check at each other, so that a cache cannot mix files of different builds: the version of the package with
// a digest of what it is built from, and which WebAssembly modules belong to it.
const digest = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
const sources = (await readdir(path.join(root, 'web'), { recursive: true })).filter((file) => /\.(js|css)$/.test(file)).sort();
const modules = await Promise.all(['biji-core.wasm', 'biji-pad.wasm'].map(async (file) => {
  const content = await readFile(path.join(next, file));
  return [file, { bytes: content.length, sha256: digest(content) }];
}));
const parts = await Promise.all(sources.map((file) => readFile(path.join(root, 'web', file))));
const version = `${project.version}+${digest(JSON.stringify(modules), ...parts).slice(0, 8)}`;
const runtimes = await Promise.all(runtime.filter((file) => file.endsWith('.wasm')).map(async (file) =>
  [`ort/${file}`, { bytes: (await stat(path.join(next, 'ort', file))).size }]));

await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'web/biji.js', out: 'biji' }, { in: 'web/recognizer/engine.js', out: 'engine' },
    { in: 'web/page/page.js', out: 'page' }, { in: 'web/page/sw.js', out: 'sw' },
  ],
  outdir: next,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  external: ['node:*', './biji.js', './engine.js'],
  alias: { '#wasm': wasm },
  plugins: [styles],
  define: {
    __BIJI_VERSION__: JSON.stringify(version),
    __BIJI_OFFLINE_FILES__: JSON.stringify(offline),
    __BIJI_FILES__: JSON.stringify(Object.fromEntries([...modules, ...runtimes])),
  },
  logLevel: 'warning',
});

await writeFile(path.join(next, 'package.json'), `${JSON.stringify({
  name: project.name, version: project.version, description: project.description, license: project.license,
  type: 'module', main: './biji.js', types: './biji.d.ts', exports: { '.': { types: './biji.d.ts', default: './biji.js' }, './*': './*' },
  sideEffects: ['./biji.js'], keywords: project.keywords,
}, null, 2)}\n`);

await rm(out, { recursive: true, force: true });
await rename(next, out);
console.log(`dist/ is ready: ${models.length} model(s), version ${version}`);
