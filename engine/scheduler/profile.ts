// A profile: plug-ins in order with their weights, sorted once by extension point, and the runs over them. What the
// plug-ins found out for one Pod is kept for the next of the same signature, as far as nothing has changed since.

import type { CycleState, NodeStatuses, Plugin, PostFilterResult, Status } from './framework.ts';
import { addPoints, Survey, type Nodes } from './survey.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo, Signature } from './pod-info.ts';

export interface ProfileEntry {
  plugin: Plugin;
  /** Of its score; 1 when absent. */
  weight?: number;
}

/** The state of one scheduling cycle, or of several for Pods of one signature. */
export interface Cycle {
  state: CycleState;
  /** Plug-ins whose preFilter had nothing to say. */
  skipped: Set<Plugin>;
  /** Those that filter in this cycle. */
  filters?: readonly FilterPlugin[];
  before: BeforeFilters;
  /** Of the cluster, when what is found may be used again. */
  version?: number;
  /** What is known of each node; in a large cluster from the second Pod on. */
  survey?: Survey;
}

export interface BeforeFilters {
  refusal?: Refusal;
  /** The nodes worth looking at, if not all. */
  only?: Set<string>;
  by: readonly string[];
}

export interface Refusal {
  plugin: string;
  status: Status;
}

/** What was found out about a node for Pods of one signature. */
export interface Finding {
  readonly node: NodeInfo;
  /** Its position in scheduling order. */
  readonly at: number;
  /** The node's, then. */
  readonly generation: number;
  readonly refusal: Refusal | undefined;
  /** Of the local scorers, before they are normalised. */
  points: readonly number[];
}

/** How nodes are scored for Pods of one signature when so many are found. */
export interface Scoring {
  width: number;
  local: readonly Scorer[];
  recounting: readonly Scorer[];
}

/** One plug-in's points for each of the nodes, normalised. */
export interface Scores {
  plugin: string;
  weight: number;
  points: number[];
}

/** A plug-in's part in the binding of a Pod. */
interface Step {
  plugin: string;
  run: (pod: PodInfo, node: string, state: CycleState) => Status | undefined;
}

type FilterPlugin = Plugin & Required<Pick<Plugin, 'filter'>>;
type ScorePlugin = Plugin & Required<Pick<Plugin, 'score'>>;
export interface Scorer {
  plugin: ScorePlugin;
  weight: number;
}

/** Points at which a plug-in looks at a Pod's place or keeps something of it. */
const POINTS = ['preFilter', 'filter', 'preScore', 'score', 'reserve', 'permit', 'preBind'] as const;

const isLocal = (plugin: Plugin, pod: PodInfo): boolean =>
  plugin.local ? plugin.local(pod) : POINTS.every((point) => plugin[point] === undefined);

export const NOTHING: BeforeFilters = { by: [] };
const NO_POINTS: readonly number[] = [];

/** Signatures for which findings are kept. */
const KEPT = 32;
/** With no more nodes, one Pod alone leads to a look at most of them. */
const AT_ONCE = 200;

/** A plug-in could not do its work: the whole attempt ends. */
export class PluginError extends Error {}

export class Profile {
  readonly plugins: readonly Plugin[];
  private readonly preFilters: readonly Plugin[];
  private readonly filters: readonly FilterPlugin[];
  private readonly postFilters: readonly Plugin[];
  private readonly scorers: readonly Scorer[];
  private readonly reservers: readonly Plugin[];
  private readonly binding: readonly Step[];
  private readonly binder: Plugin | undefined;
  private readonly nominated: (node: string) => readonly PodInfo[];
  private readonly kept = new Map<Signature, Cycle>();

  /** `nominated`: Pods that wait for a place on the node, which preemption makes for them. */
  constructor(entries: readonly ProfileEntry[], nominated: (node: string) => readonly PodInfo[]) {
    this.nominated = nominated;
    this.plugins = entries.map(({ plugin }) => plugin);
    this.preFilters = this.plugins.filter((p) => p.preFilter);
    this.filters = this.plugins.filter((p): p is FilterPlugin => p.filter !== undefined);
    this.postFilters = this.plugins.filter((p) => p.postFilter);
    this.scorers = entries
      .filter(({ plugin }) => plugin.score)
      .map(({ plugin, weight = 1 }) => ({ plugin: plugin as ScorePlugin, weight }));
    this.reservers = this.plugins.filter((p) => p.reserve || p.unreserve);
    const step = (plugin: Plugin, run: Step['run'] | undefined): Step[] =>
      run ? [{ plugin: plugin.name, run: run.bind(plugin) }] : [];
    this.binding = [
      ...this.plugins.flatMap((plugin) => step(plugin, plugin.permit)),
      ...this.plugins.flatMap((plugin) => step(plugin, plugin.preBind)),
    ];
    this.binder = this.plugins.find((p) => p.bind);
  }

  /** Begins a cycle, or goes on with that of an earlier Pod. `keeps`: unless Pods are nominated, which count on nodes where they are not. */
  begin(pod: PodInfo, cluster: Nodes & { readonly version: number }, keeps: boolean): Cycle {
    const { signature } = pod;
    const { version } = cluster;
    const known = keeps ? this.kept.get(signature) : undefined;
    if (known?.version === version) {
      known.survey ??= new Survey(this, known, cluster, pod);
      return known;
    }
    const cycle: Cycle = { state: new Map(), skipped: new Set(), before: NOTHING };
    const before = (cycle.before = this.preFilter(pod, cycle));
    if (!keeps || before.refusal || before.only || signature.hasClaims) return cycle;
    if (!this.plugins.every((plugin) => isLocal(plugin, pod))) return cycle;
    cycle.version = version;
    if (cluster.nodes().length <= AT_ONCE) cycle.survey = new Survey(this, cycle, cluster, pod);
    if (this.kept.size >= KEPT) this.kept.clear();
    this.kept.set(signature, cycle);
    return cycle;
  }

  private preFilter(pod: PodInfo, cycle: Cycle): BeforeFilters {
    let only: Set<string> | undefined;
    const by: string[] = [];
    for (let i = 0; i < this.preFilters.length; i++) {
      const plugin = this.preFilters[i];
      const status = plugin.preFilter?.(pod, cycle.state);
      if (status?.code === 'Skip') cycle.skipped.add(plugin);
      else if (status) return { refusal: { plugin: plugin.name, status }, by: [plugin.name] };
      else if (plugin.nodeNames) {
        const names = plugin.nodeNames(pod, cycle.state);
        if (!names) continue;
        by.push(plugin.name);
        const before: Set<string> | undefined = only;
        only = new Set(before ? names.filter((name) => before.has(name)) : names);
      }
    }
    return { only, by };
  }

  /** What the filters say of the node at position `at`. */
  look(pod: PodInfo, node: NodeInfo, at: number, cycle: Cycle): Finding {
    const refusal = this.filter(pod, node, cycle);
    return { node, at, generation: node.generation, refusal, points: NO_POINTS };
  }

  /** The first refusal of the node, with Pods nominated there counted in (and then without them). */
  filter(pod: PodInfo, node: NodeInfo, cycle: Cycle): Refusal | undefined {
    const nominated = this.nominated(node.name);
    if (nominated.length) {
      const rivals = nominated.filter((other) => other.key !== pod.key && other.priority >= pod.priority);
      if (rivals.length > 0) {
        const copy = node.clone();
        for (const other of rivals) this.addPod(pod, other, copy, cycle);
        const refusal = this.runFilters(pod, copy, cycle);
        for (const other of rivals) this.removePod(pod, other, copy, cycle);
        if (refusal) return refusal;
      }
    }
    return this.runFilters(pod, node, cycle);
  }

  private runFilters(pod: PodInfo, node: NodeInfo, cycle: Cycle): Refusal | undefined {
    const filters = (cycle.filters ??= this.filters.filter((plugin) => !cycle.skipped.has(plugin)));
    const { state } = cycle;
    for (let i = 0; i < filters.length; i++) {
      const status = filters[i].filter(pod, node, state);
      if (status?.code === 'Error') {
        const { name } = filters[i];
        throw new PluginError(`running ${JSON.stringify(name)} filter plugin: ${status.reasons.join(', ')}`);
      }
      if (status) return { plugin: filters[i].name, status };
    }
    return undefined;
  }

  /** Puts a Pod on a (copied) node, for trying. */
  addPod(pod: PodInfo, other: PodInfo, node: NodeInfo, { state, skipped }: Cycle) {
    node.add(other);
    for (const plugin of this.filters)
      if (plugin.addPod && !skipped.has(plugin)) plugin.addPod(pod, other, node, state);
  }

  removePod(pod: PodInfo, other: PodInfo, node: NodeInfo, { state, skipped }: Cycle) {
    node.remove(other.key);
    for (const plugin of this.filters)
      if (plugin.removePod && !skipped.has(plugin)) plugin.removePod(pod, other, node, state);
  }

  /** The first success, or all refusals' words joined. */
  postFilter(pod: PodInfo, cycle: Cycle, statuses: NodeStatuses): { result?: PostFilterResult; message: string } {
    const words: string[] = [];
    for (const plugin of this.postFilters) {
      const result = plugin.postFilter?.(pod, cycle.state, statuses);
      if (result && !result.status) return { result, message: '' };
      if (result?.status) words.push(...result.status.reasons);
    }
    return { message: words.join(', ') };
  }

  /** The sum of all plug-ins' points for each node that was found, and the points by plug-in for those who ask. */
  score(pod: PodInfo, found: Finding[], cycle: Cycle): { totals: number[]; scores: () => Scores[] } {
    if (cycle.survey) return cycle.survey.score(pod, found);
    const all = this.scoreAll(pod, found, cycle, this.scorers);
    const totals = found.map(() => 0);
    for (let i = 0; i < all.length; i++) addPoints(totals, all[i]);
    return { totals, scores: () => all };
  }

  beginScoring(pod: PodInfo, found: readonly Finding[], cycle: Cycle): Scoring {
    const { state } = cycle;
    const nodes = found.map(({ node }) => node);
    const scorers = this.scorers.filter(({ plugin }) => !plugin.preScore?.(pod, nodes, state));
    const [recounting, local] = [true, false].map((so) =>
      scorers.filter(({ plugin }) => (plugin.recounts?.(state) ?? false) === so),
    );
    return { width: found.length, local, recounting };
  }

  /** Scores in the order of plug-ins. */
  inOrder(all: readonly Scores[]): Scores[] {
    return this.scorers.flatMap(({ plugin: { name } }) => all.filter(({ plugin }) => plugin === name));
  }

  /** Points of the plug-ins for every node, normalised. */
  scoreAll(pod: PodInfo, found: readonly Finding[], { state }: Cycle, scorers: readonly Scorer[]): Scores[] {
    const nodes: NodeInfo[] = [];
    for (let n = 0; n < found.length; n++) nodes.push(found[n].node);
    const all: Scores[] = [];
    for (let i = 0; i < scorers.length; i++) {
      const { plugin, weight } = scorers[i];
      if (plugin.preScore?.(pod, nodes, state)) continue;
      const points: number[] = [];
      for (let n = 0; n < nodes.length; n++) points.push(plugin.score(pod, nodes[n], state));
      plugin.normalize?.(pod, points, nodes, state);
      all.push({ plugin: plugin.name, weight, points });
    }
    return all;
  }

  reserve(pod: PodInfo, node: string, cycle: Cycle): Refusal | undefined {
    if (cycle.version !== undefined) return undefined;
    for (const plugin of this.reservers) {
      const status = plugin.reserve?.(pod, node, cycle.state);
      if (status) {
        this.unreserve(pod, node, cycle);
        return { plugin: plugin.name, status };
      }
    }
    return undefined;
  }

  unreserve(pod: PodInfo, node: string, { state }: Cycle) {
    for (let i = this.reservers.length - 1; i >= 0; i--) this.reservers[i].unreserve?.(pod, node, state);
  }

  /** Permit and preBind from the step `from` on, then the one plug-in that binds; answers the step that has an objection. */
  bind(
    pod: PodInfo,
    node: string,
    cycle: Cycle,
    from: number,
  ): { plugin: string; status: Status; step: number } | undefined {
    const steps = cycle.version === undefined ? this.binding.length : 0;
    for (let step = from; step < steps; step++) {
      const { plugin, run } = this.binding[step];
      const status = run(pod, node, cycle.state);
      if (status) return { plugin, status, step };
    }
    this.binder?.bind?.(pod, node);
    return undefined;
  }
}
