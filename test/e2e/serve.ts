// Serves the built site (dist/) on a free port of this machine, as any static host would.
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.xml': 'application/xml',
};

export interface Site {
  url: string;
  /** Answers nothing any more, as a dead network would. */
  close(): Promise<void>;
}

export async function serve(dist: string): Promise<Site> {
  const server: Server = createServer(async (request, response) => {
    let path = decodeURIComponent(new URL(request.url!, 'http://site').pathname);
    if (path.endsWith('/')) path += 'index.html';
    const file = join(dist, normalize(path));
    try {
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response
        .writeHead(404, { 'content-type': 'text/html' })
        .end(await readFile(join(dist, '404.html')).catch(() => ''));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
