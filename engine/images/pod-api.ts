// The API server as a program in a Pod asks it: over the network, with the token of its service account.

import type { KubeObject } from '../api/types.ts';
import { exchange, hostPort, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ApiFailure {
  code: number;
  message: string;
}

export const isFailure = (answer: unknown): answer is ApiFailure =>
  typeof answer === 'object' && answer !== null && 'message' in answer && !('kind' in answer);

interface Answer {
  status: number;
  read(): Co<string | undefined>;
  close(): void;
}

function* ask(process: Process, method: string, path: string, body?: object): Co<Answer | ApiFailure> {
  const { env, host } = process;
  const server = env.KUBERNETES_SERVICE_HOST;
  if (!server || !host.fs.exists(`${ACCOUNT}/token`)) {
    return { code: 0, message: `open ${ACCOUNT}/token: no such file or directory` };
  }
  const socket = yield* host.net.connect(server, Number(env.KUBERNETES_SERVICE_PORT ?? 443), { timeout: 10_000 });
  if (typeof socket === 'string') return { code: 0, message: `dial tcp ${hostPort(server, 443)}: ${socket}` };
  const text = body && JSON.stringify(body);
  const answer = yield* exchange(socket, {
    method,
    target: path,
    headers: [
      ['Host', server],
      ['Accept', 'application/json'],
      ['Authorization', `Bearer ${host.fs.readFile(`${ACCOUNT}/token`).trim()}`],
      ['Connection', 'close'],
      ...(text === undefined
        ? []
        : ([
            ['Content-Type', method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'],
            ['Content-Length', String(text.length)],
          ] as [string, string][])),
    ],
    body: text,
    scheme: 'https',
  });
  if (!answer) return { code: 0, message: 'EOF' };
  return { status: answer.status, read: () => answer.read(), close: () => socket.close() };
}

/** One request; what went wrong has a message. */
export function* callApi<T>(process: Process, method: string, path: string, body?: object): Co<T | ApiFailure> {
  const answer = yield* ask(process, method, path, body);
  if (isFailure(answer)) return answer;
  let read = '';
  for (let piece = yield* answer.read(); piece !== undefined; piece = yield* answer.read()) read += piece;
  answer.close();
  let parsed: unknown;
  try {
    parsed = JSON.parse(read);
  } catch {
    return { code: answer.status, message: read.trim() };
  }
  if (answer.status < 400) return parsed as T;
  return { code: answer.status, message: (parsed as { message?: string }).message ?? read };
}

/** All objects of a resource: `/api/v1/pods`. */
export function* listApi<T extends KubeObject>(process: Process, path: string): Co<T[] | ApiFailure> {
  const list = yield* callApi<{ items: T[] }>(process, 'GET', path);
  return isFailure(list) ? list : list.items;
}

export interface ApiEvent<T> {
  type: string;
  object: T;
}

/** Reads a watch until an event is what is waited for, or the stream ends: then undefined. */
export function* awaitEvent<T>(
  process: Process,
  path: string,
  wanted: (event: ApiEvent<T>) => boolean,
): Co<ApiEvent<T> | ApiFailure | undefined> {
  const answer = yield* ask(process, 'GET', path);
  if (isFailure(answer)) return answer;
  try {
    let rest = '';
    for (let piece = yield* answer.read(); piece !== undefined; piece = yield* answer.read()) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        const event = JSON.parse(line) as ApiEvent<T>;
        if (wanted(event)) return event;
      }
    }
    return undefined;
  } finally {
    answer.close();
  }
}
