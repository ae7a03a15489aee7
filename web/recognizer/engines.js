// @ts-check
// Where engines come from: one for each assets folder and thread, for the life of the page.
import { BijiError } from './errors.js';
import { dial, kVersion } from './protocol.js';

/** @typedef {import('./protocol.js').Engine} Engine */

const kHere = new URL('.', import.meta.url).href;

/** @type {Map<string, Promise<Engine>>} */
const engines = new Map();

/**
 * assets: URL of the folder that holds engine.js, with '/' at the end. inThread: not in a worker; so it is, too, where no worker
 * can be had: on another origin, under a policy that forbids it.
 * Rejects with BijiError 'network' when engine.js cannot be loaded or belongs to another version of this script, which a cache
 * may cause: then it is fetched past the caches once.
 * @param {string} assets
 * @param {boolean} inThread
 */
export function engineFor(assets, inThread) {
  const key = `${assets} ${inThread}`;
  const known = engines.get(key);
  if (known) return known;
  const engine = inThread ? threadEngine(assets) : workerEngine(assets);
  engines.set(key, engine);
  engine.catch(() => engines.delete(key)); // the next one who asks tries again
  return engine;
}

/** @param {string} assets */
async function workerEngine(assets) {
  const url = `${assets}engine.js`;
  for (let tries = 1; ; ++tries) {
    let worker;
    let answer;
    try {
      worker = new Worker(url, { type: 'module' });
      answer = await dial(worker);
    } catch {
      return threadEngine(assets);
    }
    if (answer.version === kVersion) return answer.engine;
    worker.terminate();
    await refresh(url, answer.version, tries);
  }
}

/** @param {string} assets */
async function threadEngine(assets) {
  const url = `${typeof document === 'undefined' ? kHere : assets}engine.js`; // Node imports no code over HTTP
  for (let tries = 1; ; ++tries) {
    /** @type {{ createEngine(): Engine, kVersion?: string }} */
    let script;
    try {
      script = await import(tries === 1 ? url : `${url}?${encodeURIComponent(kVersion)}`); // else it would be the same once more
    } catch (cause) {
      throw new BijiError('network', `${url} could not be loaded. Is \`assets\` the folder that holds biji.js?`, { cause });
    }
    if (script.kVersion === kVersion) return local(script.createEngine());
    await refresh(url, script.kVersion ?? 'an early version', tries);
  }
}

/**
 * engine.js is a bundle with a BijiError of its own.
 * @param {any} engine
 */
function local(engine) {
  const call = (/** @type {keyof Engine} */ op) => async (/** @type {unknown[]} */ ...args) => {
    try {
      return await engine[op](...args);
    } catch (error) {
      throw BijiError.from(error);
    }
  };
  return /** @type {Engine} */ ({ load: call('load'), recognize: call('recognize'), dispose: call('dispose') });
}

/**
 * Has the browser fetch this script and the engine's once more, whatever its caches hold; refuses the engine after that.
 * @param {string} url
 * @param {string} version  what the engine says it is
 * @param {number} tries
 */
async function refresh(url, version, tries) {
  if (tries > 1)
    throw new BijiError('network', `${url} is of version ${version} and this script of ${kVersion}: they do not go together. ` +
      'Reload the page; if that does not help, copy all files of one version to the server.');
  const again = async (/** @type {string} */ file) => (await fetch(file, { cache: 'reload' })).arrayBuffer();
  await Promise.allSettled([url, import.meta.url].map(again));
}
