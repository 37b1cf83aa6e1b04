// `kubebook api`: the engine's API over HTTP on 127.0.0.1, for real clients. Virtual time follows the wall
// clock; requests reach the same handler that the sandbox calls without HTTP.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { nodeEngine, readCluster, hostCall } from './host.ts';
import { Runner } from '../sandbox/runner.ts';

interface Answer {
  code: number;
  headers: Record<string, string>;
  body?: unknown;
  stream?: number;
}

/** How often virtual time catches up and streams are read, ms. */
const TICK_MS = 25;
/** As kube-apiserver's limit for a request body. */
const MAX_BODY = 3 * 1024 * 1024;

export async function api(options: { port: string; kubeconfig: string; cluster?: string; speed: string }) {
  const runner = new Runner(await nodeEngine(), hostCall);
  runner.boot(readCluster(options.cluster));
  const speed = Number(options.speed);
  const born = runner.now();
  const began = performance.now();
  const catchUp = () => runner.call('advance', born + (performance.now() - began) * speed);
  setInterval(catchUp, TICK_MS).unref();

  const server = createServer((request, response) => {
    answer(runner, catchUp, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(error instanceof Error ? error.message : String(error));
    });
  });
  server.listen(Number(options.port), '127.0.0.1', () => {
    const address = server.address() as { port: number };
    const url = `http://127.0.0.1:${address.port}`;
    writeFileSync(options.kubeconfig, stringify(kubeconfig(url)));
    process.stderr.write(`serving ${url}, kubeconfig in ${options.kubeconfig}\n`);
  });
}

function kubeconfig(server: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubebook', cluster: { server } }],
    users: [{ name: 'kubernetes-admin', user: { token: 'kubernetes-admin' } }],
    contexts: [{ name: 'kubernetes-admin@kubebook', context: { cluster: 'kubebook', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubebook',
  };
}

async function answer(runner: Runner, catchUp: () => void, request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY) {
      response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' });
      response.end(`request body exceeds ${MAX_BODY} bytes`);
      return;
    }
  }
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const query: Record<string, string | string[]> = {};
  for (const key of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(key);
    query[key] = values.length > 1 ? values : values[0];
  }
  catchUp();
  const result = runner.call<Answer>('request', {
    method: request.method,
    path: decodeURIComponent(url.pathname),
    query,
    headers: request.headers,
    body: size ? Buffer.concat(chunks).toString('utf8') : undefined,
  });
  const text = typeof result.body === 'string';
  response.writeHead(result.code, {
    'content-type': text ? 'text/plain' : 'application/json',
    ...result.headers,
  });
  if (result.stream === undefined) {
    response.end(result.body === undefined ? '' : text ? (result.body as string) : JSON.stringify(result.body) + '\n');
    return;
  }
  const stream = result.stream;
  let closed = false;
  response.on('close', () => {
    closed = true;
    runner.call('poll', -stream);
  });
  while (!closed) {
    const { items, ended } = runner.call<{ items: unknown[]; ended: boolean }>('poll', stream);
    for (const item of items) response.write(typeof item === 'string' ? item : JSON.stringify(item) + '\n');
    if (ended && items.length === 0) break;
    if (items.length === 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  response.end();
}
