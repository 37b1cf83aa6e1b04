// Ingresses, network policies and what addresses are taken from.

import { addressText } from '../address-warnings.ts';
import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { portNumber, portNumberOrName } from './ports.ts';
import { Faults, IMMUTABLE, Typed } from './field.ts';
import {
  cidrFamily,
  ipFamily,
  ipNumber,
  isDNS1035Label,
  isDNS1123Subdomain,
  isValidPortName,
  isValidIP,
  isWildcardDNS1123Subdomain,
  parseCIDR,
  type Format,
} from './names.ts';
import { pathSegment } from './metadata.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';
import { loadBalancerStatus } from './service.ts';
import { typedReference } from './well-known.ts';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function ingressBackend(faults: Faults, path: string, backend: JsonObject) {
  const { service: target, resource } = backend;
  if (target && resource) {
    faults.invalid(path, '', 'cannot set both resource and service backends');
  } else if (resource) {
    typedReference(faults, `${path}.resource`, resource);
  } else if (target) {
    if (!target.name) faults.required(`${path}.service.name`);
    else faults.check(`${path}.service.name`, target.name, isDNS1035Label);
    const { name, number } = target.port ?? {};
    if (name && number) faults.invalid(path, '', 'cannot set both port name & port number');
    else if (name) faults.check(`${path}.service.port.name`, name, isValidPortName);
    else if (number) portNumber(faults, `${path}.service.port.number`, number);
    else faults.required(path, 'port name or number is required');
  } else {
    faults.invalid(path, '', 'resource or service backend is required');
  }
}

const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];

function ingressPath(faults: Faults, at: string, path: JsonObject) {
  const value: string = path.path ?? '';
  switch (path.pathType) {
    case undefined:
    case null:
      faults.required(`${at}.pathType`, 'pathType must be specified');
      return;
    case 'Exact':
    case 'Prefix':
      if (!value.startsWith('/')) faults.invalid(`${at}.path`, value, 'must be an absolute path');
      if (!value) break;
      for (const bad of BAD_SEQUENCES)
        if (value.includes(bad)) faults.invalid(`${at}.path`, value, `must not contain '${bad}'`);
      for (const bad of BAD_SUFFIXES)
        if (value.endsWith(bad)) faults.invalid(`${at}.path`, value, `cannot end with '${bad}'`);
      break;
    case 'ImplementationSpecific':
      if (value && !value.startsWith('/')) faults.invalid(`${at}.path`, value, 'must be an absolute path');
      break;
    default:
      faults.notSupported(`${at}.pathType`, path.pathType, PATH_TYPES);
  }
  ingressBackend(faults, `${at}.backend`, path.backend ?? {});
}

function ingressHost(faults: Faults, path: string, host: string) {
  if (ipFamily(host)) faults.invalid(path, host, 'must be a DNS name, not an IP address');
  faults.check(path, host, host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain);
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

export const ingress: Rules = {
  validate(faults, object, old) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.rules?.length && !spec.defaultBackend)
      faults.invalid(
        'spec',
        new Typed('[]networking.IngressRule', spec.rules),
        'either `defaultBackend` or `rules` must be specified',
      );
    if (spec.defaultBackend) ingressBackend(faults, 'spec.defaultBackend', spec.defaultBackend);
    (spec.rules ?? []).forEach((rule: JsonObject, r: number) => {
      const at = `spec.rules[${r}]`;
      if (rule.host) ingressHost(faults, `${at}.host`, rule.host);
      if (!rule.http) return;
      if (!rule.http.paths?.length) faults.required(`${at}.http.paths`);
      (rule.http.paths ?? []).forEach((path: JsonObject, p: number) =>
        ingressPath(faults, `${at}.http.paths[${p}]`, path),
      );
    });
    (spec.tls ?? []).forEach((entry: JsonObject, t: number) => {
      (entry.hosts ?? []).forEach((host: string, h: number) =>
        faults.check(
          `spec.tls[${t}].hosts[${h}]`,
          host,
          host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain,
        ),
      );
      if (entry.secretName) faults.check(`spec.tls[${t}].secretName`, entry.secretName, isDNS1123Subdomain);
    });
    if (spec.ingressClassName !== undefined)
      faults.check('spec.ingressClassName', spec.ingressClassName, isDNS1123Subdomain);
    const annotated = object.metadata.annotations?.[CLASS_ANNOTATION];
    if (!old && annotated !== undefined && spec.ingressClassName !== undefined && annotated !== spec.ingressClassName) {
      faults.invalid(
        `annotations.${CLASS_ANNOTATION}`,
        annotated,
        'must match `ingressClassName` when both are specified',
      );
    }
  },
  validateStatus: (faults, object) => loadBalancerStatus(faults, object),
};

function policyPort(faults: Faults, at: string, port: JsonObject) {
  faults.ifNot(`${at}.protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']);
  if (typeof port.port === 'string') {
    if (port.endPort !== undefined)
      faults.invalid(`${at}.endPort`, port.endPort, 'may not be specified when `port` is non-numeric');
    portNumberOrName(faults, `${at}.port`, port.port);
  } else if (port.port !== undefined) {
    portNumber(faults, `${at}.port`, port.port);
    if (port.endPort === undefined) return;
    if (port.endPort < port.port) faults.invalid(`${at}.endPort`, port.port, 'must be greater than or equal to `port`');
    portNumber(faults, `${at}.endPort`, port.endPort);
  } else if (port.endPort !== undefined) {
    faults.invalid(`${at}.endPort`, port.endPort, 'may not be specified when `port` is not specified');
  }
}

function policyPeer(faults: Faults, at: string, peer: JsonObject) {
  let others = 0;
  if (peer.podSelector) {
    others++;
    labelSelector(faults, `${at}.podSelector`, peer.podSelector);
  }
  if (peer.namespaceSelector) {
    others++;
    labelSelector(faults, `${at}.namespaceSelector`, peer.namespaceSelector);
  }
  const block = peer.ipBlock;
  if (block) ipBlock(faults, `${at}.ipBlock`, block);
  if (!others && !block) faults.required(at, 'must specify a peer');
  else if (others && block) faults.forbidden(at, 'may not specify both ipBlock and another peer');
}

const SUBNET_WORDS = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
/** The first release that says so of the blocks of network policies, too. */
const SUBNET_WORDS_SINCE = 33;

function ipBlock(faults: Faults, at: string, block: JsonObject) {
  if (!block.cidr) {
    faults.required(`${at}.cidr`);
    return;
  }
  const words = faults.minor < SUBNET_WORDS_SINCE ? 'not a valid CIDR' : SUBNET_WORDS;
  if (!cidrFamily(block.cidr)) {
    faults.invalid(`${at}.cidr`, block.cidr, words);
    return;
  }
  const outer = parseCIDR(block.cidr);
  (block.except ?? []).forEach((except: string, i: number) => {
    const path = `${at}.except[${i}]`;
    if (!cidrFamily(except)) {
      faults.invalid(path, except, words);
      return;
    }
    const inner = parseCIDR(except);
    const host = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
    const inside =
      inner.family === outer.family &&
      inner.prefix > outer.prefix &&
      ipNumber(except.split('/')[0]) >> host === outer.network >> host;
    if (!inside) faults.invalid(path, except, 'must be a strict subset of `cidr`');
  });
}

export const networkPolicy: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    labelSelector(faults, 'spec.podSelector', spec.podSelector);
    for (const [direction, peers] of [
      ['ingress', 'from'],
      ['egress', 'to'],
    ]) {
      (spec[direction] ?? []).forEach((rule: JsonObject, r: number) => {
        const at = `spec.${direction}[${r}]`;
        (rule.ports ?? []).forEach((port: JsonObject, i: number) => policyPort(faults, `${at}.ports[${i}]`, port));
        (rule[peers] ?? []).forEach((peer: JsonObject, i: number) => policyPeer(faults, `${at}.${peers}[${i}]`, peer));
      });
    }
    if (spec.policyTypes?.length > 2) {
      faults.invalid('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes');
      return;
    }
    (spec.policyTypes ?? []).forEach((type: string, i: number) =>
      faults.ifNot(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress']),
    );
  },
};

/** An address as Kubernetes writes it. */
const strictIP: Format = (text) => {
  const [form] = isValidIP(text.replace(/(^|\.)0+(?=\d)/g, '$1'));
  if (form) return [form];
  if (!text.includes(':') && /(^|\.)0\d/.test(text)) return ['must not have leading 0s'];
  const number = ipNumber(text);
  const family = ipFamily(text) as 4 | 6;
  if (family === 6 && number >> 32n === 0xffffn) return ['must not be an IPv4-mapped IPv6 address'];
  const canonical = addressText(number, family);
  return text === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
};

export const ipAddress: Rules = {
  name: strictIP,
  validate(faults, object: KubeObject) {
    const ref = object.spec?.parentRef;
    const at = 'spec.parentRef';
    if (!ref) {
      faults.required(at);
      return;
    }
    if (ref.group) faults.check(`${at}.group`, ref.group, isDNS1123Subdomain);
    for (const field of ['resource', 'name']) {
      if (!ref[field]) faults.required(`${at}.${field}`);
      else faults.check(`${at}.${field}`, ref[field], pathSegment);
    }
    if (ref.namespace) faults.check(`${at}.namespace`, ref.namespace, pathSegment);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.spec?.parentRef, old.spec?.parentRef))
      faults.invalid('spec.parentRef', object.spec?.parentRef, IMMUTABLE);
  },
};

/** What is wrong with the text of a subnet; undefined: it is written as Kubernetes writes it. */
function strictCIDR(text: string): string | undefined {
  if (!cidrFamily(text)) return SUBNET_WORDS;
  const [address, length] = text.split('/');
  if (/^0\d/.test(length)) return 'must not have leading 0s in IP or prefix length';
  const { network, prefix, family } = parseCIDR(text);
  const number = ipNumber(address);
  if (family === 6 && number >> 32n === 0xffffn) return 'must not have an IPv4-mapped IPv6 address';
  if (number !== network) return 'must not have bits set beyond the prefix length';
  const canonical = `${addressText(network, family)}/${prefix}`;
  return text === canonical ? undefined : `must be in canonical form (${JSON.stringify(canonical)})`;
}

export const serviceCIDR: Rules = {
  validate(faults, object: KubeObject) {
    const cidrs: string[] = object.spec?.cidrs ?? [];
    if (!cidrs.length) faults.required('spec.cidrs', 'at least one CIDR required');
    else if (cidrs.length > 2)
      faults.invalid(
        'spec.cidrs',
        new Typed('networking.ServiceCIDRSpec', object.spec),
        'may only hold up to 2 values',
      );
    if (!cidrs.length || cidrs.length > 2) return;
    const families = cidrs.map(cidrFamily);
    if (cidrs.length === 2 && !(families.includes(4) && families.includes(6))) {
      faults.invalid(
        'spec.cidrs',
        new Typed('networking.ServiceCIDRSpec', object.spec),
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      );
      return;
    }
    cidrs.forEach((cidr, i) => {
      const problem = strictCIDR(cidr);
      if (problem) faults.invalid(`spec.cidrs[${i}]`, cidr, problem);
    });
  },
  validateUpdate(faults, object, old) {
    const now: string[] = object.spec?.cidrs ?? [];
    const before: string[] = old.spec?.cidrs ?? [];
    if (now.length !== before.length && !(before.length === 1 && now.length === 2)) {
      faults.invalid('spec.cidrs', now, IMMUTABLE);
      return;
    }
    before.forEach((cidr, i) => {
      if (cidr !== now[i]) faults.invalid(`spec.cidrs[${i}]`, now[i], IMMUTABLE);
    });
  },
};
