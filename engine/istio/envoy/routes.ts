// HTTP routes: the rules of a VirtualService in the order in which they are tried, and what they do with a request.

import type { JsonObject } from '../../api/types.ts';
import { header, type Headers } from '../../linux/index.ts';
import { fullName, milliseconds, selects, type Config, type Workload } from '../types.ts';

export interface Request {
  method: string;
  /** Path with query. */
  target: string;
  version: string;
  headers: Headers;
  body: string;
}

/** Where a request or connection may go. */
export interface Target {
  host: string;
  /** 0: the port that it came for. */
  port: number;
  subset: string;
  weight: number;
  headers?: JsonObject;
}

export interface RetryPolicy {
  attempts: number;
  /** ms; 0: none. */
  perTryTimeout: number;
  on: ReadonlySet<string>;
}

export interface Route {
  name: string;
  matches(request: Request): boolean;
  targets: readonly Target[];
  /** ms; 0: none. */
  timeout: number;
  retries: RetryPolicy;
  fault?: { abort?: { status: number; percent: number }; delay?: { ms: number; percent: number } };
  redirect?: JsonObject;
  direct?: JsonObject;
  rewrite?: JsonObject;
  headers?: JsonObject;
  /** What of the path has matched, for rewriting. */
  prefix: string;
}

/** Istio's defaults: what is safe to repeat. A 503 that the service itself gave is not, since 1.24. */
const DEFAULT_ON = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'reset-before-request'];
const DEFAULT_RETRIES: RetryPolicy = { attempts: 2, perTryTimeout: 0, on: new Set(DEFAULT_ON) };

function retryPolicy(spec: JsonObject | undefined): RetryPolicy {
  if (!spec) return DEFAULT_RETRIES;
  const on = spec.retryOn ? String(spec.retryOn).split(',') : DEFAULT_ON;
  return {
    attempts: spec.attempts ?? 0,
    perTryTimeout: milliseconds(spec.perTryTimeout),
    on: new Set(on.map((word: string) => word.trim())),
  };
}

type Test = (value: string | undefined) => boolean;

/** exact, prefix or regex; of none of them any value that is there. */
function stringTest(match: JsonObject, fold = false): Test {
  const same = (text: string) => (fold ? text.toLowerCase() : text);
  if (match.exact !== undefined) return (value) => value !== undefined && same(value) === same(match.exact);
  if (match.prefix !== undefined) return (value) => value !== undefined && same(value).startsWith(same(match.prefix));
  if (match.regex !== undefined) {
    const pattern = new RegExp(`^(?:${match.regex})$`);
    return (value) => value !== undefined && pattern.test(value);
  }
  return (value) => value !== undefined;
}

const pathOf = (target: string) => target.split('?', 1)[0];

/** The value of a parameter of the query, as it stands there when its escapes are none. */
export function queryOf(target: string, name: string): string | undefined {
  for (const pair of (target.split('?')[1] ?? '').split('&')) {
    const [key, value = ''] = pair.split('=');
    if (key !== name) continue;
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  }
  return undefined;
}

/** One of a rule's `match`; undefined when it can never hold for this proxy. */
function matcher(match: JsonObject, port: number, gateway: string, self: Workload) {
  if (match.port !== undefined && match.port !== port) return undefined;
  if (match.gateways && !match.gateways.includes(gateway)) return undefined;
  if (gateway === 'mesh') {
    if (match.sourceLabels && !selects(match.sourceLabels, self.labels)) return undefined;
    if (match.sourceNamespace && match.sourceNamespace !== self.namespace) return undefined;
  }
  const tests: ((request: Request) => boolean)[] = [];
  const on = (
    spec: JsonObject | undefined,
    value: (request: Request) => string | undefined,
    fold = false,
    not = false,
  ) => {
    if (!spec) return;
    const test = stringTest(spec, fold);
    tests.push((request) => test(value(request)) !== not);
  };
  on(match.uri, ({ target }) => pathOf(target), match.ignoreUriCase);
  on(match.method, ({ method }) => method);
  on(match.authority, ({ headers }) => header(headers, 'host'));
  for (const name in match.headers ?? {}) on(match.headers[name], ({ headers }) => header(headers, name));
  for (const name in match.withoutHeaders ?? {})
    on(match.withoutHeaders[name], ({ headers }) => header(headers, name), false, true);
  for (const name in match.queryParams ?? {}) on(match.queryParams[name], ({ target }) => queryOf(target, name));
  return (request: Request) => tests.every((test) => test(request));
}

const TO_ALL = () => true;

/** The routes for a host on a port: those of its VirtualService, or one to the service itself. */
export function compileRoutes(
  rule: Config | undefined,
  host: string,
  port: number,
  gateway: string,
  self: Workload,
): Route[] {
  const plain = { timeout: 0, retries: DEFAULT_RETRIES, prefix: '/' };
  if (!rule?.spec?.http)
    return [{ ...plain, name: 'default', matches: TO_ALL, targets: [{ host, port, subset: '', weight: 100 }] }];
  const namespace = rule.metadata.namespace ?? '';
  const routes: Route[] = [];
  for (const spec of rule.spec.http as JsonObject[]) {
    const { fault } = spec;
    const percent = (one: JsonObject) => one.percentage?.value ?? 100;
    const common = {
      targets: targetsOf(spec.route, namespace, gateway === 'mesh' ? port : 0),
      timeout: milliseconds(spec.timeout),
      retries: retryPolicy(spec.retries),
      fault: fault && {
        abort: fault.abort && { status: fault.abort.httpStatus, percent: percent(fault.abort) },
        delay: fault.delay && { ms: milliseconds(fault.delay.fixedDelay), percent: percent(fault.delay) },
      },
      redirect: spec.redirect,
      direct: spec.directResponse,
      rewrite: spec.rewrite,
      headers: spec.headers,
    };
    const all: JsonObject[] = spec.match?.length ? spec.match : [{}];
    for (const match of all) {
      const matches = matcher(match, port, gateway, self);
      if (!matches) continue;
      const prefix: string = match.uri?.prefix ?? match.uri?.exact ?? '/';
      routes.push({ ...common, name: [spec.name, match.name].filter(Boolean).join('.'), matches, prefix });
    }
  }
  return routes;
}

export function targetsOf(list: JsonObject[] | undefined, namespace: string, port: number): Target[] {
  return (list ?? []).map(({ destination, weight, headers }) => ({
    host: fullName(destination.host, namespace),
    port: destination.port?.number ?? port,
    subset: destination.subset ?? '',
    weight: weight ?? (list?.length === 1 ? 100 : 0),
    headers,
  }));
}

/** One of the targets, by weight. `chance` is from 0 to 1. */
export function weighted(targets: readonly Target[], chance: number): Target | undefined {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let at = chance * total;
  for (const target of targets) {
    at -= target.weight;
    if (at < 0) return target;
  }
  return targets[targets.length - 1];
}

/** set, add and remove. */
export function changeHeaders(headers: Headers, change: JsonObject | undefined): Headers {
  if (!change) return headers;
  let out = headers;
  const without = (name: string) => out.filter(([known]) => known.toLowerCase() !== name.toLowerCase());
  for (const name of change.remove ?? []) out = without(name);
  for (const name in change.set ?? {}) out = [...without(name), [name.toLowerCase(), String(change.set[name])]];
  for (const name in change.add ?? {}) out = [...out, [name.toLowerCase(), String(change.add[name])]];
  return out;
}
