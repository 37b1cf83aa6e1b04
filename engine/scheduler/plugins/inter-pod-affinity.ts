// InterPodAffinity: Pods near, or far from, other Pods, in the domains of a node label. Required anti-affinity of Pods
// that run already binds a new one as well.

import { formatLabelSelector, matchesSelector } from '../../api/selectors.ts';
import {
  MAX_NODE_SCORE,
  SKIP,
  unresolvable,
  unschedulable,
  type CountQuery,
  type CycleState,
  type Handle,
  type Plugin,
} from '../framework.ts';
import type { PodAffinityTerm } from '../../api/types.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NAME = 'InterPodAffinity';
const NO_AFFINITY = unresolvable("node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules");
const EXISTING_ANTI_AFFINITY = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");
/** What a required affinity of an existing Pod is worth when scoring. */
const HARD_WEIGHT = 1;

type Labels = Record<string, string> | undefined;

/** A term with its namespaces resolved and the Pod's own label values put in. */
interface Term {
  topologyKey: string;
  key: string;
  namespaces: ReadonlySet<string>;
  matches: (labels: Labels) => boolean;
}

function resolve(handle: Handle, owner: PodInfo, term: PodAffinityTerm): Term {
  const own = owner.pod.metadata.labels ?? {};
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [], namespaces, namespaceSelector } = term;
  const equal = matchLabelKeys.filter((key) => own[key] !== undefined);
  const unequal = mismatchLabelKeys.filter((key) => own[key] !== undefined);
  const names = new Set(namespaces?.length || namespaceSelector ? namespaces : [owner.namespace]);
  if (namespaceSelector) {
    handle.eachNamespace((name, labels) => {
      if (matchesSelector(namespaceSelector, labels)) names.add(name);
    });
  }
  return {
    topologyKey: term.topologyKey,
    key: `${formatLabelSelector(labelSelector)}|${equal.map((key) => `${key}=${own[key]}`)}|${unequal.map((key) => `${key}!=${own[key]}`)}`,
    namespaces: names,
    matches(labels) {
      if (!matchesSelector(labelSelector, labels)) return false;
      for (const key of equal) if (labels?.[key] !== own[key]) return false;
      for (const key of unequal) if (labels?.[key] === own[key]) return false;
      return true;
    },
  };
}

const selects = (term: Term, pod: PodInfo) =>
  term.namespaces.has(pod.namespace) && term.matches(pod.pod.metadata.labels);

/** Numbers by topology key and value. */
class Pairs {
  readonly counts: Record<string, number> = Object.create(null);
  add(key: string, value: string, by: number) {
    const pair = `${key}=${value}`;
    this.counts[pair] = (this.counts[pair] ?? 0) + by;
    if (this.counts[pair] === 0) delete this.counts[pair];
  }
  get(key: string, value: string): number {
    return this.counts[`${key}=${value}`] ?? 0;
  }
  get empty(): boolean {
    for (const _ in this.counts) return false;
    return true;
  }
}

interface FilterState {
  affinity: Term[];
  antiAffinity: Term[];
  affinityPairs: Pairs;
  antiAffinityPairs: Pairs;
  existing: Pairs;
}

/** Counts the Pods that all of `terms` select, under the topology of each of `under`. */
function countInto(handle: Handle, pairs: Pairs, terms: readonly Term[], under: readonly Term[]) {
  const [first] = terms;
  first.namespaces.forEach((namespace) => {
    if (!terms.every((term) => term.namespaces.has(namespace))) return;
    const query: CountQuery = {
      key: `affinity:${terms.map((term) => term.key).join('&')}`,
      namespace,
      terminating: true,
      matches: (labels) => terms.every((term) => term.matches(labels)),
    };
    handle.counts(query).forEach((n, name) => {
      if (n === 0) return;
      const labels = handle.node(name)?.labels;
      for (const { topologyKey } of under) {
        const value = labels?.[topologyKey];
        if (value !== undefined) pairs.add(topologyKey, value, n);
      }
    });
  });
}

function filterState(handle: Handle, pod: PodInfo): FilterState | undefined {
  const required = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const existing = new Pairs();
  const { nodes } = handle;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node.withAntiAffinity.size > 0)
      node.withAntiAffinity.forEach((other) => addExisting(handle, existing, pod, other, node, 1));
  }
  if (required.length === 0 && pod.antiAffinity.length === 0 && existing.empty) return undefined;
  const affinity = required.map((term) => resolve(handle, pod, term));
  const antiAffinity = pod.antiAffinity.map((term) => resolve(handle, pod, term));
  const state = { affinity, antiAffinity, affinityPairs: new Pairs(), antiAffinityPairs: new Pairs(), existing };
  if (affinity.length > 0) countInto(handle, state.affinityPairs, affinity, affinity);
  for (const term of antiAffinity) countInto(handle, state.antiAffinityPairs, [term], [term]);
  return state;
}

function addExisting(handle: Handle, pairs: Pairs, pod: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1) {
  for (const raw of other.antiAffinity) {
    const value = node.labels[raw.topologyKey];
    if (value !== undefined && selects(resolve(handle, other, raw), pod)) pairs.add(raw.topologyKey, value, sign);
  }
}

function adjust(handle: Handle, pod: PodInfo, other: PodInfo, node: NodeInfo, state: CycleState, sign: 1 | -1) {
  const filter = state.get(NAME) as FilterState | undefined;
  if (!filter) return;
  addExisting(handle, filter.existing, pod, other, node, sign);
  if (filter.affinity.length > 0 && filter.affinity.every((term) => selects(term, other))) {
    for (const { topologyKey } of filter.affinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined) filter.affinityPairs.add(topologyKey, value, sign);
    }
  }
  for (const term of filter.antiAffinity) {
    const value = node.labels[term.topologyKey];
    if (value !== undefined && selects(term, other)) filter.antiAffinityPairs.add(term.topologyKey, value, sign);
  }
}

function nearEnough({ affinity, affinityPairs }: FilterState, pod: PodInfo, node: NodeInfo): boolean {
  let found = true;
  for (const { topologyKey } of affinity) {
    const value = node.labels[topologyKey];
    if (value === undefined) return false;
    if (affinityPairs.get(topologyKey, value) === 0) found = false;
  }
  // The first Pod of a group that wants to be near its own kind finds nobody yet, and may go anywhere.
  return found || (affinityPairs.empty && affinity.every((term) => selects(term, pod)));
}

function scorePairs(handle: Handle, pod: PodInfo): Pairs | undefined {
  const pairs = new Pairs();
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const prefer = (list: { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined, sign: 1 | -1) => {
    for (const { weight, podAffinityTerm } of list ?? []) {
      const term = resolve(handle, pod, podAffinityTerm);
      const found = new Pairs();
      countInto(handle, found, [term], [term]);
      for (const pair in found.counts)
        pairs.counts[pair] = (pairs.counts[pair] ?? 0) + sign * weight * found.counts[pair];
    }
  };
  prefer(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1);
  prefer(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1);
  const { nodes } = handle;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node.withAffinity.size === 0) continue;
    node.withAffinity.forEach((other) => {
      const add = (raw: PodAffinityTerm, weight: number) => {
        const value = node.labels[raw.topologyKey];
        if (value !== undefined && selects(resolve(handle, other, raw), pod)) pairs.add(raw.topologyKey, value, weight);
      };
      const near = other.spec.affinity?.podAffinity;
      const far = other.spec.affinity?.podAntiAffinity;
      for (const term of near?.requiredDuringSchedulingIgnoredDuringExecution ?? []) add(term, HARD_WEIGHT);
      for (const one of near?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
        add(one.podAffinityTerm, one.weight);
      for (const one of far?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
        add(one.podAffinityTerm, -one.weight);
    });
  }
  return pairs.empty ? undefined : pairs;
}

export const interPodAffinity = (handle: Handle): Plugin => ({
  name: NAME,
  local: (pod) => !pod.hasAffinity,
  events: [
    'AssignedPodAdd',
    'AssignedPodUpdateLabel',
    'AssignedPodDelete',
    'NodeAdd',
    'NodeLabel',
    'NodeTaint',
    'TargetPodUpdate',
  ],
  helps: () => true,
  preFilter(pod, state) {
    const filter = filterState(handle, pod);
    if (!filter) return SKIP;
    state.set(NAME, filter);
    return undefined;
  },
  filter(pod, node, state) {
    const filter = state.get(NAME) as FilterState;
    if (filter.affinity.length > 0 && !nearEnough(filter, pod, node)) return NO_AFFINITY;
    for (const { topologyKey } of filter.antiAffinity) {
      const value = node.labels[topologyKey];
      if (value !== undefined && filter.antiAffinityPairs.get(topologyKey, value) > 0) return ANTI_AFFINITY;
    }
    if (!filter.existing.empty) {
      for (const key in node.labels) if (filter.existing.get(key, node.labels[key]) > 0) return EXISTING_ANTI_AFFINITY;
    }
    return undefined;
  },
  addPod: (pod, other, node, state) => adjust(handle, pod, other, node, state, 1),
  removePod: (pod, other, node, state) => adjust(handle, pod, other, node, state, -1),
  preScore(pod, _nodes, state) {
    const pairs = scorePairs(handle, pod);
    if (!pairs) return SKIP;
    state.set(`${NAME}/score`, pairs);
    return undefined;
  },
  score(_pod, node, state) {
    const pairs = state.get(`${NAME}/score`) as Pairs;
    let score = 0;
    for (const key in node.labels) score += pairs.get(key, node.labels[key]);
    return score;
  },
  normalize(_pod, scores) {
    const min = Math.min(...scores);
    const range = Math.max(...scores) - min;
    for (let i = 0; i < scores.length; i++) {
      scores[i] = range > 0 ? Math.floor((MAX_NODE_SCORE * (scores[i] - min)) / range) : 0;
    }
  },
});
