// The package: import { createRecognizer } from 'biji' anywhere; in browsers <biji-pad> is defined as well.
import { BijiPad } from './pad/pad.js';

export { BijiError } from './recognizer/errors.js';
export { createRecognizer } from './recognizer/recognizer.js';
export { BijiPad };

if (globalThis.customElements && !customElements.get('biji-pad')) customElements.define('biji-pad', BijiPad);
