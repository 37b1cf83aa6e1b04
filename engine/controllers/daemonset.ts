// DaemonSet controller: one Pod on every node that fits, bound there by the scheduler through the Pod's own affinity
// (kubernetes/pkg/controller/daemon).

import { keyOf, type Informer, type ResourceClient } from '../client/index.ts';
import { matchesSelector } from '../api/selectors.ts';
import { matchesRequiredAffinity } from '../api/node-selector.ts';
import { tolerated } from '../api/tolerations.ts';
import { claim, controllerOf, controllerRef, indexByController } from './owners.ts';
import { BURST, createPod, deletePod, podFromTemplate, slowStart } from './pod-control.ts';
import { isPodAvailable, isPodFinished, isPodReady, nextAvailability } from './pods.ts';
import { History } from './revisions.ts';
import { templateHash } from './template-hash.ts';
import type { Controller, ControllerContext } from './context.ts';
import type {
  ControllerRevision,
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  KubeObject,
  Node,
  Pod,
  PodSpec,
  Taint,
  Toleration,
} from '../api/types.ts';

const HASH_LABEL = 'controller-revision-hash';
const GENERATION_LABEL = 'pod-template-generation';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';
/** How long a sync takes in a real controller manager. */
const SYNC_TIME = 10;

/** What every daemon Pod tolerates: it stays on nodes that others must leave. */
const TOLERATIONS: readonly Toleration[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
].map(([name, effect]) => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }));
const NETWORK_UNAVAILABLE: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

export const daemonSetController: Controller = {
  name: 'daemonset-controller',
  account: 'daemon-set-controller',
  component: 'daemonset-controller',
  start: (context) => void new DaemonSetController(context),
};

const specOf = (ds: DaemonSet) => ds.spec as DaemonSetSpec;

/** The node that a daemon Pod is on or made for. */
function nodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.[0]?.matchFields?.find(({ key }) => key === 'metadata.name')?.values?.[0];
}

class DaemonSetController {
  private readonly context: ControllerContext;
  private readonly sets: Informer<DaemonSet>;
  private readonly pods: Informer<Pod>;
  private readonly nodes: Informer<Node>;
  private readonly client: ResourceClient<DaemonSet>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly history: History;
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<DaemonSet>('apps/v1', 'daemonsets');
    this.podClient = context.client.of<Pod>('v1', 'pods');
    this.sets = context.informer<DaemonSet>('apps/v1', 'daemonsets');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.nodes = context.informer<Node>('v1', 'nodes');
    this.history = new History(context);
    indexByController(this.pods);
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (ds: DaemonSet) => this.queue.add(keyOf(ds));
    this.sets.on({ add: enqueue, update: enqueue });
    const all = () => {
      for (const ds of this.sets.list()) enqueue(ds);
    };
    this.nodes.on({
      add: all,
      delete: all,
      update(node, old) {
        const { taints, unschedulable } = node.spec ?? {};
        if (
          node.metadata.labels !== old.metadata.labels ||
          taints !== old.spec?.taints ||
          unschedulable !== old.spec?.unschedulable
        )
          all();
      },
    });
    const podChanged = (pod: Pod) => {
      const ref = controllerOf(pod);
      if (ref && ref.kind !== 'DaemonSet') return;
      const { namespace, labels } = pod.metadata;
      if (ref) {
        this.queue.addAfter(`${namespace}/${ref.name}`, SYNC_TIME);
        return;
      }
      for (const ds of this.sets.inNamespace(namespace as string)) {
        if (matchesSelector(specOf(ds).selector, labels)) enqueue(ds);
      }
    };
    this.pods.on({ add: podChanged, update: podChanged, delete: podChanged });
  }

  private sync(key: string) {
    const ds = this.sets.byKey(key);
    if (!ds || ds.metadata.deletionTimestamp) return;
    const owner = ds as KubeObject;
    const current = this.history.sync(owner, specOf(ds).template, {
      hash: HASH_LABEL,
      labels: { ...specOf(ds).template.metadata?.labels },
      annotations: ds.metadata.annotations,
      hashOf: () => templateHash(specOf(ds).template, this.context.ways.minor, ds.status?.collisionCount),
      collided: () => this.collided(ds),
    });
    const pods = claim<Pod>({
      client: this.podClient,
      informer: this.pods,
      owner: ds,
      ref: controllerRef(ds, 'apps/v1', 'DaemonSet'),
      matches: (pod) => matchesSelector(specOf(ds).selector, pod.metadata.labels),
    });
    const plan = new Plan(ds, current, pods, this.nodes.list(), this.context.sim.now);
    this.carryOut(ds, current, plan);
    this.updateStatus(ds, current);
    const used = new Set([current.metadata.name as string]);
    for (const pod of pods) used.add(`${ds.metadata.name}-${pod.metadata.labels?.[HASH_LABEL]}`);
    this.history.truncate(owner, specOf(ds).revisionHistoryLimit ?? 10, used);
    const { minReadySeconds = 0 } = specOf(ds);
    const wait = minReadySeconds > 0 ? nextAvailability(pods, minReadySeconds, this.context.sim.now) : undefined;
    if (wait !== undefined) this.queue.addAfter(key, wait);
  }

  /** The name of a new revision is taken by another template's: the next sync hashes to another one. */
  private collided(ds: DaemonSet): never {
    const { namespace, name } = ds.metadata;
    const collisionCount = (ds.status?.collisionCount ?? 0) + 1;
    this.client.updateStatus(namespace as string, name as string, {
      ...ds,
      status: { ...(ds.status as DaemonSetStatus), collisionCount },
    });
    throw new Error(`found a hash collision of DaemonSet ${namespace}/${name}`);
  }

  private carryOut(ds: DaemonSet, current: ControllerRevision, { create, remove }: Plan) {
    const { recorder } = this.context;
    const owner = ds as KubeObject;
    for (const { pod, reason } of remove.slice(0, BURST)) {
      const { namespace, name } = pod.metadata;
      if (reason === 'Failed') {
        const text = `Found failed daemon pod ${namespace}/${name} on node ${nodeOf(pod)}, will try to kill it`;
        recorder.event(ds, 'Warning', 'FailedDaemonPod', text);
      } else if (reason === 'Succeeded') {
        const text = `Found succeeded daemon pod ${namespace}/${name} on node ${nodeOf(pod)}, will try to delete it`;
        recorder.event(ds, 'Normal', 'SucceededDaemonPod', text);
      }
      deletePod(this.podClient, recorder, owner, name as string);
    }
    const nodes = create.slice(0, BURST);
    const podFor = nodes.length > 0 && daemonPods(ds, current.metadata.labels?.[HASH_LABEL] as string);
    const error =
      podFor && slowStart(nodes.length, (i) => createPod(this.podClient, recorder, owner, podFor(nodes[i])));
    if (error) throw error;
  }

  private updateStatus(ds: DaemonSet, current: ControllerRevision) {
    const { now } = this.context.sim;
    const hash = current.metadata.labels?.[HASH_LABEL];
    const byNode = groupByNode(this.pods.byIndex('controller-uid', ds.metadata.uid as string));
    const status: DaemonSetStatus & Record<string, unknown> = {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
      observedGeneration: ds.metadata.generation,
    };
    let updated = 0;
    let available = 0;
    for (const node of this.nodes.list()) {
      const here = byNode.get(node.metadata.name as string);
      if (!shouldRun(ds, node).run) {
        if (here) status.numberMisscheduled++;
        continue;
      }
      status.desiredNumberScheduled++;
      if (!here) continue;
      status.currentNumberScheduled++;
      // The oldest speaks for the node.
      const [pod] = [...here].sort((a, b) =>
        (a.metadata.creationTimestamp as string) < (b.metadata.creationTimestamp as string) ? -1 : 1,
      );
      if (isPodReady(pod)) {
        status.numberReady++;
        if (isPodAvailable(pod, specOf(ds).minReadySeconds ?? 0, now)) available++;
      }
      if (pod.metadata.labels?.[HASH_LABEL] === hash) updated++;
    }
    if (updated) status.updatedNumberScheduled = updated;
    if (available) status.numberAvailable = available;
    if (status.desiredNumberScheduled - available) status.numberUnavailable = status.desiredNumberScheduled - available;
    if (ds.status?.collisionCount !== undefined) status.collisionCount = ds.status.collisionCount;
    const old = (ds.status ?? {}) as Record<string, unknown>;
    const fields = [
      'currentNumberScheduled',
      'desiredNumberScheduled',
      'numberMisscheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
    ];
    if (fields.every((field) => (old[field] ?? 0) === (status[field] ?? 0)) && ds.status) return;
    this.client.updateStatus(ds.metadata.namespace as string, ds.metadata.name as string, { ...ds, status });
  }
}

function groupByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    if (node === undefined) continue;
    const list = byNode.get(node);
    if (list) list.push(pod);
    else byNode.set(node, [pod]);
  }
  return byNode;
}

/** Which Pods to create (on which nodes) and delete, for placement and for the rolling update. */
class Plan {
  readonly create: string[] = [];
  readonly remove: { pod: Pod; reason?: 'Failed' | 'Succeeded' }[] = [];

  constructor(ds: DaemonSet, current: ControllerRevision, pods: readonly Pod[], nodes: readonly Node[], now: number) {
    const byNode = groupByNode(pods);
    const hash = current.metadata.labels?.[HASH_LABEL];
    const isNew = (pod: Pod) => pod.metadata.labels?.[HASH_LABEL] === hash;
    const isAvailable = (pod: Pod) => isPodAvailable(pod, specOf(ds).minReadySeconds ?? 0, now);
    const healthy: { node: string; pods: Pod[] }[] = [];
    let desired = 0;
    for (const node of nodes) {
      const name = node.metadata.name as string;
      const here = byNode.get(name) ?? [];
      byNode.delete(name);
      const { run, stay } = shouldRun(ds, node);
      if (run) desired++;
      if (!stay) {
        for (const pod of here) if (!pod.metadata.deletionTimestamp) this.remove.push({ pod });
        continue;
      }
      const finished = here.filter((pod) => isPodFinished(pod) && !pod.metadata.deletionTimestamp);
      for (const pod of finished) this.remove.push({ pod, reason: pod.status?.phase as 'Failed' | 'Succeeded' });
      const alive = here.filter((pod) => !isPodFinished(pod));
      if (alive.length === 0 && finished.length === 0 && run) this.create.push(name);
      else if (run && alive.length > 0) healthy.push({ node: name, pods: alive });
    }
    // Pods of nodes that are gone are the Pod garbage collector's.
    const { type, rollingUpdate } = specOf(ds).updateStrategy ?? {};
    const surge = type === 'OnDelete' ? 0 : share(rollingUpdate?.maxSurge, desired);
    this.dropDuplicates(healthy, surge > 0 ? isNew : undefined);
    if (type === 'OnDelete') return;
    if (surge > 0) this.surge(healthy, surge, isNew, isAvailable);
    else this.replace(healthy, share(rollingUpdate?.maxUnavailable ?? 1, desired), desired, isNew, isAvailable);
  }

  /** Of several Pods on a node the oldest stays; while surging, an old and a new one may stand side by side. */
  private dropDuplicates(healthy: readonly { pods: Pod[] }[], isNew: ((pod: Pod) => boolean) | undefined) {
    for (const { pods } of healthy) {
      const kept = new Set<boolean>();
      const ordered = [...pods].sort((a, b) =>
        (a.metadata.creationTimestamp as string) < (b.metadata.creationTimestamp as string) ? -1 : 1,
      );
      for (const pod of ordered) {
        if (pod.metadata.deletionTimestamp) continue;
        const kind = isNew ? isNew(pod) : true;
        if (kept.has(kind)) this.remove.push({ pod });
        kept.add(kind);
      }
    }
  }

  /** Deletes outdated Pods: unavailable ones at once, others as far as the budget goes. */
  private replace(
    healthy: readonly { pods: Pod[] }[],
    budget: number,
    desired: number,
    isNew: (pod: Pod) => boolean,
    isAvailable: (pod: Pod) => boolean,
  ) {
    let unavailable = desired - healthy.length;
    const candidates: Pod[] = [];
    for (const { pods } of healthy) {
      const [pod] = pods;
      if (!isAvailable(pod) || pod.metadata.deletionTimestamp) unavailable++;
      if (isNew(pod) || pod.metadata.deletionTimestamp) continue;
      if (isAvailable(pod)) candidates.push(pod);
      else this.remove.push({ pod });
    }
    for (const pod of candidates.slice(0, Math.max(0, budget - unavailable))) this.remove.push({ pod });
  }

  /** Creates new Pods beside old ones, and deletes the old one when the new one is available. */
  private surge(
    healthy: readonly { node: string; pods: Pod[] }[],
    budget: number,
    isNew: (pod: Pod) => boolean,
    isAvailable: (pod: Pod) => boolean,
  ) {
    let surging = 0;
    const candidates: string[] = [];
    for (const { node, pods } of healthy) {
      const fresh = pods.find(isNew);
      const old = pods.find((pod) => !isNew(pod));
      if (!old) continue;
      if (!fresh) {
        if (isAvailable(old) && !old.metadata.deletionTimestamp) candidates.push(node);
        else if (!old.metadata.deletionTimestamp) this.create.push(node);
        else candidates.push(node);
      } else {
        surging++;
        if (isAvailable(fresh) && !old.metadata.deletionTimestamp) this.remove.push({ pod: old });
      }
    }
    this.create.push(...candidates.slice(0, Math.max(0, budget - surging)));
  }
}

/** A number of nodes; a percentage is rounded up. */
function share(value: number | string | undefined, total: number): number {
  if (typeof value !== 'string') return value ?? 0;
  return Math.ceil((Number(value.slice(0, -1)) * total) / 100);
}

interface Verdict {
  run: boolean;
  stay: boolean;
}

/** For each node in one state, what was said of it for the Pods of a template. */
const verdicts = new WeakMap<Node, { of: PodSpec; verdict: Verdict }>();

/** Whether the node should get a Pod, and whether one that is there may stay (NodeShouldRunDaemonPod). */
function shouldRun(ds: DaemonSet, node: Node): Verdict {
  const spec = specOf(ds).template.spec as PodSpec;
  const known = verdicts.get(node);
  if (known?.of === spec) return known.verdict;
  const verdict = judge(spec, node);
  verdicts.set(node, { of: spec, verdict });
  return verdict;
}

function judge(spec: PodSpec, node: Node): Verdict {
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return { run: false, stay: false };
  if (!matchesRequiredAffinity(spec, { name: node.metadata.name as string, labels: node.metadata.labels ?? {} }))
    return { run: false, stay: false };
  const tolerations = [...(spec.tolerations ?? []), ...ownTolerations(spec)];
  const untolerated = (node.spec?.taints ?? []).filter(
    (taint: Taint) => taint.effect !== 'PreferNoSchedule' && !tolerated(taint, tolerations),
  );
  return { run: untolerated.length === 0, stay: untolerated.every(({ effect }) => effect !== 'NoExecute') };
}

const ownTolerations = (spec: PodSpec): readonly Toleration[] =>
  spec.hostNetwork ? [...TOLERATIONS, NETWORK_UNAVAILABLE] : TOLERATIONS;

/** Makes the Pods of a revision, which share all but the node that they are for. */
function daemonPods(ds: DaemonSet, hash: string): (node: string) => Pod {
  const pod = podFromTemplate(specOf(ds).template, ds as KubeObject, controllerRef(ds, 'apps/v1', 'DaemonSet'));
  const spec = pod.spec as PodSpec;
  const generation = ds.metadata.annotations?.[GENERATION_ANNOTATION];
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const present = spec.tolerations ?? [];
  const same = (a: Toleration, b: Toleration) => a.key === b.key && a.effect === b.effect && a.operator === b.operator;
  const added = ownTolerations(spec).filter((one) => !present.some((other) => same(one, other)));
  const tolerations = [...present, ...added];
  const metadata = {
    ...pod.metadata,
    labels: { ...pod.metadata.labels, [HASH_LABEL]: hash, ...(generation && { [GENERATION_LABEL]: generation }) },
  };
  return (node) => {
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
    const nodeSelectorTerms = required?.nodeSelectorTerms.map((term) => ({ ...term, matchFields })) ?? [
      { matchFields },
    ];
    const nodeAffinity = {
      ...spec.affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
    };
    return { ...pod, metadata, spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations } };
  };
}
