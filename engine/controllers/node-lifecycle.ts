// Node lifecycle controller: notices nodes whose kubelet is silent, says so in their conditions, and turns conditions
// into taints; the taints do the rest (kubernetes/pkg/controller/nodelifecycle).

import { isConflict, isNotFound, keyOf, timestamp, type Informer, type ResourceClient } from '../client/index.ts';
import { condition } from './conditions.ts';
import { indexByNode, podsOn } from './node-pods.ts';
import { isPodReady } from './pods.ts';
import { Disruption, TaintRate } from './node-zones.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { Lease, Node, NodeCondition, Pod, Taint } from '../api/types.ts';

export interface NodeMonitor {
  /** --node-monitor-period and --node-monitor-grace-period, ms. */
  period: number;
  grace: number;
}
const DEFAULT_MONITOR: NodeMonitor = { period: 5000, grace: 50_000 };
/** --node-startup-grace-period. */
const STARTUP_GRACE = 60_000;

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Conditions that stand for a NoSchedule taint: type, status, key. */
const TAINTED: readonly [string, string, string][] = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
];
const MANAGED_KEYS = new Set([...TAINTED.map(([, , key]) => key), UNSCHEDULABLE]);
const REPORTED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export const nodeLifecycle = (monitor: NodeMonitor = DEFAULT_MONITOR): Controller => ({
  name: 'node-lifecycle-controller',
  account: 'node-controller',
  component: 'node-controller',
  start: (context) => void new NodeLifecycle(context, monitor),
});

/** What was seen of a node, and when. */
interface Health {
  /** Virtual time of the last sign of life, ms. */
  seenAt: number;
  heartbeat: string | undefined;
  renewed: string | undefined;
  ready: string | undefined;
}

class NodeLifecycle {
  private readonly context: ControllerContext;
  private readonly monitoring: NodeMonitor;
  private readonly client: ResourceClient<Node>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly nodes: Informer<Node>;
  private readonly leases: Informer<Lease>;
  private readonly pods: Informer<Pod>;
  private readonly health = new Map<string, Health>();
  private readonly disruption = new Disruption();
  private readonly rate: TaintRate;

  constructor(context: ControllerContext, monitoring: NodeMonitor) {
    this.context = context;
    this.monitoring = monitoring;
    this.client = context.client.of<Node>('v1', 'nodes', false);
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.nodes = context.informer<Node>('v1', 'nodes');
    this.leases = context.informer<Lease>('coordination.k8s.io/v1', 'leases');
    this.pods = context.informer<Pod>('v1', 'pods');
    indexByNode(this.pods);
    this.rate = new TaintRate(context.sim, (name) => this.taintNoExecute(name));
    const queue = context.queue((name) => this.taintNoSchedule(name));
    this.nodes.on({
      add: (node) => queue.add(keyOf(node)),
      update(node, old) {
        if (node.status?.conditions !== old.status?.conditions || node.spec !== old.spec) queue.add(keyOf(node));
      },
      delete: (node) => {
        const name = keyOf(node);
        this.health.delete(name);
        this.rate.remove(name);
        context.recorder.event(
          node,
          'Normal',
          'RemovingNode',
          `Node ${name} event: Removing Node ${name} from Controller`,
        );
      },
    });
    const monitors = context.queue(() => this.monitor());
    monitors.add('nodes');
    context.every(monitoring.period, () => monitors.add('nodes'));
  }

  /** Makes the NoSchedule taints agree with the conditions and with `spec.unschedulable`. */
  private taintNoSchedule(name: string) {
    const node = this.nodes.byKey(name);
    if (!node) return;
    const wanted = new Set<string>();
    for (const [type, status, key] of TAINTED)
      if (condition(node.status?.conditions, type)?.status === status) wanted.add(key);
    if (node.spec?.unschedulable) wanted.add(UNSCHEDULABLE);
    const managed = ({ key, effect }: Taint) => effect === 'NoSchedule' && MANAGED_KEYS.has(key);
    this.setTaints(node, managed, wanted, 'NoSchedule');
  }

  /** Replaces the taints that `managed` picks out by those of the `wanted` keys; ones that stay keep their time. */
  private setTaints(
    node: Node,
    managed: (taint: Taint) => boolean,
    wanted: ReadonlySet<string>,
    effect: string,
  ): boolean {
    const present = node.spec?.taints ?? [];
    const kept = present.filter((taint) => !managed(taint) || wanted.has(taint.key));
    const had = new Set(kept.filter(managed).map(({ key }) => key));
    const timeAdded = timestamp(this.context.sim.now);
    const added = [...wanted].filter((key) => !had.has(key)).map((key): Taint => ({ key, effect, timeAdded }));
    if (added.length === 0 && kept.length === present.length) return false;
    const { resourceVersion, name } = node.metadata;
    const taints = [...kept, ...added];
    try {
      this.client.patch('', name as string, 'merge', {
        metadata: { resourceVersion },
        spec: { taints: taints.length ? taints : null },
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return true;
  }

  /** A look at every node: who is silent, who is back, and how much of the cluster that is. */
  private monitor() {
    const { now } = this.context.sim;
    for (const node of this.nodes.list()) {
      const name = keyOf(node);
      if (!this.health.has(name)) {
        this.context.recorder.event(
          node,
          'Normal',
          'RegisteredNode',
          `Node ${name} event: Registered Node ${name} in Controller`,
        );
      }
      this.examine(name, node, now);
    }
    const nodes = this.nodes.list();
    const change = this.disruption.update(nodes);
    if (change === 'all lost') {
      // Every node silent at once says more of this controller's own network than of the nodes.
      this.rate.halt();
      for (const node of nodes) this.untaintNoExecute(node);
    } else if (change === 'recovering') {
      this.health.forEach((health) => (health.seenAt = now));
    }
    if (!this.disruption.allLost) this.rate.resume((name) => this.disruption.rateFor(name));
  }

  private examine(name: string, seen: Node, now: number) {
    const ready = condition(seen.status?.conditions, 'Ready');
    const heartbeat = ready?.lastHeartbeatTime;
    const renewed = this.leases.get('kube-node-lease', name)?.spec?.renewTime;
    let health = this.health.get(name);
    if (!health) {
      const created = Date.parse(seen.metadata.creationTimestamp as string);
      this.health.set(name, (health = { seenAt: ready ? now : created, heartbeat, renewed, ready: undefined }));
    }
    if (heartbeat !== health.heartbeat || renewed !== health.renewed) {
      // A status that this controller wrote itself is no sign of life.
      if (ready?.reason !== 'NodeStatusUnknown' || renewed !== health.renewed) health.seenAt = now;
      health.heartbeat = heartbeat;
      health.renewed = renewed;
    }
    const grace = ready ? this.monitoring.grace : STARTUP_GRACE;
    const node = now > health.seenAt + grace ? this.markUnknown(seen) : seen;
    const status = condition(node.status?.conditions, 'Ready')?.status;
    if (status === undefined) return;
    if (status === 'True') this.untaintNoExecute(node);
    else this.rate.add(name);
    if (status !== 'True' && health.ready === 'True') {
      this.context.recorder.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      this.markPodsNotReady(name);
    }
    health.ready = status;
  }

  private markUnknown(node: Node): Node {
    const time = timestamp(this.context.sim.now);
    const conditions = node.status?.conditions ?? [];
    if (REPORTED.every((type) => condition(conditions, type)?.status === 'Unknown')) return node;
    const changed: NodeCondition[] = [];
    for (const type of REPORTED) {
      const old = condition(conditions, type);
      if (old?.status === 'Unknown') continue;
      changed.push(
        old
          ? {
              ...old,
              status: 'Unknown',
              reason: 'NodeStatusUnknown',
              message: 'Kubelet stopped posting node status.',
              lastTransitionTime: time,
            }
          : {
              type,
              status: 'Unknown',
              reason: 'NodeStatusNeverUpdated',
              message: 'Kubelet never posted node status.',
              lastHeartbeatTime: node.metadata.creationTimestamp,
              lastTransitionTime: time,
            },
      );
    }
    try {
      return this.client.patch(
        '',
        node.metadata.name as string,
        'strategic',
        { status: { conditions: changed } },
        'status',
      );
    } catch (error) {
      if (isNotFound(error)) return node;
      throw error;
    }
  }

  private markPodsNotReady(name: string) {
    const lastTransitionTime = timestamp(this.context.sim.now);
    for (const pod of podsOn(this.pods, name)) {
      if (!isPodReady(pod)) continue;
      const { namespace, uid } = pod.metadata;
      const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime }];
      try {
        this.podClient.patch(
          namespace as string,
          pod.metadata.name as string,
          'strategic',
          { metadata: { uid }, status: { conditions } },
          'status',
        );
      } catch (error) {
        if (isNotFound(error)) continue;
        throw error;
      }
      this.context.recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    }
  }

  /** Puts the NoExecute taint that the condition calls for; its turn has come. */
  private taintNoExecute(name: string) {
    const node = this.nodes.byKey(name);
    const status = node && condition(node.status?.conditions, 'Ready')?.status;
    if (!node || status === undefined || status === 'True') return;
    this.setTaints(node, isLifecycleTaint, new Set([status === 'Unknown' ? UNREACHABLE : NOT_READY]), 'NoExecute');
  }

  private untaintNoExecute(node: Node) {
    this.rate.remove(node.metadata.name as string);
    if (node.spec?.taints?.some(isLifecycleTaint)) this.setTaints(node, isLifecycleTaint, new Set(), 'NoExecute');
  }
}

const isLifecycleTaint = ({ key, effect }: Taint) =>
  effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE);
