// VolumeZone: a volume with zone or region labels can be had only by nodes of those zones or regions.

import { SKIP, unresolvable, type Plugin } from '../framework.ts';
import { someClaim, volumeOf, type Storage } from './volumes.ts';

const NAME = 'VolumeZone';
const CONFLICT = unresolvable('node(s) had no available volume zone');
const KEYS = [
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
];
/** A volume of several zones names them all in one label. */
const SEPARATOR = '__';

type Wanted = { key: string; values: string[] }[];

export function volumeZone(storage: Storage): Plugin {
  return {
    name: NAME,
    events: ['NodeAdd', 'NodeLabel', 'Storage'],
    preFilter({ pod, namespace }, state) {
      const wanted: Wanted = [];
      someClaim(pod, (name) => {
        const labels = volumeOf(storage, storage.claims.get(namespace, name))?.metadata.labels;
        if (labels) for (const key of KEYS) if (labels[key]) wanted.push({ key, values: labels[key].split(SEPARATOR) });
        return false;
      });
      if (wanted.length === 0) return SKIP;
      state.set(NAME, wanted);
      return undefined;
    },
    filter(_pod, { labels }, state) {
      const zoned = KEYS.some((key) => labels[key] !== undefined);
      // Nodes of clusters without zones are never refused.
      if (!zoned) return undefined;
      const wanted = state.get(NAME) as Wanted;
      return wanted.every(({ key, values }) => values.includes(labels[key] ?? labels[modern(key)]))
        ? undefined
        : CONFLICT;
    },
  };
}

const modern = (key: string) => key.replace('failure-domain.beta.kubernetes.io', 'topology.kubernetes.io');
