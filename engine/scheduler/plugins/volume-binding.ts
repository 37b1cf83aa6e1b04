// VolumeBinding: a Pod goes where its claims' volumes can be reached; claims that wait for their first consumer get a
// volume that suits the node, or a provisioner is asked, before the Pod is bound.

import { keyOf, referenceTo, type Client } from '../../client/index.ts';
import { BOUND_BY_CONTROLLER, classOf, SELECTED_NODE } from '../../api/volume-claims.ts';
import { findVolume, isFullyBound, isReachable, waitsForConsumer } from '../../api/volume-matching.ts';
import { SKIP, unresolvable, waitFor, type CycleState, type Handle, type Plugin, type Status } from '../framework.ts';
import { someClaim, volumeOf, type Storage } from './volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass, TopologySelectorTerm } from '../../api/types.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import type { ReleaseWays } from '../release.ts';

const NAME = 'VolumeBinding';
/** bindTimeoutSeconds. */
const BIND_TIMEOUT_SECONDS = 600;
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

const UNBOUND = unresolvable('pod has unbound immediate PersistentVolumeClaims');
const NO_VOLUME = "node(s) didn't find available persistent volumes to bind";
const GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

/** What has to happen so that the Pod's claims are bound on one node. */
interface Plan {
  bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  provisions: PersistentVolumeClaim[];
  node: NodeInfo;
}

interface Data {
  bound: PersistentVolumeClaim[];
  delayed: PersistentVolumeClaim[];
  plans: Map<string, Plan>;
  /** The writes of preBind are done: only the outcome is awaited. */
  asked: boolean;
}

const error = (...reasons: string[]): Status => ({ code: 'Error', reasons });

export function volumeBinding(
  client: Client,
  handle: Handle,
  storage: Storage,
  { nodeConflict }: ReleaseWays,
  timeoutSeconds = BIND_TIMEOUT_SECONDS,
): Plugin {
  const claimClient = client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
  const volumeClient = client.of<PersistentVolume>('v1', 'persistentvolumes', false);
  /** Volumes promised to claims whose binding is not written yet. */
  const promised = new Set<string>();
  /** Pods that wait for claims, by claim. */
  const awaited = new Map<string, Set<string>>();

  const woken = (claim: PersistentVolumeClaim) => awaited.get(keyOf(claim))?.forEach((pod) => handle.wake(pod));
  storage.claims.on({ update: woken, delete: woken });

  const dataOf = (state: CycleState) => state.get(NAME) as Data;

  /** Why the Pod's claims keep it from every node. */
  function refusal({ pod, namespace }: PodInfo, data: Data): Status | undefined {
    let status: Status | undefined;
    let unbound = false;
    someClaim(pod, (name, { ephemeral }) => {
      const claim = storage.claims.get(namespace, name);
      const shown = JSON.stringify(name);
      if (!claim) {
        status = unresolvable(
          ephemeral
            ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${shown}`
            : `persistentvolumeclaim ${shown} not found`,
        );
      } else if (claim.status?.phase === 'Lost') {
        const volume = JSON.stringify(claim.spec?.volumeName ?? '');
        status = unresolvable(`persistentvolumeclaim ${shown} bound to non-existent persistentvolume ${volume}`);
      } else if (claim.metadata.deletionTimestamp) {
        status = unresolvable(`persistentvolumeclaim ${shown} is being deleted`);
      } else if (ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
        const of = `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name}`;
        status = unresolvable(`${of} (pod is not owner)`);
      } else if (isFullyBound(claim)) {
        data.bound.push(claim);
      } else if (waitsForConsumer(classFor(claim)) && !claim.spec?.volumeName) {
        data.delayed.push(claim);
      } else {
        unbound = true;
      }
      return status !== undefined;
    });
    return status ?? (unbound ? UNBOUND : undefined);
  }

  const classFor = (claim: PersistentVolumeClaim): StorageClass | undefined => storage.classes.byKey(classOf(claim));

  /** What binding the delayed claims on this node takes; undefined when it cannot be done. */
  function planFor(delayed: readonly PersistentVolumeClaim[], node: NodeInfo): Plan | undefined {
    const plan: Plan = { bindings: [], provisions: [], node };
    const taken = new Set(promised);
    for (const claim of delayed) {
      const selected = claim.metadata.annotations?.[SELECTED_NODE];
      if (selected !== undefined && selected !== node.name) return undefined;
      const volume = selected === undefined ? findVolume(claim, storage.ofClass, node, taken) : undefined;
      if (volume) {
        taken.add(volume.metadata.name as string);
        plan.bindings.push({ claim, volume });
        continue;
      }
      const storageClass = classFor(claim);
      if (!storageClass || storageClass.provisioner === NO_PROVISIONER) return undefined;
      if (!offeredAt(storageClass.allowedTopologies, node)) return undefined;
      plan.provisions.push(claim);
    }
    return plan;
  }

  /** Writes what the plan says: volumes reserved for their claims, nodes named for provisioners. */
  function ask({ bindings, provisions }: Plan, node: string) {
    for (const { claim, volume } of bindings) {
      const current = storage.volumes.byKey(keyOf(volume)) ?? volume;
      if (current.spec?.claimRef?.uid === claim.metadata.uid) continue;
      const annotations = current.spec?.claimRef
        ? current.metadata.annotations
        : { ...current.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
      volumeClient.update('', keyOf(volume), {
        ...current,
        metadata: { ...current.metadata, annotations },
        spec: { ...current.spec, claimRef: referenceTo(claim) },
      });
    }
    for (const claim of provisions) {
      const { namespace, name } = claim.metadata;
      const annotations = { [SELECTED_NODE]: node };
      claimClient.patch(namespace as string, name as string, 'merge', { metadata: { annotations } });
    }
  }

  /** Undefined when all are bound; else what to wait for, or why waiting is in vain. */
  function outcome(data: Data, plan: Plan, node: string): Status | undefined {
    for (const { metadata } of data.delayed) {
      const claim = storage.claims.get(metadata.namespace as string, metadata.name as string);
      if (!claim) return error(`binding volumes: persistentvolumeclaim ${JSON.stringify(metadata.name)} not found`);
      const selected = claim.metadata.annotations?.[SELECTED_NODE];
      if (plan.provisions.some((one) => one.metadata.uid === metadata.uid) && selected !== node) {
        const shown = JSON.stringify(metadata.name);
        return error(
          selected
            ? `binding volumes: provisioning failed for PVC ${shown}: selectedNode annotation value ${JSON.stringify(selected)} not set to scheduled node ${JSON.stringify(node)}`
            : `binding volumes: selectedNode annotation reset for PVC ${shown}`,
        );
      }
      const volume = isFullyBound(claim) ? volumeOf(storage, claim) : undefined;
      // The volume controller may have found one elsewhere, where a provisioner was asked for one here.
      if (volume && !isReachable(volume, plan.node)) {
        const shown = JSON.stringify(volume.metadata.name);
        return error(
          `binding volumes: pv ${shown} node affinity doesn't match node ${JSON.stringify(node)}: no matching NodeSelectorTerms`,
        );
      }
      if (!isFullyBound(claim)) return waitFor(timeoutSeconds * 1000, 'binding volumes: context deadline exceeded');
    }
    return undefined;
  }

  function forget(pod: PodInfo, data: Data) {
    for (const claim of data.delayed) {
      const pods = awaited.get(keyOf(claim));
      pods?.delete(pod.key);
      if (pods?.size === 0) awaited.delete(keyOf(claim));
    }
  }

  return {
    name: NAME,
    events: ['NodeAdd', 'NodeLabel', 'Storage'],
    helps(pod, event, node) {
      const state: CycleState = new Map();
      if (this.preFilter?.(pod, state)) return false;
      return node === undefined || this.filter?.(pod, node, state) === undefined;
    },
    preFilter(pod, state) {
      if (!someClaim(pod.pod, () => true)) return SKIP;
      const data: Data = { bound: [], delayed: [], plans: new Map(), asked: false };
      const status = refusal(pod, data);
      if (status) return status;
      state.set(NAME, data);
      return undefined;
    },
    filter(_pod, node, state) {
      const data = dataOf(state);
      const reasons: string[] = [];
      const volumes = data.bound.map((claim) => volumeOf(storage, claim));
      if (volumes.some((volume) => volume && !isReachable(volume, node))) reasons.push(nodeConflict);
      const plan = data.delayed.length > 0 ? planFor(data.delayed, node) : undefined;
      if (plan) data.plans.set(node.name, plan);
      else if (data.delayed.length > 0) reasons.push(NO_VOLUME);
      if (volumes.some((volume) => !volume)) reasons.push(GONE);
      return reasons.length > 0 ? unresolvable(...reasons) : undefined;
    },
    reserve(_pod, node, state) {
      const plan = dataOf(state)?.plans.get(node);
      for (const { volume } of plan?.bindings ?? []) promised.add(keyOf(volume));
      return undefined;
    },
    unreserve(pod, node, state) {
      const data = dataOf(state);
      for (const { volume } of data?.plans.get(node)?.bindings ?? []) promised.delete(keyOf(volume));
      if (data) forget(pod, data);
    },
    preBind(pod, node, state) {
      const data = dataOf(state);
      const plan = data?.plans.get(node);
      if (!plan) return undefined;
      if (!data.asked) {
        data.asked = true;
        ask(plan, node);
        for (const { volume } of plan.bindings) promised.delete(keyOf(volume));
        for (const claim of data.delayed) {
          const pods = awaited.get(keyOf(claim));
          if (pods) pods.add(pod.key);
          else awaited.set(keyOf(claim), new Set([pod.key]));
        }
      }
      const status = outcome(data, plan, node);
      if (!status) forget(pod, data);
      return status;
    },
  };
}

/** Whether a class makes volumes that this node can have. */
function offeredAt(terms: readonly TopologySelectorTerm[] | undefined, { labels }: NodeInfo): boolean {
  if (!terms?.length) return true;
  return terms.some(({ matchLabelExpressions }) =>
    (matchLabelExpressions ?? []).every(({ key, values }) => values.includes(labels[key])),
  );
}
