// The error that a pad shows, and what can be done about it.
import { BijiError } from '../recognizer/errors.js';

export class Failure {
  #shown; // (error or null, whether it can be tried again)
  #code = null;
  #again = null;

  /** shown(error, again): shows a BijiError, or takes it away when it is null. */
  constructor(shown) {
    this.#shown = shown;
  }

  /** The code of the error on show, or null. */
  get code() {
    return this.#code;
  }

  /**
   * error: anything thrown; again(): what trying again does, where that makes sense. Returns the BijiError on show, or null
   * for what was withdrawn, which is no failure.
   */
  show(error, again = null) {
    error = BijiError.from(error);
    if (error.code === 'aborted') return null;
    this.#code = error.code;
    this.#again = again;
    this.#shown(error, again !== null);
    return error;
  }

  clear() {
    if (this.#code === null) return;
    this.#code = this.#again = null;
    this.#shown(null, false);
  }

  retry() {
    const again = this.#again;
    if (!again) return;
    this.clear();
    again();
  }
}
