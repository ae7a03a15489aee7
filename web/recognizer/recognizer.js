// createRecognizer: what pages, widgets and Node programs use. It talks to one engine (web/engine.js) in one worker.
import { BijiError } from './errors.js';

/** Where the package's files are, unless told: beside this script. */
const kHere = new URL('.', import.meta.url).href;

/**
 * Loads a model (once, however many callers ask for it) and returns a Recognizer.
 *
 * options:
 *   model       name of a folder under assets + 'models/', or the URL of a folder that holds model.json. Default 'digits'.
 *   assets      URL of the folder with biji.js, biji-core.wasm, engine.js and ort/. Default: this script's own.
 *   provider    'auto' (default), 'webgpu' or 'wasm'. 'auto' measures once which is faster and remembers it;
 *               'webgpu' goes on with WebAssembly where there is no WebGPU. recognizer.provider tells which it is.
 *   worker      false runs in this thread. Default: a worker where there are workers.
 *   onprogress  ({ loaded, total, stage: 'download' | 'start' }) => void, in bytes.
 * Throws BijiError: 'network', 'model', 'unsupported'.
 */
export async function createRecognizer({ model = 'digits', assets = kHere, provider = 'auto', worker = true,
  onprogress = () => {} } = {}) {
  if (!['auto', 'webgpu', 'wasm'].includes(provider))
    throw new BijiError('input', `provider is 'auto', 'webgpu' or 'wasm', not '${provider}'.`);
  if (typeof WebAssembly !== 'object') throw new BijiError('unsupported', 'This browser has no WebAssembly.');
  const base = globalThis.document?.baseURI ?? kHere;
  const root = folder(new URL(assets, base));
  const at = folder(/[/:]/.test(model) ? new URL(model, base) : new URL(`models/${encodeURIComponent(model)}`, root));
  const inThread = !worker || typeof Worker === 'undefined';
  const key = `${at} ${provider} ${root} ${inThread}`;

  let shared = loaded.get(key);
  if (!shared) {
    shared = new SharedModel(key, { model: at, assets: root, provider }, inThread);
    loaded.set(key, shared);
  }
  return shared.open(onprogress);
}

function folder(url) {
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/** Models in use, by everything that makes a difference. Removed when the last recogniser is disposed of. */
const loaded = new Map();

class SharedModel {
  static #count = 0;
  #id = ++SharedModel.#count; // the engine's name for it: a key may come back while its predecessor is still closing
  #key;
  #users = 0;
  #listeners = new Set();
  #last = null; // the latest progress, for those who join late
  #ready;
  #queue = Promise.resolve();
  #engine;

  constructor(key, options, inThread) {
    this.#key = key;
    this.#ready = this.#load(options, inThread);
    this.#ready.catch(() => loaded.delete(key)); // the next createRecognizer tries again
  }

  async open(onprogress) {
    ++this.#users;
    this.#listeners.add(onprogress);
    if (this.#last) onprogress(this.#last);
    try {
      return new Recognizer(this, await this.#ready);
    } catch (error) {
      throw BijiError.from(error);
    } finally {
      this.#listeners.delete(onprogress);
    }
  }

  // Runs go one after the other: ONNX Runtime cannot do two at once, and a request that its caller has withdrawn
  // while it waited is never begun.
  run(input, options, signal) {
    const result = this.#queue.then(() => {
      if (signal?.aborted) throw new BijiError('aborted', 'A newer request took the place of this one.');
      return this.#engine.call('recognize', [this.#id, input, options]);
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  async close() {
    if (--this.#users > 0) return;
    if (loaded.get(this.#key) === this) loaded.delete(this.#key);
    await this.#queue;
    await this.#engine.call('dispose', [this.#id]);
  }

  async #load(options, inThread) {
    this.#engine = await engineFor(options.assets, inThread);
    const memory = `biji:provider:${options.model}`;
    const remembered = options.provider === 'auto' ? recall(memory) : null;
    const answer = await this.#engine.call('load', [this.#id, { ...options, remembered }], (progress) => {
      this.#last = progress;
      for (const listener of this.#listeners) listener(progress);
    });
    if (answer.decided) remember(memory, answer.provider);
    return answer;

    // A choice holds for one model file on one machine, for a month: drivers and browsers get better.
    function recall(name) {
      try {
        const { provider, until } = JSON.parse(localStorage.getItem(name));
        return until > Date.now() ? provider : null;
      } catch {
        return null;
      }
    }
    function remember(name, provider) {
      try {
        localStorage.setItem(name, JSON.stringify({ provider, until: Date.now() + 30 * 24 * 3600e3 }));
      } catch {
        // Storage may be full or forbidden; then 'auto' measures again the next time.
      }
    }
  }
}

/** A loaded model. Make it with createRecognizer, end it with dispose(). */
class Recognizer {
  #shared;
  #info;
  #provider;

  constructor(shared, { info, provider }) {
    this.#shared = shared;
    this.#info = info;
    this.#provider = provider;
  }

  /** model.json: name, classes, bytes, parameters, multiply_adds, accuracy, .. */
  get info() {
    return this.#info;
  }

  /** Which one computed the last result (or will the first): 'webgpu' | 'wasm'. */
  get provider() {
    return this.#provider;
  }

  /**
   * input: ink [{ x: [..], y: [..], t?: [..], pressure?: [..] }, ..] in any unit, y down; or an image: ImageData,
   * ImageBitmap or { data, width, height } with data RGBA, or grey when it has width * height bytes.
   * options: candidates (default 10), allow ('0-9'), segment 'auto' | 'none' (the input is one character),
   * ink 'auto' | 'dark' | 'light' (images), signal (an AbortSignal: withdraws the request while it waits).
   * Resolves to { text, candidates: [{ text, probability }], characters: [{ box, candidates, sure }], sure, provider,
   * milliseconds }: from this call to its answer. Input without ink gives the text ''.
   * Throws BijiError: 'input', 'aborted', 'disposed', 'model'.
   */
  async recognize(input, { signal, ...options } = {}) {
    if (!this.#shared) throw new BijiError('disposed', 'This recogniser was disposed of.');
    const start = performance.now();
    const request = Array.isArray(input) ? { ink: input.map(plainStroke) } : { image: plainImage(input) };
    const result = await this.#shared.run(request, options, signal);
    this.#provider = result.provider;
    return { ...result, milliseconds: performance.now() - start };
  }

  /** Frees the model when nobody else uses it. Requests under way are answered first. */
  async dispose() {
    const shared = this.#shared;
    this.#shared = null;
    await shared?.close();
  }
}

// What crosses to the worker: only the fields that are used, and only things that can be copied.
function plainStroke(stroke) {
  return { x: stroke?.x, y: stroke?.y, pressure: stroke?.pressure };
}

function plainImage(image) {
  if (typeof ImageBitmap !== 'undefined' && image instanceof ImageBitmap) return image;
  if (image == null || image.data == null)
    throw new BijiError('input', 'recognize() takes ink (an array of strokes) or an image (ImageData, ImageBitmap or ' +
      '{ data, width, height }).');
  return { data: image.data, width: image.width, height: image.height };
}

/** One engine for each assets folder and thread, for the life of the page. */
const engines = new Map();

function engineFor(assets, inThread) {
  const key = `${assets} ${inThread}`;
  if (!engines.has(key)) {
    const engine = inThread ? threadEngine(assets) : workerEngine(assets).catch(() => threadEngine(assets));
    engines.set(key, engine);
    engine.catch(() => engines.delete(key));
  }
  return engines.get(key);
}

async function threadEngine(assets) {
  const code = typeof document === 'undefined' ? kHere : assets; // Node imports no code over HTTP
  let engine;
  try {
    engine = (await import(`${code}engine.js`)).createEngine();
  } catch (cause) {
    throw new BijiError('network', `${code}engine.js could not be loaded. Is \`assets\` the folder that holds biji.js?`,
      { cause });
  }
  return {
    async call(op, args, onprogress) {
      try {
        return await engine[op](...args, onprogress);
      } catch (error) {
        throw BijiError.from(error); // engine.js is a bundle with a BijiError of its own
      }
    },
  };
}

// Rejects when no worker can be had here: another origin, a policy that forbids workers, no module workers.
function workerEngine(assets) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(`${assets}engine.js`, { type: 'module' });
    const waiting = new Map(); // id -> { resolve, reject, onprogress }
    let next = 0;
    worker.onmessage = ({ data }) => {
      if (data.ready) return resolve({ call });
      const request = waiting.get(data.id);
      if (data.progress) return request?.onprogress?.(data.progress);
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
    function call(op, args, onprogress) {
      return new Promise((done, failed) => {
        waiting.set(++next, { resolve: done, reject: failed, onprogress });
        try {
          worker.postMessage({ id: next, op, args });
        } catch (cause) {
          waiting.delete(next);
          failed(new BijiError('input', `This input cannot be read: ${cause.message}`, { cause }));
        }
      });
    }
  });
}
