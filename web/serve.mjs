// A small static server for development and tests; any other will do as well.
// usage: node web/serve.mjs [--port 8080] [--host localhost] [FOLDER]
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const kTypes = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css',
  '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8', '.md': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json',
};

/**
 * Serves folder; returns the http.Server, not yet listening. headers: extra ones for every answer.
 * Answers GET and HEAD only, never a file outside folder, and revalidates by modification time.
 */
export function createStaticServer(folder, headers = {}) {
  const root = path.resolve(folder);
  return createServer(async (request, response) => {
    const answer = (status, text) => response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
    try {
      if (!['GET', 'HEAD'].includes(request.method)) return answer(405, 'GET only\n');
      const name = decodeURIComponent(new URL(request.url, 'http://x').pathname);
      let file = path.join(root, path.normalize(name));
      if (file !== root && !file.startsWith(root + path.sep)) return answer(403, 'no\n');
      let info = await stat(file);
      if (info.isDirectory()) {
        if (!name.endsWith('/')) return response.writeHead(301, { location: `${path.basename(name)}/` }).end();
        file = path.join(file, 'index.html');
        info = await stat(file);
      }
      const etag = `"${info.size.toString(16)}-${Math.trunc(info.mtimeMs).toString(16)}"`;
      if (request.headers['if-none-match'] === etag) return response.writeHead(304, headers).end();
      response.writeHead(200, {
        'content-type': kTypes[path.extname(file)] ?? 'application/octet-stream', 'content-length': info.size,
        etag, 'cache-control': 'no-cache', ...headers,
      });
      if (request.method === 'HEAD') return response.end();
      createReadStream(file).on('error', () => response.destroy()).pipe(response);
    } catch (error) {
      if (error instanceof URIError) return answer(400, 'a malformed address\n');
      answer(404, 'not found\n');
    }
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', default: process.env.PORT ?? '8080' }, host: { type: 'string', default: 'localhost' } },
  });
  const folder = positionals[0] ?? 'dist';
  const server = createStaticServer(folder);
  server.on('error', (error) => {
    console.error(error.code === 'EADDRINUSE'
      ? `Port ${values.port} is taken. Try: make run PORT=${Number(values.port) + 1}` : `Cannot serve: ${error.message}`);
    process.exit(1);
  });
  server.listen(Number(values.port), values.host, () =>
    console.log(`Biji is at http://${values.host}:${server.address().port}/ (Ctrl-C ends it)`));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
}
