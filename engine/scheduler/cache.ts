// The scheduler's picture of the cluster: nodes with their Pods, those included whose binding is under way
// (assumed), and counts of Pods by selector and node. Kept event by event; nothing is copied for a cycle.

import { NodeInfo } from './node-info.ts';
import { PodInfo } from './pod-info.ts';
import type { CountQuery } from './framework.ts';
import type { Node, Pod } from '../api/types.ts';

interface Counter {
  query: CountQuery;
  counts: Map<string, number>;
  /** The labels looked at last, and whether they match: Pods of a template share them. */
  labels: unknown;
  matches: boolean;
}

/** Counters of one namespace that are kept; the one asked for longest ago goes first. */
const MAX_COUNTERS = 64;
/** When more nodes than that have changed, all are looked at again. */
const MAX_TOUCHED = 1000;
const NOT_SEEN = {};
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

export class Cache {
  private readonly byName = new Map<string, NodeInfo>();
  private ordered: NodeInfo[] | undefined;
  /** Pods that count on a node, by key. */
  private readonly placed = new Map<string, PodInfo>();
  /** Pods bound to a node that is not known (yet). */
  private readonly homeless = new Map<string, Map<string, PodInfo>>();
  private readonly assumed = new Set<string>();
  private readonly counters = new Map<string, Map<string, Counter>>();
  /**
   * Grows with everything but the coming and going of Pods that say nothing of others: nodes, Pods with affinity, and
   * what `changed` is called for. What plug-ins found out for a signature holds as long as it stays.
   */
  version = 0;
  /** Nodes whose Pods came or went; a new list from time to time. */
  touched: NodeInfo[] = [];

  changed() {
    this.version++;
  }

  /** Nodes in scheduling order: the zones take turns. */
  nodes(): readonly NodeInfo[] {
    return (this.ordered ??= this.order());
  }

  node(name: string): NodeInfo | undefined {
    return this.byName.get(name);
  }

  setNode(node: Node): NodeInfo {
    const name = node.metadata.name as string;
    let info = this.byName.get(name);
    if (info) {
      const moved = zoneOf(info.node) !== zoneOf(node);
      if (info.setNode(node)) this.version++;
      if (moved) this.ordered = undefined;
      return info;
    }
    info = new NodeInfo(node);
    this.byName.set(name, info);
    this.ordered = undefined;
    this.version++;
    const waiting = this.homeless.get(name);
    this.homeless.delete(name);
    waiting?.forEach((pod) => this.place(pod, info));
    return info;
  }

  removeNode(name: string) {
    const info = this.byName.get(name);
    if (!info) return;
    this.byName.delete(name);
    this.ordered = undefined;
    this.version++;
    const left = new Map<string, PodInfo>();
    info.pods.forEach((pod, key) => {
      left.set(key, pod);
      this.placed.delete(key);
      pod.node = undefined;
      this.count(pod, name, -1);
    });
    if (left.size > 0) this.homeless.set(name, left);
  }

  /** Counts the Pod on the node before the API server knows of it. */
  assume(pod: PodInfo, node: NodeInfo) {
    this.assumed.add(pod.key);
    this.place(pod, node);
  }

  /** Takes back an assumption whose binding failed. */
  forget(key: string) {
    if (this.assumed.delete(key)) this.removePod(key);
  }

  isAssumed(key: string): boolean {
    return this.assumed.has(key);
  }

  /** `key`: its 'namespace/name'. */
  setPod(pod: Pod, key: string) {
    const nodeName = pod.spec?.nodeName as string;
    const old = this.placed.get(key);
    if (this.assumed.size > 0) this.assumed.delete(key);
    if (old) {
      // Confirming an assumption, or what the kubelet reports of a Pod, changes nothing that is counted here.
      if (old.node?.name === nodeName && sameForScheduling(old.pod, pod)) {
        old.pod = pod;
        return;
      }
      this.removePod(key);
    }
    const info = new PodInfo(pod);
    const node = this.byName.get(nodeName);
    if (node) this.place(info, node);
    else {
      let waiting = this.homeless.get(nodeName);
      if (!waiting) this.homeless.set(nodeName, (waiting = new Map()));
      waiting.set(key, info);
    }
  }

  removePod(key: string, nodeName?: string) {
    this.assumed.delete(key);
    const pod = this.placed.get(key);
    const node = pod?.node;
    if (!node) {
      if (nodeName) this.homeless.get(nodeName)?.delete(key);
      return;
    }
    this.placed.delete(key);
    pod.node = undefined;
    node.remove(key);
    this.touch(node);
    if (pod.hasAffinity) this.version++;
    this.count(pod, node.name, -1);
  }

  counts(query: CountQuery): ReadonlyMap<string, number> {
    let counters = this.counters.get(query.namespace);
    if (!counters) this.counters.set(query.namespace, (counters = new Map()));
    const known = counters.get(query.key);
    if (known) return known.counts;
    if (counters.size >= MAX_COUNTERS) {
      counters.delete(counters.keys().next().value as string);
      // Who keeps what it counted asks again.
      this.version++;
    }
    const counter: Counter = { query, counts: new Map(), labels: NOT_SEEN, matches: false };
    counters.set(query.key, counter);
    this.byName.forEach((node) => node.pods.forEach((pod) => tally(counter, pod, node.name, 1)));
    return counter.counts;
  }

  private touch(node: NodeInfo) {
    if (this.touched.length >= MAX_TOUCHED) this.touched = [];
    this.touched.push(node);
  }

  private place(pod: PodInfo, node: NodeInfo) {
    node.add(pod);
    this.touch(node);
    if (pod.hasAffinity) this.version++;
    pod.node = node;
    this.placed.set(pod.key, pod);
    this.count(pod, node.name, 1);
  }

  private count(pod: PodInfo, node: string, sign: 1 | -1) {
    this.counters.get(pod.namespace)?.forEach((counter) => tally(counter, pod, node, sign));
  }

  private order(): NodeInfo[] {
    const zones = new Map<string, NodeInfo[]>();
    this.byName.forEach((node) => {
      const zone = zoneOf(node.node);
      const list = zones.get(zone);
      if (list) list.push(node);
      else zones.set(zone, [node]);
    });
    const lists = [...zones.values()];
    const ordered: NodeInfo[] = [];
    for (let i = 0; ordered.length < this.byName.size; i++) {
      for (const list of lists) if (i < list.length) ordered.push(list[i]);
    }
    ordered.forEach((node, at) => (node.at = at));
    return ordered;
  }
}

function tally(counter: Counter, info: PodInfo, node: string, sign: 1 | -1) {
  const { metadata } = info.pod;
  if (metadata.namespace !== counter.query.namespace || (metadata.deletionTimestamp && !counter.query.terminating))
    return;
  if (counter.labels !== metadata.labels) {
    counter.labels = metadata.labels;
    counter.matches = counter.query.matches(metadata.labels);
  }
  if (!counter.matches) return;
  counter.counts.set(node, (counter.counts.get(node) ?? 0) + sign);
}

function zoneOf(node: Node): string {
  const labels = node.metadata.labels;
  return `${labels?.[REGION] ?? ''}:${labels?.[ZONE] ?? ''}`;
}

function sameForScheduling(a: Pod, b: Pod): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    a.metadata.labels === b.metadata.labels &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    a.spec?.containers === b.spec?.containers
  );
}
