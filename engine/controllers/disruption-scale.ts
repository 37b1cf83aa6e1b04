// How many Pods the controllers behind a budget's Pods want: what its percentages are taken of
// (kubernetes/pkg/controller/disruption: finders).

import { isNotFound } from '../client/index.ts';
import { controllerOf } from './owners.ts';
import type { ControllerContext } from './context.ts';
import type {
  Deployment,
  OwnerReference,
  Pod,
  ReplicaSet,
  ReplicationController,
  Scale,
  StatefulSet,
} from '../api/types.ts';

/** What is expected cannot be known. */
export class ScaleError extends Error {}

interface Size {
  uid: string;
  replicas: number;
}

type Scaled = { metadata: { uid?: string }; spec?: { replicas?: number } };

const sizeOf = (object: Scaled | undefined): Size | undefined =>
  object && { uid: object.metadata.uid as string, replicas: object.spec?.replicas ?? 1 };

/** The sum, and whether some of the Pods have no controller, which leaves them out of it. */
export function expectedScale(context: ControllerContext, pods: readonly Pod[]): { sum: number; unmanaged: boolean } {
  const seen = new Map<string, number>();
  let unmanaged = false;
  for (const pod of pods) {
    const ref = controllerOf(pod);
    if (!ref) {
      unmanaged = true;
      continue;
    }
    if (seen.has(ref.uid)) continue;
    const size = replicasOf(context, pod.metadata.namespace as string, ref);
    if (!size) throw new ScaleError(`found no controllers for pod "${pod.metadata.name}"`);
    seen.set(size.uid, size.replicas);
    if (size.uid !== ref.uid) seen.set(ref.uid, 0);
  }
  let sum = 0;
  seen.forEach((replicas) => (sum += replicas));
  return { sum, unmanaged };
}

function replicasOf(context: ControllerContext, namespace: string, ref: OwnerReference): Size | undefined {
  const { kind, name } = ref;
  switch (kind) {
    case 'ReplicaSet': {
      const rs = context.informer<ReplicaSet>('apps/v1', 'replicasets').get(namespace, name);
      const owner = rs && controllerOf(rs);
      if (owner?.kind !== 'Deployment') return sizeOf(rs);
      return sizeOf(context.informer<Deployment>('apps/v1', 'deployments').get(namespace, owner.name));
    }
    case 'StatefulSet':
      return sizeOf(context.informer<StatefulSet>('apps/v1', 'statefulsets').get(namespace, name));
    case 'ReplicationController':
      return sizeOf(context.informer<ReplicationController>('v1', 'replicationcontrollers').get(namespace, name));
    default:
      return scaleSubresource(context, namespace, ref);
  }
}

/** Any other kind tells its size through its scale subresource, if it has one. */
function scaleSubresource(context: ControllerContext, namespace: string, ref: OwnerReference): Size | undefined {
  const { apiVersion, kind, name, uid } = ref;
  const served = context.discovery.resources().find((one) => one.groupVersion === apiVersion && one.kind === kind);
  if (!served) throw new ScaleError(`no matches for kind "${kind}" in version "${apiVersion}"`);
  const { group, plural } = served;
  const base = `/${group ? 'apis' : 'api'}/${apiVersion}/namespaces/${namespace}/${plural}/${name}`;
  try {
    const scale = context.client.send({ method: 'GET', path: `${base}/scale` }).body as unknown as Scale;
    return scale.metadata.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (context.discovery.hasScale(apiVersion, plural)) return undefined;
    throw new ScaleError(`${group ? `${plural}.${group}` : plural} does not implement the scale subresource`, {
      cause: error,
    });
  }
}
