// A profile: plug-ins in order with their weights, sorted once by extension point, and the runs over them.

import type { CycleState, NodeStatuses, Plugin, PostFilterResult, Status } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export interface ProfileEntry {
  plugin: Plugin;
  /** Of its score; 1 when absent. */
  weight?: number;
}

/** The state of one scheduling cycle. */
export interface Cycle {
  state: CycleState;
  /** Plug-ins whose preFilter had nothing to say. */
  skipped: Set<Plugin>;
  /** Those that filter in this cycle. */
  filters?: readonly FilterPlugin[];
}

/** A plug-in's part in the binding of a Pod. */
interface Step {
  plugin: string;
  run: (pod: PodInfo, node: string, state: CycleState) => Status | undefined;
}

type FilterPlugin = Plugin & Required<Pick<Plugin, 'filter'>>;
type ScorePlugin = Plugin & Required<Pick<Plugin, 'score'>>;

/** A plug-in could not do its work: the whole attempt ends. */
export class PluginError extends Error {}

export class Profile {
  readonly plugins: readonly Plugin[];
  private readonly preFilters: readonly Plugin[];
  private readonly filters: readonly FilterPlugin[];
  private readonly postFilters: readonly Plugin[];
  private readonly scorers: readonly { plugin: ScorePlugin; weight: number }[];
  private readonly reservers: readonly Plugin[];
  private readonly binding: readonly Step[];
  private readonly binder: Plugin | undefined;
  private readonly nominated: (node: string) => readonly PodInfo[];

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

  /** Runs preFilter; answers the refusal, if any, and the nodes worth looking at, if not all. */
  preFilter(
    pod: PodInfo,
    cycle: Cycle,
  ): { refusal?: { plugin: string; status: Status }; only?: Set<string>; by: string[] } {
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

  /** The first refusal of the node, with Pods nominated there counted in (and then without them). */
  filter(pod: PodInfo, node: NodeInfo, cycle: Cycle): { plugin: string; status: Status } | undefined {
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

  private runFilters(pod: PodInfo, node: NodeInfo, cycle: Cycle): { plugin: string; status: Status } | undefined {
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

  /** Points of every scoring plug-in for every node, normalised. */
  score(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    { state }: Cycle,
  ): { plugin: string; weight: number; points: number[] }[] {
    const all: { plugin: string; weight: number; points: number[] }[] = [];
    const { scorers } = this;
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

  reserve(pod: PodInfo, node: string, { state }: Cycle): { plugin: string; status: Status } | undefined {
    for (const plugin of this.reservers) {
      const status = plugin.reserve?.(pod, node, state);
      if (status) {
        this.unreserve(pod, node, { state, skipped: new Set() });
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
    { state }: Cycle,
    from: number,
  ): { plugin: string; status: Status; step: number } | undefined {
    for (let step = from; step < this.binding.length; step++) {
      const { plugin, run } = this.binding[step];
      const status = run(pod, node, state);
      if (status) return { plugin, status, step };
    }
    this.binder?.bind?.(pod, node);
    return undefined;
  }
}
