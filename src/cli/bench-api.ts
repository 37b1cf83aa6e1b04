// `kubebook bench`, the API's part: requests a second of a store of 1,000 ConfigMaps, asked of the engine in QuickJS, of
// the engine on Node, and over HTTP.

import { Agent, request as httpRequest } from 'node:http';
import { hostCall, nodeEngine, quickjsEngine } from './host.ts';
import { serveApi } from './http/server.ts';
import { Runner, type EngineHandle } from '../sandbox/runner.ts';

/** A way to the API: one request, and how many events its watchers have had so far. */
interface Door {
  ask(method: string, path: string, body?: string, type?: string): unknown;
  watch(path: string, watchers: number): Promise<() => number>;
  close(): Promise<void> | void;
}

const STORED = 1000;
const WATCHERS = 100;
/** Requests that are under way at once, over HTTP. */
const PARALLEL = 8;
const MAPS = '/api/v1/namespaces/default/configmaps';
const PATCH = 'application/merge-patch+json';
const ACCEPT = 'application/json';

const map = (n: number) =>
  JSON.stringify({ metadata: { name: `map-${n}`, labels: { shard: `s${n % 100}` } }, data: { n: String(n) } });

interface Case {
  name: string;
  /** Requests measured. */
  times: number;
  ask(door: Door, n: number): unknown;
  watchers?: number;
}

const CASES: Case[] = [
  { name: 'api-create', times: STORED, ask: (door, n) => door.ask('POST', MAPS, map(n)) },
  { name: 'api-get', times: 2000, ask: (door, n) => door.ask('GET', `${MAPS}/map-${n % STORED}`) },
  {
    name: 'api-patch',
    times: 500,
    ask: (door, n) => door.ask('PATCH', `${MAPS}/map-${n}`, `{"data":{"n":"x"}}`, PATCH),
  },
  { name: 'api-list-1000', times: 20, ask: (door) => door.ask('GET', MAPS) },
  {
    name: 'api-list-10-of-1000',
    times: 200,
    ask: (door, n) => door.ask('GET', `${MAPS}?labelSelector=shard=s${n % 100}`),
  },
  {
    name: 'api-write-to-100-watchers',
    times: 50,
    watchers: WATCHERS,
    ask: (door, n) => door.ask('PATCH', `${MAPS}/map-${n}`, `{"data":{"n":"${n}"}}`, PATCH),
  },
];

export const API_CASES = CASES.map(({ name }) => name);

export async function benchApi(
  asked: (name: string) => boolean,
  record: (name: string, engine: string, values: number[], unit: string) => void,
) {
  if (!CASES.some(({ name }) => asked(name))) return;
  const doors: [string, () => Promise<Door>][] = [
    ['kubebook-quickjs', async () => direct(await quickjsEngine())],
    ['kubebook-node', async () => direct(await nodeEngine())],
    ['kubebook-http', overHttp],
  ];
  for (const [engine, open] of doors) {
    const door = await open();
    for (const one of CASES) {
      // Whatever is measured, the objects must be there.
      if (asked(one.name) || one.name === 'api-create') {
        const rate = await ratePerSecond(door, one);
        if (asked(one.name)) record(one.name, engine, [rate], 'req/s');
      }
    }
    await door.close();
  }
}

async function ratePerSecond(door: Door, { ask, times, watchers }: Case): Promise<number> {
  const seen = watchers ? await door.watch(`${MAPS}?watch=true&resourceVersion=`, watchers) : undefined;
  const before = seen?.() ?? 0;
  const began = performance.now();
  let next = 0;
  const work = async () => {
    while (next < times) await ask(door, next++);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  // A write counts when all have heard of it.
  while (seen && seen() - before < times * (watchers ?? 0)) await new Promise((resolve) => setImmediate(resolve));
  return (times * 1000) / (performance.now() - began);
}

const USER = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

interface Answered {
  code: number;
  stream?: number;
  body?: { metadata?: { resourceVersion?: string } };
}

/** The engine's own door: one call with JSON on both sides. */
function direct(engine: EngineHandle): Door {
  const runner = new Runner(engine, hostCall);
  runner.boot({});
  const ask = (method: string, path: string, body?: string, type = ACCEPT): Answered => {
    const [at, search = ''] = path.split('?');
    const query = Object.fromEntries(new URLSearchParams(search));
    const headers = { accept: ACCEPT, 'content-type': type };
    const answer = runner.call<Answered>('request', { method, path: at, query, headers, body, user: USER });
    if (answer.code >= 400) throw new Error(`${method} ${path}: ${answer.code}`);
    return answer;
  };
  return {
    ask,
    async watch(path, watchers) {
      const version = ask('GET', `${MAPS}?limit=1`).body?.metadata?.resourceVersion ?? '';
      const ids = Array.from({ length: watchers }, () => ask('GET', path + version).stream);
      let events = 0;
      return () => {
        for (const id of ids) events += runner.call<{ items: unknown[] }>('poll', id).items.length;
        return events;
      };
    },
    close() {},
  };
}

async function overHttp(): Promise<Door> {
  const runner = new Runner(await nodeEngine(), hostCall);
  runner.boot({});
  const served = await serveApi(runner, { port: 0, speed: 0, plain: true });
  const agent = new Agent({ keepAlive: true });
  const ask = (method: string, path: string, body = '', type = ACCEPT): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { accept: ACCEPT, 'content-type': type, 'content-length': Buffer.byteLength(body) };
      httpRequest(served.url + path, { method, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () =>
          (response.statusCode ?? 0) < 400 ? resolve(text) : reject(new Error(`${method} ${path}: ${text}`)),
        );
      })
        .on('error', reject)
        .end(body);
    });
  return {
    ask,
    async watch(path, watchers) {
      const { metadata } = JSON.parse(await ask('GET', `${MAPS}?limit=1`)) as { metadata: { resourceVersion: string } };
      let events = 0;
      const opened = Array.from(
        { length: watchers },
        () =>
          new Promise<void>((resolve, reject) => {
            httpRequest(served.url + path + metadata.resourceVersion, (response) => {
              response.on('data', (part: Buffer) => {
                for (const byte of part) if (byte === 10) events++;
              });
              response.on('error', () => {});
              resolve();
            })
              .on('error', reject)
              .end();
          }),
      );
      await Promise.all(opened);
      return () => events;
    },
    async close() {
      agent.destroy();
      await served.close();
    },
  };
}
