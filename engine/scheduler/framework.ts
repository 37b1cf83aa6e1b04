// The scheduling framework: extension points, and what passes between plug-ins. A plug-in is a file in plugins/ and
// a line in the profile; it implements the points that it needs.

import type { Pod } from '../api/types.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export type Code = 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Skip' | 'Error' | 'Wait';

/** A refusal; success is `undefined`, so that the usual case makes no objects. */
export interface Status {
  readonly code: Code;
  readonly reasons: readonly string[];
  /** Of Wait: how long at most, ms. */
  readonly timeout?: number;
}

export const unschedulable = (...reasons: string[]): Status => ({ code: 'Unschedulable', reasons });
export const unresolvable = (...reasons: string[]): Status => ({ code: 'UnschedulableAndUnresolvable', reasons });
/** From preFilter or preScore: this plug-in has nothing to say of this Pod. */
export const SKIP: Status = { code: 'Skip', reasons: [] };

/**
 * From permit or preBind: the Pod is kept on its node and the plug-in is asked again at each `Handle.wake`, until it has
 * nothing against it or the time is up; `reason` is what is said then.
 */
export const waitFor = (timeout: number, reason: string): Status => ({ code: 'Wait', reasons: [reason], timeout });

export const MAX_NODE_SCORE = 100;

/** What plug-ins keep between the points of one cycle, by plug-in name. */
export type CycleState = Map<string, unknown>;

/** What the plug-ins can see of the cluster. */
export interface Handle {
  /** All nodes, in scheduling order. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** How many Pods match the query on each node; kept by events once asked for. */
  counts(query: CountQuery): ReadonlyMap<string, number>;
  /** Every namespace with its labels. */
  eachNamespace(visit: (name: string, labels: Record<string, string> | undefined) => void): void;
  /** What a waiting Pod ('namespace/name') waits for may have come. */
  wake(pod: string): void;
  /** Something that only a plug-in watches may help Pods that were refused. */
  happened(event: ClusterEvent): void;
}

/** Names a set of Pods; equal keys are the same set. */
export interface CountQuery {
  key: string;
  namespace: string;
  matches: (labels: Record<string, string> | undefined) => boolean;
  /** Pods that are being deleted count as well. */
  terminating: boolean;
}

/** Things that happen in the cluster and may make a Pod schedulable (the ActionTypes of upstream). */
export type ClusterEvent =
  | 'NodeAdd'
  | 'NodeDelete'
  | 'NodeAllocatable'
  | 'NodeLabel'
  | 'NodeTaint'
  | 'AssignedPodAdd'
  | 'AssignedPodUpdateLabel'
  | 'AssignedPodScaleDown'
  | 'AssignedPodDelete'
  | 'TargetPodUpdate'
  | 'Storage'
  | 'ResourceClaim'
  | 'DeviceClass'
  | 'ResourceSlice';

export interface PostFilterResult {
  status?: Status;
  nominatedNodeName?: string;
}

export interface Plugin {
  readonly name: string;
  /**
   * Whether what it says of this Pod up to score holds for all Pods of its signature: of each node until that node's
   * Pods change, and of all until Cache.version does, or other nodes than so many are found. Its `normalize` looks at
   * the points alone, and makes equal ones of all 0. In reserve, permit and preBind it does nothing for such a Pod. Pods
   * with claims are never asked about. Default: no.
   */
  local?(pod: PodInfo): boolean;
  /** Local but for its points, as preScore has found: they rest on other nodes' Pods as well. */
  recounts?(state: CycleState): boolean;
  /** Events after which a Pod that this plug-in refused is looked at again. */
  readonly events?: readonly ClusterEvent[];
  /** Finer than `events`: whether this change of a node helps this Pod. Default: the plug-in's own filter on that node. */
  helps?(pod: PodInfo, event: ClusterEvent, node: NodeInfo | undefined, other: Pod | undefined): boolean;
  preEnqueue?(pod: PodInfo): Status | undefined;
  /** Order of the queue: negative when `a` goes first. Exactly one plug-in of a profile has it. */
  less?(a: PodInfo, b: PodInfo): number;
  preFilter?(pod: PodInfo, state: CycleState): Status | undefined;
  /** After preFilter: the only nodes worth looking at. */
  nodeNames?(pod: PodInfo, state: CycleState): readonly string[] | undefined;
  filter?(pod: PodInfo, node: NodeInfo, state: CycleState): Status | undefined;
  /** Keeps the preFilter state true while Pods are taken off a node, or put on it, to try something. */
  addPod?(pod: PodInfo, other: PodInfo, node: NodeInfo, state: CycleState): void;
  removePod?(pod: PodInfo, other: PodInfo, node: NodeInfo, state: CycleState): void;
  postFilter?(pod: PodInfo, state: CycleState, statuses: NodeStatuses): PostFilterResult;
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], state: CycleState): Status | undefined;
  score?(pod: PodInfo, node: NodeInfo, state: CycleState): number;
  /** Brings raw scores to 0…100, in place. */
  normalize?(pod: PodInfo, scores: number[], nodes: readonly NodeInfo[], state: CycleState): void;
  reserve?(pod: PodInfo, node: string, state: CycleState): Status | undefined;
  unreserve?(pod: PodInfo, node: string, state: CycleState): void;
  permit?(pod: PodInfo, node: string, state: CycleState): Status | undefined;
  preBind?(pod: PodInfo, node: string, state: CycleState): Status | undefined;
  bind?(pod: PodInfo, node: string): void;
}

/** `local` of plug-ins that look at nothing but the Pod and the node. */
export const always = () => true;

/** Why each node was refused, and by which plug-in. */
export type NodeStatuses = Map<string, { plugin: string; status: Status }>;

/** helper.DefaultNormalizeScore: the greatest becomes 100 (or 0, reversed). */
export function normalizeToMax(scores: number[], reverse: boolean) {
  let max = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] > max) max = scores[i];
  for (let i = 0; i < scores.length; i++) {
    const score = max === 0 ? 0 : Math.floor((MAX_NODE_SCORE * scores[i]) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - score : score;
  }
}
