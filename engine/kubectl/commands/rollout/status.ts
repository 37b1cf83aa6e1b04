// How far a rollout has come, in the sentences of `kubectl rollout status`.

import type { KubeObject } from '../../../api/types.ts';
import { CommandError, quote } from '../../errors.ts';

export interface RolloutStatus {
  text: string;
  done: boolean;
}

const waiting = (text: string): RolloutStatus => ({ text: text + '\n', done: false });
const finished = (text: string): RolloutStatus => ({ text: text + '\n', done: true });

export function statusOf(object: KubeObject, revision: number): RolloutStatus {
  switch (object.kind) {
    case 'Deployment':
      return deployment(object, revision);
    case 'DaemonSet':
      return daemonSet(object);
    case 'StatefulSet':
      return statefulSet(object);
  }
  throw new CommandError(`no status viewer has been implemented for ${object.kind}`);
}

const observed = (object: KubeObject) => (object.metadata.generation ?? 0) <= (object.status?.observedGeneration ?? 0);

function deployment(object: KubeObject, revision: number): RolloutStatus {
  const name = object.metadata.name ?? '';
  if (revision > 0) {
    const current = Number(
      (object.metadata.annotations as Record<string, string> | undefined)?.['deployment.kubernetes.io/revision'] ?? 0,
    );
    if (revision !== current)
      throw new CommandError(`desired revision (${revision}) is different from the running revision (${current})`);
  }
  if (!observed(object)) return waiting('Waiting for deployment spec update to be observed...');
  const { status = {} } = object;
  const progressing = (status.conditions ?? []).find((c: { type: string }) => c.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    throw new CommandError(`deployment ${quote(name)} exceeded its progress deadline`);
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const start = `Waiting for deployment ${quote(name)} rollout to finish: `;
  if (object.spec.replicas !== undefined && updatedReplicas < object.spec.replicas) {
    return waiting(`${start}${updatedReplicas} out of ${object.spec.replicas} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas)
    return waiting(`${start}${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas)
    return waiting(`${start}${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  return finished(`deployment ${quote(name)} successfully rolled out`);
}

const onlyRolling = (type: string | undefined) => {
  if (type !== 'RollingUpdate')
    throw new CommandError('rollout status is only available for RollingUpdate strategy type');
};

function daemonSet(object: KubeObject): RolloutStatus {
  const name = object.metadata.name ?? '';
  onlyRolling(object.spec.updateStrategy?.type);
  if (!observed(object)) return waiting('Waiting for daemon set spec update to be observed...');
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = object.status ?? {};
  const start = `Waiting for daemon set ${quote(name)} rollout to finish: `;
  if (updatedNumberScheduled < desiredNumberScheduled)
    return waiting(`${start}${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  if (numberAvailable < desiredNumberScheduled)
    return waiting(`${start}${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  return finished(`daemon set ${quote(name)} successfully rolled out`);
}

function statefulSet(object: KubeObject): RolloutStatus {
  onlyRolling(object.spec.updateStrategy?.type);
  const { status = {}, spec } = object;
  if (!status.observedGeneration || !observed(object))
    return waiting('Waiting for statefulset spec update to be observed...');
  const {
    readyReplicas = 0,
    updatedReplicas = 0,
    currentReplicas = 0,
    updateRevision = '',
    currentRevision = '',
  } = status;
  if (spec.replicas !== undefined && readyReplicas < spec.replicas)
    return waiting(`Waiting for ${spec.replicas - readyReplicas} pods to be ready...`);
  const partition = spec.updateStrategy?.rollingUpdate?.partition;
  if (spec.updateStrategy?.type === 'RollingUpdate' && partition) {
    if (spec.replicas !== undefined && updatedReplicas < spec.replicas - partition) {
      return waiting(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${spec.replicas - partition} new pods have been updated...`,
      );
    }
    return finished(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (updateRevision !== currentRevision) {
    return waiting(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`,
    );
  }
  return finished(`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`);
}
