// What no compiler says about the sources. Fails on formatting, on an include or import that points the wrong way, on
// errors in the TypeScript declarations and on exported C functions that nobody calls; lists what has grown long.
// usage: node tests/lint.mjs [--fix]    (make lint, make format)
// --fix: format the C++ sources, and nothing else.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

// clang-format in a version of our own: each one formats some lines differently.
const { format } = await import('@wasm-fmt/clang-format').catch(() => {
  console.error('lint: npm packages are missing: run `make setup`');
  process.exit(1);
});

const kRoot = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');
const kFolders = ['shared', 'native', 'wasm', 'web', 'tests'];
const kLongFile = 600, kLongFunction = 100; // lines

const { values: { fix } } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });

/** All sources: Map of path from the root, with '/', to text. */
async function readSources() {
  const names = (await Promise.all(kFolders.map(async (folder) => (await readdir(path.join(kRoot, folder),
    { recursive: true })).map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))))).flat().sort();
  const wanted = names.filter((name) => /\.(h|cpp|m?js|ts|cmake)$/.test(name));
  return new Map(await Promise.all(wanted.map(async (name) => [name, await readFile(path.join(kRoot, name), 'utf8')])));
}

const isCpp = (name) => /\.(h|cpp)$/.test(name);
const isScript = (name) => /\.m?js$/.test(name);
const lineAt = (text, index) => text.slice(0, index).split('\n').length;

/** A problem: where it is, what it is and what to do; fails: false lists it only. */
const problem = (file, line, message, fails = true) => ({ file, line, message, fails });

// ---- formatting ----------------------------------------------------------------------------------------------------

function formatted(name, text, style) {
  try {
    return format(text, name, style);
  } catch (error) {
    throw new Error(`${name}: clang-format: ${error.message ?? error}`, { cause: error });
  }
}

function checkFormat(sources, style) {
  const problems = [];
  for (const [name, text] of sources) {
    if (!isCpp(name)) continue;
    const should = formatted(name, text, style);
    if (should === text) continue;
    const [is, be] = [text.split('\n'), should.split('\n')];
    const first = is.findIndex((line, i) => line !== be[i]);
    problems.push(problem(name, first + 1, 'is not formatted: run `make format`'));
  }
  return problems;
}

async function fixFormat(sources, style) {
  for (const [name, text] of sources) {
    if (!isCpp(name)) continue;
    const should = formatted(name, text, style);
    if (should === text) continue;
    await writeFile(path.join(kRoot, name), should);
    console.log(`formatted ${name}`);
  }
}

// ---- includes ------------------------------------------------------------------------------------------------------

/** [{ line, to, spelled }] of the quoted includes that lie in the repository, and problems of those that don't. */
function includesOf(name, text, sources) {
  const includes = [], problems = [];
  for (const { 1: spelled, index } of text.matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm)) {
    const line = lineAt(text, index);
    const beside = path.posix.join(path.posix.dirname(name), spelled);
    const to = sources.has(spelled) ? spelled : sources.has(beside) ? beside : undefined;
    if (to) includes.push({ line, to, spelled });
    else if (!(name.startsWith('wasm/') && /^(imgui|imgui_internal|backends\/imgui_impl_\w+)\.h$/.test(spelled)))
      problems.push(problem(name, line, `"${spelled}" is not in the repository: <> is for libraries`));
  }
  return { includes, problems };
}

/** What a file may include: a test of the path, and the rule in words. */
function allowedFrom(name, rooms) {
  const [top, room] = name.split('/');
  const under = (...folders) => (to) => folders.some((folder) => to.startsWith(`${folder}/`));
  if (top === 'shared') return { may: under('shared'), rule: 'shared/ includes shared/ only' };
  if (top === 'wasm') return { may: under('shared', 'wasm'), rule: 'wasm/ includes shared/ and wasm/ only' };
  if (name.startsWith('tests/core/'))
    return { may: under('shared', 'wasm', 'tests/core'), rule: 'tests/core/ is built as WebAssembly, too: no native/' };
  if (top !== 'native') return { may: () => true };
  if (name === 'native/main.cpp') return { may: under('shared', 'native'), rule: 'native/ includes native/ and shared/ only' };
  const before = rooms.slice(0, rooms.indexOf(room) + 1);
  return {
    may: under('shared', ...before.map((each) => `native/${each}`)),
    rule: `native/${room} includes shared/ and ${before.map((each) => `native/${each}`).join(', ')} only: ` +
      'move what both need to the earlier room, or pass it in',
    fails: true,
  };
}

function checkIncludes(sources, rooms) {
  const problems = [];
  const graph = new Map();
  for (const [name, text] of sources) {
    if (!isCpp(name)) continue;
    const room = name.split('/')[1];
    if (name.startsWith('native/') && name !== 'native/main.cpp' && !rooms.includes(room)) {
      problems.push(problem(name, 1, `is in no room: native/ has ${rooms.join(', ')} (BIJI_ROOMS in native/native.cmake)`));
      continue;
    }
    const found = includesOf(name, text, sources);
    problems.push(...found.problems);
    graph.set(name, found.includes);
    const { may, rule } = allowedFrom(name, rooms);
    for (const { line, to, spelled } of found.includes) {
      if (!may(to)) problems.push(problem(name, line, `includes ${to}, but ${rule}`));
      if (to.startsWith('native/') && spelled !== to) problems.push(problem(name, line, `write "${to}", the path from the root`));
    }
  }
  return [...problems, ...checkCycles(graph)];
}

/** Files that include one another in a circle; graph: file -> [{ line, to }]. Each circle is told once. */
function checkCycles(graph) {
  const problems = [], done = new Set(), way = [];
  const visit = (name) => {
    if (done.has(name)) return;
    way.push(name);
    for (const { line, to } of graph.get(name) ?? []) {
      const from = way.indexOf(to);
      if (from >= 0) problems.push(problem(name, line, `includes in a circle: ${[...way.slice(from), to].join(' -> ')}`));
      else visit(to);
    }
    way.pop();
    done.add(name);
  };
  for (const name of graph.keys()) visit(name);
  return problems;
}

// ---- imports -------------------------------------------------------------------------------------------------------

const kImports = { // folder of web/: which others it may import from
  recognizer: ['recognizer'],
  pad: ['pad', 'recognizer'],
};

function checkImports(sources) {
  const problems = [];
  for (const [name, text] of sources) {
    const folder = name.startsWith('web/') && isScript(name) ? name.split('/')[1] : undefined;
    if (!kImports[folder]) continue;
    for (const found of text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']*)'/g)) {
      const to = path.posix.join(path.posix.dirname(name), found[1]);
      if (to.endsWith('.d.ts')) continue; // types alone
      if (!kImports[folder].some((each) => to.startsWith(`web/${each}/`)))
        problems.push(problem(name, lineAt(text, found.index),
          `imports ${to}, but web/${folder}/ imports from ${kImports[folder].map((each) => `web/${each}/`).join(' and ')} only`));
    }
  }
  return problems;
}

// ---- exports -------------------------------------------------------------------------------------------------------

function checkExports(sources) {
  const problems = [];
  const scripts = [...sources].filter(([name]) => name.startsWith('web/') && isScript(name));
  const called = new Set(scripts.flatMap(([, text]) => text.match(/biji_[a-z0-9_]+/g) ?? []));
  const exported = new Set();
  for (const [name, text] of sources) {
    if (!name.startsWith('wasm/') || !name.endsWith('.cmake')) continue;
    for (const { 1: symbol, index } of text.matchAll(/\b_(biji_[a-z0-9_]+)/g)) {
      exported.add(symbol);
      if (!called.has(symbol))
        problems.push(problem(name, lineAt(text, index), `exports ${symbol}, which nothing in web/ calls: remove it, there and in the C++`));
    }
  }
  for (const [name, text] of scripts)
    for (const { 1: symbol, index } of text.matchAll(/\._?(biji_[a-z0-9_]+)\(/g))
      if (!exported.has(symbol)) problems.push(problem(name, lineAt(text, index), `calls ${symbol}, which no list in wasm/*.cmake exports`));
  return problems;
}

// ---- declarations --------------------------------------------------------------------------------------------------

/** Runs the TypeScript compiler over the declarations, and scripts that ask for it, as a strict program with the DOM would. */
async function checkTypes(sources) {
  const compiler = path.join(kRoot, 'node_modules/typescript/bin/tsc');
  const files = [...sources].filter(([name, text]) => name.startsWith('web/') && (name.endsWith('.d.ts') || text.startsWith('// @ts-check')))
    .map(([name]) => name);
  const child = spawn(process.execPath, [compiler, '--ignoreConfig', '--noEmit', '--allowJs', '--strict', '--module', 'esnext', '--target', 'es2022',
    '--moduleResolution', 'bundler', '--lib', 'es2022,dom', '--types', '', '--pretty', 'false', ...files], { cwd: kRoot });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  const problems = [...output.matchAll(/^(.+?)\((\d+),\d+\): error (.*)$/gm)].map(([, file, line, message]) => problem(file, line, message));
  if (status !== 0 && problems.length === 0) problems.push(problem('web', 1, `tsc failed: ${output.trim()}`));
  return problems;
}

// ---- length --------------------------------------------------------------------------------------------------------

/** C++ with strings, characters and comments blanked, line by line the same length of lines. */
function codeOnly(text) {
  const blank = (match) => match.replace(/[^\n]/g, ' ');
  return text.replace(/R"(\w*)\([^]*?\)\1"|\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'/g, blank)
    .replace(/^[ \t]*#(?:.*\\\n)*.*$/gm, blank);
}

/** [{ name, line, lines }] of a C++ file's functions; those inside functions (lambdas) belong to them. */
function cppFunctions(text) {
  const code = codeOnly(text), functions = [], open = [];
  let head = 0; // where what precedes the next brace begins
  for (const { 0: token, index } of code.matchAll(/[{};]/g)) {
    const inside = open.some(({ name }) => name);
    if (token === '{') {
      const words = code.slice(head, index).replace(/^\s*(?:(?:public|private|protected):\s*)*/, '');
      const isScope = /^(?:template <[^{]*>\s*)?(?:namespace|class|struct|union|enum|extern)\b(?!.*\(.*\))/.test(words);
      const name = inside || isScope ? undefined : /([~\w:]+|operator\S+) ?\(/.exec(words.replace(/^template <[^(]*>\s/, ''))?.[1];
      open.push({ name, start: index - words.length });
      if (!inside) head = index + 1;
    } else if (token === ';') {
      if (!inside) head = index + 1;
    } else {
      const { name, start } = open.pop() ?? {};
      const isBody = !/^\s*[,){]/.test(code.slice(index + 1, index + 200)); // else braces of an initialiser in a head
      if (name && isBody) functions.push({ name, line: lineAt(code, start), lines: lineAt(code, index) - lineAt(code, start) + 1 });
      if (!open.some((each) => each.name)) head = isBody ? index + 1 : start;
    }
  }
  return functions;
}

/** The same for JavaScript, by its indentation: a body ends where a line closes it at the indentation of its head. */
function scriptFunctions(text) {
  const lines = text.split('\n'), functions = [];
  lines.forEach((line, i) => {
    const head = /^(\s*)(?:export (?:default )?)?(?:async )?function\*? (\w+)\(/.exec(line) ??
      /^(\s*)(?:export )?const (\w+) = (?:async )?\(.*\) => \{$/.exec(line) ??
      /^(  )(?:(?:static|async|get|set) |\*)*(#?\w+)\(.*\) \{$/.exec(line);
    if (!head || /^(if|for|while|switch|catch)$/.test(head[2]) || line.trimEnd().endsWith('}')) return;
    const length = lines.slice(i + 1).findIndex((next) => next.startsWith(`${head[1]}}`)) + 2;
    functions.push({ name: head[2], line: i + 1, lines: length });
  });
  return functions;
}

function checkLength(sources) {
  const problems = [];
  for (const [name, text] of sources) {
    if (name.startsWith('tests/') || !(isCpp(name) || isScript(name))) continue;
    const lines = text.split('\n').length - 1;
    if (lines > kLongFile) problems.push(problem(name, 1, `has ${lines} lines: is it two files?`, false));
    for (const each of isCpp(name) ? cppFunctions(text) : scriptFunctions(text))
      if (each.lines > kLongFunction) problems.push(problem(name, each.line, `${each.name} has ${each.lines} lines`, false));
  }
  return problems;
}

// --------------------------------------------------------------------------------------------------------------------

const sources = await readSources();
const style = await readFile(path.join(kRoot, '.clang-format'), 'utf8');
if (fix) {
  await fixFormat(sources, style);
} else {
  const rooms = /set\(BIJI_ROOMS ([\w ]+)\)/.exec(sources.get('native/native.cmake'))[1].split(' ');
  const types = checkTypes(sources); // a program of its own: it runs meanwhile
  const problems = [...checkIncludes(sources, rooms), ...checkImports(sources), ...checkExports(sources),
    ...checkLength(sources), ...checkFormat(sources, style), ...await types];
  for (const { file, line, message, fails } of problems.sort((a, b) => a.fails - b.fails))
    console.log(`${file}:${line}: ${fails ? 'error' : 'note'}: ${message}`);
  const errors = problems.filter(({ fails }) => fails).length;
  console.log(`lint: ${sources.size} files, ${errors} error(s), ${problems.length - errors} note(s)`);
  process.exitCode = errors > 0 ? 1 : 0;
}
