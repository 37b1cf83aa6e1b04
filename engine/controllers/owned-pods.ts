// The Pods of one controller object with running counts, kept by Pod events: what a replica manager needs to know
// of 1,000 Pods costs nothing to ask, however many events there are.

import { isPodAvailable, isPodFinished, isPodReady } from './pods.ts';
import { sameMap } from './owners.ts';
import type { Pod } from '../api/types.ts';

/** What of a Pod is counted, as bits. */
const ACTIVE = 1;
const TERMINATING = 2;
const READY = 4;
const LABELED = 8;

interface Owned {
  pod: Pod;
  /** What of it has been counted. */
  state: number;
}

export class OwnedPods {
  /** The object that controls them, and its key. */
  private readonly namespace: string | undefined;
  private readonly name: string | undefined;
  private readonly key: string;
  private readonly pods = new Map<string, Owned>();
  /** Neither finished nor being deleted. */
  active = 0;
  terminating = 0;
  /** Active and Ready. */
  ready = 0;
  /** Active, with every label of the template. */
  labeled = 0;
  private template: Record<string, string> | undefined;

  constructor(namespace: string | undefined, name: string | undefined) {
    this.namespace = namespace;
    this.name = name;
    this.key = `${namespace}/${name}`;
  }

  /** The key of the object that a Pod's reference names: this one's, but for references that are wrong. */
  keyOf(namespace: string | undefined, name: string): string {
    return name === this.name && namespace === this.namespace ? this.key : `${namespace}/${name}`;
  }

  set(key: string, pod: Pod) {
    const known = this.pods.get(key);
    const state = this.stateOf(pod);
    if (!known) this.pods.set(key, { pod, state });
    else {
      known.pod = pod;
      if (known.state === state) return;
      this.count(known.state, -1);
      known.state = state;
    }
    this.count(state, 1);
  }

  delete(key: string) {
    const known = this.pods.get(key);
    if (!known) return;
    this.count(known.state, -1);
    this.pods.delete(key);
  }

  /** Says which labels the template has now. */
  templateLabels(labels: Record<string, string> | undefined) {
    if (labels === this.template) return;
    const same = sameMap(labels, this.template);
    this.template = labels;
    if (same) return;
    this.pods.forEach(({ pod }, key) => this.set(key, pod));
  }

  all(): Pod[] {
    const list: Pod[] = [];
    this.pods.forEach(({ pod }) => list.push(pod));
    return list;
  }

  activePods(): Pod[] {
    const list: Pod[] = [];
    this.pods.forEach(({ pod, state }) => {
      if (state & ACTIVE) list.push(pod);
    });
    return list;
  }

  available(minReadySeconds: number, now: number): number {
    if (minReadySeconds === 0) return this.ready;
    let n = 0;
    this.pods.forEach(({ pod, state }) => {
      if (state & ACTIVE && isPodAvailable(pod, minReadySeconds, now)) n++;
    });
    return n;
  }

  private stateOf(pod: Pod): number {
    if (isPodFinished(pod)) return 0;
    const { labels, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return TERMINATING;
    const state = isPodReady(pod) ? ACTIVE | READY : ACTIVE;
    return labels === this.template || this.hasTemplateLabels(labels) ? state | LABELED : state;
  }

  private count(state: number, sign: 1 | -1) {
    if (state & ACTIVE) this.active += sign;
    if (state & TERMINATING) this.terminating += sign;
    if (state & READY) this.ready += sign;
    if (state & LABELED) this.labeled += sign;
  }

  private hasTemplateLabels(labels: Record<string, string> | undefined): boolean {
    for (const key in this.template) if (labels?.[key] !== this.template[key]) return false;
    return true;
  }
}
