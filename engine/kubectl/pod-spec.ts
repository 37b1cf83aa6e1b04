// Where a kind keeps the spec of its Pods, and changes to it that share everything else.

import type { JsonObject, KubeObject } from '../api/types.ts';

const PATHS: Record<string, readonly string[]> = {
  Pod: ['spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
};

/** Undefined for kinds that have no Pods. */
export function podSpecOf(object: KubeObject): JsonObject | undefined {
  const path = PATHS[object.kind];
  if (!path) return undefined;
  let value: any = object;
  for (const key of path) value = value?.[key];
  return value ?? {};
}

/** A new object in which the Pod spec is `change(spec)`. */
export function withPodSpec(object: KubeObject, change: (spec: JsonObject) => JsonObject): KubeObject {
  const path = PATHS[object.kind];
  return path ? (changeAt(object, path, 0, change) as KubeObject) : object;
}

function changeAt(
  value: any,
  path: readonly string[],
  at: number,
  change: (spec: JsonObject) => JsonObject,
): JsonObject {
  if (at === path.length) return change(value ?? {});
  return { ...value, [path[at]]: changeAt(value?.[path[at]], path, at + 1, change) };
}
