// Defaults of kinds that few clusters have: storage, policy, API extensions, devices, and the rarer ones that make Pods.

import { fill, set, update, updateEach } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { amounts, claimSpec, podTemplate, volumeSources } from './pod.ts';

const onSpec = (object: KubeObject, change: (spec: JsonObject) => JsonObject) =>
  set(object, 'spec', change(object.spec ?? {}));
const withTemplate = (spec: JsonObject) => update(spec, 'template', podTemplate);
const TCP = { protocol: 'TCP' };

function replicationController(object: KubeObject): KubeObject {
  const labels = object.spec?.template?.metadata?.labels;
  let out = onSpec(object, (spec) => withTemplate(fill(spec, { replicas: 1, ...(labels && { selector: labels }) })));
  if (labels && !out.metadata.labels) out = set(out, 'metadata', { ...out.metadata, labels });
  return out;
}

function claimTemplate(claim: JsonObject): JsonObject {
  const out = fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  return set(update(out, 'spec', claimSpec), 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

function statefulSet(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = fill(given, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' });
    spec = updateEach(withTemplate(spec), 'volumeClaimTemplates', claimTemplate);
    let strategy = fill(spec.updateStrategy ?? {}, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate')
      strategy = set(strategy, 'rollingUpdate', fill(strategy.rollingUpdate ?? {}, { partition: 0 }));
    spec = set(spec, 'updateStrategy', strategy);
    const retention = fill(spec.persistentVolumeClaimRetentionPolicy ?? {}, {
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    });
    return set(spec, 'persistentVolumeClaimRetentionPolicy', retention);
  });
}

function job(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = given;
    // Both absent means one Pod; one of them absent alone means a work queue, where completions stay open.
    if (spec.completions === undefined && spec.parallelism === undefined) spec = fill(spec, { completions: 1 });
    spec = fill(spec, {
      parallelism: 1,
      backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : 2147483647,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed',
    });
    spec = update(spec, 'podFailurePolicy', (policy) =>
      updateEach(policy, 'rules', (rule) =>
        updateEach(rule, 'onPodConditions', (condition) => fill(condition, { status: 'True' })),
      ),
    );
    return withTemplate(spec);
  });
}

function cronJob(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    const spec = fill(given, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    return update(spec, 'jobTemplate', (template) => update(template, 'spec', withTemplate));
  });
}

function podTemplateObject(object: KubeObject): KubeObject {
  return update(object, 'template', podTemplate);
}

const SCALE_UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
const CPU_METRIC = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

function horizontalPodAutoscaler(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = fill(given, { minReplicas: 1 });
    if (object.apiVersion === 'autoscaling/v1') return spec;
    if (!spec.metrics?.length) spec = set(spec, 'metrics', [CPU_METRIC]);
    return update(spec, 'behavior', (behavior) => {
      const out = set(behavior, 'scaleUp', fill(behavior.scaleUp ?? {}, SCALE_UP));
      return set(out, 'scaleDown', fill(out.scaleDown ?? {}, SCALE_DOWN));
    });
  });
}
const policyPorts = (rule: JsonObject) => updateEach(rule, 'ports', (port) => fill(port, TCP));

function networkPolicy(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = given;
    if (!spec.policyTypes?.length) {
      spec = set(spec, 'policyTypes', spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
    }
    return updateEach(updateEach(spec, 'ingress', policyPorts), 'egress', policyPorts);
  });
}

function persistentVolume(object: KubeObject): KubeObject {
  const out = onSpec(object, (spec) =>
    update(
      volumeSources(fill(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })),
      'capacity',
      amounts,
    ),
  );
  return set(out, 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

function persistentVolumeClaim(object: KubeObject): KubeObject {
  const out = onSpec(object, claimSpec);
  return set(out, 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

const LIMITS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'];

function limitRange(object: KubeObject): KubeObject {
  return onSpec(object, (spec) =>
    updateEach(spec, 'limits', (given) => {
      const item: JsonObject = LIMITS.reduce((one, field) => update(one, field, amounts), given as JsonObject);
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

const resourceQuota = (object: KubeObject) => update(object, 'spec', (spec) => update(spec, 'hard', amounts));

function csiDriver(object: KubeObject): KubeObject {
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

function customResourceDefinition(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = update(given, 'names', (names) =>
      names.kind ? fill(names, { singular: names.kind.toLowerCase(), listKind: `${names.kind}List` }) : names,
    );
    const conversion = fill(spec.conversion ?? {}, { strategy: 'None' });
    spec = set(spec, 'conversion', conversion);
    return spec;
  });
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

const validatingWebhooks = (object: KubeObject) => webhooks(object, {});
const mutatingWebhooks = (object: KubeObject) => webhooks(object, { reinvocationPolicy: 'Never' });

function matchResources(value: JsonObject): JsonObject {
  const out = fill(value, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
  const rules = (rule: JsonObject) => fill(rule, { scope: '*' });
  return updateEach(updateEach(out, 'resourceRules', rules), 'excludeResourceRules', rules);
}

function validatingAdmissionPolicy(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => update(fill(spec, { failurePolicy: 'Fail' }), 'matchConstraints', matchResources));
}

function validatingAdmissionPolicyBinding(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => update(spec, 'matchResources', matchResources));
}

/** `values` where there are none, or zeros, which mean none. */
function fillZeros(given: JsonObject, values: JsonObject): JsonObject {
  let out = given;
  for (const field in values) if (!out[field]) out = set(out, field, values[field]);
  return out;
}

function flowSchema(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => fillZeros(spec, { matchingPrecedence: 1000 }));
}

function priorityLevel(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => {
    const out = update(spec, 'exempt', (exempt) => fill(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 }));
    return update(out, 'limited', (given) => {
      const limited = fill(given, { nominalConcurrencyShares: 30, lendablePercent: 0 });
      return update(limited, 'limitResponse', (response) =>
        update(response, 'queuing', (queuing) => fillZeros(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 })),
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

const resourceClaim = (object: KubeObject) => onSpec(object, claimDevices);
const resourceClaimTemplate = (object: KubeObject) => onSpec(object, (spec) => update(spec, 'spec', claimDevices));

/** By 'group/Kind'. */
export const FURTHER_DEFAULTS: Readonly<Record<string, (object: KubeObject) => KubeObject>> = {
  '/LimitRange': limitRange,
  '/PersistentVolume': persistentVolume,
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/PodTemplate': podTemplateObject,
  '/ReplicationController': replicationController,
  '/ResourceQuota': resourceQuota,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': mutatingWebhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': validatingAdmissionPolicy,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': validatingWebhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
  'apps/StatefulSet': statefulSet,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'batch/CronJob': cronJob,
  'batch/Job': job,
  'flowcontrol.apiserver.k8s.io/FlowSchema': flowSchema,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': priorityLevel,
  'networking.k8s.io/NetworkPolicy': networkPolicy,
  'resource.k8s.io/ResourceClaim': resourceClaim,
  'resource.k8s.io/ResourceClaimTemplate': resourceClaimTemplate,
  'storage.k8s.io/CSIDriver': csiDriver,
};
