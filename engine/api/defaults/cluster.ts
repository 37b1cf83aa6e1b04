// Defaults of everything else: services and networking, configuration, storage, policy, RBAC and API extensions.

import { fill, set, update, updateEach } from '../change.ts';
import { utf8Base64 } from '../base64.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { claimSpec, volumeSources } from './pod.ts';

const onSpec = (object: KubeObject, change: (spec: JsonObject) => JsonObject) =>
  set(object, 'spec', change(object.spec ?? {}));
const TCP = { protocol: 'TCP' };

const virtualIP = (ingress: JsonObject) => (ingress.ip ? fill(ingress, { ipMode: 'VIP' }) : ingress);

export function service(object: KubeObject): KubeObject {
  const out = update(object, 'status', (status) =>
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

const policyPorts = (rule: JsonObject) => updateEach(rule, 'ports', (port) => fill(port, TCP));

export function networkPolicy(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = given;
    if (!spec.policyTypes?.length) {
      spec = set(spec, 'policyTypes', spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
    }
    return updateEach(updateEach(spec, 'ingress', policyPorts), 'egress', policyPorts);
  });
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

export function node(object: KubeObject): KubeObject {
  return update(object, 'status', (status) => {
    if (!status.capacity) return status;
    return set(status, 'allocatable', fill(status.allocatable ?? {}, status.capacity));
  });
}

export function persistentVolume(object: KubeObject): KubeObject {
  const out = onSpec(object, (spec) =>
    volumeSources(fill(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })),
  );
  return set(out, 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

export function persistentVolumeClaim(object: KubeObject): KubeObject {
  const out = onSpec(object, claimSpec);
  return set(out, 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

export function limitRange(object: KubeObject): KubeObject {
  return onSpec(object, (spec) =>
    updateEach(spec, 'limits', (item) => {
      if (item.type !== 'Container') return item;
      // Limit from max; request from the limit, else from min.
      const limits = fill(item.default ?? {}, item.max ?? {});
      const requests = fill(fill(item.defaultRequest ?? {}, limits), item.min ?? {});
      let out = item;
      if (Object.keys(limits).length) out = set(out, 'default', limits);
      if (Object.keys(requests).length) out = set(out, 'defaultRequest', requests);
      return out;
    }),
  );
}

export function storageClass(object: KubeObject): KubeObject {
  return fill(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
}

export function csiDriver(object: KubeObject): KubeObject {
  return onSpec(object, (spec) =>
    fill(spec, {
      attachRequired: true,
      podInfoOnMount: false,
      volumeLifecycleModes: ['Persistent'],
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      requiresRepublish: false,
      seLinuxMount: false,
    }),
  );
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

export function customResourceDefinition(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = update(given, 'names', (names) =>
      names.kind ? fill(names, { singular: names.kind.toLowerCase(), listKind: `${names.kind}List` }) : names,
    );
    const conversion = fill(spec.conversion ?? {}, { strategy: 'None' });
    spec = set(spec, 'conversion', conversion);
    return spec;
  });
}

export function apiService(object: KubeObject): KubeObject {
  return update(object, 'spec', (spec) => update(spec, 'service', (ref) => fill(ref, { port: 443 })));
}

function webhooks(object: KubeObject, extra: JsonObject): KubeObject {
  return updateEach(object, 'webhooks', (webhook) => {
    const out = fill(webhook, {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      ...extra,
    });
    const client = update(out, 'clientConfig', (config) =>
      update(config, 'service', (ref) => fill(ref, { port: 443 })),
    );
    return updateEach(client, 'rules', (rule) => fill(rule, { scope: '*' }));
  });
}

export const validatingWebhooks = (object: KubeObject) => webhooks(object, {});
export const mutatingWebhooks = (object: KubeObject) => webhooks(object, { reinvocationPolicy: 'Never' });

function matchResources(value: JsonObject): JsonObject {
  const out = fill(value, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
  const rules = (rule: JsonObject) => fill(rule, { scope: '*' });
  return updateEach(updateEach(out, 'resourceRules', rules), 'excludeResourceRules', rules);
}

export function validatingAdmissionPolicy(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => update(fill(spec, { failurePolicy: 'Fail' }), 'matchConstraints', matchResources));
}

export function validatingAdmissionPolicyBinding(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => update(spec, 'matchResources', matchResources));
}

export function flowSchema(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => fill(spec, { matchingPrecedence: 1000 }));
}

export function priorityLevel(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => {
    const out = update(spec, 'exempt', (exempt) => fill(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 }));
    return update(out, 'limited', (given) => {
      const limited = fill(given, { nominalConcurrencyShares: 30, lendablePercent: 0 });
      return update(limited, 'limitResponse', (response) =>
        update(response, 'queuing', (queuing) => fill(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 })),
      );
    });
  });
}

function deviceRequest(request: JsonObject): JsonObject {
  const exact = (value: JsonObject) => {
    const out = fill(value, { allocationMode: 'ExactCount' });
    return out.allocationMode === 'ExactCount' ? fill(out, { count: 1 }) : out;
  };
  return updateEach(update(request, 'exactly', exact), 'firstAvailable', exact);
}

const claimDevices = (spec: JsonObject) =>
  update(spec, 'devices', (devices) => updateEach(devices, 'requests', deviceRequest));

export const resourceClaim = (object: KubeObject) => onSpec(object, claimDevices);
export const resourceClaimTemplate = (object: KubeObject) =>
  onSpec(object, (spec) => update(spec, 'spec', claimDevices));
