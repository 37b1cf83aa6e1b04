// PodTopologyLabels: a Pod learns the zone and the region of its node as labels, when it is created there or bound.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { NOTHING_ELSE, onPods, type AdmissionPlugin } from './types.ts';

const KEYS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

type Labels = Record<string, string>;

/** `labels` with those of the node that they do not have; the same object when there are none. */
export function withTopology(labels: Labels | undefined, own: Labels | undefined): Labels | undefined {
  let next = labels;
  for (const key of KEYS) {
    if (own?.[key] !== undefined && labels?.[key] === undefined) next = { ...next, [key]: own[key] };
  }
  return next;
}

export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  handles: onPods('CREATE'),
  mutate({ object }, { scheme, storage }): KubeObject {
    const nodeName: string | undefined = object.spec?.nodeName;
    const { labels } = object.metadata;
    const nodes = scheme.resource('', 'v1', 'nodes') as ResourceInfo;
    const next = nodeName ? withTopology(labels, storage.get(nodes, '', nodeName)?.metadata.labels) : labels;
    return next === labels ? object : { ...object, metadata: { ...object.metadata, labels: next } };
  },
  findings: ({ object }) => (object.spec?.nodeName ? undefined : NOTHING_ELSE),
};
