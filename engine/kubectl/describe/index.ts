// Which describer a kind has; kinds without one get the general form.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import {
  describeConfigMap,
  describeGeneric,
  describeLimitRange,
  describeNamespace,
  describeResourceQuota,
  describeSecret,
  describeService,
  describeServiceAccount,
} from './core.ts';
import { describeNode } from './node.ts';
import { describePod } from './pod.ts';
import {
  describeCronJob,
  describeDaemonSet,
  describeDeployment,
  describeJob,
  describeReplicaSet,
  describeStatefulSet,
} from './workloads.ts';

/** The text about one object; `showEvents` adds the events about it. */
export type Describer = (kubectl: Kubectl, object: KubeObject, showEvents: boolean) => Co<string>;

/** By kind and API group. */
const DESCRIBERS: Record<string, Describer> = {
  'ConfigMap.': describeConfigMap,
  'CronJob.batch': describeCronJob,
  'DaemonSet.apps': describeDaemonSet,
  'Deployment.apps': describeDeployment,
  'Job.batch': describeJob,
  'LimitRange.': describeLimitRange,
  'Namespace.': describeNamespace,
  'Node.': describeNode,
  'Pod.': describePod,
  'ReplicaSet.apps': describeReplicaSet,
  'ReplicationController.': describeReplicaSet,
  'ResourceQuota.': describeResourceQuota,
  'Secret.': describeSecret,
  'Service.': describeService,
  'ServiceAccount.': describeServiceAccount,
  'StatefulSet.apps': describeStatefulSet,
};

export const describerOf = (kind: string, group: string): Describer =>
  DESCRIBERS[`${kind}.${group}`] ?? describeGeneric;
