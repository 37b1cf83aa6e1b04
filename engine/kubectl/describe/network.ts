// describe for what traffic follows: ingresses, network policies, endpoints and endpoint slices, and the addresses of Services.

import { formatLabelSelector } from '../../api/selectors.ts';
import type {
  EndpointSlice,
  Endpoints,
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  KubeObject,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Service,
  ServiceCIDR,
} from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { StatusError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, events, eventsOf, heading, labels, longTime } from './common.ts';
import { endpoints, slicesOf } from './core.ts';
import { DescribeWriter } from './writer.ts';

export function* describeIngress(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec = {}, status } = object as unknown as Ingress;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'Address', (status?.loadBalancer?.ingress ?? []).map((i) => i.ip ?? i.hostname).join(','));
  w.field(0, 'Ingress Class', spec.ingressClassName ?? '<none>');
  const fallback = spec.defaultBackend;
  const fallbackText = fallback
    ? `${backendText(fallback)} (${yield* behind(kubectl, metadata.namespace as string, fallback)})`
    : '<default>';
  w.field(0, 'Default backend', fallbackText);
  if (spec.tls?.length) {
    w.line(0, 'TLS:');
    for (const { secretName, hosts = [] } of spec.tls)
      w.line(1, secretName ? `${secretName} terminates ${hosts.join(',')}` : `SNI routes ${hosts.join(',')}`);
  }
  w.line(0, 'Rules:');
  w.line(1, 'Host\tPath\tBackends');
  w.line(1, '----\t----\t--------');
  let count = 0;
  for (const rule of spec.rules ?? []) {
    if (!rule.http) continue;
    count++;
    w.line(1, `${rule.host || '*'}\t`);
    for (const path of rule.http.paths) {
      const { backend } = path;
      // An object behind the path has no addresses.
      const ends = backend.service ? ` (${yield* behind(kubectl, metadata.namespace as string, backend)})` : '';
      w.line(2, `\t${path.path ?? ''} \t${backendText(backend)}${ends}`);
    }
  }
  if (count === 0) w.line(1, `*\t*\t${fallbackText}`);
  annotations(w, 0, metadata.annotations);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

function backendText({ service, resource }: IngressBackend): string {
  if (service) return `${service.name}:${service.port?.name || String(service.port?.number ?? '')}`;
  return resource ? `APIGroup: ${resource.apiGroup ?? '<none>'}, Kind: ${resource.kind}, Name: ${resource.name}` : '';
}

/** The addresses behind a backend, or what keeps them from being known. */
function* behind(kubectl: Kubectl, namespace: string, { service }: IngressBackend): Co<string> {
  if (!service) return '';
  try {
    const { body } = yield* kubectl.send({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/services/${service.name}`,
    });
    const port = ((body as unknown as Service).spec?.ports ?? []).find((p) =>
      service.port?.name ? p.name === service.port.name : p.port === service.port?.number,
    );
    return endpoints(yield* slicesOf(kubectl, namespace, service.name), port?.name ?? '');
  } catch (error) {
    if (error instanceof StatusError) return `<error: ${error.message}>`;
    throw error;
  }
}

// eslint-disable-next-line require-yield
export function* describeNetworkPolicy(_kubectl: Kubectl, object: KubeObject): Co<string> {
  const { metadata, spec = {} } = object as unknown as NetworkPolicy;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  w.field(0, 'Created on', `${(metadata.creationTimestamp ?? '').replace('T', ' ').replace('Z', '')} +0000 UTC`);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.line(0, 'Spec:');
  const { podSelector } = spec;
  const all =
    !podSelector || (!Object.keys(podSelector.matchLabels ?? {}).length && !podSelector.matchExpressions?.length);
  w.line(
    1,
    `PodSelector:     ${all ? '<none> (Allowing the specific traffic to all pods in this namespace)' : formatLabelSelector(podSelector)}`,
  );
  const types = spec.policyTypes ?? [];
  direction(
    w,
    'ingress',
    types.includes('Ingress'),
    (spec.ingress ?? []).map((r) => ({ ports: r.ports, peers: r.from })),
  );
  direction(
    w,
    'egress',
    types.includes('Egress'),
    (spec.egress ?? []).map((r) => ({ ports: r.ports, peers: r.to })),
  );
  w.line(1, `Policy Types: ${types.join(', ')}`);
  return w.toString();
}

function direction(
  w: DescribeWriter,
  word: 'ingress' | 'egress',
  affected: boolean,
  rules: { ports?: NetworkPolicyPort[]; peers?: NetworkPolicyPeer[] }[],
) {
  if (!affected) {
    w.line(1, `Not affecting ${word} traffic`);
    return;
  }
  w.line(1, `Allowing ${word} traffic:`);
  if (rules.length === 0) w.line(2, `<none> (Selected pods are isolated for ${word} connectivity)`);
  const [side, other] = word === 'ingress' ? ['From', 'source'] : ['To', 'destination'];
  rules.forEach(({ ports, peers }, i) => {
    if (!ports?.length) w.line(2, 'To Port: <any> (traffic allowed to all ports)');
    for (const { port = '', endPort, protocol = 'TCP' } of ports ?? [])
      w.line(2, endPort ? `To Port Range: ${port}-${endPort}/${protocol}` : `To Port: ${port}/${protocol}`);
    if (!peers?.length) w.line(2, `${side}: <any> (traffic not restricted by ${other})`);
    for (const peer of peers ?? []) {
      w.line(2, `${side}:`);
      if (peer.namespaceSelector) w.line(3, `NamespaceSelector: ${formatLabelSelector(peer.namespaceSelector)}`);
      if (peer.podSelector) w.line(3, `PodSelector: ${formatLabelSelector(peer.podSelector)}`);
      if (peer.ipBlock) {
        w.line(3, 'IPBlock:');
        w.line(4, `CIDR: ${peer.ipBlock.cidr}`);
        w.line(4, `Except: ${(peer.ipBlock.except ?? []).join(', ')}`);
      }
    }
    if (i < rules.length - 1) w.line(2, '----------');
  });
}

export function* describeEndpoints(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { subsets = [] } = object as unknown as Endpoints;
  const w = new DescribeWriter();
  heading(w, object);
  w.line(0, 'Subsets:');
  for (const { addresses, notReadyAddresses, ports } of subsets) {
    const list = (items: typeof addresses) => (items ?? []).map((a) => a.ip).join(',') || '<none>';
    w.field(1, 'Addresses', list(addresses));
    w.field(1, 'NotReadyAddresses', list(notReadyAddresses));
    if (ports?.length) {
      w.line(1, 'Ports:');
      w.line(2, 'Name\tPort\tProtocol');
      w.line(2, '----\t----\t--------');
      for (const port of ports) w.line(2, `${port.name || '<unset>'}\t${port.port}\t${port.protocol}`);
    }
    w.raw('\n');
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeEndpointSlice(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const slice = object as unknown as EndpointSlice;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'AddressType', slice.addressType);
  if (slice.ports?.length) {
    w.line(0, 'Ports:');
    w.line(1, 'Name\tPort\tProtocol');
    w.line(1, '----\t----\t--------');
    for (const port of slice.ports)
      w.line(1, `${port.name || '<unset>'}\t${port.port ?? '<unset>'}\t${port.protocol ?? '<unset>'}`);
  } else w.line(0, 'Ports: <unset>');
  w.line(0, slice.endpoints?.length ? 'Endpoints:' : 'Endpoints: <none>');
  for (const endpoint of slice.endpoints ?? []) {
    w.line(1, `- Addresses:\t${endpoint.addresses.join(', ')}`);
    w.line(2, 'Conditions:');
    w.field(3, 'Ready', endpoint.conditions?.ready ?? '<unset>');
    w.field(2, 'Hostname', endpoint.hostname ?? '<unset>');
    if (endpoint.targetRef) w.field(2, 'TargetRef', `${endpoint.targetRef.kind}/${endpoint.targetRef.name}`);
    w.field(2, 'NodeName', endpoint.nodeName ?? '<unset>');
    w.field(2, 'Zone', endpoint.zone ?? '<unset>');
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeIngressClass(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec } = object as unknown as IngressClass;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'Controller', spec?.controller);
  const parameters = spec?.parameters;
  if (parameters) {
    w.line(0, 'Parameters:');
    if (parameters.apiGroup) w.field(1, 'APIGroup', parameters.apiGroup);
    w.field(1, 'Kind', parameters.kind);
    w.field(1, 'Name', parameters.name);
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeServiceCIDR(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as ServiceCIDR;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'CIDRs', (spec?.cidrs ?? []).join(', '));
  if (status?.conditions?.length) {
    w.line(0, 'Status:');
    w.line(0, 'Conditions:');
    w.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage');
    w.line(1, '----\t------\t------------------\t------\t-------');
    for (const { type, status: state, lastTransitionTime, reason, message } of status.conditions)
      w.line(1, [type, state, longTime(lastTransitionTime), reason, message].join('\t'));
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeIPAddress(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec } = object as unknown as IPAddress;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  const parent = spec?.parentRef;
  if (parent) {
    w.line(0, 'Parent Reference:');
    w.field(1, 'Group', parent.group ?? '');
    w.field(1, 'Resource', parent.resource);
    w.field(1, 'Namespace', parent.namespace ?? '');
    w.field(1, 'Name', parent.name);
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}
