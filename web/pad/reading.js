// Requests of one pad to its recogniser: when the ink is read, and that only the newest answer counts.
import { BijiError } from '../recognizer/errors.js';

const kPause = 8; // ms without movement after which the pen may be about to lift
const kSlow = 20; // ms of the last answer; a model that takes longer is not asked while the pen is down

const kNothing = { text: '', candidates: [], lines: [], characters: [], sure: true, provider: null, milliseconds: 0 };

export class Reading {
  #paper;
  #pen;
  #loading;
  #on;
  #request = null; // AbortController of the newest
  #timer = 0; // of the delay
  #pause = 0; // timer, from a movement of the pen to #guess
  #guessed = null; // { ink, options, recognizer, answer, abort }: see #guess

  /**
   * on: { options(), of Recognizer.recognize; delay(), ms; isWanted(): whether there is a value or a result to renew when
   * there is no ink; isAlive(), on a page; took(), ms of the last answer; answered(result, asked), asked: by the
   * model; failed(error, again) }.
   */
  constructor(paper, pen, loading, on) {
    this.#paper = paper;
    this.#pen = pen;
    this.#loading = loading;
    this.#on = on;
  }

  /** Reads the ink once the pen has rested for the delay; at once when there is nothing to read. */
  read() {
    this.wait();
    if (this.#pen.isDown) return;
    const run = () => this.recognize().catch((error) => this.#on.failed(error, () => this.read()));
    if (this.#paper.strokeCount === 0) {
      if (this.#on.isWanted()) run();
    } else if (!this.#on.isAlive()) {
      return;
    } else if (this.#loading.isWanted) {
      const delay = this.#on.delay();
      if (delay > 0) this.#timer = setTimeout(run, delay);
      else run();
    } else {
      this.#loading.load().then(run, () => {}); // the model failed before: new ink is a reason to try again
    }
  }

  /** Ends the delay: the pen goes on. */
  wait() {
    clearTimeout(this.#timer);
  }

  /** The ink has changed: what is under way counts no more. */
  withdraw() {
    this.#request?.abort();
  }

  /** Ends everything that is under way. */
  stop() {
    this.wait();
    this.withdraw();
    this.#dropGuess();
  }

  /** Reads the ink now. Resolves to the result, or to null when a newer request took its place; throws BijiError. */
  async recognize() {
    this.wait();
    this.withdraw();
    const request = (this.#request = new AbortController());
    const { ink } = this.#paper;
    if (ink.length === 0) return this.#on.answered(kNothing, false);
    const lent = this.#on.isAlive() ? null : await this.#loading.lend();
    try {
      const recognizer = lent ?? (await this.#loading.load());
      if (request.signal.aborted) return null;
      const options = this.#on.options();
      const result = (await this.#guessOf(ink, recognizer, options)) ??
        (await recognizer.recognize(ink, { ...options, signal: request.signal }));
      return request.signal.aborted ? null : this.#on.answered(result, true);
    } catch (error) {
      if (request.signal.aborted) return null;
      throw BijiError.from(error);
    } finally {
      lent?.dispose();
    }
  }

  // ---- while the pen rests ------------------------------------------------------------------------------------------

  /** The pen has moved; since: the event time of its last point. */
  moved(since) {
    this.#dropGuess();
    // Movements come with the frames: the last of them may be older than a pause already.
    const rest = kPause - (performance.now() - since);
    if (rest > 0) this.#pause = setTimeout(() => this.#guess(), rest);
    else this.#guess();
  }

  /** The pen has lifted: too late for a guess. */
  lifted() {
    clearTimeout(this.#pause);
  }

  // Before a pen lifts it slows down, and mostly rests for longer than it takes to read the ink. So a pause is used to
  // read what is there; nobody hears of it unless the pen lifts and the ink is still the same.
  #guess() {
    const { recognizer } = this.#loading;
    if (!this.#pen.isWriting || !this.#paper.isOpen || !recognizer || this.#on.delay() > 0) return;
    if (this.#on.took() > kSlow) return; // what has begun would delay what is wanted
    const abort = new AbortController();
    const [ink, options] = [this.#paper.inkSoFar, this.#on.options()];
    const answer = recognizer.recognize(ink, { ...options, signal: abort.signal }).catch(() => null);
    this.#guessed = { ink, options, recognizer, answer, abort };
  }

  #dropGuess() {
    clearTimeout(this.#pause);
    this.#guessed?.abort.abort(); // while it waits for other pads; one that has begun ends for nothing
    this.#guessed = null;
  }

  // The Promise of what #guess found out about this ink, or null.
  #guessOf(ink, recognizer, options) {
    const guess = this.#guessed;
    this.#guessed = null;
    const same = guess?.recognizer === recognizer && sameInk(guess.ink, ink) &&
      JSON.stringify(guess.options) === JSON.stringify(options);
    return same ? guess.answer : null;
  }
}

// Whether both are read alike: the time of a point makes no difference.
function sameInk(a, b) {
  const same = (u, v) => u.length === v.length && u.every((value, i) => value === v[i]);
  return a.length === b.length && a.every((stroke, i) => ['x', 'y', 'pressure'].every((key) => same(stroke[key], b[i][key])));
}
