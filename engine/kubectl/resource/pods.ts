// From what a user named (a Pod, or something that keeps Pods) to the Pods that are meant, and to the container in
// one of them: what logs, exec, attach, cp and port-forward share.

import { formatLabelSelector } from '../../api/selectors.ts';
import type { KubeObject, Pod } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { find } from './builder.ts';
import { getObject, listItems, listObjects } from './rest.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export const isReady = (pod: Pod) =>
  pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** Order in which kubectl chooses among Pods: scheduled, running, ready ones first, then the older. */
export function byActivity(a: Pod, b: Pod): number {
  const x = a.metadata.creationTimestamp ?? '';
  const y = b.metadata.creationTimestamp ?? '';
  return (
    Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName)) ||
    (PHASES[b.status?.phase ?? ''] ?? 0) - (PHASES[a.status?.phase ?? ''] ?? 0) ||
    Number(isReady(b)) - Number(isReady(a)) ||
    maxRestarts(b) - maxRestarts(a) ||
    (x === y ? 0 : x < y ? -1 : 1)
  );
}

const maxRestarts = (pod: Pod) =>
  (pod.status?.containerStatuses ?? []).reduce((most, c) => Math.max(most, c.restartCount), 0);

/** The label selector of an object's Pods; undefined when the kind keeps none. */
export function podSelector(object: KubeObject): string | undefined {
  const selector = object.spec?.selector;
  switch (object.kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return formatLabelSelector(selector);
    case 'ReplicationController':
    case 'Service':
      if (!selector || Object.keys(selector).length === 0) return undefined;
      return formatLabelSelector({ matchLabels: selector });
    default:
      return undefined;
  }
}

/** All Pods of `object` in the order of `compare`; a Pod is its own. */
export function* podsOf(kubectl: Kubectl, object: KubeObject, compare: (a: Pod, b: Pod) => number): Co<Pod[]> {
  if (object.kind === 'Pod') return [object as unknown as Pod];
  const selector = podSelector(object);
  if (selector === undefined) {
    const type = `*v1.${object.kind}`;
    const why =
      object.kind === 'Service'
        ? `invalid service '${object.metadata.name}': Service is defined without a selector`
        : `selector for ${type} not implemented`;
    throw new CommandError(`cannot get the logs from ${type}: ${why}`);
  }
  const mapping = yield* kubectl.mappingFor('pods');
  const list = yield* listObjects(kubectl, mapping, object.metadata.namespace ?? '', { labelSelector: selector });
  return (listItems(list) as unknown as Pod[]).sort(compare);
}

/** One Pod for `argument` (POD, TYPE/NAME); waits up to `timeout` ms for one to exist. */
export function* onePod(kubectl: Kubectl, argument: string, timeout = 60_000): Co<Pod> {
  if (!argument.includes('/')) {
    const mapping = yield* kubectl.mappingFor('pods');
    return (yield* getObject(kubectl, mapping, kubectl.namespace, argument)) as unknown as Pod;
  }
  const found = yield* find(kubectl, { args: [argument], latest: true });
  if (found.errors.length) throw found.errors[0];
  const { object } = found.infos[0];
  const end = kubectl.now + timeout;
  if (object.kind !== 'Pod' && podSelector(object) === undefined) {
    throw new CommandError(`cannot attach to *v1.${object.kind}: selector for *v1.${object.kind} not implemented`);
  }
  for (;;) {
    const pods = yield* podsOf(kubectl, object, byActivity);
    if (pods.length) return pods[0];
    if (kubectl.now >= end) throw new CommandError('timed out waiting for the condition');
    yield 1000;
  }
}

/** The container that is meant when none is named: the annotated one, or the first; several are told of. */
export function defaultContainer(kubectl: Kubectl, pod: Pod, quiet = false): string {
  const spec = pod.spec as NonNullable<Pod['spec']>;
  const names = spec.containers.map((c) => c.name);
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  if (annotated) {
    if (names.includes(annotated)) return annotated;
    kubectl.warn(`Default container name "${annotated}" in annotation not found in pod ${pod.metadata.name}`);
  }
  const all = containerList(pod);
  if (all.length > 1 && !quiet) kubectl.warn(`Defaulted container "${names[0]}" out of: ${all.join(', ')}`);
  return names[0];
}

/** Every container of a Pod in the order in which they start. */
export function containerNames(pod: Pod): string[] {
  const spec = pod.spec as NonNullable<Pod['spec']>;
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map((c) => c.name);
}

/** Every container with what it is, as messages list them: 'web, setup (init)'. */
export function containerList(pod: Pod): string[] {
  const spec = pod.spec as NonNullable<Pod['spec']>;
  return [
    ...spec.containers.map((c) => c.name),
    ...(spec.initContainers ?? []).map((c) => `${c.name} (init)`),
    ...(spec.ephemeralContainers ?? []).map((c) => `${c.name} (ephem)`),
  ];
}
