// Namespace controller: empties a namespace that is being deleted, kind by kind, says in its conditions what is
// left, and takes the finalizer away when nothing is (kubernetes/pkg/controller/namespace/deletion).

import { ApiError, isConflict, isNotFound, keyOf, timestamp } from '../client/index.ts';
import { condition } from './conditions.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { ServedResource } from './discovery.ts';
import type { KubeObject, Namespace, NamespaceCondition, Pod } from '../api/types.ts';

const FINALIZER = 'kubernetes';
/** From any news of a namespace that goes until it is looked at: other API servers must have seen it, too. */
const GRACE_MS = 5_000;
/** Until Pods with a grace period are looked for again: half of it and a second, at the least. */
const DEFAULT_ESTIMATE = 15;

/** What one pass over a namespace found. */
interface Remains {
  /** 'pods.' or 'deployments.apps' to how many are left. */
  kinds: Map<string, number>;
  finalizers: Map<string, number>;
  /** Seconds until the next look is worth it. */
  estimate: number;
  errors: string[];
}

export const namespaceController: Controller = {
  name: 'namespace-controller',
  account: 'namespace-controller',
  component: 'namespace-controller',
  start(context) {
    const namespaces = context.informer<Namespace>('v1', 'namespaces');
    const client = context.client.of<Namespace>('v1', 'namespaces', false);
    const queue = context.queue((name) => {
      const namespace = namespaces.byKey(name);
      if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(FINALIZER)) return;
      let current = namespace;
      try {
        if (namespace.status?.phase !== 'Terminating') {
          current = client.updateStatus('', name, {
            ...namespace,
            status: { ...namespace.status, phase: 'Terminating' },
          });
        }
        const remains = empty(context, current);
        const conditions = conditionsOf(current.status?.conditions ?? [], remains, timestamp(context.sim.now));
        if (conditions !== current.status?.conditions) {
          current = client.updateStatus('', name, { ...current, status: { ...current.status, conditions } });
        }
        if (remains.errors.length > 0) throw new Error(remains.errors.join(', '));
        if (remains.kinds.size > 0) {
          queue.addAfter(name, (Math.floor(remains.estimate / 2) + 1) * 1000);
          return;
        }
        const finalizers = current.spec?.finalizers?.filter((finalizer) => finalizer !== FINALIZER);
        client.update('', name, { ...current, spec: { ...current.spec, finalizers } }, 'finalize');
      } catch (error) {
        if (isNotFound(error)) return;
        if (isConflict(error)) queue.add(name);
        else throw error;
      }
    });
    const enqueue = (ns: Namespace) => {
      if (ns.metadata.deletionTimestamp) queue.addAfter(keyOf(ns), GRACE_MS);
    };
    namespaces.on({ add: enqueue, update: enqueue });
  },
};

/** Deletes what the namespace holds and counts what is left. */
function empty(context: ControllerContext, namespace: Namespace): Remains {
  const remains: Remains = { kinds: new Map(), finalizers: new Map(), estimate: 0, errors: [] };
  for (const resource of context.discovery.resources()) {
    if (!resource.namespaced || !resource.verbs.includes('delete') || !resource.verbs.includes('list')) continue;
    // Both groups of events are one store; deleting one deletes the other.
    if (resource.group === 'events.k8s.io') continue;
    try {
      emptyOf(context, namespace.metadata.name as string, resource, remains);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      remains.errors.push(error.message);
    }
  }
  return remains;
}

function emptyOf(context: ControllerContext, namespace: string, resource: ServedResource, remains: Remains) {
  const { groupVersion, plural } = resource;
  const client = context.client.of<KubeObject>(groupVersion, plural);
  let items = client.list(namespace);
  if (items.length === 0) return;
  let estimate = 0;
  if (resource.group === '' && plural === 'pods') {
    for (const pod of items as Pod[]) {
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
      estimate = Math.max(
        estimate,
        pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 0,
      );
    }
  }
  for (const item of items) {
    if (item.metadata.deletionTimestamp) continue;
    try {
      client.delete(namespace, item.metadata.name as string, { propagationPolicy: 'Background' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  items = client.list(namespace);
  if (items.length === 0) return;
  remains.kinds.set(`${plural}.${resource.group}`, items.length);
  for (const item of items) {
    for (const finalizer of item.metadata.finalizers ?? []) {
      remains.finalizers.set(finalizer, (remains.finalizers.get(finalizer) ?? 0) + 1);
    }
  }
  remains.estimate = Math.max(remains.estimate, estimate || DEFAULT_ESTIMATE);
}

/** The five conditions in the order in which upstream sets them: type, message when all is well, reason and text when not. */
const CONDITIONS: { type: string; good: [string, string]; bad: (remains: Remains) => [string, string] | undefined }[] =
  [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      good: ['ResourcesDiscovered', 'All resources successfully discovered'],
      bad: () => undefined,
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      good: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      bad: () => undefined,
    },
    {
      type: 'NamespaceDeletionContentFailure',
      good: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
      bad: ({ errors }) =>
        errors.length
          ? [
              'ContentDeletionFailed',
              `Failed to delete all resource types, ${errors.length} remaining: ${errors.join(', ')}`,
            ]
          : undefined,
    },
    {
      type: 'NamespaceContentRemaining',
      good: ['ContentRemoved', 'All content successfully removed'],
      bad: ({ kinds }) =>
        kinds.size
          ? [
              'SomeResourcesRemain',
              `Some resources are remaining: ${counted(kinds, (kind, n) => `${kind} has ${n} resource instances`)}`,
            ]
          : undefined,
    },
    {
      type: 'NamespaceFinalizersRemaining',
      good: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
      bad: ({ finalizers }) =>
        finalizers.size
          ? [
              'SomeFinalizersRemain',
              `Some content in the namespace has finalizers remaining: ${counted(finalizers, (name, n) => `${name} in ${n} resource instances`)}`,
            ]
          : undefined,
    },
  ];

function counted(map: Map<string, number>, word: (key: string, n: number) => string): string {
  return [...map.keys()]
    .sort()
    .map((key) => word(key, map.get(key) as number))
    .join(', ');
}

function conditionsOf(old: NamespaceCondition[], remains: Remains, now: string): NamespaceCondition[] {
  let changed = false;
  const next = [...old];
  for (const { type, good, bad } of CONDITIONS) {
    const trouble = bad(remains);
    const [reason, message] = trouble ?? good;
    const status = trouble ? 'True' : 'False';
    const known = condition(old, type);
    if (known && known.status === status && known.reason === reason && known.message === message) continue;
    changed = true;
    const value = { type, status, lastTransitionTime: now, reason, message };
    if (known) next[next.indexOf(known)] = value;
    else next.push(value);
  }
  return changed ? next : old;
}
