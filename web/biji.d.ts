// The package: its types and its manual. What is said here holds; web/recognizer/ and web/pad/ do it.

/**
 * One pen-down to pen-up. All arrays have the same length, at most 2^18 points and 2^14 strokes together; any unit, y down,
 * coordinates finite and at most 1e7. What is not so is refused with a BijiError 'input' that names the stroke.
 */
export interface Stroke {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** Milliseconds from any origin; what is no number counts as 0. */
  t?: ArrayLike<number>;
  /** 0..1, clamped; 0.5 where the device has none. */
  pressure?: ArrayLike<number>;
}

/** Strokes in the order they were drawn. */
export type Ink = Stroke[];

/** data: RGBA, or grey when it has width * height bytes (255 = white). */
export interface PixelImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

export type Provider = 'webgpu' | 'wasm';

/** probability: 0..1, calibrated on the model's validation data. */
export interface Candidate {
  text: string;
  probability: number;
}

/** In the unit of the ink, or pixels of the image. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Points begin .. end-1 of ink[stroke]. */
export interface StrokeRange {
  stroke: number;
  begin: number;
  end: number;
}

/** A character that was found. */
export interface Character {
  /** Its part of the best reading. */
  text: string;
  box: Box;
  /** Index in RecognitionResult.lines. */
  line: number;
  /** What it is made of, in drawing order; each point of the ink belongs to one character at most. [] for images. */
  strokes: StrokeRange[];
  /** What it may be, best first. */
  candidates: Candidate[];
  /** False where it had better be read as nothing, see ModelInfo.rejection. */
  sure: boolean;
}

/** A line of text: characters begin .. end-1 of RecognitionResult.characters. */
export interface Line {
  box: Box;
  begin: number;
  end: number;
}

export interface RecognitionResult {
  /** The best reading; lines are separated by '\n'. '' when there was no ink. */
  text: string;
  /** Readings of the whole input, best first. */
  candidates: Candidate[];
  /** From top to bottom. */
  lines: Line[];
  /** In reading order. */
  characters: Character[];
  /** All of them are. */
  sure: boolean;
  /** What computed it. */
  provider: Provider;
  /** From the call of recognize() to its answer. */
  milliseconds: number;
}

export interface RecognizeOptions {
  /** How many candidates at most. Default 10, 1..1024. */
  candidates?: number;
  /** Characters that may be read, as ranges: '0-9', 'A-Za-z', '一-龥'. Default: all that the model knows. */
  allow?: string;
  /** 'none': the input is one character. Default 'auto'. */
  segment?: 'auto' | 'none';
  /** Images: is the ink darker or lighter than the paper? Default 'auto' finds out. */
  shade?: 'auto' | 'dark' | 'light';
  /** An earlier name of shade. */
  ink?: 'auto' | 'dark' | 'light';
  /** Withdraws the request while it waits for others; it then rejects with the code 'aborted'. */
  signal?: AbortSignal;
}

/** model.json: the model's card in numbers. */
export interface ModelInfo {
  name: string;
  version: string;
  input_version: number;
  /** directions: planes behind the picture that tell which way the pen went; order: one more, that tells when. */
  input: {
    size: number; box: number; centring: 'mass' | 'box' | 'density'; pen: number; directions?: number; order?: boolean;
    scale: number; mean: number;
  };
  classes: number;
  /** Of model.onnx. */
  bytes: number;
  sha256: string;
  parameters: number;
  multiply_adds: number;
  temperature: number;
  /**
   * Test-time augmentation: characters whose best candidate is less probable than `below` are looked at twice more, sheared
   * by `slant` to either side, and get the mean of the three answers. Models without it look once.
   */
  look_again?: { below: number; slant: number };
  /** Answers less probable than the threshold had better be none; the shares of non-characters and characters on the wrong side. */
  rejection?: { threshold: number; false_accept: number; false_reject: number };
  /** Share of right answers by test set, 0..1. */
  accuracy: Record<string, number>;
  /** The set whose accuracy stands for the model. */
  measured_on?: string;
  [field: string]: unknown;
}

export interface Progress {
  /** Bytes so far. */
  loaded: number;
  total: number;
  stage: 'download' | 'start';
}

export interface RecognizerOptions {
  /** Name of a folder under assets + 'models/', or the URL of a folder that holds model.json. Default 'digits'. */
  model?: string;
  /** URL of the folder that holds this package's files. Default: the folder of biji.js. */
  assets?: string | URL;
  /** Default 'auto': the faster one, measured once per model. 'webgpu' goes on with WebAssembly where there is no WebGPU. */
  provider?: 'auto' | Provider;
  /** false runs in the calling thread. Default: in a worker where there are workers. */
  worker?: boolean;
  onprogress?: (progress: Progress) => void;
}

export interface Recognizer {
  readonly info: ModelInfo;
  readonly provider: Provider;
  /** Throws BijiError 'input', 'aborted', 'disposed', 'model', 'internal'. */
  recognize(input: Ink | PixelImage | ImageData | ImageBitmap, options?: RecognizeOptions): Promise<RecognitionResult>;
  /** Frees the model when nobody else uses it; requests under way are answered first. */
  dispose(): Promise<void>;
}

/** Loads a model, once for all who ask for it. Throws BijiError 'network', 'model', 'unsupported', 'input'. */
export function createRecognizer(options?: RecognizerOptions): Promise<Recognizer>;

export class BijiError extends Error {
  readonly code: 'network' | 'model' | 'input' | 'unsupported' | 'aborted' | 'disposed' | 'internal';
}

/** What each event of <biji-pad> carries. All bubble, also out of shadow roots. */
export interface BijiPadEventMap {
  /** Everything is loaded; again after model, assets or provider has changed. */
  'biji-ready': CustomEvent<{ info: ModelInfo; provider: Provider }>;
  /** Of loading. */
  'biji-progress': CustomEvent<Progress>;
  /** A stroke has ended; strokes counts them. */
  'biji-stroke': CustomEvent<{ stroke: Stroke; strokes: number }>;
  /**
   * The value has changed or was read again; the events input and change follow when it has changed.
   * chosen: the user took this text from the list of candidates. provider is null when the pad was emptied.
   */
  'biji-change': CustomEvent<Omit<RecognitionResult, 'provider'> & { provider: Provider | null; chosen: boolean }>;
  /**
   * The pad shows it as well, with a button to try again where that helps. When the drawing module cannot be had, it is told
   * once more when the model has been loaded: the pad is not going to be ready.
   */
  'biji-error': CustomEvent<{ error: BijiError }>;
}

/**
 * The <biji-pad> element: a form control that one writes on.
 *
 * Attributes: model, candidates, allow, delay, assets, provider, name, disabled, readonly, required, each with the property of
 * that name below (readOnly for readonly); lang (en, zh) and form as for other elements. What makes no sense is clamped.
 *
 * Slot hint: what the empty paper says.
 *
 * CSS: --biji-ink, --biji-paper, --biji-guide, --biji-accent, --biji-border, --biji-box (colours; they follow color-scheme),
 * --biji-pen-width (px), --biji-pressure (0..1, how much pressure widens the line), --biji-radius, --biji-aspect. Parts: paper,
 * hint, progress, message (also unsupported, when there is nothing to draw with), bar, candidates, candidate, actions, button
 * (also undo, redo, clear or retry).
 *
 * Keys: Control Z undoes, Control Y or Control Shift Z redoes, Delete, Backspace and Escape clear; Escape forgets the stroke
 * under the pen.
 */
export interface BijiPad extends HTMLElement {
  /** As in RecognizerOptions. Default 'digits'. */
  model: string;
  /** Readings offered, 1..20; with 1 the list is not shown. Default 5. */
  candidates: number;
  /** As in RecognizeOptions. Default: all that the model knows. */
  allow: string;
  /** Milliseconds of pen rest before the ink is read, 0..60000. Default 0. */
  delay: number;
  /** URL of the folder that holds this package's files. Default: the folder of biji.js. */
  assets: string;
  /** As in RecognizerOptions. Default 'auto'. */
  provider: 'auto' | Provider;
  name: string;
  disabled: boolean;
  readOnly: boolean;
  required: boolean;
  /** The text; setting it chooses a reading and leaves the ink. */
  value: string;
  /** In CSS pixels; setting it reads it, or throws BijiError 'input'. */
  ink: Ink;
  /** The latest, or null when there is no ink. */
  readonly result: RecognitionResult | null;
  /** Null until it is loaded. */
  readonly recognizer: Recognizer | null;
  readonly form: HTMLFormElement | null;
  readonly type: 'biji-pad';
  readonly validity: ValidityState;
  readonly validationMessage: string;
  readonly willValidate: boolean;
  checkValidity(): boolean;
  reportValidity(): boolean;
  /** Reads the ink now; null when something newer took its place. Empty ink is the text '' without asking the model. */
  recognize(): Promise<RecognitionResult | null>;
  /** True when something changed; so for redo and clear. */
  undo(): boolean;
  redo(): boolean;
  clear(): boolean;
  /** What the button beside an error does: loads anew what failed to load, and reads the ink. */
  retry(): void;
  addEventListener<K extends keyof BijiPadEventMap>(type: K, listener: (this: BijiPad, event: BijiPadEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener<K extends keyof HTMLElementEventMap>(type: K,
    listener: (this: BijiPad, event: HTMLElementEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions): void;
}
export const BijiPad: { new (): BijiPad; prototype: BijiPad };

declare global {
  interface HTMLElementTagNameMap {
    'biji-pad': BijiPad;
  }
}
