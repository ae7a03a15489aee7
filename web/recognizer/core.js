// The encoder and decoder (wasm/core.h) for JavaScript. The only place that knows its memory layout.
import { BijiError } from './errors.js';

const utf8 = new TextEncoder();
const text = new TextDecoder();
const kEmpty = 1; // Err::kEmpty

/** Compiles biji-core.wasm once; instantiate one Core per model from the result. */
export async function compileCore(bytes) {
  return WebAssembly.compile(bytes);
}

export class Core {
  #wasm;
  #handle;
  #allow = '';
  /** Of one character's input: [channels, height, width]. */
  shape;

  /**
   * module: from compileCore. spec: `input` of model.json. labels: the text of labels.txt.
   * look: `look_again` of model.json, if it has that.
   */
  static async create(module, spec, labels, look) {
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
    core.shape = [1 + (spec?.directions | 0) + (spec?.order | 0), spec?.size | 0, spec?.size | 0];
    core.#wasm = instance.exports;
    core.#wasm._initialize();
    core.#handle = core.#wasm.biji_core_create();
    if (!core.#handle) throw new BijiError('internal', 'There is no memory for the encoder.');
    const centring = { mass: 0, box: 1, density: 2 }[spec?.centring] ?? -1;
    core.#check(
      core.#wasm.biji_core_set_input(core.#handle, spec?.size | 0, spec?.box | 0, centring, Number(spec?.pen),
        spec?.directions | 0, spec?.order | 0),
      'model', 'The input that model.json describes cannot be made');
    core.#check(core.#wasm.biji_core_set_look_again(core.#handle, Number(look?.below ?? 0), Number(look?.slant ?? 0)), 'model',
      'The second look that model.json describes cannot be had');
    core.#check(core.#wasm.biji_core_set_labels(core.#handle, core.#write([utf8.encode(labels)])), 'model',
      'The labels file cannot be read');
    return core;
  }

  get inputVersion() {
    return this.#wasm.biji_core_input_version(this.#handle);
  }

  get classes() {
    return this.#wasm.biji_core_label_count(this.#handle);
  }

  /** ink: from ink.js. split: find characters, else everything is one. Returns how many there are: 0 when there is no ink. */
  encodeInk({ points, ends }, split) {
    const count = points.length / 4;
    const xy = new Float32Array(2 * count);
    const pressure = new Float32Array(count);
    for (let i = 0; i < count; ++i) {
      xy[2 * i] = points[4 * i];
      xy[2 * i + 1] = points[4 * i + 1];
      pressure[i] = points[4 * i + 3];
    }
    this.#write([xy, pressure, ends]);
    return this.#encoded(this.#wasm.biji_core_encode_ink(this.#handle, count, ends.length, split ? 1 : 0));
  }

  /** image: { data, width, height }, data RGBA or grey (255 = white) by its length. shade: 'auto' | 'dark' | 'light'. */
  encodeImage({ data, width, height }, shade, split) {
    const pixels = width * height;
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
      throw new BijiError('input', 'An image needs a width and a height of at least one pixel.');
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) ||
        (data.length !== pixels && data.length !== 4 * pixels))
      throw new BijiError('input',
        `An image of ${width} x ${height} needs ${pixels} bytes of grey or ${4 * pixels} of RGBA, not ${data?.length}.`);
    const code = { auto: 0, dark: 1, light: 2 }[shade];
    if (code === undefined) throw new BijiError('input', `ink is 'auto', 'dark' or 'light', not '${shade}'.`);
    this.#write([data]);
    return this.#encoded(this.#wasm.biji_core_encode_image(this.#handle, width, height, data.length / pixels, code,
      split ? 1 : 0));
  }

  /** The last encoding as the model's input: u8 [count, ...shape], a copy. */
  input() {
    return this.#inputs(this.#wasm.biji_core_count(this.#handle), this.#wasm.biji_core_input(this.#handle));
  }

  /**
   * logits: f32 [count, classes] for the last encoding. Returns what the model should look at besides, as it is unsure:
   * u8 [any, ...shape], a copy; its logits go to decode, too.
   */
  lookAgain(logits, temperature) {
    this.#write([logits]);
    this.#check(this.#wasm.biji_core_look_again(this.#handle, this.classes, temperature), 'input', 'Decoding failed');
    return this.#inputs(this.#wasm.biji_core_again_count(this.#handle), this.#wasm.biji_core_again_input(this.#handle));
  }

  /** Restricts candidates, as in '0-9'; '' allows all. */
  setAllow(allow) {
    if (allow === this.#allow) return;
    const status = this.#wasm.biji_core_set_allow(this.#handle, this.#write([utf8.encode(allow)]));
    if (status === kEmpty) throw new BijiError('input', `allow: '${allow}' leaves no character of this model.`);
    this.#check(status, 'input', `allow: '${allow}' is not a list of characters and ranges`);
    this.#allow = allow;
  }

  /**
   * logits: f32 [count, classes] for the last encoding. again: f32 [any, classes] for what lookAgain returned, if it was
   * called. k: candidates wanted. labels: [classes] texts.
   * Returns { text, candidates, characters } as createRecognizer's result has them.
   */
  decode(logits, again, temperature, k, labels) {
    const wasm = this.#wasm;
    this.#write([logits, again]);
    this.#check(wasm.biji_core_decode(this.#handle, labels.length, temperature, k), 'input', 'Decoding failed');
    const count = wasm.biji_core_count(this.#handle);
    const each = wasm.biji_core_candidate_count(this.#handle);
    const heap = wasm.memory.buffer;
    const indices = new Int32Array(heap, wasm.biji_core_candidate_indices(this.#handle), count * each);
    const probabilities = new Float32Array(heap, wasm.biji_core_candidate_probabilities(this.#handle), count * each);
    const boxes = new Float32Array(heap, wasm.biji_core_boxes(this.#handle), count * 4);
    const characters = Array.from({ length: count }, (_, i) => ({
      box: { x: boxes[4 * i], y: boxes[4 * i + 1], width: boxes[4 * i + 2], height: boxes[4 * i + 3] },
      candidates: Array.from({ length: each }, (_unused, j) => ({
        text: labels[indices[i * each + j]],
        probability: probabilities[i * each + j],
      })),
    }));
    const candidates = Array.from({ length: wasm.biji_core_reading_count(this.#handle) }, (_, i) => ({
      text: this.#string(wasm.biji_core_reading_text(this.#handle, i)),
      probability: wasm.biji_core_reading_probability(this.#handle, i),
    }));
    return { text: candidates[0]?.text ?? '', candidates, characters };
  }

  dispose() {
    if (this.#handle) this.#wasm.biji_core_destroy(this.#handle);
    this.#handle = 0;
  }

  #inputs(count, at) {
    return new Uint8Array(this.#wasm.memory.buffer, at, this.shape.reduce((n, side) => n * side, count)).slice();
  }

  #encoded(status) {
    if (status === kEmpty) return 0;
    this.#check(status, 'input', 'This input cannot be read');
    return this.#wasm.biji_core_count(this.#handle);
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

  #string(at) {
    const heap = new Uint8Array(this.#wasm.memory.buffer);
    return text.decode(heap.subarray(at, heap.indexOf(0, at)));
  }

  #check(status, code, what) {
    if (status !== 0)
      throw new BijiError(code, `${what}: ${this.#string(this.#wasm.biji_core_error_text(status))}.`);
  }
}
