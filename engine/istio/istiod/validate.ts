// What istiod's validating webhook finds wrong with an object that is made of modelled fields.

import type { JsonObject } from '../../api/types.ts';
import type { Config } from '../types.ts';
import { oneOf } from '../install/kinds.ts';
import { patchProblem } from './envoy-filter.ts';

type Check = (spec: JsonObject) => string | undefined;

const all = <T>(list: readonly T[] | undefined, check: (one: T) => string | undefined): string | undefined => {
  for (const one of list ?? []) {
    const problem = check(one);
    if (problem) return problem;
  }
  return undefined;
};

const MTLS = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'];
const BALANCERS = ['UNSPECIFIED', 'LEAST_REQUEST', 'LEAST_CONN', 'ROUND_ROBIN', 'RANDOM', 'PASSTHROUGH'];
/** A regular expression in a match that is none. */
function badPattern(match: JsonObject): string | undefined {
  const { uri, method, authority, headers = {}, withoutHeaders = {}, queryParams = {} } = match;
  const maps = [headers, withoutHeaders, queryParams].flatMap((map) => Object.values(map as JsonObject));
  return all([uri, method, authority, ...maps] as (JsonObject | undefined)[], (one) => {
    if (one?.regex === undefined) return undefined;
    try {
      void new RegExp(one.regex);
      return undefined;
    } catch {
      return `${JSON.stringify(one.regex)}: error parsing regexp; Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)`;
    }
  });
}

const policy = (one: JsonObject | undefined): string | undefined =>
  oneOf('tls.mode', one?.tls?.mode, ['DISABLE', 'ISTIO_MUTUAL']) ??
  oneOf('loadBalancer.simple', one?.loadBalancer?.simple, BALANCERS);

const CHECKS: Record<string, Check> = {
  VirtualService(spec) {
    if (!spec.hosts?.length) return 'virtual service must have at least one host';
    if (!spec.http && !spec.tcp) return 'http, tcp or tls must be provided in virtual service';
    return all(spec.http as JsonObject[], (route) => {
      if (!route.route && !route.redirect && !route.directResponse)
        return 'HTTP route, redirect or direct_response is required';
      const weights = ((route.route ?? []) as JsonObject[]).map(({ weight }) => weight ?? 0);
      if (weights.length > 1 && weights.every((weight) => weight === 0)) return 'total destination weight = 0';
      const status = route.fault?.abort?.httpStatus;
      if (route.fault?.abort && (status === undefined || status < 200 || status > 600))
        return `HTTP status ${status} is not in range 200-599`;
      return (
        all(route.match as JsonObject[], badPattern) ??
        all(route.route as JsonObject[], ({ destination }) =>
          destination?.host ? undefined : 'destination host is required',
        )
      );
    });
  },
  DestinationRule(spec) {
    if (!spec.host) return 'domain name cannot be empty';
    return (
      policy(spec.trafficPolicy) ??
      all(spec.subsets as JsonObject[], (subset) =>
        subset.name ? policy(subset.trafficPolicy) : 'subset name cannot be empty',
      )
    );
  },
  Gateway: (spec) =>
    all(spec.servers as JsonObject[], ({ port, hosts }) => {
      if (!hosts?.length) return 'servers config must contain at least one host';
      return oneOf('port.protocol', port?.protocol, ['HTTP', 'HTTP2', 'GRPC', 'TCP']);
    }),
  ServiceEntry(spec) {
    if (!spec.hosts?.length) return 'service entry must have at least one host';
    return (
      oneOf('resolution', spec.resolution, ['NONE', 'STATIC', 'DNS']) ??
      oneOf('location', spec.location, ['MESH_EXTERNAL', 'MESH_INTERNAL'])
    );
  },
  Sidecar: (spec) =>
    oneOf('outboundTrafficPolicy.mode', spec.outboundTrafficPolicy?.mode, ['ALLOW_ANY', 'REGISTRY_ONLY']),
  PeerAuthentication(spec) {
    if (spec.portLevelMtls && !spec.selector) return 'mtls only applies to workload with selector';
    const modes = [spec.mtls, ...Object.values((spec.portLevelMtls ?? {}) as JsonObject)];
    return all(modes as JsonObject[], (mtls) => oneOf('mtls.mode', mtls?.mode, MTLS));
  },
  AuthorizationPolicy(spec) {
    if (spec.action === 'DENY' && !spec.rules)
      return 'a deny policy without `rules` is meaningless and has no effect, found in';
    return (
      oneOf('action', spec.action, ['ALLOW', 'DENY']) ??
      all(spec.rules as JsonObject[], ({ when }) =>
        all(when as JsonObject[], ({ key }) =>
          /^(source\.(ip|namespace|principal)|destination\.(port|ip)|connection\.sni|request\.headers\[.+\])$/.test(key)
            ? undefined
            : `unknown attribute (${key}), or one that is not modelled by this engine`,
        ),
      )
    );
  },
  Telemetry: (spec) =>
    all(spec.accessLogging as JsonObject[], ({ providers }) =>
      all(providers as JsonObject[], ({ name }) => oneOf('accessLogging.providers.name', name, ['envoy'])),
    ),
  EnvoyFilter: (spec) => all(spec.configPatches as JsonObject[], patchProblem),
};

/** undefined: nothing. */
export const invalid = ({ kind, spec }: Config): string | undefined => CHECKS[kind]?.(spec ?? {});
