// Resource claim controller: makes the claims that Pods have templates for, and takes away from claims the Pods that are
// done with them, and then the devices (kubernetes/pkg/controller/resourceclaim).

import {
  canBeReserved,
  checkOwner,
  claimNameOf,
  ClaimError,
  CLAIMS,
  consumerOf,
  FINALIZER,
  GROUP_VERSION,
  hasResourceClaims,
  isReservedFor,
  type ResourceClaim,
} from '../api/resource-claims.ts';
import type { Pod, PodResourceClaim, ResourceClaimTemplate } from '../api/types.ts';
import { isNotFound, keyOf, splitKey } from '../client/index.ts';
import type { Controller } from './context.ts';
import { controllerOf, controllerRef, controlledBy, indexByController } from './owners.ts';

/** On a claim: the entry of its Pod that it was made for. */
const POD_CLAIM = 'resource.kubernetes.io/pod-claim-name';
const MANAGER = 'ResourceClaimController';
/** Room for a hyphen and five characters of chance in a label's 63. */
const MAX_BASE = 57;

const isTerminal = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
/** None of its containers runs or ever will. */
const isDone = (pod: Pod) => isTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName);

/** The names of the claims of a Pod that are known. */
function claimKeys(pod: Pod): string[] {
  const keys: string[] = [];
  for (const entry of pod.spec?.resourceClaims ?? []) {
    try {
      const claim = claimNameOf(pod, entry);
      if (claim) keys.push(`${pod.metadata.namespace}/${claim.name}`);
    } catch (error) {
      if (!(error instanceof ClaimError)) throw error;
    }
  }
  return keys;
}

export const resourceClaimController: Controller = {
  name: 'resourceclaim-controller',
  account: 'resource-claim-controller',
  component: 'resource_claim',
  start(context) {
    const pods = context.informer<Pod>('v1', 'pods');
    const claims = context.informer<ResourceClaim>(GROUP_VERSION, CLAIMS);
    const templates = context.informer<ResourceClaimTemplate>(GROUP_VERSION, 'resourceclaimtemplates');
    const client = context.client.of<ResourceClaim>(GROUP_VERSION, CLAIMS);
    const podClient = context.client.of<Pod>('v1', 'pods');
    indexByController(claims);
    pods.addIndex('resource-claim', claimKeys);

    // ---- Pods ----------------------------------------------------------------------------------------------

    /** The name of a claim that was made for this entry of the Pod now; undefined when nothing was to be made. */
    function make(pod: Pod, entry: PodResourceClaim): string | undefined {
      const templateName = entry.resourceClaimTemplateName;
      const namespace = pod.metadata.namespace as string;
      try {
        const known = claimNameOf(pod, entry);
        if (!known) return undefined;
        const claim = claims.get(namespace, known.name);
        if (claim && known.generated) checkOwner(pod, claim);
        if (claim) return undefined;
      } catch (error) {
        // Not made yet, or no longer the Pod's.
        if (!(error instanceof ClaimError)) throw error;
      }
      if (templateName === undefined) return undefined;
      const orphan = controlledBy(claims, pod).find(
        ({ metadata }) => metadata.annotations?.[POD_CLAIM] === entry.name && !metadata.deletionTimestamp,
      );
      if (orphan) return orphan.metadata.name;
      const template = templates.get(namespace, templateName);
      const quoted = JSON.stringify(templateName);
      if (!template)
        throw new Error(`resource claim template ${quoted}: resourceclaimtemplate.resource.k8s.io ${quoted} not found`);
      const { labels, annotations } = template.spec.metadata ?? {};
      try {
        return client.create(namespace, {
          apiVersion: GROUP_VERSION,
          kind: 'ResourceClaim',
          metadata: {
            generateName: baseName(pod.metadata.name as string, entry.name),
            labels,
            annotations: { ...annotations, [POD_CLAIM]: entry.name },
            ownerReferences: [controllerRef(pod, 'v1', 'Pod')],
          },
          spec: template.spec.spec,
        }).metadata.name;
      } catch (error) {
        throw new Error(`create ResourceClaim : ${(error as Error).message}`, { cause: error });
      }
    }

    function syncPod(key: string) {
      const pod = pods.byKey(key);
      if (!pod || pod.metadata.deletionTimestamp) return;
      const { namespace = '', name = '' } = pod.metadata;
      const made: Record<string, string> = {};
      for (const entry of pod.spec?.resourceClaims ?? []) {
        try {
          const claim = make(pod, entry);
          if (claim !== undefined) made[entry.name] = claim;
        } catch (error) {
          const text = `PodResourceClaim ${entry.name}: ${(error as Error).message}`;
          context.recorder.event(pod, 'Warning', 'FailedResourceClaimCreation', text);
          throw new Error(`pod ${key}, ${text}`, { cause: error });
        }
      }
      if (Object.keys(made).length > 0) {
        const resourceClaimStatuses = Object.keys(made).map((entry) => ({
          name: entry,
          resourceClaimName: made[entry],
        }));
        context.client.send({
          method: 'PATCH',
          path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
          query: { fieldManager: MANAGER, force: 'true' },
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body: { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, status: { resourceClaimStatuses } },
        });
        return;
      }
      if (pod.spec?.nodeName) reserveAll(pod);
    }

    /** A Pod that came to its node without the scheduler gets what is allocated already. */
    function reserveAll(pod: Pod) {
      for (const key of claimKeys(pod)) {
        const claim = claims.byKey(key);
        if (!claim) return;
        if (!claim.status?.allocation || isReservedFor(pod, claim) || !canBeReserved(claim)) continue;
        const reservedFor = [...(claim.status.reservedFor ?? []), consumerOf(pod)];
        const { namespace, name } = splitKey(key);
        client.updateStatus(namespace, name, { ...claim, status: { ...claim.status, reservedFor } });
      }
    }

    function needsWork(pod: Pod): boolean {
      if (pod.metadata.deletionTimestamp) return false;
      for (const entry of pod.spec?.resourceClaims ?? []) {
        try {
          const known = claimNameOf(pod, entry);
          if (!known) return false;
          const claim = claims.get(pod.metadata.namespace as string, known.name);
          if (!claim) return entry.resourceClaimTemplateName !== undefined;
          if (known.generated) checkOwner(pod, claim);
          if (!pod.spec?.nodeName) continue;
          if (claim.status?.allocation && !isReservedFor(pod, claim) && canBeReserved(claim)) return true;
        } catch (error) {
          if (!(error instanceof ClaimError)) throw error;
          return true;
        }
      }
      return false;
    }

    // ---- claims --------------------------------------------------------------------------------------------

    /** A Pod that is gone, replaced or done uses nothing. */
    function usesIt(namespace: string, name: string, uid: string): boolean {
      let pod = pods.get(namespace, name);
      // The scheduler may know one that is not here yet.
      if (!pod) pod = podClient.find(namespace, name);
      return pod?.metadata.uid === uid && !isDone(pod);
    }

    function syncClaim(key: string) {
      const known = claims.byKey(key);
      if (!known) return;
      let claim = known;
      const { namespace, name } = splitKey(key);
      const before = claim.status?.reservedFor ?? [];
      const users = before.filter((one) => one.resource !== 'pods' || usesIt(namespace, one.name, one.uid));
      const ours = claim.metadata.finalizers?.includes(FINALIZER) === true;
      const free = () => {
        claim = client.updateStatus(namespace, name, { ...claim, status: {} });
      };
      const letGo = () => {
        const rest = claim.metadata.finalizers?.filter((one) => one !== FINALIZER);
        const finalizers = rest?.length ? rest : undefined;
        claim = client.update(namespace, name, { ...claim, metadata: { ...claim.metadata, finalizers } });
      };
      if (users.length < before.length && users.length > 0) {
        client.updateStatus(namespace, name, { ...claim, status: { ...claim.status, reservedFor: users } });
        return;
      }
      if (users.length > 0) return;
      // The last one is done with it: the devices are free for others, wherever the next one runs.
      if (ours && (before.length > 0 || claim.metadata.deletionTimestamp)) {
        if (claim.status?.allocation || before.length > 0) free();
        letGo();
      }
      const owner = controllerOf(claim);
      const pod = owner?.kind === 'Pod' ? pods.get(namespace, owner.name) : undefined;
      if (!pod || claim.metadata.deletionTimestamp) return;
      if (pod.metadata.uid !== owner?.uid || isDone(pod)) {
        try {
          client.delete(namespace, name);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
    }

    // ---- what happens --------------------------------------------------------------------------------------

    const queue = context.queue((key) => {
      if (key.startsWith('pod:')) syncPod(key.slice(4));
      else syncClaim(key);
    });

    function podChanged(pod: Pod, gone = false) {
      if (!hasResourceClaims(pod)) return;
      if (gone || isDone(pod)) for (const key of claimKeys(pod)) queue.add(key);
      if (!gone && needsWork(pod)) queue.add(`pod:${keyOf(pod)}`);
    }
    pods.on({
      add: (pod) => podChanged(pod),
      update: (pod) => podChanged(pod),
      delete: (pod) => podChanged(pod, true),
    });
    const ofPods = (key: string) => {
      for (const pod of pods.byIndex('resource-claim', key)) podChanged(pod);
    };
    const claimChanged = (claim: ResourceClaim) => {
      const key = keyOf(claim);
      queue.add(key);
      ofPods(key);
    };
    claims.on({ add: claimChanged, update: claimChanged, delete: (claim) => ofPods(keyOf(claim)) });
  },
};

/** POD-ENTRY-, both cut in proportion where they are too long. */
function baseName(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= MAX_BASE) return whole;
  const cut = (text: string) => text.slice(0, Math.floor((text.length * MAX_BASE) / whole.length));
  return `${cut(pod)}-${cut(entry)}`;
}
