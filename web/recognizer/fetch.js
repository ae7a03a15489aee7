// Reading the package's own files, in a page, a worker or Node.
import { BijiError } from './errors.js';

/** True where there is no fetch for file: URLs but a file system. */
const isNode = typeof process !== 'undefined' && process.versions?.node != null;

/**
 * The bytes at url. onbytes(n) hears of each arriving chunk, so that long downloads can show progress.
 * init goes to fetch. Throws BijiError 'network', naming the file and what to try.
 */
export async function fetchBytes(url, onbytes = () => {}, init = {}) {
  if (isNode && url.startsWith('file:')) {
    try {
      const { readFile } = await import('node:fs/promises');
      const { fileURLToPath } = await import('node:url');
      const file = await readFile(fileURLToPath(url));
      onbytes(file.byteLength);
      return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    } catch (cause) {
      throw new BijiError('network', `${url} cannot be read (${cause.code ?? cause.message}).`, { cause });
    }
  }
  let response;
  try {
    response = await fetch(url, init);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const reader = response.body.getReader();
    const chunks = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.byteLength;
      onbytes(value.byteLength);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return bytes;
  } catch (cause) {
    const hint = response?.status === 404 ? 'Is `assets` the folder that holds biji.js?' : 'Check the connection and try again.';
    throw new BijiError('network', `${url} could not be loaded (${cause.message}). ${hint}`, { cause });
  }
}
