// PodTopologySpread: Pods of a kind spread over the values of a node label. Constraints of the Pod filter or score;
// without any, the system's defaults score for Pods of a Service or controller.

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
import { matchesRequiredAffinity } from '../../api/node-selector.ts';
import { tolerated } from '../../api/tolerations.ts';
import type { TopologySpreadConstraint } from '../../api/types.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NAME = 'PodTopologySpread';
const SCORE = `${NAME}/score`;
const SYSTEM = `${NAME}/system`;
const HOSTNAME = 'kubernetes.io/hostname';
const SKEWED = unschedulable("node(s) didn't match pod topology spread constraints");
const MISSING_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");

interface Constraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  query: CountQuery;
  honorAffinity: boolean;
  honorTaints: boolean;
}

/** A constraint in one cycle: matching Pods by value of the topology key. */
interface Spread {
  constraint: Constraint;
  counts: Map<string, number>;
  selfMatch: number;
}

/** The Pods that count for a Pod without constraints of its own; undefined when nothing selects it. */
export type DefaultSelector = (pod: PodInfo) => CountQuery | undefined;

const DEFAULTS = [
  { topologyKey: HOSTNAME, maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
];

const NONE: readonly Constraint[] = [];

function queryOf(pod: PodInfo, { labelSelector, matchLabelKeys }: TopologySpreadConstraint): CountQuery {
  const own = pod.pod.metadata.labels ?? {};
  const keys = (matchLabelKeys ?? []).filter((key) => own[key] !== undefined);
  return {
    key: `${formatLabelSelector(labelSelector)}|${keys.map((key) => `${key}=${own[key]}`).join(',')}`,
    namespace: pod.namespace,
    terminating: false,
    matches(labels) {
      if (!matchesSelector(labelSelector, labels)) return false;
      for (const key of keys) if (labels?.[key] !== own[key]) return false;
      return true;
    },
  };
}

function constraintsOf(pod: PodInfo, action: string): readonly Constraint[] {
  const asked = pod.spec.topologySpreadConstraints;
  if (!asked?.length) return NONE;
  const list: Constraint[] = [];
  for (const one of asked) {
    if (one.whenUnsatisfiable !== action) continue;
    list.push({
      topologyKey: one.topologyKey,
      maxSkew: one.maxSkew,
      minDomains: one.minDomains ?? 1,
      query: queryOf(pod, one),
      honorAffinity: one.nodeAffinityPolicy !== 'Ignore',
      honorTaints: one.nodeTaintsPolicy === 'Honor',
    });
  }
  return list;
}

function included(pod: PodInfo, node: NodeInfo, constraint: Constraint): boolean {
  if (constraint.honorAffinity && !matchesRequiredAffinity(pod.spec, node)) return false;
  if (!constraint.honorTaints) return true;
  return node.taints.every((taint) => taint.effect === 'PreferNoSchedule' || tolerated(taint, pod.spec.tolerations));
}

function least({ constraint, counts }: Spread): number {
  if (counts.size < constraint.minDomains) return 0;
  let min = Infinity;
  counts.forEach((n) => (min = Math.min(min, n)));
  return min;
}

function filterState(handle: Handle, pod: PodInfo, constraints: readonly Constraint[]): Spread[] {
  const { labels } = pod.pod.metadata;
  const spreads: Spread[] = constraints.map((constraint) => ({
    constraint,
    counts: new Map(),
    selfMatch: constraint.query.matches(labels) ? 1 : 0,
  }));
  for (const node of handle.nodes) {
    if (constraints.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) continue;
    for (const { constraint, counts } of spreads) {
      if (!included(pod, node, constraint)) continue;
      const value = node.labels[constraint.topologyKey];
      counts.set(value, (counts.get(value) ?? 0) + (handle.counts(constraint.query).get(node.name) ?? 0));
    }
  }
  return spreads;
}

function adjust(other: PodInfo, node: NodeInfo, state: CycleState, pod: PodInfo, by: 1 | -1) {
  if (other.namespace !== pod.namespace) return;
  for (const { constraint, counts } of (state.get(NAME) as Spread[] | undefined) ?? []) {
    const value = node.labels[constraint.topologyKey];
    if (value === undefined || !counts.has(value) || !constraint.query.matches(other.pod.metadata.labels)) continue;
    counts.set(value, (counts.get(value) as number) + by);
  }
}

/** What scoring needs of one constraint. */
interface ScoreSpread {
  topologyKey: string;
  maxSkew: number;
  weight: number;
  /** Pods on each node, for the host name; else by value. */
  byNode: ReadonlyMap<string, number>;
  byValue: Map<string, number> | undefined;
}

interface ScoreState {
  spreads: ScoreSpread[];
  /** Nodes without one of the labels: they score 0. */
  ignored: Set<string>;
}

const NO_NODES = new Set<string>();

/** The system's defaults for the Pod, the same for its signature; zones give no points where there are none. */
function systemConstraints(handle: Handle, pod: PodInfo, defaults: DefaultSelector, state: CycleState) {
  const query = defaults(pod);
  const constraints: Constraint[] = [];
  for (const one of query ? DEFAULTS : []) {
    if (one.topologyKey !== HOSTNAME && handle.nodes.every(({ labels }) => labels[one.topologyKey] === undefined))
      continue;
    constraints.push({ ...one, minDomains: 1, query: query as CountQuery, honorAffinity: true, honorTaints: false });
  }
  state.set(SYSTEM, constraints);
  return constraints;
}

function scoreState(
  handle: Handle,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  defaults: DefaultSelector,
  state: CycleState,
): ScoreState | undefined {
  const explicit = (pod.spec.topologySpreadConstraints?.length ?? 0) > 0;
  const constraints = explicit
    ? constraintsOf(pod, 'ScheduleAnyway')
    : ((state.get(SYSTEM) as Constraint[] | undefined) ?? systemConstraints(handle, pod, defaults, state));
  if (constraints.length === 0) return undefined;
  let ignored = NO_NODES;
  if (explicit) {
    ignored = new Set();
    for (const node of nodes) {
      if (constraints.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) ignored.add(node.name);
    }
  }
  const spreads = constraints.map((constraint): ScoreSpread => {
    const { topologyKey, maxSkew, query } = constraint;
    const byNode = handle.counts(query);
    if (topologyKey === HOSTNAME) {
      return { topologyKey, maxSkew, byNode, byValue: undefined, weight: Math.log(nodes.length - ignored.size + 2) };
    }
    const byValue = new Map<string, number>();
    for (const node of nodes) {
      const value = node.labels[topologyKey];
      if (value !== undefined && !ignored.has(node.name)) byValue.set(value, 0);
    }
    if (byValue.size > 0) {
      for (const node of handle.nodes) {
        const value = node.labels[topologyKey];
        if (value === undefined || !byValue.has(value) || !included(pod, node, constraint)) continue;
        byValue.set(value, (byValue.get(value) as number) + (byNode.get(node.name) ?? 0));
      }
    }
    return { topologyKey, maxSkew, byNode, byValue, weight: Math.log(byValue.size + 2) };
  });
  return { spreads, ignored };
}

export const podTopologySpread = (handle: Handle, defaults: DefaultSelector): Plugin => ({
  name: NAME,
  local: (pod) => !pod.spec.topologySpreadConstraints?.length,
  recounts: (state) => (state.get(SCORE) as ScoreState).spreads.some(({ byValue }) => byValue),
  events: [
    'AssignedPodAdd',
    'AssignedPodUpdateLabel',
    'AssignedPodDelete',
    'NodeAdd',
    'NodeDelete',
    'NodeLabel',
    'NodeTaint',
    'TargetPodUpdate',
  ],
  helps: () => true,
  preFilter(pod, state) {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    if (constraints.length === 0) return SKIP;
    state.set(NAME, filterState(handle, pod, constraints));
    return undefined;
  },
  filter(_pod, node, state) {
    for (const spread of state.get(NAME) as Spread[]) {
      const { constraint, counts, selfMatch } = spread;
      const value = node.labels[constraint.topologyKey];
      if (value === undefined) return MISSING_LABEL;
      if ((counts.get(value) ?? 0) + selfMatch - least(spread) > constraint.maxSkew) return SKEWED;
    }
    return undefined;
  },
  addPod: (pod, other, node, state) => adjust(other, node, state, pod, 1),
  removePod: (pod, other, node, state) => adjust(other, node, state, pod, -1),
  preScore(pod, nodes, state) {
    const scoring = scoreState(handle, pod, nodes, defaults, state);
    if (!scoring) return SKIP;
    state.set(SCORE, scoring);
    return undefined;
  },
  score(_pod, node, state) {
    const { spreads, ignored } = state.get(SCORE) as ScoreState;
    if (ignored.size && ignored.has(node.name)) return 0;
    let score = 0;
    for (let i = 0; i < spreads.length; i++) {
      const spread = spreads[i];
      const value = node.labels[spread.topologyKey];
      if (value === undefined) continue;
      const count = (spread.byValue ? spread.byValue.get(value) : spread.byNode.get(node.name)) ?? 0;
      score += count * spread.weight + (spread.maxSkew - 1);
    }
    return Math.round(score);
  },
  normalize(_pod, scores, nodes, state) {
    const { ignored } = state.get(SCORE) as ScoreState;
    const some = ignored.size > 0;
    let min = Infinity;
    let max = 0;
    for (let i = 0; i < scores.length; i++) {
      if (some && ignored.has(nodes[i].name)) continue;
      const score = scores[i];
      if (score < min) min = score;
      if (score > max) max = score;
    }
    const top = MAX_NODE_SCORE * (max + min);
    for (let i = 0; i < scores.length; i++) {
      // Whole numbers, none of them negative: cut off, they are rounded down.
      if (some && ignored.has(nodes[i].name)) scores[i] = 0;
      else scores[i] = max === 0 ? MAX_NODE_SCORE : ((top - MAX_NODE_SCORE * scores[i]) / max) | 0;
    }
  },
});
