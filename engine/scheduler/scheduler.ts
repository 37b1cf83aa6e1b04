// kube-scheduler: takes Pods without a node from the queue, one a cycle, finds the nodes that pass the filters,
// scores them and binds (kubernetes/pkg/scheduler/schedule_one.go).

import {
  ApiError,
  isNotFound,
  timestamp,
  type Client,
  type InformerFactory,
  type ResourceClient,
} from '../client/index.ts';
import { Cache } from './cache.ts';
import { Decisions, fitError, NO_NODES, type Decision } from './diagnosis.ts';
import { defaultSelector } from './default-selector.ts';
import { SchedulerEvents } from './events.ts';
import { unresolvable, type Handle, type NodeStatuses, type Status } from './framework.ts';
import { PodInfo } from './pod-info.ts';
import { PRESENT, waysOf, type ReleaseWays } from './release.ts';
import { defaultPlugins, type PluginArgs } from './plugins/index.ts';
import { watchStorage } from './plugins/volumes.ts';
import { NOTHING, PluginError, Profile, type Cycle, type Finding, type ProfileEntry } from './profile.ts';
import { SchedulingQueue, type QueuedPod } from './queue.ts';
import { same, watchCluster } from './watch.ts';
import { part } from '../parts/index.ts';
import type { Namespace, Pod, PodCondition, PodDisruptionBudget } from '../api/types.ts';
import type { Sim, Timer } from '../sim/index.ts';
import type { NodeInfo } from './node-info.ts';

/** Virtual time of a scheduling cycle, ms. */
const CYCLE_TIME = 1;
// minFeasibleNodesToFind and the adaptive percentage for clusters beyond it.
const MIN_FEASIBLE = 100;
const MIN_PERCENTAGE = 5;
const DEFAULT_PERCENTAGE = 50;

export interface SchedulerOptions {
  sim: Sim;
  /** Of the user system:kube-scheduler. */
  client: Client;
  informers: InformerFactory;
  /** The name that Pods ask for in spec.schedulerName; default 'default-scheduler'. */
  schedulerName?: string;
  /** The host it runs on, for its events' reportingInstance. */
  host?: string;
  /** Share of the nodes to find feasible before scoring, in percent; 0 (default): by the size of the cluster. */
  percentageOfNodesToScore?: number;
  pluginArgs?: PluginArgs;
  /** The minor version whose ways it has; default 35. */
  release?: number;
  /** Changes the default plug-ins: leaves out, adds, weighs. */
  plugins?: (defaults: ProfileEntry[], handle: Handle) => ProfileEntry[];
}

/** Nodes that passed, and why others did not. */
interface Search {
  found: Finding[];
  statuses: NodeStatuses;
}

/** A Pod on its way to its node. */
interface Binding {
  queued: QueuedPod;
  node: NodeInfo;
  cycle: Cycle;
  /** Events seen when it set out. */
  seen: number;
  /** Where in permit and preBind it is. */
  step: number;
  record: () => void;
}

export class Scheduler {
  readonly name: string;
  private readonly sim: Sim;
  private readonly pods: ResourceClient<Pod>;
  private readonly percentage: number;
  private readonly ways: ReleaseWays;
  private readonly cache = new Cache();
  private readonly queue: SchedulingQueue;
  private readonly profile: Profile;
  private readonly events: SchedulerEvents;
  private readonly decisions = new Decisions();
  private readonly handle: Handle;
  private readonly current: (key: string) => Pod | undefined;
  /** Pods whose binding waits for a plug-in's word. */
  private readonly waitingToBind = new Map<string, Binding & { timer: Timer }>();
  /** Pods with a nominated node, by node. */
  private readonly nominations = new Map<string, PodInfo[]>();
  private timer: Timer | undefined;
  private start = 0;
  private readonly unwatch: () => void;

  constructor(options: SchedulerOptions) {
    const { sim, client, informers, schedulerName = 'default-scheduler', host } = options;
    this.sim = sim;
    this.name = schedulerName;
    this.percentage = options.percentageOfNodesToScore ?? 0;
    this.ways = waysOf(options.release ?? PRESENT);
    this.pods = client.of<Pod>('v1', 'pods');
    this.events = new SchedulerEvents(sim, client, schedulerName, host ? `${schedulerName}-${host}` : schedulerName);
    const podInformer = informers.of<Pod>('v1', 'pods');
    this.current = (key) => podInformer.byKey(key);
    const { cache } = this;
    const namespaces = informers.of<Namespace>('v1', 'namespaces');
    const changed = () => cache.changed();
    namespaces.on({
      add: changed,
      update: (namespace, old) => same(namespace.metadata.labels, old.metadata.labels) || changed(),
      delete: changed,
    });
    this.handle = {
      get nodes() {
        return cache.nodes();
      },
      node: (name) => cache.node(name),
      counts: (query) => cache.counts(query),
      wake: (pod) => this.wakeWaiting(pod),
      happened: (event) => this.queue.moveOn(event),
      eachNamespace(visit) {
        for (const { metadata } of namespaces.list()) visit(metadata.name as string, metadata.labels);
      },
    };
    const preemption = {
      sim,
      client,
      handle: this.handle,
      events: this.events,
      budgets: informers.of<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets'),
      schedulerName,
      profile: () => this.profile,
      cycle: () => this.cycle,
    };
    const storage = watchStorage(informers);
    const defaults = defaultPlugins(
      preemption,
      defaultSelector(informers, changed),
      storage,
      options.pluginArgs ?? {},
      this.ways,
      () => part('devices').dynamicResources({ client, informers, handle: this.handle }),
    );
    const entries = options.plugins ? options.plugins(defaults, this.handle) : defaults;
    this.profile = new Profile(entries, (node) => this.nominations.get(node) ?? NONE);
    this.queue = new SchedulingQueue({ sim, plugins: this.profile.plugins, ready: () => this.wake() });
    this.unwatch = watchCluster({
      informers,
      storage,
      cache,
      queue: this.queue,
      responsible: (pod) => (pod.spec?.schedulerName ?? 'default-scheduler') === schedulerName,
      gone: (pod, key) => {
        this.denominate(key);
        if (this.waitingToBind.size > 0) this.abandon(key);
        this.events.forget(pod.metadata.uid as string);
      },
    });
  }

  /** The last decision on the Pod 'namespace/name', while it is among the latest. */
  explain(podKey: string): Decision | undefined {
    return this.decisions.explain(podKey);
  }

  /** Pods that are not scheduled: where they wait and which plug-ins refused them. */
  waiting() {
    return this.queue.waiting();
  }

  stop() {
    this.unwatch();
    this.queue.stop();
    this.timer?.cancel();
    this.timer = undefined;
    this.waitingToBind.forEach(({ timer }) => timer.cancel());
  }

  private cycle: Cycle = { state: new Map(), skipped: new Set(), before: NOTHING };

  private wake() {
    this.timer ??= this.sim.after(CYCLE_TIME, () => {
      this.timer = undefined;
      const queued = this.queue.pop();
      if (queued) this.attempt(queued);
      if (this.queue.hasReady) this.wake();
    });
  }

  private attempt(queued: QueuedPod) {
    try {
      this.scheduleOne(queued);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      this.failed(queued, error.message);
    }
  }

  private scheduleOne(queued: QueuedPod) {
    const { info: pod } = queued;
    const present = this.current(pod.key);
    if (!present || present.metadata.deletionTimestamp || present.spec?.nodeName) return;
    const seen = this.queue.movesSeen;
    const nodes = this.cache.nodes();
    if (nodes.length === 0) {
      this.refused(queued, NO_NODES, [], seen, new Map(), undefined);
      return;
    }
    const cycle = this.profile.begin(pod, this.cache, this.nominations.size === 0);
    this.cycle = cycle;
    const { before } = cycle;
    const absent = this.ways.missesNodes && before.only && [...before.only].find((name) => !this.cache.node(name));
    if (absent) {
      this.failed(queued, `nodeinfo not found for node name ${JSON.stringify(absent)}`);
      return;
    }
    const { found, statuses } = before.refusal ? NO_SEARCH : this.feasible(pod, nodes, cycle);
    if (found.length === 0) {
      const preFilter = before.refusal ? before.refusal.status.reasons.join(', ') : '';
      const plugins = new Set(before.refusal ? before.by : []);
      statuses.forEach(({ plugin }) => plugins.add(plugin));
      const after = this.profile.postFilter(pod, cycle, statuses);
      const message = fitError(nodes.length, statuses, preFilter, after.message, this.ways.endsTwice ? '.' : '');
      this.refused(queued, message, plugins, seen, statuses, after.result?.nominatedNodeName);
      return;
    }
    const alone = found.length === 1;
    const { totals, scores } = alone ? NO_SCORES : this.profile.score(pod, found, cycle);
    const { node } = alone ? found[0] : this.select(found, totals);
    this.bind(queued, node, cycle, () => {
      this.decisions.record({
        pod: pod.key,
        at: this.sim.now,
        result: 'scheduled',
        node: node.name,
        message: undefined,
        statuses,
        found,
        scores,
      });
    });
  }

  /** Nodes that pass all filters: as many as are worth scoring, the search going on where the last one ended. */
  private feasible(pod: PodInfo, all: readonly NodeInfo[], cycle: Cycle): Search {
    const { before, survey } = cycle;
    const { only, by } = before;
    const found: Finding[] = [];
    const statuses: NodeStatuses = new Map();
    const nominated = pod.pod.status?.nominatedNodeName;
    const first = nominated ? this.cache.node(nominated) : undefined;
    if (first && (!only || only.has(first.name))) {
      const finding = this.profile.look(pod, first, all.indexOf(first), cycle);
      if (!finding.refusal) return { found: [finding], statuses };
    }
    const elsewhere = only && {
      plugin: by[0],
      status: unresolvable(`node(s) didn't satisfy plugin(s) [${by.join(' ')}]`),
    };
    if (elsewhere && ![...only].some((name) => this.cache.node(name))) {
      for (const { name } of all) statuses.set(name, elsewhere);
      return { found, statuses };
    }
    const enough = this.nodesToFind(all.length);
    let i = 0;
    let at = this.start % all.length;
    if (survey) {
      const nodes = survey.find(pod, at, enough);
      this.start = survey.next;
      return { found: nodes, statuses: survey.statuses };
    }
    for (; i < all.length && found.length < enough; i++) {
      if (elsewhere && !only.has(all[at].name)) statuses.set(all[at].name, elsewhere);
      else {
        const finding = this.profile.look(pod, all[at], at, cycle);
        if (finding.refusal) statuses.set(finding.node.name, finding.refusal);
        else found[found.length] = finding;
      }
      if (++at === all.length) at = 0;
    }
    this.start = at;
    return { found, statuses };
  }

  private nodesToFind(total: number): number {
    if (total < MIN_FEASIBLE) return total;
    const percentage = this.percentage || Math.max(MIN_PERCENTAGE, DEFAULT_PERCENTAGE - Math.floor(total / 125));
    return Math.max(MIN_FEASIBLE, Math.floor((total * percentage) / 100));
  }

  /** The node with the most points; one of the best by chance. */
  private select(found: readonly Finding[], totals: readonly number[]): Finding {
    let best = -1;
    let chosen = found[0];
    let equal = 0;
    const random = this.sim.random('scheduler');
    for (let n = 0; n < found.length; n++) {
      const total = totals[n];
      if (total > best) {
        best = total;
        chosen = found[n];
        equal = 1;
      } else if (total === best) {
        equal++;
        if (random.int(equal) === 0) chosen = found[n];
      }
    }
    return chosen;
  }

  private bind(queued: QueuedPod, node: NodeInfo, cycle: Cycle, record: () => void) {
    const binding: Binding = { queued, node, cycle, record, seen: this.queue.movesSeen, step: 0 };
    this.cache.assume(queued.info, node);
    const refusal = this.profile.reserve(queued.info, node.name, cycle);
    if (refusal) this.takeBack(binding, refusal);
    else this.carryOn(binding);
  }

  /** Goes through permit and preBind as far as it gets, then binds. */
  private carryOn(binding: Binding) {
    const { queued, node, cycle } = binding;
    const { info: pod } = queued;
    try {
      const objection = this.profile.bind(pod, node.name, cycle, binding.step);
      if (objection?.status.code === 'Wait') {
        binding.step = objection.step;
        const { reasons, timeout = 0 } = objection.status;
        const timer = this.sim.after(timeout, () => {
          this.waitingToBind.delete(pod.key);
          this.takeBack(binding, { plugin: objection.plugin, status: { code: 'Error', reasons } });
        });
        this.waitingToBind.set(pod.key, { ...binding, timer });
        return;
      }
      if (objection) {
        this.takeBack(binding, objection);
        return;
      }
    } catch (error) {
      this.profile.unreserve(pod, node.name, cycle);
      this.cache.forget(pod.key);
      if (!(error instanceof ApiError)) throw error;
      if (!isNotFound(error)) this.failed(queued, `binding rejected: ${error.message}`);
      return;
    }
    this.denominate(pod.key);
    binding.record();
    this.events.forget(pod.pod.metadata.uid as string);
    const message = `Successfully assigned ${pod.key} to ${node.name}`;
    this.events.event(pod.pod, 'Normal', 'Scheduled', 'Binding', message);
  }

  private takeBack({ queued, node, cycle, seen }: Binding, { plugin, status }: { plugin: string; status: Status }) {
    this.profile.unreserve(queued.info, node.name, cycle);
    this.cache.forget(queued.info.key);
    const message = status.reasons.join(', ');
    if (status.code === 'Error') this.failed(queued, `running PreBind plugin ${JSON.stringify(plugin)}: ${message}`);
    else this.refused(queued, message, [plugin], seen, new Map([[node.name, { plugin, status }]]), undefined);
  }

  /** Called from handlers of informers: what follows comes a moment later. */
  private wakeWaiting(key: string) {
    if (!this.waitingToBind.has(key)) return;
    this.sim.after(CYCLE_TIME, () => {
      const waiting = this.waitingToBind.get(key);
      if (!waiting) return;
      waiting.timer.cancel();
      this.waitingToBind.delete(key);
      this.carryOn(waiting);
    });
  }

  /** A Pod that waited for its binding is gone. */
  private abandon(key: string) {
    const waiting = this.waitingToBind.get(key);
    if (!waiting) return;
    waiting.timer.cancel();
    this.waitingToBind.delete(key);
    this.profile.unreserve(waiting.queued.info, waiting.node.name, waiting.cycle);
    this.cache.forget(key);
  }

  private refused(
    queued: QueuedPod,
    message: string,
    plugins: Iterable<string>,
    seen: number,
    statuses: NodeStatuses,
    nominatedNodeName: string | undefined,
  ) {
    const { info: pod } = queued;
    const result = 'unschedulable';
    this.decisions.record({
      pod: pod.key,
      at: this.sim.now,
      result,
      node: nominatedNodeName,
      message,
      statuses,
      found: NOT_FOUND,
      scores: NO_SCORES.scores,
    });
    this.queue.refuse(queued, plugins, seen);
    this.report(pod, 'Unschedulable', message, nominatedNodeName);
  }

  private failed(queued: QueuedPod, message: string) {
    const { info: pod } = queued;
    this.decisions.record({
      pod: pod.key,
      at: this.sim.now,
      result: 'error',
      node: undefined,
      message,
      statuses: new Map(),
      found: NOT_FOUND,
      scores: NO_SCORES.scores,
    });
    this.queue.fail(queued);
    this.report(pod, 'SchedulerError', message, undefined);
  }

  /** The event and the condition of a Pod that was not scheduled, and its nomination. */
  private report({ key, pod: seen }: PodInfo, reason: string, message: string, nominatedNodeName: string | undefined) {
    const pod = this.current(key) ?? seen;
    this.events.event(pod, 'Warning', 'FailedScheduling', 'Scheduling', message);
    const old = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    const renominated = nominatedNodeName !== undefined && nominatedNodeName !== pod.status?.nominatedNodeName;
    if (!renominated && old?.status === 'False' && old.reason === reason && old.message === message) return;
    const condition: PodCondition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : timestamp(this.sim.now),
    };
    const status = renominated ? { conditions: [condition], nominatedNodeName } : { conditions: [condition] };
    const { namespace, name } = pod.metadata;
    try {
      const updated = this.pods.patch(namespace as string, name as string, 'strategic', { status }, 'status');
      if (renominated) this.nominate(new PodInfo(updated), nominatedNodeName);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private nominate(pod: PodInfo, node: string) {
    this.denominate(pod.key);
    this.nominations.set(node, [...(this.nominations.get(node) ?? NONE), pod]);
  }

  private denominate(key: string) {
    if (this.nominations.size === 0) return;
    this.nominations.forEach((list, node) => {
      const rest = list.filter((pod) => pod.key !== key);
      if (rest.length === 0) this.nominations.delete(node);
      else if (rest.length < list.length) this.nominations.set(node, rest);
    });
  }
}

const NONE: readonly PodInfo[] = [];
const NOT_FOUND: readonly Finding[] = [];
const NO_SEARCH: Search = { found: [], statuses: new Map() };
const NO_SCORES = { totals: [], scores: () => [] };
