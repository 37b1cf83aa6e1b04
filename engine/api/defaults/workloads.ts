// Defaults of the kinds that make Pods: apps/v1, batch/v1, the ReplicationController and the autoscaler.

import { fill, set, update, updateEach } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { claimSpec, podTemplate } from './pod.ts';

const withTemplate = (spec: JsonObject) => update(spec, 'template', podTemplate);
const onSpec = (object: KubeObject, change: (spec: JsonObject) => JsonObject) =>
  set(object, 'spec', change(object.spec ?? {}));

export function deployment(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = withTemplate(fill(given, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }));
    let strategy = fill(spec.strategy ?? {}, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate') {
      strategy = set(
        strategy,
        'rollingUpdate',
        fill(strategy.rollingUpdate ?? {}, { maxUnavailable: '25%', maxSurge: '25%' }),
      );
    }
    spec = set(spec, 'strategy', strategy);
    return spec;
  });
}

export function replicaSet(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => withTemplate(fill(spec, { replicas: 1 })));
}

export function replicationController(object: KubeObject): KubeObject {
  const labels = object.spec?.template?.metadata?.labels;
  let out = onSpec(object, (spec) => withTemplate(fill(spec, { replicas: 1, ...(labels && { selector: labels }) })));
  if (labels && !out.metadata.labels) out = set(out, 'metadata', { ...out.metadata, labels });
  return out;
}

function claimTemplate(claim: JsonObject): JsonObject {
  const out = fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  return set(update(out, 'spec', claimSpec), 'status', fill(out.status ?? {}, { phase: 'Pending' }));
}

export function statefulSet(object: KubeObject): KubeObject {
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

export function daemonSet(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    const spec = withTemplate(fill(given, { revisionHistoryLimit: 10 }));
    let strategy = fill(spec.updateStrategy ?? {}, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate') {
      strategy = set(strategy, 'rollingUpdate', fill(strategy.rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 }));
    }
    return set(spec, 'updateStrategy', strategy);
  });
}

export function job(object: KubeObject): KubeObject {
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

export function cronJob(object: KubeObject): KubeObject {
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

export function podTemplateObject(object: KubeObject): KubeObject {
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

export function horizontalPodAutoscaler(object: KubeObject): KubeObject {
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
