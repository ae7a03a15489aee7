// Types of the package. Behaviour is described here; web/recognizer.js and web/pad.js hold to it.

/** One pen-down to pen-up. All arrays have the same length; any unit, y down. */
export interface Stroke {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** Milliseconds from any origin. */
  t?: ArrayLike<number>;
  /** 0..1; 0.5 where the device has none. */
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

export interface RecognitionResult {
  /** The best reading; lines are separated by '\n'. '' when there was no ink. */
  text: string;
  /** Readings of the whole input, best first. */
  candidates: Candidate[];
  /** Each character that was found, in reading order. sure: false where it looks like a scribble, see ModelInfo.rejection. */
  characters: { box: Box; candidates: Candidate[]; sure: boolean }[];
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
   * Characters whose best candidate is less probable than `below` are looked at twice more, leaning by `slant` to either
   * side, and get the mean of the three answers. Models without it look once.
   */
  look_again?: { below: number; slant: number };
  /** Answers less probable than the threshold had better be none; the shares of scribbles and characters on the wrong side. */
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

/** What each event of <biji-pad> carries. */
export interface BijiPadEventMap {
  'biji-ready': CustomEvent<{ info: ModelInfo; provider: Provider }>;
  'biji-progress': CustomEvent<Progress>;
  'biji-stroke': CustomEvent<{ stroke: Stroke; strokes: number }>;
  /** chosen: the user took this text from the list of candidates. provider is null when the pad was emptied. */
  'biji-change': CustomEvent<Omit<RecognitionResult, 'provider'> & { provider: Provider | null; chosen: boolean }>;
  'biji-error': CustomEvent<{ error: BijiError }>;
}

/** The <biji-pad> element: a form control that one writes on. */
export interface BijiPad extends HTMLElement {
  model: string;
  candidates: number;
  allow: string;
  /** Milliseconds of pen rest before the ink is read. */
  delay: number;
  assets: string;
  provider: 'auto' | Provider;
  name: string;
  disabled: boolean;
  readOnly: boolean;
  required: boolean;
  /** The text; setting it chooses a reading and leaves the ink. */
  value: string;
  /** In CSS pixels; setting it reads it. */
  ink: Ink;
  readonly result: RecognitionResult | null;
  readonly recognizer: Recognizer | null;
  readonly form: HTMLFormElement | null;
  readonly type: 'biji-pad';
  readonly validity: ValidityState;
  readonly validationMessage: string;
  readonly willValidate: boolean;
  checkValidity(): boolean;
  reportValidity(): boolean;
  /** Reads the ink now; null when something newer took its place. */
  recognize(): Promise<RecognitionResult | null>;
  /** True when something changed; so for redo and clear. */
  undo(): boolean;
  redo(): boolean;
  clear(): boolean;
  /** What the button beside an error does. */
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
