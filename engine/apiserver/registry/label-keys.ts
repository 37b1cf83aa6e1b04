// matchLabelKeys and mismatchLabelKeys of a new Pod: the values of its own labels go into the selectors beside them.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import { minorOf } from '../release.ts';

/** First minors in which the selectors of (anti)affinity and of topology spread were merged unless one switched it off. */
const AFFINITY_SINCE = 31;
const SPREAD_SINCE = 34;

const RULES = ['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution'];

type Labels = Readonly<Record<string, string>>;

const requirements = (keys: string[] | undefined, operator: 'In' | 'NotIn', labels: Labels): JsonObject[] =>
  (keys ?? []).flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));

/** A term of affinity or a constraint of spread. A selector that is absent selects nothing, and stays so. */
function merged<T extends JsonObject>(term: T, labels: Labels): T {
  const { matchLabelKeys, mismatchLabelKeys, labelSelector } = term;
  if (!labelSelector || !(matchLabelKeys?.length || mismatchLabelKeys?.length)) return term;
  const more = [...requirements(matchLabelKeys, 'In', labels), ...requirements(mismatchLabelKeys, 'NotIn', labels)];
  const matchExpressions = [...(labelSelector.matchExpressions ?? []), ...more];
  return more.length ? { ...term, labelSelector: { ...labelSelector, matchExpressions } } : term;
}

function mergedAffinity(affinity: JsonObject, labels: Labels): JsonObject {
  const next: JsonObject = { ...affinity };
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    if (!affinity[kind]) continue;
    next[kind] = { ...affinity[kind] };
    for (const rule of RULES) {
      const terms: JsonObject[] | undefined = affinity[kind][rule];
      if (!terms) continue;
      next[kind][rule] = terms.map((term) =>
        term.podAffinityTerm
          ? { ...term, podAffinityTerm: merged(term.podAffinityTerm, labels) }
          : merged(term, labels),
      );
    }
  }
  return next;
}

/** `version`: of the release that serves. */
export function mergeLabelKeys(pod: KubeObject, version: string): KubeObject {
  const { affinity, topologySpreadConstraints: constraints } = pod.spec;
  if (!affinity && !constraints) return pod;
  const minor = minorOf(version);
  const labels = pod.metadata.labels ?? {};
  const spec: JsonObject = { ...pod.spec };
  if (affinity && minor >= AFFINITY_SINCE) spec.affinity = mergedAffinity(affinity, labels);
  if (constraints && minor >= SPREAD_SINCE)
    spec.topologySpreadConstraints = (constraints as JsonObject[]).map((one) => merged(one, labels));
  return { ...pod, spec };
}
