// Recognition itself: the encoder, ONNX Runtime and the decoder, for any number of models.
//
// Runs in a worker (this file is its script) so that ink never stutters; where there are no workers, in Node and on
// pages that forbid them, recognizer.js imports it and calls createEngine() in its own thread.
import { compileCore, Core } from './core.js';
import { BijiError } from './errors.js';
import { fetchBytes, fetchExact, fetchModule, kFiles } from './fetch.js';
import { kVersion, serve } from './protocol.js';

export { kVersion };

// ONNX Runtime's builds: 'wasm' for the CPU; 'jspi' for the CPU and WebGPU, where the browser can suspend WebAssembly.
const kRuntimes = {
  wasm: { script: 'ort/ort.wasm.bundle.min.mjs', binary: 'ort/ort-wasm-simd-threaded.wasm' },
  jspi: { script: 'ort/ort.jspi.bundle.min.mjs', binary: 'ort/ort-wasm-simd-threaded.jspi.wasm' },
};
const kHere = new URL('.', import.meta.url).href;
const kLine = { points: Float32Array.of(0, 0, 0, 0.5, 1, 1, 0, 0.5), ends: Int32Array.of(2) }; // packed, see ink.js

/** Downloads that happen once for an engine, shared by its models; a failed one is tried again the next time. */
class Once {
  #promises = new Map();
  has(key) {
    return this.#promises.has(key);
  }
  get(key, make) {
    if (!this.#promises.has(key)) {
      const promise = make();
      this.#promises.set(key, promise);
      promise.catch(() => this.#promises.delete(key));
    }
    return this.#promises.get(key);
  }
}

/** @returns {import('./protocol.js').Engine} */
export function createEngine() {
  const once = new Once();
  const models = new Map(); // id -> Model
  return {
    /** Loads a model; see Model.load. Returns { info, provider, decided }. */
    async load(id, options, onprogress) {
      const model = await Model.load(options, once, onprogress);
      models.set(id, model);
      return { info: model.info, provider: model.provider, decided: model.decided };
    },
    async recognize(id, input, options) {
      const model = models.get(id);
      if (!model) throw new BijiError('disposed', 'This recogniser was disposed of.');
      return model.recognize(input, options);
    },
    async dispose(id) {
      const model = models.get(id);
      models.delete(id);
      await model?.dispose();
    },
  };
}

class Model {
  info; // model.json
  provider; // 'webgpu' | 'wasm'
  decided = false; // true when 'auto' has just measured and chosen
  #core;
  #ort;
  #bytes;
  #session;
  #lost = false;
  #loadPlain; // () => ONNX Runtime's build for the CPU alone

  /**
   * options: { model: folder URL ending in '/', assets: folder URL, provider: 'auto' | 'webgpu' | 'wasm',
   * remembered: what 'auto' chose earlier, or null }. onprogress: ({ loaded, total, stage }) in bytes.
   */
  static async load({ model, assets, provider, remembered }, once, onprogress) {
    const self = new Model();
    const [info, labels] = await Promise.all([
      readJson(`${model}model.json`),
      fetchBytes(`${model}labels.txt`, undefined, { cache: 'no-cache' }).then((b) => new TextDecoder().decode(b)),
    ]);
    self.info = info;
    if (typeof info !== 'object' || !Number.isInteger(info?.bytes) || !Number.isInteger(info?.classes))
      throw new BijiError('model', `${model}model.json does not describe a Biji model.`);

    const temperature = Math.fround(info.temperature ?? 1);
    if (!(temperature > 0 && temperature < Infinity))
      throw new BijiError('model', `${model}model.json has a temperature of ${info.temperature}. Export the model again.`);

    const wanted = provider === 'auto' && remembered ? remembered : provider;
    const gpu = wanted === 'wasm' ? null : await findGpu(provider === 'auto');
    const runtime = gpu ? 'jspi' : 'wasm';

    const missing = ['biji-core.wasm', kRuntimes[runtime].binary].filter((file) => !once.has(file)); // the others are here or on their way
    const total = missing.reduce((sum, file) => sum + (kFiles[file]?.bytes ?? 0), info.bytes);
    let loaded = 0;
    const onbytes = (n) => onprogress({ loaded: (loaded += n), total: Math.max(total, loaded), stage: 'download' });
    const [core, ort, bytes] = await Promise.all([
      once.get('biji-core.wasm', async () => compileCore(await fetchModule(assets, 'biji-core.wasm', onbytes))),
      once.get(kRuntimes[runtime].binary, () => loadRuntime(assets, runtime, onbytes)),
      fetchModel(model, info, onbytes),
    ]);
    onprogress({ loaded, total: loaded, stage: 'start' });

    self.#core = await Core.create(core, info, labels);
    if (info.input_version !== self.#core.inputVersion)
      throw new BijiError('model',
        `${model} was trained for version ${info.input_version} of the encoder and this is version ` +
        `${self.#core.inputVersion}. Export the model again with this version of Biji.`);
    if (self.#core.classes !== info.classes)
      throw new BijiError('model', `${model}labels.txt has ${self.#core.classes} labels, model.json says ${info.classes}.`);
    self.#ort = ort;
    self.#loadPlain = () => once.get(kRuntimes.wasm.binary, () => loadRuntime(assets, 'wasm', () => {}));
    self.#bytes = bytes;
    await self.#start(gpu, wanted);
    await self.recognize({ ink: kLine }); // encoder and decoder run once as well
    return self;
  }

  /** input: { ink } or { image }. Returns { text, candidates, lines, characters, sure, provider }. */
  async recognize({ ink, image }, { candidates = 10, allow = '', segment = 'auto', shade, ink: alias = 'auto' } = {}) {
    if (segment !== 'auto' && segment !== 'none')
      throw new BijiError('input', `segment is 'auto' or 'none', not '${segment}'.`);
    const core = this.#core;
    core.setOptions({
      allow: String(allow ?? ''),
      candidates: Math.min(Math.max(Math.trunc(Number(candidates)) || 1, 1), 1024),
      split: segment === 'auto',
    });
    if (ink) core.beginInk(ink);
    else core.beginImage(toPixels(image), shade ?? alias);
    for (let batch = core.next(); batch; batch = core.next()) core.feed(await this.#infer(batch.input, batch.count), batch.count);
    return { ...core.result(), provider: this.provider };
  }

  async dispose() {
    this.#core?.dispose();
    await this.#session?.release();
    this.#session = null;
  }

  // input: u8 [count, ...shape]. Returns f32 [count, classes].
  async #infer(input, count) {
    if (this.#lost) await this.#fallBack();
    try {
      return await this.#inferWith(this.#session, input, count);
    } catch (error) {
      // A lost device or a kernel that fails: the same request is answered by WebAssembly.
      if (this.provider !== 'webgpu') throw new BijiError('internal', `The model failed: ${error.message}`, { cause: error });
      await this.#fallBack();
      return this.#inferWith(this.#session, input, count);
    }
  }

  async #inferWith(session, input, count) {
    const tensor = new this.#ort.Tensor('uint8', input, [count, ...this.#core.shape]);
    const { logits } = await session.run({ input: tensor });
    const data = await logits.getData();
    if (data.length !== count * this.info.classes)
      throw new BijiError('model', `The model gives ${data.length / count} logits for ${this.info.classes} classes.`);
    return data;
  }

  // One character's input without ink.
  #blank() {
    return new Uint8Array(this.#core.shape.reduce((n, side) => n * side));
  }

  async #start(gpu, wanted) {
    if (gpu) {
      try {
        this.#session = await this.#warm('webgpu');
        this.provider = 'webgpu';
        this.#watchDevice();
        if (wanted === 'auto') await this.#chooseFaster();
        return;
      } catch {
        await this.#session?.release().catch(() => {});
        this.#session = null;
      }
    }
    await this.#startWasm();
  }

  // The build for WebGPU computes on the CPU too, unless its start has failed for good; then there is the plain one.
  async #startWasm() {
    try {
      this.#session = await this.#warm('wasm').catch(async (error) => {
        const plain = await this.#loadPlain();
        if (plain === this.#ort) throw error;
        this.#ort = plain;
        return this.#warm('wasm');
      });
    } catch (cause) {
      throw new BijiError('model', `ONNX Runtime cannot run this model: ${cause?.message ?? cause}`, { cause });
    }
    this.provider = 'wasm';
    this.#lost = false;
  }

  // A session that has run once, so that the first stroke does not pay for compiling kernels.
  async #warm(provider) {
    const session = await this.#ort.InferenceSession.create(this.#bytes, {
      // ONNX Runtime 1.30's WebGPU computes a first convolution of six planes wrongly in its own choice of layout, NHWC:
      // https://github.com/microsoft/onnxruntime/issues/29651
      executionProviders: [provider === 'webgpu' ? { name: provider, preferredLayout: 'NCHW' } : provider],
      graphOptimizationLevel: 'all',
    });
    await this.#inferWith(session, this.#blank(), 1);
    return session;
  }

  async #watchDevice() {
    const device = await this.#ort.env.webgpu.device;
    device?.lost.then(() => {
      this.#lost = this.provider === 'webgpu';
    });
  }

  async #fallBack() {
    const old = this.#session;
    await this.#startWasm();
    await old?.release().catch(() => {}); // its device may be gone
  }

  // 'auto': WebGPU must be no slower than WebAssembly on this machine, for this model.
  async #chooseFaster() {
    const input = this.#blank();
    const median = async (session) => {
      const times = [];
      for (let i = 0; i < 7; ++i) {
        const start = performance.now();
        await this.#inferWith(session, input, 1);
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[3];
    };
    const wasm = await this.#warm('wasm');
    const faster = (await median(this.#session)) <= (await median(wasm)) ? 'webgpu' : 'wasm';
    const loser = faster === 'webgpu' ? wasm : this.#session;
    if (faster === 'wasm') this.#session = wasm;
    this.provider = faster;
    this.decided = true;
    await loser.release();
  }
}

// A GPU adapter that may be used, or null. real: software adapters do not count.
async function findGpu(real) {
  if (typeof WebAssembly.Suspending !== 'function') return null; // the build for WebGPU needs JSPI
  try {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    if (!adapter) return null;
    const info = adapter.info ?? {};
    const software = info.isFallbackAdapter || adapter.isFallbackAdapter ||
      /swiftshader|llvmpipe|software|basic render/i.test(`${info.vendor} ${info.architecture} ${info.description}`);
    return real && software ? null : adapter;
  } catch {
    return null;
  }
}

async function loadRuntime(assets, name, onbytes) {
  const { script, binary } = kRuntimes[name];
  const [ort, wasm] = await Promise.all([import(`${kHere}${script}`), fetchBytes(`${assets}${binary}`, onbytes)]);
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.numThreads = 1; // more need cross-origin isolation
  ort.env.logLevel = 'error';
  return ort;
}

async function readJson(url) {
  const bytes = await fetchBytes(url, undefined, { cache: 'no-cache' });
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BijiError('model', `${url} is not JSON. Is it the folder of a model?`, { cause });
  }
}

// The model's bytes, checked against model.json.
async function fetchModel(model, info, onbytes) {
  const url = `${model}${info.file ?? 'model.onnx'}`;
  const bytes = await fetchExact(url, info, onbytes);
  if (bytes) return bytes;
  throw new BijiError('model',
    `${url} is damaged: it is not the ${info.bytes} bytes with sha256 ${String(info.sha256).slice(0, 12)}… that model.json ` +
    'names. Try again, or copy the model to the server once more.');
}

// Pixels as they are, never scaled: the encoder does that, as it does for training.
function toPixels(image) {
  if (typeof ImageBitmap === 'undefined' || !(image instanceof ImageBitmap)) return image;
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}

if (typeof WorkerGlobalScope !== 'undefined' && globalThis instanceof WorkerGlobalScope) serve(createEngine(), globalThis);
