/**
 * The one error that Biji throws. code is stable and meant for programs, message for people:
 *   'network'      a file could not be fetched, or is of another version than the script that wants it
 *   'model'        a model is missing, corrupt, or made for another version of the encoder
 *   'input'        ink, image or options that make no sense
 *   'unsupported'  the browser lacks something (WebAssembly, WebGL2)
 *   'aborted'      the request was withdrawn through its signal
 *   'disposed'     the recogniser was disposed of
 *   'internal'     a fault of ours
 */
export class BijiError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'BijiError';
    this.code = code;
  }

  /** Any thrown value as a BijiError. */
  static from(error) {
    if (error instanceof BijiError) return error;
    if (error?.name === 'BijiError') return new BijiError(error.code, error.message);
    return new BijiError('internal', String(error?.message ?? error), { cause: error });
  }
}
