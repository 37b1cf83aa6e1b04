// Services, endpoints and endpoint slices.

import type { JsonObject, KubeObject } from '../types.ts';
import { portNumber, portNumberOrName } from './ports.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import { labels } from './metadata.ts';
import {
  cidrFamily,
  ipFamily,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidIP,
  isValidLabelValue,
} from './names.ts';
import type { Rules } from './rules.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const LOAD_BALANCERS_ONLY = "may only be used when `type` is 'LoadBalancer'";
const MAX_AFFINITY = 86400;

const isHeadless = (spec: JsonObject) => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';

function servicePorts(faults: Faults, ports: JsonObject[]) {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`;
    if (ports.length > 1 && !port.name) faults.required(`${at}.name`);
    else if (port.name) {
      faults.check(`${at}.name`, port.name, isDNS1123Label);
      if (names.has(port.name)) faults.duplicate(`${at}.name`, port.name);
      names.add(port.name);
    }
    portNumber(faults, `${at}.port`, port.port);
    faults.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
    portNumberOrName(faults, `${at}.targetPort`, port.targetPort);
    if (port.appProtocol !== undefined) faults.check(`${at}.appProtocol`, port.appProtocol, isQualifiedName);
  });
}

function repeatedPorts(faults: Faults, { type, ports = [] }: JsonObject) {
  const list: JsonObject[] = ports;
  if (type === 'ClusterIP')
    list.forEach((port, i) => {
      if (port.nodePort) faults.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  for (const field of ['nodePort', 'port']) {
    const seen = new Set<string>();
    list.forEach((port, i) => {
      if (field === 'nodePort' && !port.nodePort) return;
      const key = `${port.protocol}/${port[field]}`;
      if (!seen.has(key)) seen.add(key);
      else if (field === 'nodePort') faults.duplicate(`spec.ports[${i}].nodePort`, port.nodePort);
      else {
        const { protocol, port: number } = port;
        faults.duplicate(`spec.ports[${i}]`, new Typed('core.ServicePort', { protocol, port: number }));
      }
    });
  }
}

function externalName(faults: Faults, spec: JsonObject) {
  const only = 'may not be set for ExternalName services';
  if (spec.clusterIPs?.length || spec.clusterIP) faults.forbidden('spec.clusterIPs', only);
  if (spec.ipFamilies?.length) faults.forbidden('spec.ipFamilies', only);
  if (spec.ipFamilyPolicy !== undefined) faults.forbidden('spec.ipFamilyPolicy', only);
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name) faults.check('spec.externalName', name, isDNS1123Subdomain);
  else faults.required('spec.externalName');
}

function affinity(faults: Faults, { sessionAffinity: mode, sessionAffinityConfig: config }: JsonObject) {
  faults.oneOf('spec.sessionAffinity', mode, ['ClientIP', 'None']);
  const at = 'spec.sessionAffinityConfig';
  if (mode === 'None' && config) faults.forbidden(at, 'must not be set when session affinity is None');
  if (mode !== 'ClientIP') return;
  const seconds = config?.clientIP?.timeoutSeconds;
  const when = 'when session affinity type is ClientIP';
  if (!config) faults.required(at, when);
  else if (!config.clientIP) faults.required(`${at}.clientIP`, when);
  else if (seconds === undefined) faults.required(`${at}.clientIP.timeoutSeconds`, when);
  else if (seconds <= 0 || seconds > MAX_AFFINITY)
    faults.invalid(`${at}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${MAX_AFFINITY}`);
}

/** Addresses, families and policy must fit each other. */
export function clusterIPs(faults: Faults, spec: JsonObject) {
  if (spec.type === 'ExternalName') return;
  const ips: string[] = spec.clusterIPs ?? [];
  const families: string[] = spec.ipFamilies ?? [];
  const path = 'spec.clusterIPs';
  if (spec.clusterIP) {
    if (!ips.length) faults.required(path);
    else if (ips[0] !== spec.clusterIP) faults.invalid(path, ips, 'first value must match `clusterIP`');
  } else if (ips.length) faults.invalid(path, ips, 'must be empty when `clusterIP` is not specified');
  families.forEach((family, i) => {
    faults.ifNot(`spec.ipFamilies[${i}]`, family, FAMILIES);
    if (families.indexOf(family) < i) faults.duplicate(`spec.ipFamilies[${i}]`, family);
  });
  faults.ifNot('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES);
  let bad = false;
  ips.forEach((ip, i) => {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) {
        bad = true;
        faults.invalid(path, ips, "'None' must be the first and only value");
      }
      return;
    }
    const wrong = isValidIP(ip);
    for (const fault of wrong) faults.invalid(`${path}[${i}]`, ip, fault);
    bad ||= wrong.length > 0;
  });
  if (ips.length > 2) faults.invalid(path, ips, 'may only hold up to 2 values');
  if (bad) return;
  if (ips.length > 1 && new Set(ips.map(ipFamily)).size < 2)
    faults.invalid(path, ips, 'may specify no more than one IP for each IP family');
  if (isHeadless(spec)) return;
  ips.forEach((ip, i) => {
    const family = families[i];
    if ((family === 'IPv4' && ipFamily(ip) === 6) || (family === 'IPv6' && ipFamily(ip) === 4))
      faults.invalid(`${path}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  });
}

const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function sourceRanges(faults: Faults, { metadata, spec }: KubeObject) {
  const annotation: string | undefined = metadata.annotations?.[SOURCE_RANGES];
  const given: string[] = spec.loadBalancerSourceRanges ?? [];
  if (!given.length && annotation === undefined) return;
  const path = given.length ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${SOURCE_RANGES}]`;
  if (spec.type !== 'LoadBalancer') faults.forbidden(path, LOAD_BALANCERS_ONLY);
  const ranges = given.length ? given : (annotation ?? '').trim() ? (annotation ?? '').split(',') : [];
  if (ranges.some((range) => !cidrFamily(range.trim()))) {
    faults.invalid(
      path,
      given.length ? `[${given.join(' ')}]` : annotation,
      given.length
        ? 'must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24 '
        : 'must be a comma separated list of CIDRs e.g. 192.168.0.0/16,10.0.0.0/8',
    );
  }
}

function loadBalancerClass(faults: Faults, { type, loadBalancerClass: name }: JsonObject) {
  if (name === undefined) return;
  if (type === 'LoadBalancer') faults.check('spec.loadBalancerClass', name, isQualifiedName);
  else faults.forbidden('spec.loadBalancerClass', LOAD_BALANCERS_ONLY);
}

/** Reachable from outside the cluster. */
export const isExternallyAccessible = ({ type, externalIPs }: JsonObject): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs?.length > 0);
/** Nodes say whether they have endpoints of it. */
export const needsHealthCheck = ({ type, externalTrafficPolicy }: JsonObject): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

function trafficPolicies(faults: Faults, spec: JsonObject) {
  if (isExternallyAccessible(spec))
    faults.oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, TRAFFIC_POLICIES);
  else if (spec.externalTrafficPolicy)
    faults.invalid(
      'spec.externalTrafficPolicy',
      spec.externalTrafficPolicy,
      'may only be set for externally-accessible services',
    );
  const port: number | undefined = spec.healthCheckNodePort;
  if (needsHealthCheck(spec)) {
    if (!port) faults.required('spec.healthCheckNodePort');
    else portNumber(faults, 'spec.healthCheckNodePort', port);
  } else if (port) {
    faults.invalid(
      'spec.healthCheckNodePort',
      port,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  if (spec.internalTrafficPolicy === undefined && SERVICE_TYPES.includes(spec.type) && spec.type !== 'ExternalName')
    faults.required('spec.internalTrafficPolicy');
  faults.ifNot('spec.internalTrafficPolicy', spec.internalTrafficPolicy, TRAFFIC_POLICIES);
  faults.ifNot('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS);
}

const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';

/** A change of the first address or family: `spec.FIELD[0]` may not become another, nor go. */
function primary(faults: Faults, field: 'clusterIPs' | 'ipFamilies', now: JsonObject, before: JsonObject) {
  const what = field === 'clusterIPs' ? 'clusterIP' : 'ipFamily';
  const old: string[] = before[field] ?? [];
  const list: string[] = now[field] ?? [];
  const fixed = (i: number) => faults.invalid(`spec.${field}[${i}]`, list, 'may not change once set');
  if (old.length === list.length) {
    old.forEach((value, i) => {
      if (value !== list[i]) fixed(field === 'clusterIPs' ? i : 0);
    });
    return;
  }
  if (!list.length) faults.invalid(`spec.${field}[0]`, list, `primary ${what} can not be unset`);
  else if (old.length && list[0] !== old[0]) fixed(0);
  if (old.length > list.length && list.length === 1 && now.ipFamilyPolicy !== 'SingleStack')
    faults.invalid(
      'spec.ipFamilyPolicy',
      now.ipFamilyPolicy,
      `must be set to 'SingleStack' when releasing the secondary ${what}`,
    );
}

export const service: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const mode = object.metadata.annotations?.[TOPOLOGY_MODE];
    const hints = object.metadata.annotations?.[TOPOLOGY_HINTS];
    if (mode !== undefined && hints !== undefined && mode !== hints) {
      const words = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
      faults.invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, words);
    }
    const { type } = spec;
    if (!spec.ports?.length && !isHeadless(spec) && type !== 'ExternalName') faults.required('spec.ports');
    if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec))
      faults.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
    if (type === 'ExternalName') externalName(faults, spec);
    servicePorts(faults, spec.ports ?? []);
    labels(faults, 'spec.selector', spec.selector);
    affinity(faults, spec);
    clusterIPs(faults, spec);
    (spec.externalIPs ?? []).forEach((ip: string, i: number) => {
      const at = `spec.externalIPs[${i}]`;
      if (ipFamily(ip)) nonSpecialIP(faults, at, ip);
      else faults.check(at, ip, isValidIP);
    });
    faults.oneOf('spec.type', type, SERVICE_TYPES);
    repeatedPorts(faults, spec);
    sourceRanges(faults, { ...object, spec });
    if (spec.allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer')
      faults.forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCERS_ONLY);
    loadBalancerClass(faults, spec);
    trafficPolicies(faults, spec);
  },
  validateUpdate(faults, object, old) {
    const before = old.spec as JsonObject;
    const now = object.spec as JsonObject;
    if (before.type !== 'ExternalName' && now.type !== 'ExternalName') {
      if (!isHeadless(before) || !isHeadless(now)) primary(faults, 'clusterIPs', now, before);
      if (!isHeadless(before) && !isHeadless(now)) primary(faults, 'ipFamilies', now, before);
    }
    const both = before.type === 'LoadBalancer' && now.type === 'LoadBalancer';
    if (both && before.loadBalancerClass !== now.loadBalancerClass)
      faults.invalid('spec.loadBalancerClass', now.loadBalancerClass, 'may not change once set');
    loadBalancerClass(faults, now);
    if (needsHealthCheck(before) && needsHealthCheck(now) && before.healthCheckNodePort !== now.healthCheckNodePort)
      faults.forbidden('spec.healthCheckNodePort', 'field is immutable');
  },
  validateStatus(faults, object) {
    loadBalancerStatus(faults, object, object.spec?.type !== 'LoadBalancer');
  },
};

/** What a load balancer reports of itself; `closed`: of one that is none. */
export function loadBalancerStatus(faults: Faults, object: KubeObject, closed = false) {
  const list: JsonObject[] = object.status?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (closed && list.length) {
    faults.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  list.forEach(({ ip, ipMode, hostname }, i) => {
    const at = `${path}[${i}]`;
    if (ip) faults.check(`${at}.ip`, ip, isValidIP);
    if (object.kind === 'Service') {
      if (ipMode === undefined) {
        if (ip) faults.required(`${at}.ipMode`, 'must be specified when `ip` is set');
      } else if (!ip) faults.forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set');
      else faults.ifNot(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']);
    }
    if (!hostname) return;
    faults.check(`${at}.hostname`, hostname, isDNS1123Subdomain);
    if (ipFamily(hostname)) faults.invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address');
  });
}

/** Addresses that no endpoint can have. */
function nonSpecialIP(faults: Faults, path: string, ip: string) {
  const lower = ip.toLowerCase();
  if (ip === '0.0.0.0' || lower === '::') faults.invalid(path, ip, `may not be unspecified (${ip})`);
  if (/^127\./.test(ip) || lower === '::1')
    faults.invalid(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (/^169\.254\./.test(ip) || /^fe[89ab]/.test(lower))
    faults.invalid(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (/^224\.0\.0\./.test(ip) || lower.startsWith('ff02:'))
    faults.invalid(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
}

/** The same, of what may be no address at all. */
function anyIP(faults: Faults, path: string, ip: string) {
  if (ipFamily(ip)) nonSpecialIP(faults, path, ip);
  else faults.invalid(path, ip, 'must be a valid IP address');
}

export const endpoints: Rules = {
  validate(faults, object) {
    (object.subsets ?? []).forEach((subset: JsonObject, s: number) => {
      const at = `subsets[${s}]`;
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
        faults.required(at, 'must specify `addresses` or `notReadyAddresses`');
      for (const list of ['addresses', 'notReadyAddresses']) {
        (subset[list] ?? []).forEach((address: JsonObject, i: number) => {
          const path = `${at}.${list}[${i}]`;
          faults.check(`${path}.ip`, address.ip ?? '', isValidIP);
          if (address.hostname) faults.check(`${path}.hostname`, address.hostname, isDNS1123Label);
          if (address.nodeName !== undefined) faults.check(`${path}.nodeName`, address.nodeName, isDNS1123Subdomain);
          anyIP(faults, `${path}.ip`, address.ip ?? '');
        });
      }
      (subset.ports ?? []).forEach((port: JsonObject, i: number) => {
        const path = `${at}.ports[${i}]`;
        if (subset.ports.length > 1 && !port.name) faults.required(`${path}.name`);
        else if (port.name) faults.check(`${path}.name`, port.name, isDNS1123Label);
        portNumber(faults, `${path}.port`, port.port);
        faults.oneOf(`${path}.protocol`, port.protocol, PROTOCOLS);
        if (port.appProtocol !== undefined) faults.check(`${path}.appProtocol`, port.appProtocol, isQualifiedName);
      });
    });
  },
};

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

function sliceAddress(faults: Faults, path: string, address: string, type: string) {
  const family = ipFamily(address);
  if (type === 'FQDN') {
    faults.check(path, address, isDNS1123Subdomain);
  } else if (type === 'IPv4' || type === 'IPv6') {
    if (family !== (type === 'IPv4' ? 4 : 6)) faults.invalid(path, address, `must be a valid ${type} address`);
    anyIP(faults, path, address);
  }
}

export const endpointSlice: Rules = {
  validate(faults, object) {
    const type = object.addressType;
    if (!type) faults.required('addressType');
    else faults.ifNot('addressType', type, ADDRESS_TYPES);
    const list: JsonObject[] = object.endpoints ?? [];
    if (list.length > 1000) faults.tooMany('endpoints', list.length, 1000);
    list.forEach((endpoint, i) => {
      const at = `endpoints[${i}]`;
      const addresses: string[] = endpoint.addresses ?? [];
      if (!addresses.length) faults.required(`${at}.addresses`, 'must contain at least 1 address');
      else if (addresses.length > 100) faults.tooMany(`${at}.addresses`, addresses.length, 100);
      addresses.forEach((address, a) => sliceAddress(faults, `${at}.addresses[${a}]`, address, type));
      if (endpoint.nodeName !== undefined) faults.check(`${at}.nodeName`, endpoint.nodeName, isDNS1123Subdomain);
      const topology: Record<string, string> = endpoint.deprecatedTopology ?? {};
      if (Object.keys(topology).length > 16)
        faults.tooMany(`${at}.deprecatedTopology`, Object.keys(topology).length, 16);
      labels(faults, `${at}.deprecatedTopology`, topology);
      if (topology['kubernetes.io/hostname'] !== undefined)
        faults.invalid(
          `${at}.deprecatedTopology[kubernetes.io/hostname]`,
          topology['kubernetes.io/hostname'],
          'may not be set unless object is `v1beta1`',
        );
      if (endpoint.hostname !== undefined) faults.check(`${at}.hostname`, endpoint.hostname, isDNS1123Label);
      const zones: JsonObject[] = endpoint.hints?.forZones ?? [];
      if (zones.length > 8) faults.tooMany(`${at}.hints.forZones`, zones.length, 8);
      zones.forEach((zone, z) => {
        const where = `${at}.hints.forZones[${z}].name`;
        if (zones.findIndex((other) => other.name === zone.name) < z) faults.duplicate(where, zone.name);
        else faults.check(where, zone.name ?? '', isValidLabelValue);
      });
    });
    const ports: JsonObject[] = object.ports ?? [];
    if (ports.length > 20000) faults.tooMany('ports', ports.length, 20000);
    const names = new Set<string>();
    ports.forEach((port, i) => {
      const at = `ports[${i}]`;
      const name = port.name ?? '';
      if (name) faults.check(`${at}.name`, name, isDNS1123Label);
      if (names.has(name)) faults.duplicate(`${at}.name`, name);
      names.add(name);
      if (port.protocol === undefined) faults.required(`${at}.protocol`);
      else faults.ifNot(`${at}.protocol`, port.protocol, PROTOCOLS);
      if (port.appProtocol !== undefined) faults.check(`${at}.appProtocol`, port.appProtocol, isQualifiedName);
    });
  },
  validateUpdate(faults, object, old) {
    if (object.addressType !== old.addressType) faults.invalid('addressType', object.addressType, IMMUTABLE);
  },
};
