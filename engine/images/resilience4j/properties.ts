// The application's properties, from the environment and from files, under Spring Boot's relaxed names
// (`slidingWindowSize`, `sliding-window-size`, RESILIENCE4J_…_SLIDINGWINDOWSIZE), and what they may say.

import { part } from '../../parts/index.ts';
import type { Process } from '../../linux/index.ts';

export class PropertyError extends Error {}

/** By canonical name: lower case, without dashes and underscores, parts set apart by dots. */
export type Properties = Map<string, string>;

/** In the order in which they are read; what comes later wins, and the environment over all. */
const FILES = ['application.properties', 'application.yaml', 'application.yml'];
const FOLDERS = ['', 'config/'];
const PREFIXES = ['backend', 'resilience4j', 'server', 'management'];

export function readProperties(process: Process): Properties {
  const out: Properties = new Map();
  for (const folder of FOLDERS) {
    for (const file of FILES) {
      const node = process.host.fs.find(`${process.cwd}/${folder}${file}`);
      if (node?.kind !== 'file') continue;
      const found = file.endsWith('.properties') ? fromLines(node.text) : fromYaml(node.text, file);
      for (const [name, value] of found) out.set(canonical(name), value);
    }
  }
  for (const name in process.env) {
    const dotted = name.toLowerCase().replaceAll('_', '.');
    if (PREFIXES.includes(dotted.split('.')[0]) && name === name.toUpperCase() && !isServiceVariable(name))
      out.set(canonical(dotted), process.env[name]);
  }
  return out;
}

/** What the kubelet tells of Services: of one called `backend`, BACKEND_SERVICE_HOST and BACKEND_PORT… */
const isServiceVariable = (name: string) => /_SERVICE_(HOST|PORT)|_PORT(_\d+_|$)/.test(name) && name !== 'SERVER_PORT';

const canonical = (name: string) => name.replaceAll(/[-_]/g, '').toLowerCase();

function fromLines(text: string): [string, string][] {
  const out: [string, string][] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*([^#!\s=:][^=:\s]*)\s*[=:\s]\s*(.*?)\s*$/.exec(line);
    if (match) out.push([match[1], match[2]]);
  }
  return out;
}

function fromYaml(text: string, file: string): [string, string][] {
  const out: [string, string][] = [];
  const document = part('yaml').parseDocument(text);
  if (document.errors.length) throw new PropertyError(`${file}: ${document.errors[0].message.split('\n', 1)[0]}`);
  const walk = (value: unknown, path: string) => {
    if (Array.isArray(value)) out.push([path, value.join(',')]);
    else if (value !== null && typeof value === 'object')
      for (const key in value) walk((value as Record<string, unknown>)[key], path ? `${path}.${key}` : key);
    else out.push([path, String(value ?? '')]);
  };
  walk(document.toJS(), '');
  return out;
}

/** `classes`: a list of words. */
type Kind = 'whole' | 'rate' | 'number' | 'duration' | 'boolean' | 'classes' | readonly string[];
/** Of each setting its kind and the library's default. */
type Table = Readonly<Record<string, readonly [kind: Kind, byDefault: unknown]>>;

const SECOND = 1000;

/** Sections of `resilience4j.` with what may be set in each of their instances. Durations in ms. */
export const SECTIONS = {
  circuitbreaker: {
    slidingWindowType: [['COUNT_BASED', 'TIME_BASED'], 'COUNT_BASED'],
    slidingWindowSize: ['whole', 100],
    minimumNumberOfCalls: ['whole', 100],
    failureRateThreshold: ['rate', 50],
    slowCallRateThreshold: ['rate', 100],
    slowCallDurationThreshold: ['duration', 60 * SECOND],
    waitDurationInOpenState: ['duration', 60 * SECOND],
    permittedNumberOfCallsInHalfOpenState: ['whole', 10],
    maxWaitDurationInHalfOpenState: ['duration', 0],
    automaticTransitionFromOpenToHalfOpenEnabled: ['boolean', false],
    recordExceptions: ['classes', []],
    ignoreExceptions: ['classes', []],
    registerHealthIndicator: ['boolean', false],
    allowHealthIndicatorToFail: ['boolean', false],
  },
  bulkhead: { maxConcurrentCalls: ['whole', 25], maxWaitDuration: ['duration', 0] },
  timelimiter: { timeoutDuration: ['duration', SECOND], cancelRunningFuture: ['boolean', true] },
  retry: {
    maxAttempts: ['whole', 3],
    waitDuration: ['duration', 500],
    enableExponentialBackoff: ['boolean', false],
    exponentialBackoffMultiplier: ['number', 1.5],
    exponentialMaxWaitDuration: ['duration', Infinity],
    retryExceptions: ['classes', []],
    ignoreExceptions: ['classes', []],
  },
} as const satisfies Record<string, Table>;

export interface Settings {
  name: string;
  url: string;
  fallback: string | undefined;
  port: number;
  threads: number;
  /** Endpoints of the actuator that are served; `*` is all. */
  exposed: readonly string[];
  /** Whether /actuator/health names its parts, and the circuit breakers among them. */
  showDetails: boolean;
  breakersInHealth: boolean;
  /** By section; absent where no instance of this name is configured. */
  instances: { -readonly [Section in keyof typeof SECTIONS]?: Record<string, unknown> };
}

const SHOW_DETAILS = ['NEVER', 'WHEN_AUTHORIZED', 'ALWAYS'] as const;

/** Reads all properties; one that has no effect here is an error. */
export function readSettings(properties: Properties): Settings {
  const used = new Set<string>();
  const own = (name: string) => {
    const text = properties.get(canonical(name));
    used.add(canonical(name));
    return text;
  };
  const set = <T>(name: string, kind: Kind, byDefault: T): T => {
    const text = own(name);
    return text === undefined ? byDefault : (valueOf(name, kind, text) as T);
  };
  const name = own('backend.name') ?? 'back';
  const settings: Settings = {
    name,
    url: own('backend.url') ?? `http://${name}`,
    fallback: own('backend.fallback'),
    port: set('server.port', 'whole', 8080),
    threads: set('server.tomcat.threads.max', 'whole', 200),
    exposed: set('management.endpoints.web.exposure.include', 'classes', ['health']),
    showDetails: set<string>('management.endpoint.health.show-details', SHOW_DETAILS, 'NEVER') === 'ALWAYS',
    breakersInHealth: set('management.health.circuitbreakers.enabled', 'boolean', false),
    instances: {},
  };
  for (const section of Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]) {
    const layer = (path: string) => {
      const prefix = canonical(`resilience4j.${section}.${path}.`);
      const found: Record<string, unknown> = {};
      let any = false;
      properties.forEach((text, key) => {
        if (!key.startsWith(prefix)) return;
        any = true;
        const setting = Object.keys(SECTIONS[section]).find((one) => canonical(one) === key.slice(prefix.length));
        if (!setting) return;
        used.add(key);
        found[setting] = valueOf(key, (SECTIONS[section] as Table)[setting][0], text);
      });
      return any ? found : undefined;
    };
    const instance = layer(`instances.${name}`);
    const base = own(`resilience4j.${section}.instances.${name}.base-config`);
    const shared = layer(`configs.${base ?? 'default'}`);
    if (base !== undefined && !shared)
      throw new PropertyError(`resilience4j.${section}: there is no configuration ${base}`);
    if (!instance) continue;
    const defaults: Record<string, unknown> = {};
    const table = SECTIONS[section] as Table;
    for (const setting in table) defaults[setting] = table[setting][1];
    settings.instances[section] = { ...defaults, ...shared, ...instance };
  }
  const unused = [...properties.keys()].filter((key) => !used.has(key));
  if (unused.length)
    throw new PropertyError(`${unused.join(', ')}: this program has no such property, or nothing here that it acts on`);
  return settings;
}

function valueOf(name: string, kind: Kind, text: string): unknown {
  const fail = (what: string) => new PropertyError(`${name}: ${JSON.stringify(text)} is not ${what}`);
  if (typeof kind === 'object') {
    const value = text.toUpperCase().replaceAll('-', '_');
    if (!kind.includes(value)) throw fail(`one of ${kind.join(', ')}`);
    return value;
  }
  switch (kind) {
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw fail('true or false');
      return text === 'true';
    case 'classes':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean);
    case 'duration': {
      const ms = milliseconds(text);
      if (ms === undefined) throw fail('a duration such as 500ms or 10s');
      return ms;
    }
    case 'whole':
      if (!/^\d+$/.test(text) || Number(text) < 1) throw fail('a whole number from 1 on');
      return Number(text);
    case 'rate':
      if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0 || Number(text) > 100) throw fail('between 1 and 100');
      return Number(text);
    case 'number':
      if (!/^\d+(\.\d+)?$/.test(text) || Number(text) < 1) throw fail('a number from 1 on');
      return Number(text);
  }
}

const UNIT_MS: Record<string, number> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `10s`, `500` (ms) or ISO 8601's `PT1M30S`. */
function milliseconds(text: string): number | undefined {
  const simple = /^(\d+)(ms|s|m|h|d|)$/.exec(text);
  if (simple) return Number(simple[1]) * UNIT_MS[simple[2]];
  const iso = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(text);
  if (!iso || text === 'PT') return undefined;
  return Number(iso[1] ?? 0) * UNIT_MS.h + Number(iso[2] ?? 0) * UNIT_MS.m + Number(iso[3] ?? 0) * 1000;
}
