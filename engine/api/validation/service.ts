// Services, endpoints and endpoint slices.

import type { JsonObject } from '../types.ts';
import { portNumber, portNumberOrName } from './ports.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { labels } from './metadata.ts';
import { cidrFamily, ipFamily, isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidIP } from './names.ts';
import type { Rules } from './rules.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const needsClusterIP = (type: string) => type !== 'ExternalName';

function servicePorts(faults: Faults, spec: JsonObject) {
  const ports: JsonObject[] = spec.ports ?? [];
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
    if (!port.protocol) faults.required(`${at}.protocol`);
    else faults.ifNot(`${at}.protocol`, port.protocol, PROTOCOLS);
    portNumberOrName(faults, `${at}.targetPort`, port.targetPort);
    if (port.appProtocol !== undefined) faults.check(`${at}.appProtocol`, port.appProtocol, isQualifiedName);
    if (port.nodePort && spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
      faults.forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`);
    }
  });
  const seen: JsonObject[] = [];
  ports.forEach((port, i) => {
    const same = seen.some((other) => other.protocol === port.protocol && other.port === port.port);
    if (same) faults.duplicate(`spec.ports[${i}]`, { protocol: port.protocol, port: port.port });
    seen.push(port);
  });
  const nodePorts = new Set<string>();
  ports.forEach((port, i) => {
    if (!port.nodePort) return;
    const key = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(key))
      faults.duplicate(`spec.ports[${i}].nodePort`, { protocol: port.protocol, nodePort: port.nodePort });
    nodePorts.add(key);
  });
}

function clusterIPs(faults: Faults, spec: JsonObject) {
  const ips: string[] = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  if (!needsClusterIP(spec.type)) {
    if (ips.length) faults.forbidden('spec.clusterIPs[0]', `may not be set when \`type\` is '${spec.type}'`);
    if (spec.ipFamilies?.length) faults.forbidden('spec.ipFamilies', `may not be set when \`type\` is '${spec.type}'`);
    return;
  }
  if (spec.clusterIP && spec.clusterIPs?.length && spec.clusterIPs[0] !== spec.clusterIP) {
    faults.invalid('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`');
  }
  for (const policy of [spec.ipFamilyPolicy]) {
    if (policy !== undefined)
      faults.ifNot('spec.ipFamilyPolicy', policy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  }
  (spec.ipFamilies ?? []).forEach((family: string, i: number) => {
    faults.ifNot(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']);
    if (spec.ipFamilies.indexOf(family) < i) faults.duplicate(`spec.ipFamilies[${i}]`, family);
  });
  if (ips[0] === 'None') {
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
      faults.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
    }
    return;
  }
  ips.forEach((ip, i) => {
    for (const fault of isValidIP(ip)) faults.invalid(`spec.clusterIPs[${i}]`, ip, fault);
  });
}

function loadBalancer(faults: Faults, spec: JsonObject) {
  if (spec.loadBalancerSourceRanges?.length) {
    if (spec.type !== 'LoadBalancer') {
      faults.forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'");
    }
    if (spec.loadBalancerSourceRanges.some((range: string) => !cidrFamily(range.trim()))) {
      faults.invalid(
        'spec.LoadBalancerSourceRanges',
        `[${spec.loadBalancerSourceRanges.join(' ')}]`,
        'must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24 ',
      );
    }
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    faults.forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'");
  }
  if (spec.loadBalancerClass !== undefined) {
    if (spec.type !== 'LoadBalancer')
      faults.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
    else faults.check('spec.loadBalancerClass', spec.loadBalancerClass, isQualifiedName);
  }
}

function trafficPolicies(faults: Faults, spec: JsonObject) {
  const external = spec.type === 'LoadBalancer' || spec.type === 'NodePort' || spec.externalIPs?.length > 0;
  if (!external) {
    if (spec.externalTrafficPolicy)
      faults.invalid(
        'spec.externalTrafficPolicy',
        spec.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      );
  } else if (!spec.externalTrafficPolicy && spec.type !== 'ClusterIP') {
    faults.required('spec.externalTrafficPolicy');
  } else {
    faults.ifNot('spec.externalTrafficPolicy', spec.externalTrafficPolicy, TRAFFIC_POLICIES);
  }
  const checked = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (spec.healthCheckNodePort && !checked) {
    faults.forbidden(
      'spec.healthCheckNodePort',
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  if (spec.internalTrafficPolicy !== undefined)
    faults.ifNot('spec.internalTrafficPolicy', spec.internalTrafficPolicy, TRAFFIC_POLICIES);
  if (spec.trafficDistribution !== undefined) {
    faults.ifNot('spec.trafficDistribution', spec.trafficDistribution, [
      'PreferClose',
      'PreferSameNode',
      'PreferSameZone',
    ]);
  }
}

function externalName(faults: Faults, spec: JsonObject) {
  if (!spec.externalName) {
    faults.required('spec.externalName');
    return;
  }
  const name = spec.externalName.replace(/\.$/, '');
  if (name) faults.check('spec.externalName', name, isDNS1123Subdomain);
  else faults.required('spec.externalName');
}

export const service: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const headless = spec.clusterIP === 'None';
    if (spec.type === 'ExternalName') externalName(faults, spec);
    else if (!spec.ports?.length && !headless) faults.required('spec.ports');
    labels(faults, 'spec.selector', spec.selector);
    if (!spec.sessionAffinity) faults.required('spec.sessionAffinity');
    else faults.ifNot('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
    if (spec.sessionAffinity === 'ClientIP') {
      const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
      if (seconds === undefined || seconds <= 0 || seconds > 86400) {
        faults.invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          'must be greater than 0 and less than 86400',
        );
      }
    } else if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig) {
      faults.forbidden('spec.sessionAffinityConfig', `must not be set when session affinity is None`);
    }
    clusterIPs(faults, spec);
    (spec.externalIPs ?? []).forEach((ip: string, i: number) => {
      for (const fault of isValidIP(ip)) faults.invalid(`spec.externalIPs[${i}]`, ip, fault);
      if (ipFamily(ip)) nonSpecialIP(faults, `spec.externalIPs[${i}]`, ip);
    });
    if (!spec.type) faults.required('spec.type');
    else faults.ifNot('spec.type', spec.type, SERVICE_TYPES);
    servicePorts(faults, spec);
    loadBalancer(faults, spec);
    trafficPolicies(faults, spec);
  },
  validateUpdate(faults, object, old) {
    const before = old.spec as JsonObject;
    const now = object.spec as JsonObject;
    if (
      needsClusterIP(before.type) &&
      needsClusterIP(now.type) &&
      before.clusterIP &&
      now.clusterIP !== before.clusterIP
    ) {
      faults.invalid('spec.clusterIPs[0]', now.clusterIPs ?? [now.clusterIP], 'may not change once set');
    }
    if (
      before.type === 'LoadBalancer' &&
      now.type === 'LoadBalancer' &&
      before.loadBalancerClass !== now.loadBalancerClass
    ) {
      faults.invalid('spec.loadBalancerClass', now.loadBalancerClass, 'may not change once set');
    }
  },
};

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

export const endpoints: Rules = {
  validate(faults, object) {
    (object.subsets ?? []).forEach((subset: JsonObject, s: number) => {
      const at = `subsets[${s}]`;
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
        faults.required(at, 'must specify `addresses` or `notReadyAddresses`');
      for (const list of ['addresses', 'notReadyAddresses']) {
        (subset[list] ?? []).forEach((address: JsonObject, i: number) => {
          const path = `${at}.${list}[${i}]`;
          for (const fault of isValidIP(address.ip ?? '')) faults.invalid(`${path}.ip`, address.ip ?? '', fault);
          if (ipFamily(address.ip ?? '')) nonSpecialIP(faults, `${path}.ip`, address.ip);
          if (address.hostname) faults.check(`${path}.hostname`, address.hostname, isDNS1123Label);
          if (address.nodeName) faults.check(`${path}.nodeName`, address.nodeName, isDNS1123Subdomain);
        });
      }
      (subset.ports ?? []).forEach((port: JsonObject, i: number) => {
        const path = `${at}.ports[${i}]`;
        if (subset.ports.length > 1 && !port.name) faults.required(`${path}.name`);
        else if (port.name) faults.check(`${path}.name`, port.name, isDNS1123Label);
        portNumber(faults, `${path}.port`, port.port);
        if (!port.protocol) faults.required(`${path}.protocol`);
        else faults.ifNot(`${path}.protocol`, port.protocol, PROTOCOLS);
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
    if (family) nonSpecialIP(faults, path, address);
    else faults.invalid(path, address, 'must be a valid IP address');
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
      if (endpoint.nodeName) faults.check(`${at}.nodeName`, endpoint.nodeName, isDNS1123Subdomain);
      if (endpoint.hostname) faults.check(`${at}.hostname`, endpoint.hostname, isDNS1123Label);
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
    });
  },
  validateUpdate(faults, object, old) {
    if (object.addressType !== old.addressType) faults.invalid('addressType', object.addressType, IMMUTABLE);
  },
};
