// envoyproxy/ratelimit: a service that all proxies ask, and that counts in Redis: the limit holds for all of them together.

import type { JsonObject } from '../../api/types.ts';
import {
  LineReader,
  serveHttp,
  type HttpResponse,
  type Process,
  type Program,
  type Socket,
} from '../../linux/index.ts';
import { untilSignal } from '../../images/service.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import { SHOULD_LIMIT } from '../envoy/limits.ts';

const SECONDS: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

interface Limit {
  unit: string;
  requests: number;
}

/** The configurations by domain, out of RUNTIME_ROOT/RUNTIME_SUBDIRECTORY/config. */
function configurations({ host: { fs }, env }: Process): Map<string, JsonObject> {
  const root = `${env.RUNTIME_ROOT ?? '/srv/runtime_data/current'}/${env.RUNTIME_SUBDIRECTORY ?? 'ratelimit'}/config`;
  const out = new Map<string, JsonObject>();
  if (!fs.exists(root)) return out;
  for (const name of fs.readdir(root)) {
    if (!/\.ya?ml$/.test(name)) continue;
    const found = part('yaml')
      .parseDocument(fs.readFile(`${root}/${name}`))
      .toJS() as JsonObject | null;
    if (found?.domain) out.set(found.domain, found);
  }
  return out;
}

/** What of a configuration is not heeded, or cannot be read; undefined: nothing. */
function problemOf(level: JsonObject, known: readonly string[]): string | undefined {
  const strange = Object.keys(level).find((name) => !known.includes(name));
  if (strange) return `the key '${strange}' is not modelled by this engine`;
  const { unit } = level.rate_limit ?? {};
  if (unit !== undefined && !Object.hasOwn(SECONDS, unit)) return `invalid rate limit unit '${unit}'`;
  if (level.rate_limit) {
    const found = problemOf(level.rate_limit, ['unit', 'requests_per_unit']);
    if (found) return found;
  }
  for (const one of (level.descriptors ?? []) as JsonObject[]) {
    const found = problemOf(one, ['key', 'value', 'rate_limit', 'descriptors']);
    if (found) return found;
  }
  return undefined;
}

/** The limit for a descriptor: the deepest entry that all of its pairs lead to. */
function limitOf(config: JsonObject, entries: { key: string; value: string }[]): Limit | undefined {
  let level: JsonObject[] = config.descriptors ?? [];
  let found: JsonObject | undefined;
  for (const { key, value } of entries) {
    found =
      level.find((one) => one.key === key && one.value === value) ??
      level.find((one) => one.key === key && one.value === undefined);
    if (!found) return undefined;
    level = found.descriptors ?? [];
  }
  const limit = found?.rate_limit;
  return limit && { unit: limit.unit, requests: limit.requests_per_unit };
}

export const rateLimit: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  const [redis, redisPort = '6379'] = (process.env.REDIS_URL ?? '').split(':');
  if (!redis) {
    process.stderr.write('panic: REDIS_URL is empty\n');
    return 2;
  }
  const configs = configurations(process);
  for (const [domain, config] of configs) {
    const problem = problemOf(config, ['domain', 'descriptors']);
    if (!problem) continue;
    process.stderr.write(`panic: ${domain}: ${problem}\n`);
    return 2;
  }
  let store: Socket | undefined;
  const command = function* (text: string): Co<string | undefined> {
    if (!store) {
      const addresses = yield* process.host.resolve(redis);
      const opened = addresses?.length
        ? yield* net.connect(addresses[0], Number(redisPort), { process, timeout: 1_000 })
        : undefined;
      if (!opened || typeof opened === 'string') return undefined;
      store = opened;
    }
    store.writer.write(`${text}\r\n`);
    const lines = new LineReader(store.reader);
    const line = yield* lines.line();
    lines.release();
    if (line === undefined) store = undefined;
    return line?.trim();
  };
  const answer = (body: string): HttpResponse => ({
    status: 200,
    headers: [
      ['Content-Type', 'application/grpc'],
      ['Grpc-Status', '0'],
    ],
    body,
  });
  serveHttp(
    sim,
    net,
    Number(process.env.GRPC_PORT ?? 8081),
    function* ({ target, body }) {
      if (target !== SHOULD_LIMIT) return { status: 200, headers: [['Grpc-Status', '12']] };
      const { domain, descriptors } = JSON.parse(body) as {
        domain: string;
        descriptors: { entries: { key: string; value: string }[] }[];
      };
      let over = false;
      for (const { entries } of descriptors) {
        const config = configs.get(domain);
        const limit = config && limitOf(config, entries);
        const window = limit && SECONDS[limit.unit];
        if (!window) continue;
        const began = Math.floor(sim.now / 1000 / window) * window;
        const key = `${domain}_${entries.map(({ key: name, value }) => `${name}_${value}`).join('_')}_${began}`.replace(
          /\s/g,
          '_',
        );
        const count = Number((yield* command(`INCRBY ${key} 1`))?.slice(1));
        yield* command(`EXPIRE ${key} ${window}`);
        if (count > limit.requests) over = true;
      }
      return answer(over ? 'OVER_LIMIT' : 'OK');
    },
    { process },
  );
  yield* untilSignal(process);
  return 0;
};
