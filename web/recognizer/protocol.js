// @ts-check
// What a page's recogniser and its engine say to each other, in a worker: the types of both directions, both ends, and the
// handshake that keeps scripts of different versions apart. In one thread the same Engine is called without it.
import { BijiError } from './errors.js';

/**
 * @typedef {import('../biji.d.ts').ModelInfo} ModelInfo
 * @typedef {import('../biji.d.ts').Progress} Progress
 * @typedef {import('../biji.d.ts').Provider} Provider
 * @typedef {import('../biji.d.ts').RecognitionResult} RecognitionResult
 * @typedef {import('../biji.d.ts').RecognizeOptions} RecognizeOptions
 */

/**
 * The operations. id: a number that the page gives to each model it loads.
 * @typedef {object} Engine
 * @property {(id: number, options: LoadOptions, onprogress?: (progress: Progress) => void) => Promise<Loaded>} load
 * @property {(id: number, input: Input, options: Omit<RecognizeOptions, 'signal'>) => Promise<Answer>} recognize
 * @property {(id: number) => Promise<void>} dispose
 *
 * model, assets: URLs of folders, with '/' at the end. remembered: what 'auto' chose earlier.
 * @typedef {{ model: string, assets: string, provider: 'auto' | Provider, remembered: Provider | null }} LoadOptions
 * decided: 'auto' has just measured and chosen.
 * @typedef {{ info: ModelInfo, provider: Provider, decided: boolean }} Loaded
 * @typedef {{ ink: import('./ink.js').PackedInk } | { image: ImageBitmap | import('../biji.d.ts').PixelImage }} Input
 * @typedef {Omit<RecognitionResult, 'milliseconds'>} Answer
 */

/**
 * From the page: an operation with its arguments, numbered. A function for progress, the last one of load, stays at home.
 * @typedef {{ id: number, op: keyof Engine, args: unknown[] }} Request
 *
 * From the worker: who it is, once, before anything else; then for each request progress, any number of times, and one end.
 * @typedef {{ version: string }} Hello
 * @typedef {{ id: number, progress: Progress }} Advance
 * @typedef {{ id: number, value: unknown }} Success
 * @typedef {{ id: number, error: { code: string, message: string } }} Failure
 * @typedef {Hello | Advance | Success | Failure} Reply
 */

/** Of this script: the package's version and a digest of what it was built from. Both ends must have the same. */
// @ts-ignore: put in by web/build.mjs
export const kVersion = typeof __BIJI_VERSION__ === 'undefined' ? 'unbuilt' : /** @type {string} */ (__BIJI_VERSION__);

/**
 * The worker's end: answers all requests, for the life of the worker.
 * @param {Engine} engine
 * @param {{ onmessage: unknown, postMessage(reply: Reply): void }} port  the worker's global object
 */
export function serve(engine, port) {
  port.onmessage = async (/** @type {{ data: Request }} */ { data: { id, op, args } }) => {
    try {
      const run = /** @type {(...args: unknown[]) => Promise<unknown>} */ (engine[op]);
      const value = await run(...args, (/** @type {Progress} */ progress) => port.postMessage({ id, progress }));
      port.postMessage({ id, value });
    } catch (error) {
      const { code, message } = BijiError.from(error);
      port.postMessage({ id, error: { code, message } });
    }
  };
  port.postMessage({ version: kVersion });
}

/**
 * The page's end. Resolves once the worker has said who it is; rejects when it does not start. An engine whose worker fails
 * later rejects what was asked of it.
 * @param {Worker} worker
 * @returns {Promise<{ version: string, engine: Engine }>}
 */
export function dial(worker) {
  /** @type {Map<number, { resolve(value: unknown): void, reject(error: Error): void, onprogress?: unknown }>} */
  const waiting = new Map();
  let last = 0;
  const ask = (/** @type {keyof Engine} */ op) => (/** @type {any[]} */ ...args) => new Promise((resolve, reject) => {
    const id = ++last;
    const onprogress = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    waiting.set(id, { resolve, reject, onprogress });
    try {
      worker.postMessage({ id, op, args });
    } catch (cause) {
      waiting.delete(id);
      reject(new BijiError('input', `This input cannot be read: ${/** @type {Error} */ (cause).message}`, { cause }));
    }
  });
  const engine = /** @type {Engine} */ ({ load: ask('load'), recognize: ask('recognize'), dispose: ask('dispose') });

  return new Promise((resolve, reject) => {
    worker.onmessage = (/** @type {MessageEvent<any>} */ { data }) => {
      if (!('id' in data)) return resolve({ version: data.version ?? 'an early version', engine });
      const request = waiting.get(data.id);
      if (data.progress) return /** @type {any} */ (request)?.onprogress?.(data.progress);
      waiting.delete(data.id);
      if (data.error) request?.reject(new BijiError(data.error.code, data.error.message));
      else request?.resolve(data.value);
    };
    worker.onerror = (event) => {
      const error = new BijiError('internal', `The recognition worker failed: ${event.message ?? 'it could not start'}.`);
      reject(error);
      for (const request of waiting.values()) request.reject(error);
      waiting.clear();
    };
  });
}
