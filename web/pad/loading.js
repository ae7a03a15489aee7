// The recogniser of one pad: loaded once, anew after a failure, and let go of when another is wanted.
import { BijiError } from '../recognizer/errors.js';
import { createRecognizer } from '../recognizer/recognizer.js';

export class Loading {
  /** Null until it is loaded. */
  recognizer = null;
  #on;
  #promise = null; // of the recogniser
  #id = null; // of the load that counts: an older one may still be under way

  /**
   * on: { source(), the options of createRecognizer that say which; begun(), progress({ loaded, total, stage }) and ended(),
   * of loading; ready(); failed(error) }. Of a load that counts no more nothing is heard.
   */
  constructor(on) {
    this.#on = on;
  }

  /** True from load() until it has failed or unload(). */
  get isWanted() {
    return this.#promise !== null;
  }

  /** Resolves to the recogniser; rejects when it cannot be had, or is wanted no more. */
  load() {
    this.#promise ??= this.#load((this.#id = Symbol()));
    return this.#promise;
  }

  unload() {
    this.#promise = null;
    this.#id = null;
    this.recognizer?.dispose();
    this.recognizer = null;
  }

  /** A recogniser for one request of a pad that is not on the page; whoever asks disposes of it. */
  lend() {
    return createRecognizer(this.#on.source());
  }

  async #load(id) {
    const current = () => this.#id === id;
    this.#on.begun();
    try {
      const onprogress = (progress) => current() && this.#on.progress(progress);
      const recognizer = await createRecognizer({ ...this.#on.source(), onprogress });
      if (!current()) {
        recognizer.dispose();
        throw new BijiError('aborted', 'The pad was removed or given another model.');
      }
      this.recognizer = recognizer;
      this.#on.ready();
      return recognizer;
    } catch (error) {
      if (current()) {
        this.unload();
        this.#on.failed(error);
      }
      throw error;
    } finally {
      if (current() || !this.#promise) this.#on.ended();
    }
  }
}
