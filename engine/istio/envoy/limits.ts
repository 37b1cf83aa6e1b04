// Rate limits that EnvoyFilters put in front of a workload or a gateway: counted by the proxy itself, or asked of a rate
// limit service that all proxies share.

import type { JsonObject } from '../../api/types.ts';
import { byteLength, exchange as send, header, type Headers } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { FILTERS } from '../istiod/envoy-filter.ts';
import { milliseconds } from '../types.ts';
import type { Reply } from './http.ts';
import type { Exchange, Proxy } from './proxy.ts';
import type { Request } from './routes.ts';
import { within } from './upstream.ts';
import type { View } from './view.ts';

const buckets = new WeakMap<Proxy, { spec: JsonObject; bucket: TokenBucket }>();
export const SHOULD_LIMIT = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
/** Envoy: how long the service is waited for. */
const TIMEOUT_MS = 20;

/** Of 100; Envoy leaves a filter off unless it is told how often it is on. */
function percent(fraction: JsonObject | undefined): number {
  const { numerator = 0, denominator = 'HUNDRED' } = fraction?.default_value ?? {};
  return numerator / ({ HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }[denominator as 'HUNDRED'] ?? 1);
}

/** A filter that an EnvoyFilter has put into this proxy, by its name. */
function filterOf(view: View, name: string, gateway: boolean): JsonObject | undefined {
  return view.once(`filter ${name}`, () => {
    for (const { spec } of view.concerning('EnvoyFilter', (one) => one.workloadSelector?.labels)) {
      for (const { applyTo, match, patch } of (spec?.configPatches ?? []) as JsonObject[]) {
        const context = match?.context ?? 'ANY';
        if (applyTo !== 'HTTP_FILTER' || patch?.value?.name !== name) continue;
        if (context !== 'ANY' && (context === 'GATEWAY') !== gateway) continue;
        const typed = patch.value.typed_config ?? {};
        // Written out, or wrapped in a TypedStruct.
        return typed.value ?? typed;
      }
    }
    return undefined;
  });
}

/** Envoy's token bucket. */
class TokenBucket {
  private tokens: number;
  private filledAt: number;
  private readonly spec: JsonObject;

  constructor(spec: JsonObject, now: number) {
    this.spec = spec;
    this.tokens = spec.max_tokens;
    this.filledAt = now;
  }

  /** A token, if there is one. */
  take(now: number): boolean {
    const { max_tokens: most, tokens_per_fill: each = 1, fill_interval: interval } = this.spec;
    const every = milliseconds(interval, 1000);
    const fills = Math.floor((now - this.filledAt) / every);
    if (fills > 0) {
      this.tokens = Math.min(most, this.tokens + fills * each);
      this.filledAt += fills * every;
    }
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}

/** 429 when a limit is reached. */
export function* limit(proxy: Proxy, request: Request, exchange: Exchange): Co<Reply | undefined> {
  const { view, router, random, sim } = proxy;
  const local = filterOf(view, FILTERS.local, router);
  if (local?.token_bucket && random.float() * 100 < percent(local.filter_enabled)) {
    let kept = buckets.get(proxy);
    if (kept?.spec !== local)
      buckets.set(proxy, (kept = { spec: local, bucket: new TokenBucket(local.token_bucket, sim.now) }));
    if (!kept.bucket.take(sim.now) && random.float() * 100 < percent(local.filter_enforced)) {
      exchange.flags = 'RL';
      exchange.details = 'local_rate_limited';
      const added = ((local.response_headers_to_add ?? []) as JsonObject[]).map(({ header: one }): Headers[number] => [
        one.key,
        String(one.value),
      ]);
      return proxy.reply(429, 'local_rate_limited', added);
    }
  }
  const global = filterOf(view, FILTERS.global, router);
  if (!global) return undefined;
  const descriptors = descriptorsOf(view, request, router);
  if (!descriptors.length) return undefined;
  const over = yield* within(sim, milliseconds(global.timeout, TIMEOUT_MS), ask(proxy, global, descriptors));
  if (over === undefined && global.failure_mode_deny) {
    exchange.flags = 'RLSE';
    return proxy.reply(500, '');
  }
  if (!over) return undefined;
  exchange.flags = 'RL';
  exchange.details = 'request_rate_limited';
  return proxy.reply(429, '', [['x-envoy-ratelimited', 'true']]);
}

/** What the service is to count a request by. */
function descriptorsOf(view: View, request: Request, gateway: boolean): JsonObject[] {
  const actions = view.once('rate limits', () =>
    view
      .concerning('EnvoyFilter', (one) => one.workloadSelector?.labels)
      .flatMap(({ spec }) => (spec?.configPatches ?? []) as JsonObject[])
      .filter(({ match }) => [undefined, 'ANY', gateway ? 'GATEWAY' : 'SIDECAR_INBOUND'].includes(match?.context))
      .flatMap(({ patch }) => (patch?.value?.rate_limits ?? patch?.value?.route?.rate_limits ?? []) as JsonObject[]),
  );
  const out: JsonObject[] = [];
  for (const { actions: list = [] } of actions) {
    const entries: { key: string; value: string }[] = [];
    for (const { request_headers: from, generic_key: fixed } of list) {
      if (fixed) entries.push({ key: fixed.descriptor_key ?? 'generic_key', value: fixed.descriptor_value });
      else if (from) {
        const value =
          from.header_name === ':path'
            ? request.target
            : from.header_name === ':method'
              ? request.method
              : header(request.headers, from.header_name === ':authority' ? 'host' : from.header_name);
        if (value !== undefined) entries.push({ key: from.descriptor_key, value });
      }
    }
    if (entries.length === list.length) out.push({ entries });
  }
  return out;
}

/** Whether the limit is reached; undefined: the service cannot be asked. */
function* ask(
  { net, process, view }: Proxy,
  { domain, rate_limit_service: service }: JsonObject,
  descriptors: JsonObject[],
): Co<boolean | undefined> {
  const [, port, , host] = String(service?.grpc_service?.envoy_grpc?.cluster_name ?? '').split('|');
  const address = view.service(host)?.addresses[0];
  if (!address) return undefined;
  const socket = yield* net.connect(address, Number(port), { process });
  if (typeof socket === 'string') return undefined;
  try {
    const body = JSON.stringify({ domain, descriptors });
    const headers: Headers = [
      ['host', service.grpc_service.envoy_grpc.authority ?? host],
      ['content-type', 'application/grpc'],
      ['content-length', String(byteLength(body))],
    ];
    const answer = yield* send(socket, { method: 'POST', target: SHOULD_LIMIT, headers, body });
    const text = answer && (yield* answer.read());
    return text === undefined ? undefined : text === 'OVER_LIMIT';
  } finally {
    socket.close();
  }
}
