// What a built-in kind has even when nothing was said of it: kubectl reads files as its own types for some commands
// (`set --local`), and prints their empty structs and counts then.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import { withPodSpec } from '../pod-spec.ts';

type Fill = (object: KubeObject) => KubeObject;

/** Adds what `defaults` has and the object has not, in it and in what both have. */
const fill = (object: JsonObject, defaults: JsonObject): JsonObject => {
  const out = { ...object };
  for (const key in defaults) {
    const value = out[key];
    if (value === undefined || value === null) out[key] = defaults[key];
    else if (typeof value === 'object') out[key] = fill(value, defaults[key]);
  }
  return out;
};

const EMPTY: Record<string, JsonObject> = {
  CronJob: { spec: { jobTemplate: { metadata: {}, spec: { template: { metadata: {} } } } }, status: {} },
  DaemonSet: {
    spec: { template: { metadata: {} }, updateStrategy: {} },
    status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  },
  Deployment: { spec: { strategy: {}, template: { metadata: {} } }, status: {} },
  Job: { spec: { template: { metadata: {} } }, status: {} },
  Pod: { status: {} },
  ReplicaSet: { spec: { template: { metadata: {} } }, status: { replicas: 0 } },
  ReplicationController: { status: { replicas: 0 } },
  Service: { status: { loadBalancer: {} } },
  StatefulSet: {
    spec: { template: { metadata: {} }, updateStrategy: {} },
    status: { availableReplicas: 0, replicas: 0 },
  },
};

const withResources: Fill = (object) =>
  withPodSpec(object, (spec) => {
    const out = { ...spec };
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
      if (spec[list]) out[list] = (spec[list] as JsonObject[]).map((c) => fill(c, { resources: {} }));
    return out;
  });

/** The object as kubectl's own type of its kind. */
export function typed(object: KubeObject): KubeObject {
  const empty = EMPTY[object.kind];
  return empty ? withResources(fill(object as unknown as JsonObject, empty) as unknown as KubeObject) : object;
}
