// Creating and deleting the Pods of a controller, with the events that tell of it (controller_utils: RealPodControl).

import { ApiError, isNotFound, type EventRecorder, type ResourceClient } from '../client/index.ts';
import type { KubeObject, ObjectMeta, OwnerReference, Pod, PodTemplateSpec } from '../api/types.ts';

/** No more Pods than this are created or deleted in one sync. */
export const BURST = 500;
const SLOW_START = 1;

/** The Pod that a template stands for. Spec, labels and annotations are the template's own objects: nothing is copied. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, ref: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { namespace, name } = owner.metadata;
  const metadata: ObjectMeta = { generateName: `${name}-`, namespace, ownerReferences: [ref] };
  if (labels) metadata.labels = labels;
  if (annotations) metadata.annotations = annotations;
  if (finalizers) metadata.finalizers = finalizers;
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec };
}

/** True when the namespace is being deleted: what the API server says to a create there. */
export function namespaceIsTerminating(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating');
}

/** Creates one Pod for `owner`; a refusal is recorded there and thrown on. */
export function createPod(pods: ResourceClient<Pod>, recorder: EventRecorder, owner: KubeObject, pod: Pod): Pod {
  try {
    const created = pods.create(owner.metadata.namespace as string, pod);
    recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    return created;
  } catch (error) {
    if (error instanceof ApiError && !namespaceIsTerminating(error)) {
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
    }
    throw error;
  }
}

/** Deletes one Pod of `owner`; one that is gone already counts as deleted. */
export function deletePod(pods: ResourceClient<Pod>, recorder: EventRecorder, owner: KubeObject, name: string) {
  try {
    pods.delete(owner.metadata.namespace as string, name);
    recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    if (error instanceof ApiError) recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`);
    throw error;
  }
}

/**
 * Runs `create` `count` times in batches of 1, 2, 4…; stops after the first batch with a failure, so that a hopeless
 * Pod (over quota, say) is tried once and not 500 times. Answers the first error.
 */
export function slowStart(count: number, create: (index: number) => void): unknown {
  let done = 0;
  for (let batch = Math.min(count, SLOW_START); batch > 0; batch = Math.min(2 * batch, count - done)) {
    let failure: unknown;
    for (let i = 0; i < batch; i++) {
      try {
        create(done + i);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) return failure;
    done += batch;
  }
  return undefined;
}
