// Pointer events of one paper, as strokes: of one pointer at a time; palms beside a pen do not write, its other end erases.
const kEraserRadius = 10; // CSS pixels
const kPalm = 500; // ms after a pen was near in which fingers count as its palm

export class Pen {
  #element;
  #paper;
  #on;
  #pointer = null; // { id, type, erasing } of the one that is down
  #origin = 0; // event time that counts as t = 0
  #penSeen = -Infinity; // when a pen was last near

  /**
   * element: what is written on, filled by paper. on, called as things happen:
   *   may() -> whether one may write; down(), before the first point; moved(since), the event time of its last point;
   *   up(erasing); cancelled(); failed(error), a full paper.
   */
  constructor(element, paper, on) {
    this.#element = element;
    this.#paper = paper;
    this.#on = on;
  }

  /** Listens until signal is aborted. */
  listen(signal) {
    const on = (type, listener) => this.#element.addEventListener(type, listener, { signal });
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => this.#pointer?.id === event.pointerId && this.cancel());
    on('lostpointercapture', (event) => this.#up(event));
    on('contextmenu', (event) => this.#pointer && event.preventDefault()); // a long press while writing
    on('dragstart', (event) => event.preventDefault());
  }

  /** A pointer is down. */
  get isDown() {
    return this.#pointer !== null;
  }

  /** It writes, or else erases. */
  get isWriting() {
    return this.#pointer !== null && !this.#pointer.erasing;
  }

  /** Forgets the pointer; what it has written is up to the paper. */
  drop() {
    this.#pointer = null;
  }

  /** Forgets the stroke under the pen. */
  cancel() {
    this.#paper.penCancel();
    this.#pointer = null;
    this.#on.cancelled();
  }

  #down(event) {
    if (!this.#on.may()) return;
    const pen = event.pointerType === 'pen';
    const erasing = pen && (event.button === 5 || (event.buttons & 32) !== 0);
    if (event.button !== 0 && !erasing) return;
    if (pen) this.#penSeen = event.timeStamp;
    else if (event.pointerType === 'touch' && event.timeStamp - this.#penSeen < kPalm) return;
    if (this.#pointer) {
      if (!pen || this.#pointer.type === 'pen') return; // a second finger
      this.cancel(); // the palm came first, then the pen
    }
    event.preventDefault();
    this.#on.down();
    this.#element.setPointerCapture(event.pointerId);
    this.#pointer = { id: event.pointerId, type: event.pointerType, erasing };
    if (this.#paper.strokeCount === 0) this.#origin = event.timeStamp;
    this.#apply([event], 'penDown');
  }

  #move(event) {
    if (event.pointerType === 'pen') this.#penSeen = event.timeStamp;
    if (this.#pointer?.id !== event.pointerId) return;
    let events = event.getCoalescedEvents?.() ?? [];
    if (events.length === 0) events = [event];
    this.#apply(events, 'penMove', event.getPredictedEvents?.() ?? []);
    this.#on.moved(events.at(-1).timeStamp);
  }

  #up(event) {
    if (this.#pointer?.id !== event.pointerId) return;
    const { erasing } = this.#pointer;
    if (event.type === 'pointerup') this.#apply([event], 'penMove');
    this.#pointer = null;
    if (!erasing) this.#paper.penUp();
    this.#on.up(erasing);
  }

  // how: 'penDown' or 'penMove'. A full paper must not end the stroke in an uncaught error.
  #apply(events, how, predicted = []) {
    try {
      const points = this.#points(events);
      if (this.#pointer.erasing) for (const { x, y } of points) this.#paper.erase(x, y, kEraserRadius);
      else this.#paper[how](points, this.#points(predicted));
    } catch (error) {
      this.#on.failed(error);
    }
  }

  // In CSS pixels of the element, also under a CSS transform.
  #points(events) {
    if (events.length === 0) return [];
    const box = this.#element.getBoundingClientRect();
    const sx = this.#paper.size.width / box.width || 1;
    const sy = this.#paper.size.height / box.height || 1;
    return events.map((event) => ({
      x: (event.clientX - box.left) * sx,
      y: (event.clientY - box.top) * sy,
      t: event.timeStamp - this.#origin,
      // Mice and fingers have none to speak of; some pens send 0 for the first moment.
      pressure: event.pointerType === 'pen' && event.pressure > 0 ? event.pressure : 0.5,
    }));
  }
}
