// StatefulSets, and ReplicationControllers, which few clusters have any more.

import { deepEqual, set } from '../change.ts';
import type { JsonObject } from '../types.ts';
import { claimSpec } from './claim.ts';
import { Typed, type Faults } from './field.ts';
import { isDNS1123Label } from './names.ts';
import { annotations, labels as checkLabels } from './metadata.ts';
import { podAnnotations, podSpec, podTemplateSpec } from './pod.ts';
import type { Rules } from './rules.ts';
import {
  atMost100,
  collisions,
  countOrPercent,
  isZero,
  LABELS,
  MISMATCH,
  replicaStatus,
  runsForEver,
  selectorAndTemplate,
  statusCounts,
} from './workloads.ts';

export const replicationController: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    if (!spec.selector || !Object.keys(spec.selector).length) faults.required('spec.selector');
    faults.nonNegative('spec.replicas', spec.replicas);
    if (!spec.template) {
      faults.required('spec.template');
      return;
    }
    const labels = spec.template.metadata?.labels ?? {};
    const matches = Object.keys(spec.selector ?? {}).every((key) => labels[key] === spec.selector[key]);
    if (spec.selector && !matches) faults.invalid('spec.template.metadata.labels', new Typed(LABELS, labels), MISMATCH);
    podTemplateSpec(faults, 'spec.template', spec.template);
    runsForEver(faults, spec, 'ReplicationController');
  },
  validateStatus: replicaStatus,
};

/** The first release that lets the limit of revisions be changed. */
const LIMIT_SINCE = 33;
const STATEFUL_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function statefulStrategy(faults: Faults, spec: JsonObject) {
  const strategy = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  switch (strategy.type) {
    case undefined:
    case '':
      faults.required(path);
      break;
    case 'OnDelete':
      if (strategy.rollingUpdate) {
        faults.invalid(
          `${path}.rollingUpdate`,
          new Typed('apps.RollingUpdateStatefulSetStrategy', strategy.rollingUpdate),
          "only allowed for updateStrategy 'RollingUpdate'",
        );
      }
      break;
    case 'RollingUpdate': {
      const at = `${path}.rollingUpdate`;
      faults.nonNegative(`${at}.partition`, strategy.rollingUpdate?.partition);
      const limit = strategy.rollingUpdate?.maxUnavailable;
      if (limit !== undefined) {
        countOrPercent(faults, `${at}.maxUnavailable`, limit);
        if (isZero(limit)) faults.invalid(`${at}.maxUnavailable`, limit, 'cannot be 0');
        atMost100(faults, `${at}.maxUnavailable`, limit);
      }
      break;
    }
    default:
      faults.invalid(
        path,
        new Typed('apps.StatefulSetUpdateStrategy', strategy),
        "must be 'RollingUpdate' or 'OnDelete'",
      );
  }
}

/** The first release that looks at the name of the Service. */
const SERVICE_NAME_SINCE = 33;

export const statefulSet: Rules = {
  validate(faults, object, old) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.podManagementPolicy) faults.required('spec.podManagementPolicy');
    else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel') {
      faults.invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
    }
    statefulStrategy(faults, spec);
    const retention = spec.persistentVolumeClaimRetentionPolicy;
    for (const field of ['whenDeleted', 'whenScaled']) {
      if (retention)
        faults.ifNot(`spec.persistentVolumeClaimRetentionPolicy.${field}`, retention[field], ['Retain', 'Delete']);
    }
    faults.nonNegative('spec.replicas', spec.replicas);
    faults.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    faults.nonNegative('spec.ordinals.start', spec.ordinals?.start);
    if (!old && spec.serviceName && faults.minor >= SERVICE_NAME_SINCE)
      faults.check('spec.serviceName', spec.serviceName, isDNS1123Label);
    if (selectorAndTemplate(faults, spec, 'statefulset', '')) {
      const template = spec.template;
      const meta = template?.metadata;
      checkLabels(faults, 'spec.template.labels', meta?.labels);
      annotations(faults, 'spec.template.annotations', meta?.annotations);
      podAnnotations(faults, 'spec.template.annotations', meta?.annotations, template?.spec ?? {});
      // The claims of the template become volumes of the Pods, so the template alone is not checked as a whole.
      if (template?.spec?.containers?.length) {
        const names: string[] = (spec.volumeClaimTemplates ?? []).map((claim: JsonObject) => claim.metadata?.name);
        const given: JsonObject[] = template.spec.volumes ?? [];
        const claims = names
          .filter((name) => name && !given.some((volume) => volume.name === name))
          .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
        podSpec(
          faults,
          'spec.template.spec',
          claims.length ? { ...template.spec, volumes: [...given, ...claims] } : template.spec,
        );
      }
    }
    runsForEver(faults, spec, 'StatefulSet');
    (spec.volumeClaimTemplates ?? []).forEach((claim: JsonObject, i: number) =>
      claimSpec(faults, `spec.volumeClaimTemplates[${i}].spec`, claim.spec ?? {}),
    );
  },
  validateUpdate(faults, object, old) {
    const fields = STATEFUL_MUTABLE.filter((name) => name !== 'revisionHistoryLimit' || faults.minor >= LIMIT_SINCE);
    let same = object.spec as JsonObject;
    for (const field of fields) same = set(same, field, old.spec[field]);
    if (deepEqual(same, old.spec)) return;
    const named = fields.slice(0, -1).map((name) => `'${name}'`);
    faults.forbidden(
      'spec',
      `updates to statefulset spec for fields other than ${named.join(', ')} and '${fields.at(-1)}' are forbidden`,
    );
  },
  validateStatus(faults, object, old) {
    const status: JsonObject = object.status ?? {};
    const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas'];
    const counts = ['replicas', ...parts, 'availableReplicas', 'observedGeneration', 'collisionCount'];
    statusCounts(faults, status, counts, parts);
    const available = status.availableReplicas ?? 0;
    if (available > (status.replicas ?? 0))
      faults.invalid('status.availableReplicas', available, 'cannot be greater than status.replicas');
    if (available > (status.readyReplicas ?? 0))
      faults.invalid('status.availableReplicas', available, 'cannot be greater than status.readyReplicas');
    collisions(faults, status, old.status ?? {});
  },
};
