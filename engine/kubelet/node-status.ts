// The Node object as its kubelet keeps it: registration, status every 10 s where it changed and every 5 min
// anyway, and the Lease that says that the node lives.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus, Taint } from '../api/types.ts';
import { isAlreadyExists, ApiError, Heartbeat, timestamp, type Client, type EventRecorder } from '../client/index.ts';
import { NODE_KERNEL } from '../linux/index.ts';
import type { Sim } from '../sim/index.ts';
import { RUNTIMES } from './runtimes.ts';
import type { NodeSpec } from './types.ts';

// kubelet: nodeStatusUpdateFrequency and nodeStatusReportFrequency; lease duration 40 s, renewed every quarter.
const UPDATE_MS = 10_000;
const REPORT_MS = 300_000;
const LEASE_SECONDS = 40;

/** A condition's parts that are not times. */
export interface Verdict {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export const PRESSURES: readonly Verdict[] = [
  {
    type: 'MemoryPressure',
    status: 'False',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
];
const READY: Verdict = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
};
const STARTING = 'container runtime status check may not have completed yet';

const UNINITIALIZED: Taint = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
};

export interface NodeStatusOptions {
  sim: Sim;
  client: Client;
  node: NodeSpec;
  recorder: EventRecorder;
  images: () => ContainerImage[];
  /** Why the node cannot run Pods; undefined when it can. */
  problem: () => string | undefined;
  /** What is short on the node. */
  pressures: () => readonly Verdict[];
  /** Looks at the node before each report. */
  tick: () => void;
}

export class NodeStatusManager {
  private readonly options: NodeStatusOptions;
  private timers: { cancel(): void }[] = [];
  private reportedAt = -Infinity;
  private registering = false;
  private started = false;
  private conditions: NodeCondition[] = [];
  private changed = false;
  /** Allocatable amounts of resources that are not the kubelet's own; null: gone. */
  private extended: Readonly<Record<string, string | null>> | undefined;
  private readonly heartbeat: Heartbeat;
  capacity: Readonly<Record<string, string>>;
  allocatable: Readonly<Record<string, string>>;

  constructor(options: NodeStatusOptions) {
    this.options = options;
    const { sim, client, node } = options;
    this.heartbeat = new Heartbeat({
      sim,
      client,
      namespace: 'kube-node-lease',
      name: node.name,
      holder: node.name,
      seconds: LEASE_SECONDS,
      metadata: () => this.owners(),
    });
    const { cpu = '4', memory = '8148000Ki', ephemeralStorage = '98831908Ki', pods = 110 } = options.node;
    const common = { cpu, 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: String(pods) };
    // kubelet: 100Mi of memory and 10 % of the disk are kept back for eviction; it holds shares in single precision.
    const disk = quantityValue(ephemeralStorage);
    const usableDisk = String(disk - Math.trunc(disk * Math.fround(0.1)));
    const usableMemory = `${quantityValue(memory) / 1024 - 100 * 1024}Ki`;
    this.capacity = { ...common, 'ephemeral-storage': ephemeralStorage, memory };
    this.allocatable = { ...common, 'ephemeral-storage': usableDisk, memory: usableMemory };
  }

  /** What the node offers from now on. */
  offer(capacity: Readonly<Record<string, string>>, allocatable: Readonly<Record<string, string>>) {
    this.capacity = capacity;
    this.allocatable = allocatable;
  }

  get cpuMillis(): number {
    return quantityMilli(this.capacity.cpu);
  }

  start() {
    const { sim, recorder, node } = this.options;
    const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
    recorder.event(ref, 'Normal', 'Starting', 'Starting kubelet.');
    this.register();
    for (const { reason } of PRESSURES) this.event('Normal', reason.replace('Kubelet', 'Node'));
    recorder.event(ref, 'Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods');
    if (this.rebooted) {
      const text = `Node ${node.name} has been rebooted, boot id: ${this.identity?.bootID}`;
      recorder.event(ref, 'Warning', 'Rebooted', text);
      this.rebooted = false;
    }
    this.started = true;
    this.report();
    this.heartbeat.renew();
    this.timers = [
      sim.every(UPDATE_MS, () => {
        this.options.tick();
        this.tellSchedulable();
        this.report();
      }),
      sim.every((LEASE_SECONDS * 1000) / 4, () => this.heartbeat.renew()),
    ];
  }

  stop() {
    for (const timer of this.timers) timer.cancel();
    this.timers = [];
    this.started = false;
    this.toldUnschedulable = false;
    this.reportedAt = -Infinity;
  }

  /** The list of images has changed: the next round reports it. */
  imagesChanged() {
    this.changed = true;
  }

  /** Somebody else may have written conditions: the next round puts them right. */
  seen(node: Node) {
    const written = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const mine = this.conditions.find(({ type }) => type === 'Ready')?.status;
    if (mine !== undefined && written !== mine) this.changed = true;
    this.unschedulable = node.spec?.unschedulable === true;
    this.seeExtended(node.status?.capacity ?? {}, node.status?.allocatable ?? {});
  }

  /** Resources that others count on this node are all for Pods; those that nobody counts any more are gone. */
  private seeExtended(capacity: Record<string, string>, allocatable: Record<string, string>) {
    let extended: Record<string, string | null> | undefined;
    for (const name in capacity) {
      if (name in this.capacity) continue;
      (extended ??= {})[name] = capacity[name];
      if (allocatable[name] !== capacity[name]) this.changed = true;
    }
    for (const name in allocatable) {
      if (name in this.capacity || name in capacity) continue;
      (extended ??= {})[name] = null;
      this.changed = true;
    }
    this.extended = extended;
  }

  /** kubelet: recordNodeSchedulableEvent, with each round. */
  private tellSchedulable() {
    if (this.unschedulable === this.toldUnschedulable) return;
    this.toldUnschedulable = this.unschedulable;
    this.event('Normal', this.unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable');
  }

  /** The machine has started anew: the next registration tells. */
  reboot() {
    if (!this.identity) return;
    const { sim, node } = this.options;
    this.identity = { ...this.identity, bootID: sim.random(`node/${node.name}/boot`).uuid() };
    this.rebooted = true;
  }

  /** A pressure has come or gone: it is told at once. */
  pressureChanged(reason: string) {
    this.changed = true;
    this.event('Normal', reason);
    this.report();
  }

  private event(type: 'Normal' | 'Warning', reason: string) {
    const { recorder, node } = this.options;
    const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
    recorder.event(ref, type, reason, `Node ${node.name} status is now: ${reason}`);
  }

  private get nodes() {
    return this.options.client.of<Node>('v1', 'nodes', false);
  }

  private labels(): Record<string, string> {
    const { name, labels } = this.options.node;
    return {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      ...labels,
    };
  }

  private register() {
    const { node } = this.options;
    const taints = [...(node.cloudProvider ? [UNINITIALIZED] : []), ...(node.taints ?? [])];
    this.registering = true;
    const object: Node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: node.name,
        labels: this.labels(),
        annotations: {
          ...(node.cloudProvider && { 'alpha.kubernetes.io/provided-node-ip': node.ip }),
          'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        },
      },
      spec: taints.length ? { taints } : {},
      status: this.status(),
    } as Node;
    try {
      this.nodes.create('', object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const present = this.nodes.get('', node.name);
      const missing: Record<string, string> = {};
      const wanted = this.labels();
      for (const key in wanted) if (present.metadata?.labels?.[key] !== wanted[key]) missing[key] = wanted[key];
      if (Object.keys(missing).length) this.nodes.patch('', node.name, 'strategic', { metadata: { labels: missing } });
      this.conditions = present.status?.conditions ?? [];
    } finally {
      this.registering = false;
    }
  }

  private addresses(): NodeAddress[] {
    const { ip, secondaryIP, name } = this.options.node;
    return [
      { type: 'InternalIP', address: ip },
      ...(secondaryIP ? [{ type: 'InternalIP', address: secondaryIP }] : []),
      { type: 'Hostname', address: name },
    ];
  }

  private verdicts(): Verdict[] {
    const problem = this.registering ? STARTING : this.options.problem();
    const pressures = this.options.pressures();
    if (problem === undefined) return [...pressures, READY];
    return [...pressures, { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem }];
  }

  private status(): NodeStatus {
    const { sim, node } = this.options;
    const now = timestamp(sim.now);
    const random = (name: string) => sim.random(`node/${node.name}/${name}`);
    this.identity ??= {
      machineID: random('machine').hex(32),
      systemUUID: random('system').uuid(),
      bootID: random('boot').uuid(),
    };
    this.conditions = this.verdicts().map(({ type, status, reason, message }) => {
      const old = this.conditions.find((condition) => condition.type === type);
      const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
      return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
    });
    return {
      capacity: this.capacity,
      allocatable: this.extended
        ? ({ ...this.allocatable, ...this.extended } as Record<string, string>)
        : this.allocatable,
      conditions: this.conditions,
      // Of a cloud's node the provider says later what its addresses are.
      ...(node.cloudProvider && !this.registering ? undefined : { addresses: this.addresses() }),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        ...this.identity,
        kernelVersion: node.kernelVersion ?? NODE_KERNEL.release,
        osImage: node.osImage ?? 'Debian GNU/Linux 13 (trixie)',
        containerRuntimeVersion: node.containerRuntimeVersion ?? RUNTIMES[node.runtime ?? 'containerd'].version,
        kubeletVersion: node.kubeletVersion ?? 'v1.35.0',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
        swap: { capacity: 0 },
      },
      images: this.options.images(),
      runtimeHandlers: [
        { name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
        { name: 'runc', features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
        ...(node.runtimeHandlers ?? []).map((name) => ({
          name,
          features: { recursiveReadOnlyMounts: false, userNamespaces: false },
        })),
      ],
      features: { supplementalGroupsPolicy: true },
    };
  }

  private rebooted = false;
  /** The Node says that nothing is to be placed here; and so has an event. */
  private unschedulable = false;
  private toldUnschedulable = false;
  private identity: { machineID: string; systemUUID: string; bootID: string } | undefined;

  /** Patches the status when it is due. */
  report() {
    const { sim, node } = this.options;
    if (!this.started) return;
    const before = this.conditions.find(({ type }) => type === 'Ready')?.status;
    const now = this.options.problem() === undefined ? 'True' : 'False';
    if (before === now && !this.changed && sim.now - this.reportedAt < REPORT_MS) return;
    this.changed = false;
    const status = this.status();
    try {
      // Two addresses of a type are one by the list's merge key: the list is replaced as a whole.
      const addresses = node.secondaryIP && status.addresses && [{ $patch: 'replace' }, ...status.addresses];
      this.nodes.patch('', node.name, 'strategic', { status: addresses ? { ...status, addresses } : status }, 'status');
    } catch (error) {
      // A Node that was deleted stays so until the kubelet is started again.
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    this.reportedAt = sim.now;
    if (before !== now) this.event('Normal', now === 'True' ? 'NodeReady' : 'NodeNotReady');
  }

  /** The node's Lease belongs to its Node, where that is there. */
  private owners() {
    const { name } = this.options.node;
    const owner = this.nodes.find('', name);
    return { ownerReferences: owner && [{ apiVersion: 'v1', kind: 'Node', name, uid: owner.metadata?.uid ?? '' }] };
  }
}
