// createRecognizer: what pages, widgets and Node programs use. It talks to an engine (engine.js), in a worker where it can.
import { engineFor } from './engines.js';
import { BijiError } from './errors.js';
import { packInk } from './ink.js';

/** Where the package's files are, unless told: beside this script. */
const kHere = new URL('.', import.meta.url).href;

/** Loads a model, once for all who ask for it: createRecognizer in web/biji.d.ts. */
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
      return this.#engine.recognize(this.#id, input, options);
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  async close() {
    if (--this.#users > 0) return;
    if (loaded.get(this.#key) === this) loaded.delete(this.#key);
    await this.#queue;
    await this.#engine.dispose(this.#id);
  }

  async #load(options, inThread) {
    this.#engine = await engineFor(options.assets, inThread);
    const memory = `biji:provider:${options.model}`;
    const remembered = options.provider === 'auto' ? recall(memory) : null;
    const answer = await this.#engine.load(this.#id, { ...options, remembered }, (progress) => {
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

  /** Reads ink or an image: Recognizer in web/biji.d.ts. */
  async recognize(input, { signal, ...options } = {}) {
    if (!this.#shared) throw new BijiError('disposed', 'This recogniser was disposed of.');
    const start = performance.now();
    const request = Array.isArray(input) ? { ink: packInk(input) } : { image: plainImage(input) };
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
function plainImage(image) {
  if (typeof ImageBitmap !== 'undefined' && image instanceof ImageBitmap) return image;
  if (image == null || image.data == null)
    throw new BijiError('input', 'recognize() takes ink (an array of strokes) or an image (ImageData, ImageBitmap or ' +
      '{ data, width, height }).');
  return { data: image.data, width: image.width, height: image.height };
}
