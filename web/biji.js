// The package: import { createRecognizer } from 'biji' anywhere; in browsers <biji-pad> is defined as well.
export { BijiError } from './errors.js';
export { createRecognizer } from './recognizer.js';
export { BijiPad } from './pad.js';
