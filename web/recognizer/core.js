// The Reader (wasm/core.h) for JavaScript. The only place that knows its memory layout.
import { BijiError } from './errors.js';

const kAbi = 2; // BIJI_CORE_ABI in wasm/core.h
const kEmpty = 1; // of Err in shared/result.h
const kBadArgument = 2;
const kCentrings = { mass: 0, box: 1, density: 2 };
const kShades = { auto: 0, dark: 1, light: 2 };

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Compiles biji-core.wasm once; instantiate one Core per model from the result. */
export async function compileCore(bytes) {
  return WebAssembly.compile(bytes);
}

export class Core {
  #wasm;
  #handle;
  #labels;
  /** Of one input of the model: [channels, height, width]. */
  shape;

  /** module: from compileCore. info: model.json. labels: the text of labels.txt. */
  static async create(module, info, labels) {
    // The module has no JavaScript glue. It asks for two things: to tell that memory has grown (views are never
    // kept across calls, so nothing to do) and to end the program, which only a failed allocation does.
    const instance = await WebAssembly.instantiate(module, {
      env: { emscripten_notify_memory_growth() {} },
      wasi_snapshot_preview1: {
        proc_exit() {
          throw new BijiError('internal', 'The encoder ran out of memory.');
        },
      },
    });
    const core = new Core();
    core.#wasm = instance.exports;
    core.#wasm._initialize();
    if (core.#wasm.biji_core_abi?.() !== kAbi)
      throw new BijiError('internal', 'biji-core.wasm is of another version of Biji than this script. Reload the page; if that ' +
        'does not help, copy all files of one version to the server.');
    core.#handle = core.#wasm.biji_core_create();
    if (!core.#handle) throw new BijiError('internal', 'There is no memory for the encoder.');
    core.#setModel(info, labels);
    return core;
  }

  #setModel({ input: spec, look_again: look, rejection, temperature = 1 }, labels) {
    this.shape = [1 + (spec?.directions | 0) + (spec?.order | 0), spec?.size | 0, spec?.size | 0];
    this.#check(
      this.#wasm.biji_core_set_input(this.#handle, spec?.size | 0, spec?.box | 0, kCentrings[spec?.centring] ?? -1,
        Number(spec?.pen), spec?.directions | 0, spec?.order | 0),
      'model', 'The input that model.json describes cannot be made');
    this.#check(
      this.#wasm.biji_core_set_augmentation(this.#handle, Number(look?.below ?? 0), Number(look?.slant ?? 0)),
      'model', 'The test-time augmentation that model.json describes cannot be made');
    const status = this.#wasm.biji_core_set_model(this.#handle, this.#write([utf8.encode(labels)]), Number(temperature),
      Number(rejection?.threshold ?? 0));
    this.#check(status, 'model', status === kBadArgument
      ? 'The temperature or the rejection threshold in model.json cannot be used' : 'The labels file cannot be read');
    this.#labels = labels.replace(/\r?\n$/, '').split(/\r?\n/);
  }

  get inputVersion() {
    return this.#wasm.biji_core_input_version(this.#handle);
  }

  get classes() {
    return this.#wasm.biji_core_label_count(this.#handle);
  }

  /** How the next inputs are read: allow '0-9' ('' allows all), candidates 1..1024, split: find characters. */
  setOptions({ allow, candidates, split }) {
    const status = this.#wasm.biji_core_set_options(this.#handle, this.#write([utf8.encode(allow)]), candidates, split ? 1 : 0);
    if (status === kEmpty) throw new BijiError('input', `allow: '${allow}' leaves no character of this model.`);
    this.#check(status, 'input', `allow: '${allow}' is not a list of characters and ranges`);
  }

  /** Begins to read ink: packed, from ink.js. */
  beginInk({ points, ends }) {
    const count = points.length / 4;
    const xy = new Float32Array(2 * count);
    const pressure = new Float32Array(count);
    for (let i = 0; i < count; ++i) {
      xy[2 * i] = points[4 * i];
      xy[2 * i + 1] = points[4 * i + 1];
      pressure[i] = points[4 * i + 3];
    }
    this.#write([xy, pressure, ends]);
    this.#check(this.#wasm.biji_core_begin_ink(this.#handle, count, ends.length), 'input', 'This input cannot be read');
  }

  /** Begins to read { data, width, height }, data RGBA or grey (255 = white) by its length. shade: 'auto' | 'dark' | 'light'. */
  beginImage({ data, width, height }, shade) {
    const pixels = width * height;
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
      throw new BijiError('input', 'An image needs a width and a height of at least one pixel.');
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) ||
        (data.length !== pixels && data.length !== 4 * pixels))
      throw new BijiError('input',
        `An image of ${width} x ${height} needs ${pixels} bytes of grey or ${4 * pixels} of RGBA, not ${data?.length}.`);
    if (!Object.hasOwn(kShades, shade)) throw new BijiError('input', `shade is 'auto', 'dark' or 'light', not '${shade}'.`);
    this.#write([data]);
    this.#check(this.#wasm.biji_core_begin_image(this.#handle, width, height, data.length / pixels, kShades[shade]), 'input',
      'This input cannot be read');
  }

  /** What the model should look at now: { input: u8 [count, ...shape], a copy, count }; null when the reading is done. */
  next() {
    const count = this.#wasm.biji_core_next(this.#handle);
    if (count === 0) return null;
    const bytes = this.shape.reduce((n, side) => n * side, count);
    return { input: new Uint8Array(this.#wasm.memory.buffer, this.#wasm.biji_core_batch(this.#handle), bytes).slice(), count };
  }

  /** logits: f32 [count, classes] of the batch that next() has just given. */
  feed(logits, count) {
    this.#write([logits]);
    this.#check(this.#wasm.biji_core_feed(this.#handle, count), 'internal', 'The logits of the model cannot be used');
  }

  /** { text, candidates, lines, characters, sure } as createRecognizer's result has them, once next() gave null. */
  result() {
    const at = this.#wasm.biji_core_result(this.#handle);
    const count = this.#wasm.biji_core_result_words(this.#handle);
    const words = new Int32Array(this.#wasm.memory.buffer, at, count);
    const floats = new Float32Array(this.#wasm.memory.buffer, at, count);
    const texts = this.#wasm.biji_core_text(this.#handle);
    let i = 0;
    const int = () => words[i++];
    const float = () => floats[i++];
    const string = () => text.decode(new Uint8Array(this.#wasm.memory.buffer, texts + int(), int()));
    const box = () => ({ x: float(), y: float(), width: float(), height: float() });
    const list = (length, item) => Array.from({ length }, item);

    const sure = int() === 1;
    const [readings, lines, characters] = [int(), int(), int()];
    const result = {
      text: '',
      candidates: list(readings, () => ({ text: string(), probability: float() })),
      lines: list(lines, () => ({ box: box(), begin: int(), end: int() })),
      characters: list(characters, () => {
        const character = { text: string(), box: box(), line: int(), sure: int() === 1 };
        const [strokes, candidates] = [int(), int()];
        character.strokes = list(strokes, () => ({ stroke: int(), begin: int(), end: int() }));
        character.candidates = list(candidates, () => ({ text: this.#labels[int()], probability: float() }));
        return character;
      }),
      sure,
    };
    result.text = result.candidates[0]?.text ?? '';
    return result;
  }

  dispose() {
    if (this.#handle) this.#wasm.biji_core_destroy(this.#handle);
    this.#handle = 0;
  }

  // Copies arrays one after the other into the scratch buffer; returns their bytes.
  #write(arrays) {
    const bytes = arrays.reduce((sum, array) => sum + array.byteLength, 0);
    let at = this.#wasm.biji_core_scratch(this.#handle, bytes);
    if (!at) throw new BijiError('input', `There is no memory for ${bytes} bytes of input.`);
    for (const array of arrays) {
      new Uint8Array(this.#wasm.memory.buffer, at, array.byteLength)
        .set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      at += array.byteLength;
    }
    return bytes;
  }

  #check(status, code, what) {
    if (status === 0) return;
    const at = this.#wasm.biji_core_error_text(status);
    const heap = new Uint8Array(this.#wasm.memory.buffer);
    throw new BijiError(code, `${what}: ${text.decode(heap.subarray(at, heap.indexOf(0, at)))}.`);
  }
}
