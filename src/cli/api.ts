// `kubebook api`: the engine's API over HTTP on 127.0.0.1, for real clients. Virtual time follows the wall
// clock; requests reach the same handler that the sandbox calls without HTTP.

import { randomBytes } from 'node:crypto';
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
const ADMIN = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'kubeadm:cluster-admins', 'system:authenticated'],
};

export async function api(options: { port: string; kubeconfig: string; cluster?: string; speed: string }) {
  const runner = new Runner(await nodeEngine(), hostCall);
  runner.boot(readCluster(options.cluster));
  const served = new Served(runner, Number(options.speed));
  const server = createServer((request, response) => {
    served.answer(request, response).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : text}\n`);
      if (response.headersSent) response.destroy();
      else send(response, 500, 'text/plain; charset=utf-8', `${text}\n`);
    });
  });
  server.listen(Number(options.port), '127.0.0.1', () => {
    const address = server.address() as { port: number };
    const url = `http://127.0.0.1:${address.port}`;
    writeFileSync(options.kubeconfig, stringify(kubeconfig(url, served.token)));
    process.stderr.write(`serving ${url}, kubeconfig in ${options.kubeconfig}\n`);
  });
}

function kubeconfig(server: string, token: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubebook', cluster: { server } }],
    users: [{ name: 'kubernetes-admin', user: { token } }],
    contexts: [{ name: 'kubernetes-admin@kubebook', context: { cluster: 'kubebook', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubebook',
  };
}

/** An engine whose clock follows ours, and the administrator's token, which no ServiceAccount has. */
class Served {
  readonly token = randomBytes(24).toString('base64url');
  private readonly runner: Runner;
  private readonly speed: number;
  private readonly born: number;
  private readonly began = performance.now();

  constructor(runner: Runner, speed: number) {
    this.runner = runner;
    this.speed = speed;
    this.born = runner.now();
    setInterval(() => this.catchUp(), TICK_MS).unref();
  }

  private catchUp() {
    this.runner.call('advance', this.born + (performance.now() - this.began) * this.speed);
  }

  async answer(request: IncomingMessage, response: ServerResponse) {
    const body = await readBody(request);
    if (body === undefined) {
      response.setHeader('connection', 'close');
      send(response, 413, 'text/plain; charset=utf-8', `request body exceeds ${MAX_BODY} bytes\n`);
      return;
    }
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const { authorization, ...rest } = request.headers;
    const admin = authorization === `Bearer ${this.token}`;
    this.catchUp();
    const answer = this.runner.call<Answer>('request', {
      method: request.method,
      path: decoded(url.pathname),
      query: queryOf(url.searchParams),
      headers: admin ? rest : request.headers,
      body: body.length ? body.toString('utf8') : undefined,
      user: admin ? ADMIN : undefined,
    });
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    const yaml = wantsYaml(request.headers.accept);
    if (answer.stream !== undefined) await this.stream(answer, response);
    else if (typeof answer.body === 'string') send(response, answer.code, 'text/plain; charset=utf-8', answer.body);
    else if (answer.body === undefined) send(response, answer.code, 'text/plain; charset=utf-8', '');
    else if (yaml) send(response, answer.code, 'application/yaml', stringify(answer.body));
    else send(response, answer.code, 'application/json', JSON.stringify(answer.body) + '\n');
  }

  /** A watch or a log, as it comes, until it ends or the client goes. */
  private async stream({ code, stream = 0 }: Answer, response: ServerResponse) {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
    response.writeHead(code);
    response.flushHeaders();
    let closed = false;
    response.on('close', () => {
      closed = true;
      this.runner.call('poll', -stream);
    });
    while (!closed) {
      const { items, ended } = this.runner.call<{ items: unknown[]; ended: boolean }>('poll', stream);
      let text = '';
      for (const item of items) text += typeof item === 'string' ? item : JSON.stringify(item) + '\n';
      if (text) response.write(text);
      if (ended && items.length === 0) break;
      if (items.length === 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    response.end();
  }
}

/** Undefined when it is too long; the rest is not kept. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks);
}

function queryOf(params: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key);
    query[key] = values.length > 1 ? values : values[0];
  }
  return query;
}

/** The path as it is meant; one that is no valid encoding stays as it was sent. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** YAML is what the client names first; anything else is answered in JSON. */
const wantsYaml = (accept = ''): boolean => accept.split(/[,;]/, 1)[0].trim() === 'application/yaml';

function send(response: ServerResponse, code: number, type: string, text: string) {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(text));
  response.writeHead(code);
  response.end(text);
}
