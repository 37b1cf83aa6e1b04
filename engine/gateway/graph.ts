// From the objects to what is said of them and what the data planes do: which listeners a route hangs on, under which
// names, and what its references lead to. A pure function of the objects; nothing is asked or written here.

import { matchesSelector } from '../api/selectors.ts';
import type { EndpointSlice, LabelSelector, Namespace, Secret, Service } from '../api/types.ts';
import { certificateOf, type ServerCertificate } from '../images/certificate.ts';
import {
  type Finding,
  ignores,
  INVALID_LISTENER,
  LISTENER,
  NO_HOSTNAME,
  NO_PARENT,
  NOT_ALLOWED,
  notAccepted,
  notProgrammed,
  partial,
  ROUTE,
  unresolved,
} from './conditions.ts';
import { common, moreSpecific } from './matching.ts';
import {
  type BackendRef,
  type Gateway,
  type GatewayListener,
  GROUP,
  type HTTPRoute,
  type ParentRef,
  type ReferenceGrant,
  type RoutedRule,
  type RouteRule,
  type Server,
  type Upstream,
} from './types.ts';
import { hostPort } from '../linux/net/index.ts';

export interface Objects {
  routes: readonly HTTPRoute[];
  grants: readonly ReferenceGrant[];
  namespace(name: string): Namespace | undefined;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  secret(namespace: string, name: string): Secret | undefined;
}

interface Listening {
  spec: GatewayListener;
  findings: Finding[];
  valid: boolean;
  certificate: ServerCertificate | undefined;
  attached: Set<HTTPRoute>;
  kinds: { group: string; kind: string }[];
}

export interface GatewayGraph {
  listeners: Listening[];
  servers: Server[];
}

/** What a route is told of one of its parents. */
export interface ParentFindings {
  parentRef: ParentRef;
  findings: Finding[];
}

const FILTERS = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'];
/** Fields of a rule that this implementation does not have. */
const IGNORED = ['name', 'timeouts', 'retry', 'sessionPersistence'] as const;
const PROTOCOLS = ['HTTP', 'HTTPS'];
const quoted = (values: readonly string[]) => values.map((value) => `"${value}"`).join(', ');

export function gatewayGraph(
  gateway: Gateway,
  objects: Objects,
  parents: Map<HTTPRoute, ParentFindings[]>,
): GatewayGraph {
  const listeners = gateway.spec.listeners.map((spec) => listening(gateway, spec, objects));
  conflicts(listeners);
  const servers = new Map<number, Server>();
  for (const { valid, spec, certificate } of listeners) {
    if (!valid) continue;
    const known = servers.get(spec.port);
    const server = known ?? { port: spec.port, certificates: undefined, hosts: [] };
    if (certificate) {
      server.certificates = [...(server.certificates ?? []), { pattern: spec.hostname ?? '', ...certificate }];
    }
    servers.set(spec.port, server);
  }
  for (const route of objects.routes) {
    for (const parentRef of route.spec.parentRefs ?? []) {
      if (!isParent(parentRef, gateway, route)) continue;
      const findings = attach(route, parentRef, gateway, listeners, servers, objects);
      const list = parents.get(route);
      if (list) list.push({ parentRef, findings });
      else parents.set(route, [{ parentRef, findings }]);
    }
  }
  for (const { hosts } of servers.values()) {
    for (const { rules } of hosts) rules.sort((a, b) => moreSpecific(a.match, b.match));
  }
  return { listeners, servers: [...servers.values()] };
}

// ---- listeners -------------------------------------------------------------------------------------------

function listening(gateway: Gateway, spec: GatewayListener, objects: Objects): Listening {
  const findings: Finding[] = [...LISTENER];
  const out: Listening = {
    spec,
    findings,
    valid: true,
    certificate: undefined,
    attached: new Set(),
    kinds: [{ group: GROUP, kind: 'HTTPRoute' }],
  };
  const refuse = (...wrong: Finding[]) => {
    out.valid = false;
    findings.push(...wrong, notProgrammed('Invalid', wrong[0].message));
  };
  if (!PROTOCOLS.includes(spec.protocol)) {
    out.kinds = [];
    refuse(
      notAccepted(
        'UnsupportedProtocol',
        `protocol: Unsupported value: "${spec.protocol}": supported values: ${quoted(PROTOCOLS)}`,
      ),
    );
    return out;
  }
  const foreign = spec.allowedRoutes?.kinds?.find(({ group = GROUP, kind }) => group !== GROUP || kind !== 'HTTPRoute');
  if (foreign) {
    const name = `${foreign.group ?? GROUP}/${foreign.kind}`;
    out.kinds = out.kinds.filter(({ kind }) => spec.allowedRoutes?.kinds?.some((one) => one.kind === kind));
    refuse(unresolved('InvalidRouteKinds', `kind: Unsupported value: "${name}": supported values: "HTTPRoute"`));
  }
  if (spec.protocol === 'HTTPS') secure(gateway, out, objects, refuse);
  return out;
}

function secure(gateway: Gateway, out: Listening, objects: Objects, refuse: (...wrong: Finding[]) => void) {
  const { mode = 'Terminate', certificateRefs = [] } = out.spec.tls ?? {};
  if (mode !== 'Terminate') {
    const message = `tls.mode: Unsupported value: "${mode}": supported values: "Terminate"`;
    refuse(notAccepted('UnsupportedValue', message));
    return;
  }
  const [ref] = certificateRefs;
  const wrong = (reason: string, message: string) => refuse(notAccepted(reason, message), unresolved(reason, message));
  if (!ref) return wrong('InvalidCertificateRef', 'certificateRefs: Required value: certificateRefs must be defined');
  const own = gateway.metadata.namespace ?? '';
  const { namespace = own, name } = ref;
  if (namespace !== own && !isGranted(objects.grants, 'Gateway', own, { kind: 'Secret', namespace, name })) {
    wrong('RefNotPermitted', `Certificate ref to secret ${namespace}/${name} not permitted by any ReferenceGrant`);
    return;
  }
  const secret = objects.secret(namespace, name);
  out.certificate = certificateOf(secret);
  if (!out.certificate) {
    const why = secret ? 'has no valid certificate' : 'does not exist';
    const message = `tls.certificateRefs[0]: Invalid value: "${namespace}/${name}": Secret ${namespace}/${name} ${why}`;
    wrong('InvalidCertificateRef', message);
  }
}

/** One port speaks one protocol, and has a name once. */
function conflicts(listeners: readonly Listening[]) {
  const conflicted = (one: Listening, reason: string, message: string) => {
    one.valid = false;
    const conflict: Finding = { type: 'Conflicted', status: 'True', reason, message };
    one.findings.push(notAccepted(reason, message), conflict, notProgrammed('Invalid', message));
  };
  for (const one of listeners.filter(({ valid }) => valid)) {
    const others = listeners.filter(({ spec }) => spec !== one.spec && spec.port === one.spec.port);
    const { port, protocol, hostname = '' } = one.spec;
    if (others.some(({ spec }) => PROTOCOLS.includes(spec.protocol) && spec.protocol !== protocol)) {
      const message = `Multiple listeners for the same port ${port} specify incompatible protocols; ensure only one protocol per port`;
      conflicted(one, 'ProtocolConflict', message);
    } else if (others.some(({ spec }) => (spec.hostname ?? '') === hostname)) {
      const message = `Multiple listeners for the same port ${port} specify the same hostname; ensure each has a hostname of its own`;
      conflicted(one, 'HostnameConflict', message);
    }
  }
}

// ---- routes ----------------------------------------------------------------------------------------------

function isParent({ group = GROUP, kind = 'Gateway', namespace, name }: ParentRef, gateway: Gateway, route: HTTPRoute) {
  if (group !== GROUP || kind !== 'Gateway' || name !== gateway.metadata.name) return false;
  return (namespace ?? route.metadata.namespace) === gateway.metadata.namespace;
}

function attach(
  route: HTTPRoute,
  parentRef: ParentRef,
  gateway: Gateway,
  listeners: readonly Listening[],
  servers: ReadonlyMap<number, Server>,
  objects: Objects,
): Finding[] {
  const findings: Finding[] = [...ROUTE];
  const rules = routedRules(route, objects, findings);
  const meant = listeners.filter(
    ({ spec }) =>
      (parentRef.sectionName === undefined || parentRef.sectionName === spec.name) &&
      (parentRef.port === undefined || parentRef.port === spec.port),
  );
  if (meant.length === 0) return [...findings, NO_PARENT];
  const usable = meant.filter(({ valid }) => valid);
  if (usable.length === 0) return [...findings, INVALID_LISTENER];
  const open = usable.filter((one) => admits(one, gateway, route, objects));
  if (open.length === 0) return [...findings, NOT_ALLOWED];
  const { hostnames = [''] } = route.spec;
  let named = false;
  for (const one of open) {
    const shared = (hostnames.length ? hostnames : [''])
      .map((hostname) => common(one.spec.hostname ?? '', hostname))
      .filter((hostname) => hostname !== undefined);
    if (shared.length === 0) continue;
    named = true;
    if (!rules) continue;
    one.attached.add(route);
    const hosts = servers.get(one.spec.port)?.hosts ?? [];
    for (const hostname of shared) {
      const known = hosts.find((host) => host.hostname === hostname);
      if (known) known.rules.push(...rules);
      else hosts.push({ hostname, rules: [...rules] });
    }
  }
  return named ? findings : [...findings, NO_HOSTNAME];
}

function admits({ spec, kinds }: Listening, gateway: Gateway, route: HTTPRoute, objects: Objects): boolean {
  if (kinds.length === 0) return false;
  const { from = 'Same', selector } = spec.allowedRoutes?.namespaces ?? {};
  if (from === 'All') return true;
  const namespace = route.metadata.namespace ?? '';
  if (from === 'Same') return namespace === gateway.metadata.namespace;
  const labels = objects.namespace(namespace)?.metadata.labels;
  return from === 'Selector' && matchesSelector((selector ?? {}) as LabelSelector, labels);
}

/**
 * A route's rules, one a match; undefined when it cannot be accepted at all. One that cannot be followed is left out, or
 * answers 500 where only its filters are wrong.
 */
function routedRules(route: HTTPRoute, objects: Objects, findings: Finding[]): RoutedRule[] | undefined {
  const out: RoutedRule[] = [];
  const { rules = [] } = route.spec;
  const ignored: string[] = [];
  const wrong: string[] = [];
  let sound = 0;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    const at = `spec.rules[${i}]`;
    for (const name of IGNORED) {
      const shown = `${name[0].toUpperCase()}${name.slice(1)}`;
      if (rule[name] !== undefined) ignored.push(`${at}.${name}: Forbidden: ${shown}`);
    }
    const matches = badMatches(rule, at);
    const filters = badFilters(rule, at);
    wrong.push(...matches, ...filters);
    if (matches.length === 0 && filters.length === 0) sound++;
    const upstreams = (rule.backendRefs ?? []).map((ref, k) =>
      upstream(route, ref, `${at}.backendRefs[${k}]`, objects, findings),
    );
    if (matches.length) continue;
    const [heeded, led] = filters.length ? [[], []] : [rule.filters ?? [], upstreams];
    for (const match of rule.matches ?? [{}]) out.push({ match, filters: heeded, upstreams: led });
  }
  if (ignored.length) findings.push(ignores(aggregate(ignored)));
  if (wrong.length && sound) findings.push(partial(aggregate(wrong)));
  if (!wrong.length || sound) return out;
  findings.push(notAccepted('UnsupportedValue', `All rules are invalid: ${aggregate(wrong)}`));
  return undefined;
}

/** Several errors as one text, as Go's aggregate has it. */
const aggregate = (errors: readonly string[]) => (errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);

function badFilters({ filters = [] }: RouteRule, at: string): string[] {
  return filters.flatMap(({ type }, k) =>
    FILTERS.includes(type)
      ? []
      : [`${at}.filters[${k}].type: Unsupported value: "${type}": supported values: ${quoted(FILTERS)}`],
  );
}

/** Expressions that are none. */
function badMatches({ matches = [] }: RouteRule, at: string): string[] {
  const out: string[] = [];
  const look = (where: string, type: string | undefined, value: string | undefined) => {
    if (type !== 'RegularExpression' || value === undefined) return;
    try {
      void new RegExp(value);
    } catch {
      out.push(`${where}.value: Invalid value: ${JSON.stringify(value)}: must be a regular expression`);
    }
  };
  matches.forEach(({ path, headers = [], queryParams = [] }, k) => {
    const place = `${at}.matches[${k}]`;
    look(`${place}.path`, path?.type, path?.value);
    headers.forEach(({ type, value }, n) => look(`${place}.headers[${n}]`, type, value));
    queryParams.forEach(({ type, value }, n) => look(`${place}.queryParams[${n}]`, type, value));
  });
  return out;
}

function upstream(route: HTTPRoute, ref: BackendRef, at: string, objects: Objects, findings: Finding[]): Upstream {
  const own = route.metadata.namespace ?? '';
  const { group = '', kind = 'Service', namespace = own, name, port, weight = 1 } = ref;
  const out: Upstream = { weight, name: `${namespace}_${name}_${port}`, servers: [], invalid: true };
  if (group !== '' || kind !== 'Service') {
    findings.push(unresolved('InvalidKind', `${at}.kind: Unsupported value: "${kind}": supported values: "Service"`));
    return out;
  }
  if (ref.filters?.length) {
    const message = `${at}.filters: Too many: ${ref.filters.length}: must have at most 0 items`;
    findings.push(unresolved('UnsupportedValue', message));
    return out;
  }
  if (namespace !== own && !isGranted(objects.grants, 'HTTPRoute', own, { kind, namespace, name })) {
    const message = `${at}.namespace: Forbidden: Backend ref to Service ${namespace}/${name} not permitted by any ReferenceGrant`;
    findings.push(unresolved('RefNotPermitted', message));
    return out;
  }
  const service = objects.service(namespace, name);
  if (!service) {
    findings.push(unresolved('BackendNotFound', `${at}.name: Not found: "${name}"`));
    return out;
  }
  const wanted = service.spec?.ports?.find((one) => one.port === port);
  if (!wanted || service.spec?.type === 'ExternalName') {
    const message = wanted
      ? `${at}.name: Unsupported value: "${name}": supported values: Services with endpoints`
      : `${at}.port: Not found: ${port}`;
    findings.push(unresolved(wanted ? 'UnsupportedValue' : 'BackendNotFound', message));
    return out;
  }
  out.invalid = false;
  for (const slice of objects.slices(namespace, name)) {
    const number = slice.ports?.find((one) => (one.name ?? '') === (wanted.name ?? ''))?.port;
    if (number === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      if (conditions?.ready !== false) out.servers.push(hostPort(addresses[0], number));
    }
  }
  out.servers.sort();
  return out;
}

/** Whether the namespace of what is referred to allows it: what no grant names stays closed to others. */
function isGranted(
  grants: readonly ReferenceGrant[],
  kind: string,
  from: string,
  to: { kind: string; namespace: string; name: string },
): boolean {
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some((one) => one.group === GROUP && one.kind === kind && one.namespace === from) &&
      spec.to.some((one) => one.group === '' && one.kind === to.kind && (one.name ?? to.name) === to.name),
  );
}
