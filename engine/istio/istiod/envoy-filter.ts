// What of an EnvoyFilter the proxies heed: filters that limit rates, and by what a limit service is to count. Every other
// field would be passed to Envoy as it is, so it is refused here.

import type { JsonObject } from '../../api/types.ts';
import { missing, oneOf, type Shape } from '../install/kinds.ts';

export const FILTERS = {
  local: 'envoy.filters.http.local_ratelimit',
  global: 'envoy.filters.http.ratelimit',
};
const ONLY = `this engine models EnvoyFilters that insert ${Object.values(FILTERS).join(' or ')}, and their rate_limits, only`;

const FRACTION: Shape = {
  runtime_key: 1,
  default_value: { numerator: 1, denominator: ['HUNDRED', 'TEN_THOUSAND', 'MILLION'] },
};
const CONFIGS: Readonly<Record<string, { type: string; shape: Shape }>> = {
  [FILTERS.local]: {
    type: 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    shape: {
      stat_prefix: 1,
      token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: 1 },
      filter_enabled: FRACTION,
      filter_enforced: FRACTION,
      response_headers_to_add: {
        append: 1,
        append_action: ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD'],
        header: { key: 1, value: 1 },
      },
    },
  },
  [FILTERS.global]: {
    type: 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
    shape: {
      domain: 1,
      failure_mode_deny: 1,
      timeout: 1,
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: 1, authority: 1 } },
        transport_api_version: ['V3'],
      },
    },
  },
};
/** In which a configuration may be wrapped. */
const STRUCTS = ['type.googleapis.com/udpa.type.v1.TypedStruct', 'type.googleapis.com/xds.type.v3.TypedStruct'];

const CONTEXT = ['ANY', 'SIDECAR_INBOUND', 'GATEWAY'];
const FILTER_MATCH: Shape = {
  context: CONTEXT,
  listener: {
    filterChain: {
      filter: {
        name: ['envoy.filters.network.http_connection_manager'],
        subFilter: { name: ['envoy.filters.http.router'] },
      },
    },
  },
};
const ROUTE_MATCH: Shape = {
  context: CONTEXT,
  routeConfiguration: { vhost: { name: [''], route: { action: ['ANY'] } } },
};
const LIMITS: Shape = {
  actions: {
    request_headers: { header_name: 1, descriptor_key: 1 },
    generic_key: { descriptor_key: 1, descriptor_value: 1 },
  },
};

/** What is wrong with a patch; undefined: nothing. */
export function patchProblem({ applyTo, match, patch }: JsonObject): string | undefined {
  const { operation, value = {} } = (patch ?? {}) as JsonObject;
  if (applyTo === 'VIRTUAL_HOST' || applyTo === 'HTTP_ROUTE') {
    if (operation !== 'MERGE' || !(value.rate_limits ?? value.route?.rate_limits)) return ONLY;
    const shape: Shape = applyTo === 'VIRTUAL_HOST' ? { rate_limits: LIMITS } : { route: { rate_limits: LIMITS } };
    return missing(match, ROUTE_MATCH, 'match') ?? missing(value, shape, 'patch.value');
  }
  const config = CONFIGS[value.name];
  if (applyTo !== 'HTTP_FILTER' || operation !== 'INSERT_BEFORE' || !config) return ONLY;
  const { '@type': type, ...own } = (value.typed_config ?? {}) as JsonObject;
  const path = 'patch.value.typed_config';
  return (
    missing(match, FILTER_MATCH, 'match') ??
    missing(value, { name: 1, typed_config: 1 }, 'patch.value') ??
    (STRUCTS.includes(type)
      ? missing(own, { type_url: [config.type], value: config.shape }, path)
      : (oneOf(`${path}.@type`, type ?? '', [config.type, ...STRUCTS]) ?? missing(own, config.shape, path)))
  );
}
