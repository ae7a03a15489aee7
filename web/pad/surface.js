// The canvas of a sheet: drawn in frames when something has changed, on a WebGL2 context of its own while it may have one.
import { BijiError } from '../recognizer/errors.js';

// Browsers drop the oldest WebGL context of a page when there are too many (16 on desktops, 8 on some phones), so
// a page of many pads shares this number: the pad that has rested longest keeps a picture of its ink instead.
const kMaxContexts = 6;
const kMaxSide = 4096; // device pixels; a larger drawing buffer is scaled
const kPatience = 1500; // ms to wait for a lost context before a new one is made

/** Surfaces with a WebGL2 context, the one that has rested longest first. */
const attached = new Set();

// Dear ImGui asks for a dozen parameters in each frame, to restore them after it, and for most of them Chromium waits for
// its GPU process. Nothing else draws with this context: the first answers, a new context's state, are as good.
function rememberParameters(gl) {
  const answers = new Map();
  gl.getParameter = (name) => {
    if (!answers.has(name)) answers.set(name, WebGL2RenderingContext.prototype.getParameter.call(gl, name));
    return answers.get(name);
  };
}

/** module, pad: of wasm/pad.h. The owner of both, a Sheet, disposes of the surface first. */
export class Surface {
  #module;
  #pad;
  #container;
  #onlost;
  #canvas = null; // on the page: a WebGL canvas when attached, else a picture of it or nothing
  #context = 0; // emscripten's number of the WebGL2 context, 0 when detached
  #lostAt = 0; // when the context was lost; 0 when it was not
  #frame = 0;
  #held = false; // between hold() and resume()
  #width = 0;
  #height = 0;
  #scale = 1;

  /** onlost(error): called when the graphics fail for good. Throws BijiError 'unsupported' without WebGL2. */
  constructor(module, pad, container, onlost) {
    this.#module = module;
    this.#pad = pad;
    this.#container = container;
    this.#onlost = onlost;
    if (attached.size < kMaxContexts) this.#attach();
  }

  dispose() {
    cancelAnimationFrame(this.#frame);
    this.#detach();
    this.#free(this.#canvas);
    this.#canvas?.remove();
    this.#canvas = null;
  }

  /** width, height: CSS pixels; scale: device pixels per CSS pixel. Draws at once, so that nothing flickers. */
  resize(width, height, scale) {
    scale = Math.min(Math.max(scale, 0.25), 16, kMaxSide / Math.max(width, height, 1));
    const w = Math.max(Math.round(width * scale), 1);
    const h = Math.max(Math.round(height * scale), 1);
    if (w === this.#width && h === this.#height && scale === this.#scale) return;
    [this.#width, this.#height, this.#scale] = [w, h, scale];
    this.#module._biji_pad_resize(this.#pad, w, h, scale);
    this.#draw();
  }

  /** No frames between hold() and resume(); what changed meanwhile is drawn then. */
  hold() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#held = true;
  }
  resume() {
    this.#held = false;
    this.invalidate();
  }

  /** Draws in the next frame. Nothing runs while nothing changes. */
  invalidate() {
    if (this.#held) return;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#width || !this.#module._biji_pad_dirty(this.#pad)) return;
    if (!this.#context) {
      const empty = this.#strokeCount === 0 && !this.#module._biji_pad_live(this.#pad);
      if (empty) return void this.#canvas?.remove(); // paper is the page's: nothing to draw, no context needed
      if (this.#lostAt && performance.now() - this.#lostAt < kPatience) return; // until it is restored
      try {
        this.#attach();
      } catch (error) {
        return this.#onlost(error);
      }
    }
    attached.delete(this); // to the end of the line
    attached.add(this);
    const canvas = this.#canvas;
    if (canvas.width !== this.#width) canvas.width = this.#width;
    if (canvas.height !== this.#height) canvas.height = this.#height;
    this.#module.GL.makeContextCurrent(this.#context);
    this.#module._biji_pad_draw(this.#pad);
  }

  #attach() {
    while (attached.size >= kMaxContexts) attached.values().next().value.#rest();
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    const gl = canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, stencil: false });
    if (!gl) {
      throw new BijiError('unsupported',
        'This browser has no WebGL2, which drawing needs. It may be switched off in its settings.');
    }
    canvas.addEventListener('webglcontextlost', (event) => {
      if (canvas !== this.#canvas) return;
      event.preventDefault(); // asks for the context to be restored
      this.#lostAt = performance.now();
      this.#detach();
    });
    canvas.addEventListener('webglcontextrestored', () => {
      if (canvas !== this.#canvas) return;
      this.#open(gl);
      this.#draw();
    });
    this.#open(gl);
    this.#show(canvas);
  }

  #open(gl) {
    const { GL } = this.#module;
    rememberParameters(gl);
    this.#context = GL.registerContext(gl, { majorVersion: 2, minorVersion: 0, enableExtensionsByDefault: false });
    GL.makeContextCurrent(this.#context);
    if (this.#module._biji_pad_attach(this.#pad) !== 0) {
      this.#detach();
      throw new BijiError('unsupported', 'WebGL2 does not work in this browser.');
    }
    this.#lostAt = 0;
    attached.add(this);
  }

  #detach() {
    if (!this.#context) return;
    const { GL } = this.#module;
    GL.makeContextCurrent(this.#context);
    this.#module._biji_pad_detach(this.#pad);
    GL.deleteContext(this.#context);
    this.#context = 0;
    attached.delete(this);
  }

  // Gives the context to another sheet and leaves a picture of the ink.
  #rest() {
    const canvas = this.#canvas;
    const picture = document.createElement('canvas');
    if (this.#width && this.#strokeCount > 0) {
      picture.setAttribute('aria-hidden', 'true');
      picture.width = this.#width;
      picture.height = this.#height;
      this.#module.GL.makeContextCurrent(this.#context);
      this.#module._biji_pad_draw(this.#pad); // the canvas has its pixels only until the frame is shown
      picture.getContext('2d').drawImage(canvas, 0, 0);
    }
    this.#detach();
    this.#show(picture);
    this.#free(canvas);
    this.#module._biji_pad_clean(this.#pad);
  }

  // Gives a context back now, not at garbage collection: browsers count both.
  #free(canvas) {
    canvas?.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #show(canvas) {
    this.#canvas?.remove();
    this.#canvas = canvas;
    this.#container.prepend(canvas);
  }

  get #strokeCount() {
    return this.#module._biji_pad_stroke_count(this.#pad);
  }
}
