// The package: import { createRecognizer } from 'biji' anywhere; in browsers <biji-pad> is defined as well.
export { BijiError } from './recognizer/errors.js';
export { createRecognizer } from './recognizer/recognizer.js';
export { BijiPad } from './pad/pad.js';
