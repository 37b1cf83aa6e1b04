// What is known of all nodes for Pods of one signature, kept from one Pod to the next: only nodes whose Pods have come or
// gone since are looked at again.

import type { NodeStatuses } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Cycle, Finding, Profile, Scorer, Scores, Scoring } from './profile.ts';

/** Nodes in scheduling order, and those whose Pods came or went; another list from time to time. */
export interface Nodes {
  nodes(): readonly NodeInfo[];
  readonly touched: readonly NodeInfo[];
}

const NOBODY: NodeStatuses = new Map();
const NO_SCORES: readonly Scores[] = [];

/** `count` of the list from `first` on, going round. */
function turned<T>(list: readonly T[], first: number, count: number): T[] {
  const part = list.slice(first, first + count);
  return part.length < count ? part.concat(list.slice(0, count - part.length)) : part;
}

export class Survey {
  private readonly profile: Profile;
  private readonly cycle: Cycle;
  private readonly cluster: Nodes;
  private readonly findings: Finding[] = [];
  private touched: readonly NodeInfo[];
  private seen: number;
  /** Those without and with a refusal, in scheduling order, and how many of the former are before each node. */
  private feasible: Finding[] = [];
  private refused: Finding[] = [];
  private readonly before: number[] = [];
  private scoring: Scoring | undefined;
  /** Of the feasible ones: the sum of points that are taken as they are, and the points of those that are normalised. */
  private totals: number[] = [];
  private points: number[][] = [];
  /** Scorers that have given other points than 0, as bits. */
  private varied = 0;
  /** Where the last search began in `feasible`, and where the next one begins. */
  private first = 0;
  next = 0;
  /** Why the nodes that the last search passed were refused. */
  statuses = NOBODY;
  private told = { start: -1, visited: 0 };

  constructor(profile: Profile, cycle: Cycle, cluster: Nodes, pod: PodInfo) {
    this.profile = profile;
    this.cycle = cycle;
    this.cluster = cluster;
    this.touched = cluster.touched;
    this.seen = this.touched.length;
    this.lookAtAll(pod);
  }

  /** Nodes that pass: no more than `enough`, from position `start` on. */
  find(pod: PodInfo, start: number, enough: number): Finding[] {
    this.update(pod);
    const { feasible } = this;
    const size = this.findings.length;
    const first = (this.first = this.before[start]);
    if (feasible.length < enough) {
      this.tell(start, size);
      this.next = start;
      return turned(feasible, first, feasible.length);
    }
    const found = turned(feasible, first, enough);
    const { at } = found[enough - 1];
    this.tell(start, ((at - start + size) % size) + 1);
    this.next = at + 1 === size ? 0 : at + 1;
    return found;
  }

  /** The sum of points for each node that was found, less what is the same for all; and the points by plug-in for those who ask. */
  score(pod: PodInfo, found: Finding[]): { totals: number[]; scores: () => Scores[] } {
    const { profile, cycle } = this;
    const width = found.length;
    if (this.scoring?.width !== width) {
      this.rateAll(pod, profile.beginScoring(pod, found, cycle));
      for (let i = 0; i < width; i++) found[i] = this.findings[found[i].at];
    }
    const { local, recounting } = this.scoring as Scoring;
    const totals = turned(this.totals, this.first, width);
    for (let k = 0; this.varied >> k; k++)
      if ((this.varied >> k) & 1)
        addPoints(totals, normalized(pod, turned(this.points[k], this.first, width), local[k], cycle));
    const recounted = recounting.length > 0 ? profile.scoreAll(pod, found, cycle, recounting) : NO_SCORES;
    for (let i = 0; i < recounted.length; i++) addPoints(totals, recounted[i]);
    const scores = () => {
      const own = local.map((scorer, k) =>
        normalized(
          pod,
          found.map(({ points }) => points[k]),
          scorer,
          cycle,
        ),
      );
      return profile.inOrder([...own, ...recounted]);
    };
    return { totals, scores };
  }

  private lookAtAll(pod: PodInfo) {
    const nodes = this.cluster.nodes();
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[at];
      if (this.findings[at]?.generation !== node.generation)
        this.findings[at] = this.profile.look(pod, node, at, this.cycle);
    }
    this.list(pod);
  }

  private update(pod: PodInfo) {
    const { touched } = this.cluster;
    if (touched !== this.touched) {
      this.touched = touched;
      this.seen = touched.length;
      this.lookAtAll(pod);
      return;
    }
    let listed = true;
    while (this.seen < touched.length) {
      const node = touched[this.seen++];
      const { at } = node;
      const known = this.findings[at];
      if (known.generation === node.generation) continue;
      const finding = (this.findings[at] = this.profile.look(pod, node, at, this.cycle));
      if (known.refusal || finding.refusal) listed = false;
      else if (listed) {
        const place = this.before[at];
        this.feasible[place] = finding;
        if (this.scoring) this.rate(pod, finding, place, this.scoring);
      }
    }
    if (!listed) this.list(pod);
  }

  private list(pod: PodInfo) {
    const feasible: Finding[] = (this.feasible = []);
    this.refused = [];
    for (let at = 0; at < this.findings.length; at++) {
      const finding = this.findings[at];
      this.before[at] = feasible.length;
      if (finding.refusal) this.refused.push(finding);
      else feasible.push(finding);
    }
    this.told.start = -1;
    if (this.scoring) this.rateAll(pod, this.scoring);
  }

  private rateAll(pod: PodInfo, scoring: Scoring) {
    this.scoring = scoring;
    this.varied = 0;
    this.totals = [];
    this.points = scoring.local.map(() => []);
    // What was found for other Pods has been told of as it is.
    this.feasible = this.feasible.map((finding) => ({ ...finding }));
    this.feasible.forEach((finding, place) => {
      this.findings[finding.at] = finding;
      this.rate(pod, finding, place, scoring);
    });
  }

  /** Gives the node the points of the local scorers. */
  private rate(pod: PodInfo, finding: Finding, place: number, { local }: Scoring) {
    const { node } = finding;
    const { state } = this.cycle;
    const points: number[] = [];
    let total = 0;
    for (let k = 0; k < local.length; k++) {
      const { plugin, weight } = local[k];
      const n = plugin.score(pod, node, state);
      points[k] = n;
      if (!plugin.normalize) total += n * weight;
      else {
        this.points[k][place] = n;
        if (n !== 0) this.varied |= 1 << k;
      }
    }
    finding.points = points;
    this.totals[place] = total;
  }

  /** Sets `statuses` for a search of so many nodes from `start` on. */
  private tell(start: number, visited: number) {
    const { refused, told } = this;
    if (refused.length === 0) this.statuses = NOBODY;
    else if (told.start !== start || told.visited !== visited) {
      this.told = { start, visited };
      const size = this.findings.length;
      const statuses: NodeStatuses = (this.statuses = new Map());
      const passed = refused.filter(({ at }) => (at - start + size) % size < visited);
      passed.sort((a, b) => ((a.at - start + size) % size) - ((b.at - start + size) % size));
      for (const { node, refusal } of passed) if (refusal) statuses.set(node.name, refusal);
    }
  }
}

/** Points of a local scorer, normalised in place. */
function normalized(pod: PodInfo, points: number[], { plugin, weight }: Scorer, { state }: Cycle): Scores {
  plugin.normalize?.(pod, points, NO_NODES, state);
  return { plugin: plugin.name, weight, points };
}
const NO_NODES: readonly NodeInfo[] = [];

export function addPoints(totals: number[], { points, weight }: Scores) {
  for (let n = 0; n < totals.length; n++) totals[n] += points[n] * weight;
}
