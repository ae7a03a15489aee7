// Reading the package's own files, in a page, a worker or Node.
import { BijiError } from './errors.js';

/**
 * The package's own files, put in by web/build.mjs: name -> { bytes, sha256 }; sha256 of those that belong to this very script.
 * bytes: so that progress has a total before the headers arrive.
 */
export const kFiles = typeof __BIJI_FILES__ === 'undefined' ? {} : __BIJI_FILES__;

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

/**
 * The bytes at url, which must be those that are wanted: { bytes, sha256 (hexadecimal), either may be missing }. A stale or
 * broken copy in a cache is fetched anew once; null when that is not it either.
 */
export async function fetchExact(url, wanted, onbytes) {
  for (const cache of ['default', 'reload']) {
    const bytes = await fetchBytes(url, onbytes, { cache });
    const digest = await sha256(bytes);
    if (bytes.byteLength === (wanted?.bytes ?? bytes.byteLength) && (digest ?? wanted?.sha256) === (wanted?.sha256 ?? digest)) return bytes;
  }
  return null;
}

/** A WebAssembly module of the package, one that belongs to this script. */
export async function fetchModule(assets, name, onbytes) {
  const url = new URL(name, assets).href;
  const bytes = await fetchExact(url, kFiles[name], onbytes);
  if (bytes) return bytes;
  throw new BijiError('network', `${url} is damaged or of another version than the script that wants it. Reload the page; if ` +
    'that does not help, copy all files of one version to the server.');
}

// Hexadecimal, or null on plain http: pages other than localhost, which have no crypto.subtle: the length must do there.
async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
