// NodeAffinity: nodeSelector and required terms filter, preferred terms score.

import { always, normalizeToMax, SKIP, unresolvable, type Plugin } from '../framework.ts';
import { hasRequiredAffinity, matchesRequiredAffinity, termMatches } from '../../api/node-selector.ts';
import type { PodSpec } from '../../api/types.ts';

const REFUSED = unresolvable("node(s) didn't match Pod's node affinity/selector");

/** The nodes that every term names by metadata.name; undefined when a term leaves it open (a DaemonSet's Pod names one). */
function named(spec: PodSpec): string[] | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms?.length) return undefined;
  const all: string[] = [];
  for (const term of terms) {
    const names = (term.matchFields ?? []).filter((r) => r.key === 'metadata.name' && r.operator === 'In');
    if (names.length === 0) return undefined;
    for (const name of names[0].values ?? []) if (names.every((r) => r.values?.includes(name))) all.push(name);
  }
  return all;
}

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  local: always,
  events: ['NodeAdd', 'NodeLabel', 'TargetPodUpdate'],
  preFilter(pod) {
    if (!hasRequiredAffinity(pod.spec)) return SKIP;
    return named(pod.spec)?.length === 0 ? unresolvable('pod affinity terms conflict') : undefined;
  },
  nodeNames: (pod) => named(pod.spec),
  filter: (pod, node) => (matchesRequiredAffinity(pod.spec, node) ? undefined : REFUSED),
  preScore(pod) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    return preferred?.length ? undefined : SKIP;
  },
  score(pod, node) {
    let sum = 0;
    for (const { weight, preference } of pod.spec.affinity?.nodeAffinity
      ?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (weight !== 0 && termMatches(preference, node)) sum += weight;
    }
    return sum;
  },
  normalize: (_pod, scores) => normalizeToMax(scores, false),
};
