// Defaults of the kinds that most clusters have beside workloads: services, configuration, nodes, classes, RBAC.

import { fill, set, update, updateEach } from '../change.ts';
import { utf8Base64 } from '../base64.ts';
import type { JsonObject, KubeObject } from '../types.ts';

const onSpec = (object: KubeObject, change: (spec: JsonObject) => JsonObject) =>
  set(object, 'spec', change(object.spec ?? {}));
const TCP = { protocol: 'TCP' };

const virtualIP = (ingress: JsonObject) => (ingress.ip ? fill(ingress, { ipMode: 'VIP' }) : ingress);

export function service(object: KubeObject): KubeObject {
  let out = object;
  if (out.spec?.type === 'LoadBalancer')
    out = update(out, 'status', (status) =>
      update(status, 'loadBalancer', (balancer) => updateEach(balancer, 'ingress', virtualIP)),
    );
  return onSpec(out, (given) => {
    let spec = fill(given, { sessionAffinity: 'None', type: 'ClusterIP' });
    if (spec.sessionAffinity === 'None') spec = set(spec, 'sessionAffinityConfig', undefined);
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
      spec = set(spec, 'sessionAffinityConfig', { clientIP: { timeoutSeconds: 10800 } });
    }
    spec = updateEach(spec, 'ports', (port) => {
      const out = fill(port, TCP);
      return out.targetPort === undefined || out.targetPort === 0 || out.targetPort === ''
        ? set(out, 'targetPort', out.port)
        : out;
    });
    const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
    if (external || (spec.type === 'ClusterIP' && spec.externalIPs?.length))
      spec = fill(spec, { externalTrafficPolicy: 'Cluster' });
    if (external || spec.type === 'ClusterIP') spec = fill(spec, { internalTrafficPolicy: 'Cluster' });
    if (spec.type === 'LoadBalancer') spec = fill(spec, { allocateLoadBalancerNodePorts: true });
    return spec;
  });
}

export function endpoints(object: KubeObject): KubeObject {
  return updateEach(object, 'subsets', (subset) => updateEach(subset, 'ports', (port) => fill(port, TCP)));
}

export function endpointSlice(object: KubeObject): KubeObject {
  return updateEach(object, 'ports', (port) => fill(port, { name: '', protocol: 'TCP' }));
}

export function ingressClass(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => update(spec, 'parameters', (parameters) => fill(parameters, { scope: 'Cluster' })));
}

export function namespace(object: KubeObject): KubeObject {
  const name = object.metadata.name;
  if (!name || object.metadata.labels?.['kubernetes.io/metadata.name'] === name) return object;
  const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': name };
  return set(object, 'metadata', { ...object.metadata, labels });
}

/** stringData is write-only: it is folded into data. */
export function secret(object: KubeObject): KubeObject {
  let out = fill(object, { type: 'Opaque' });
  if (out.stringData) {
    const data: Record<string, string> = { ...out.data };
    for (const key in out.stringData) data[key] = utf8Base64(out.stringData[key]);
    out = set(set(out, 'data', data), 'stringData', undefined);
  }
  return out;
}

/** The first of a node's ranges stands in a field of its own, too, which wins. */
function podCIDRs(spec: JsonObject): JsonObject {
  const { podCIDR: first, podCIDRs: all } = spec;
  if (!first) return all?.length ? set(spec, 'podCIDR', all[0]) : spec;
  return first === all?.[0] ? spec : set(spec, 'podCIDRs', [first]);
}

export function node(object: KubeObject): KubeObject {
  return update(update(object, 'spec', podCIDRs), 'status', (status) =>
    status.capacity ? fill(status, { allocatable: status.capacity }) : status,
  );
}

export function storageClass(object: KubeObject): KubeObject {
  return fill(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
}

export function priorityClass(object: KubeObject): KubeObject {
  return fill(object, { preemptionPolicy: 'PreemptLowerPriority' });
}

const RBAC = 'rbac.authorization.k8s.io';

export function roleBinding(object: KubeObject): KubeObject {
  const out = update(object, 'roleRef', (ref) => (ref.apiGroup ? ref : set(ref, 'apiGroup', RBAC)));
  return updateEach(out, 'subjects', (subject) =>
    subject.apiGroup || (subject.kind !== 'User' && subject.kind !== 'Group')
      ? subject
      : set(subject, 'apiGroup', RBAC),
  );
}

export function apiService(object: KubeObject): KubeObject {
  return update(object, 'spec', (spec) => update(spec, 'service', (ref) => fill(ref, { port: 443 })));
}
