// One Pod on its node, from the first sight to the last: syncs one at a time, each of which reports the status,
// then sets up volumes, sandbox and containers as far as they can be; then termination; then the final delete.

import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../api/types.ts';
import { ApiError, isConflict, isNotFound, timestamp } from '../client/index.ts';
import { Signal, type Co, type Task, type Timer } from '../sim/index.ts';
import { computeActions } from './actions.ts';
import { ActiveDeadline } from './active-deadline.ts';
import type { ParentCgroup } from './cgroup.ts';
import type { Container } from './container.ts';
import { createSandbox } from './create-sandbox.ts';
import type { Kubelet } from './kubelet.ts';
import { killContainer, type KillReason } from './kill.ts';
import { ContainerProbes, hasProbes } from './probes.ts';
import { podRef } from './reference.ts';
import { PodResize } from './resize.ts';
import type { Sandbox } from './sandbox.ts';
import { startContainer } from './start.ts';
import { isMounted, mountVolumes } from './mount-volumes.ts';
import { PodObjects } from './pod-objects.ts';
import { stopContainers } from './stop-containers.ts';
import { isNews, patchedStatus, statusPatch } from './status-patch.ts';
import { generateStatus, type ContainerRecord } from './status.ts';
import { PodVolumes } from './volumes.ts';

/** Virtual cost of taking a sandbox down, ms. */
const TEAR_DOWN_MS = 120;
// kubelet: workerResyncIntervalJitterFactor and backOffPeriod.
const RESYNC_MS = 60_000;
const BACKOFF_MS = 10_000;
// kubelet: the grace period of a hard eviction, seconds.
const EVICTION_GRACE = 1;

/** What a Pod as a whole failed with. */
export interface Failure {
  reason: string;
  message: string;
  /** The kubelet ended it for the node's sake: condition DisruptionTarget. */
  disruption?: boolean;
  /** It was never let in: there is nothing to say of its containers. */
  rejected?: boolean;
}

export class PodWorker {
  readonly kubelet: Kubelet;
  readonly uid: string;
  readonly key: string;
  /** It comes from a manifest of this machine: the API has a mirror of it only. */
  readonly isStatic: boolean;
  /** uid of the mirror Pod that the status is written to. */
  mirrored: string | undefined;
  /** As the API has it; replaced, never changed. */
  pod: Pod;
  readonly records = new Map<string, ContainerRecord>();
  sandbox: Sandbox | undefined;
  readonly volumes: PodVolumes;
  /** Only Pods with resources of their own have one that bounds anything. */
  cgroup: ParentCgroup | undefined;
  /** When the kubelet first saw the Pod. */
  readonly startTime: number;
  readonly resize: PodResize;
  /** Requests that the node has given away to it: millicores, bytes. */
  accounted = { cpu: 0, memory: 0 };
  phase: 'syncing' | 'terminating' | 'terminated' = 'syncing';
  /** What was last written to the API. */
  status: PodStatus;
  /** The Pod as a whole has failed with this. */
  failure: Failure | undefined;
  /** Deleted from the API while its containers still ran. */
  gone = false;
  readonly probes = new Map<Container, ContainerProbes>();
  private task: Task<void> | undefined;
  private again = false;
  private timer: Timer | undefined;
  private readonly deadline: ActiveDeadline;
  /** A shorter grace period has been asked for while terminating. */
  private readonly hurry = new Signal();
  grace: number | undefined;
  /** The kubelet process does not run, or has not looked at this Pod since it came back. */
  paused = false;
  /** Something has happened in the sandbox that the next relist will find. */
  unseen = false;
  private startText: string | undefined;
  /** What the API server has been told that it makes of the last one written. */
  private told: PodStatus | undefined;
  /** The status as it was last made, written or not. */
  private shown: PodStatus = {};
  private admitted = false;
  private deleteSent = false;
  /** The ConfigMaps and Secrets that its containers read. */
  readonly objects: PodObjects;

  constructor(kubelet: Kubelet, pod: Pod, isStatic = false) {
    this.kubelet = kubelet;
    this.isStatic = isStatic;
    this.pod = pod;
    this.uid = pod.metadata?.uid ?? '';
    this.key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    this.status = pod.status ?? {};
    this.startTime = pod.status?.startTime ? Date.parse(pod.status.startTime) : kubelet.sim.now;
    this.resize = new PodResize(this);
    this.objects = new PodObjects(this);
    this.deadline = new ActiveDeadline(this);
    this.volumes = new PodVolumes(pod, kubelet.volumeSources, () => this.refreshLater());
  }

  // ---- what happens to it --------------------------------------------------------------------------------

  /** First sight. */
  begin() {
    if (this.pod.metadata?.deletionTimestamp) this.terminate(this.pod.metadata.deletionGracePeriodSeconds);
    else this.requestSync();
  }

  /** The kubelet has looked at the runtime. */
  relisted() {
    const { unseen } = this;
    this.unseen = false;
    if (this.phase !== 'syncing') return;
    if (unseen) this.requestSync();
    else if (!this.task || this.task.done) this.report();
  }

  update(pod: Pod) {
    const old = this.pod;
    this.pod = pod;
    if (pod.metadata?.deletionTimestamp) {
      this.terminate(pod.metadata.deletionGracePeriodSeconds);
    } else if (
      pod.spec !== old.spec ||
      pod.metadata?.labels !== old.metadata?.labels ||
      pod.metadata?.annotations !== old.metadata?.annotations ||
      gatesChanged(pod, old)
    ) {
      if (pod.metadata?.labels !== old.metadata?.labels || pod.metadata?.annotations !== old.metadata?.annotations)
        this.refreshLater();
      this.requestSync();
    }
  }

  /** The object is gone from the API (deleted by force): stop what runs. */
  removed() {
    this.gone = true;
    this.paused = false;
    this.terminate(this.pod.metadata?.deletionGracePeriodSeconds ?? this.pod.spec?.terminationGracePeriodSeconds);
  }

  /** The API has a mirror of this static Pod now: it gets the whole status. */
  mirrorAppeared(mirror: Pod) {
    this.mirrored = mirror.metadata?.uid;
    this.status = mirror.status ?? {};
    this.kubelet.containerChanged(this, true);
  }

  containerExited(container: Container) {
    this.kubelet.spentCPU += container.cgroup.cpuTime;
    this.probes.get(container)?.stop();
    this.probes.delete(container);
    this.kubelet.containerChanged(this);
  }

  requestSync() {
    if (this.phase !== 'syncing' || !this.kubelet.running || !this.kubelet.runtimeRuns) return;
    this.again = true;
    if (!this.task || this.task.done) this.task = this.kubelet.sim.spawn(`pod ${this.key}`, this.sync());
  }

  /** The kubelet process stops: containers and volumes stay as they are. */
  pause() {
    this.paused = true;
    this.timer?.cancel();
    this.deadline.cancel();
    this.task?.kill();
    this.probes.forEach((probes) => probes.stop());
    this.probes.clear();
  }

  /** The kubelet process is back. */
  resume(pod: Pod) {
    this.paused = false;
    this.pod = pod;
    if (!this.isStatic) this.status = pod.status ?? {};
    this.records.forEach(({ current }) => {
      if (current?.state === 'running' && hasProbes(current.config.spec)) this.watchProbes(current);
    });
    if (this.phase === 'terminating') this.task = this.kubelet.sim.spawn(`pod ${this.key}`, this.terminating());
    else if (pod.metadata?.deletionTimestamp) this.terminate(pod.metadata.deletionGracePeriodSeconds);
    else this.requestSync();
  }

  // ---- syncing -------------------------------------------------------------------------------------------

  /** `failed`: a step has, and is tried again after the usual back-off, or at `retryAt`. */
  private synced(failed: boolean, retryAt?: number) {
    if (this.phase !== 'syncing') return;
    const { sim } = this.kubelet;
    // What came up meanwhile waits for a look at the runtime that is newer than this sync.
    if (this.again) this.kubelet.containerChanged(this);
    if (!failed) return;
    const wait = retryAt === undefined ? BACKOFF_MS : Math.min(Math.max(0, retryAt - sim.now), RESYNC_MS);
    const jitter = 1 + 0.5 * sim.random('pod-worker').float();
    this.timer = sim.after(Math.round(wait * jitter), () => this.requestSync());
  }

  private *sync(): Co {
    this.again = false;
    this.timer?.cancel();
    const { kubelet, pod } = this;
    const spec = pod.spec as PodSpec;
    if (this.isStatic) kubelet.statics.reconcileMirror(this);
    const firstTime = this.isStatic ? !this.admitted && !this.failure : this.status.startTime === undefined;
    if (firstTime) {
      const refusal = kubelet.admit(pod, this);
      if (refusal) {
        kubelet.recorder.event(podRef(pod), 'Warning', refusal.reason, refusal.message);
        this.failure = { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}`, rejected: true };
      }
    }
    if (!this.admitted && !this.failure) {
      this.admitted = true;
      this.resize.admit(pod);
      kubelet.allocation.add(this);
    }
    if (this.admitted) {
      this.resize.consider(pod);
      this.resize.settle(pod);
    }
    this.deadline.check();
    this.report();
    if (this.failure || this.shown.phase === 'Succeeded' || this.shown.phase === 'Failed') {
      return this.terminate(spec.terminationGracePeriodSeconds);
    }
    const networkError = kubelet.networkError;
    if (networkError && !spec.hostNetwork) {
      kubelet.recorder.event(podRef(pod), 'Warning', 'NetworkNotReady', `network is not ready: ${networkError}`);
      return this.synced(true, kubelet.sim.now + 1000);
    }
    if (!isMounted(this) && !(yield* mountVolumes(this))) return this.synced(true);
    if (!this.sandbox) {
      this.forgetContainers();
      if (spec.resourceClaims && !(yield* kubelet.devices.prepare(this))) return this.synced(true);
      this.sandbox = yield* createSandbox(this);
      kubelet.containerChanged(this);
    }
    this.objects.checkPullSecrets();
    const allocated = this.resize.allocatedPod(this.pod);
    const actions = computeActions(allocated, this.records);
    for (const container of this.resize.actuate(this.pod)) {
      const message = `Container ${container.name} resize requires restart`;
      actions.kill.push({ container, message, reason: 'Changed' });
      const spec = allocated.spec?.containers.find(({ name }) => name === container.name);
      if (spec) actions.start.push({ spec, kind: 'main' });
    }
    for (const { container, message, reason } of actions.kill) {
      yield* killContainer(this, container, { message, reason });
    }
    // The main containers are done for good: sidecars have nobody to serve any more.
    if (actions.done) yield* stopContainers(this);
    let failed = false;
    let retryAt: number | undefined;
    for (let i = 0; i < actions.start.length; i++) {
      const { spec: container, kind } = actions.start[i];
      const outcome = yield* startContainer(this, container, kind);
      if (outcome === undefined) continue;
      failed = true;
      if (outcome.retryAt !== undefined) retryAt = Math.min(retryAt ?? Infinity, outcome.retryAt);
    }
    this.synced(failed, retryAt);
  }

  /** The sandbox is lost: its containers are made anew, init containers too. */
  private forgetContainers() {
    let lost = false;
    this.records.forEach((record) => {
      if (!record.current) return;
      lost = true;
      record.last = record.current;
      record.current = undefined;
      record.restarts++;
    });
    if (!lost) return;
    const text = 'Pod sandbox changed, it will be killed and re-created.';
    this.kubelet.recorder.event(podRef(this.pod), 'Normal', 'SandboxChanged', text);
  }

  /** A container runs: its probes begin, and the kubelet looks at it with the next relist. */
  started(container: Container) {
    if (hasProbes(container.config.spec)) this.watchProbes(container);
    this.kubelet.containerChanged(this);
  }

  private watchProbes(container: Container) {
    if (container.state === 'running') this.probes.set(container, new ContainerProbes(this, container));
  }

  record(name: string): ContainerRecord {
    let record = this.records.get(name);
    if (!record)
      this.records.set(name, (record = { current: undefined, last: undefined, restarts: 0, waiting: undefined }));
    return record;
  }

  /** Live volumes follow their objects with the Pod's next resync, one minute and a bit apart. */
  private refreshLater() {
    const { sim } = this.kubelet;
    const period = Math.round(RESYNC_MS * (1 + 0.5 * sim.random('pod-worker').float()));
    const wait = period - ((sim.now - this.startTime) % period);
    sim.after(wait, () => {
      if (this.phase === 'syncing') this.volumes.refresh(this.pod);
    });
  }

  /** The node is short of something: the Pod fails and ends, within so many seconds. */
  evict(message: string, grace = EVICTION_GRACE) {
    if (this.phase !== 'syncing' || this.failure) return;
    this.kubelet.recorder.event(podRef(this.pod), 'Warning', 'Evicted', message);
    this.fail({ reason: 'Evicted', message, disruption: true }, grace);
  }

  /** The kubelet ends the Pod for good. */
  fail(failure: Failure, grace: number) {
    if (this.phase !== 'syncing' || this.failure) return;
    this.failure = failure;
    this.terminate(grace);
  }

  /** Seconds that the Pod asks for. */
  get ownGrace(): number {
    return this.pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  /** Fires when the Pod's containers have ended for good. */
  get ended(): Signal | undefined {
    return this.phase === 'terminating' ? this.task?.exited : undefined;
  }

  /** Processes of its containers. */
  get processes(): number {
    let sum = 0;
    this.records.forEach(({ current }) => (sum += current?.processes ?? 0));
    return sum;
  }

  /** Bytes of memory that its containers hold. */
  get memory(): number {
    let sum = 0;
    this.records.forEach(({ current }) => (sum += current?.cgroup.memory ?? 0));
    return sum;
  }

  /** Bytes on the node's disk: writable layers, logs and emptyDirs. */
  get diskBytes(): number {
    let sum = this.volumes.localBytes;
    this.records.forEach(({ current }) => (sum += current?.diskBytes ?? 0));
    return sum;
  }

  // ---- status --------------------------------------------------------------------------------------------

  /** Writes the status where it differs from what the API has. */
  report() {
    const { kubelet } = this;
    const status = generateStatus({
      pod: this.pod,
      records: this.records,
      sandboxReady: kubelet.tellsOfSandboxes ? this.sandbox !== undefined && this.phase !== 'terminated' : undefined,
      podIP: this.sandbox?.ip ?? '',
      secondaryPodIP: this.sandbox?.secondaryIP,
      hostIPs: kubelet.hostIPs,
      startTime: (this.startText ??= timestamp(this.startTime)),
      terminal: this.phase === 'terminated',
      failure: this.failure,
      resize: this.resize,
      now: kubelet.sim.now,
      old: this.isStatic ? this.shown : this.status,
      oldConditions: this.isStatic ? this.shown.conditions : this.pod.status?.conditions,
    });
    this.shown = status;
    const uid = this.isStatic ? this.mirrored : this.uid;
    if (uid === undefined) return;
    const before = this.status;
    this.status = status;
    if (this.gone || !isNews(before, status)) return;
    const { pod } = this;
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const patch = () => ({ metadata: { uid }, status: statusPatch(before, status) });
    try {
      const stored = pod.status;
      const isOwn = stored && !this.isStatic && (stored === before || stored === this.told);
      const next = isOwn ? patchedStatus(stored, before, status) : undefined;
      this.told = next;
      if (next) {
        const patched = { from: pod, to: { ...pod, status: next }, patch };
        kubelet.pods.patch(namespace, name, 'strategic', undefined, 'status', patched);
      } else kubelet.pods.patch(namespace, name, 'strategic', patch(), 'status');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isNotFound(error) && this.isStatic) this.mirrored = undefined;
      else if (isNotFound(error)) this.gone = true;
      else {
        // The API server would not have it: once more with the next round.
        this.status = before;
        kubelet.sim.after(BACKOFF_MS, () => kubelet.containerChanged(this, true));
      }
    }
  }

  containerStatus(name: string): ContainerStatus | undefined {
    for (const list of [
      this.shown.containerStatuses,
      this.shown.initContainerStatuses,
      this.shown.ephemeralContainerStatuses,
    ]) {
      const found = list?.find((status) => status.name === name);
      if (found) return found;
    }
    return undefined;
  }

  // ---- termination ---------------------------------------------------------------------------------------

  private terminate(seconds: number | undefined) {
    const grace = Math.max(1, seconds ?? 30);
    if (this.phase === 'terminating') {
      if (this.grace === undefined || grace < this.grace) {
        this.grace = grace;
        this.hurry.fire();
      }
      return;
    }
    if (this.phase === 'terminated') {
      this.finish();
      return;
    }
    this.phase = 'terminating';
    this.grace = grace;
    this.timer?.cancel();
    this.deadline.cancel();
    // A sync that waits (a pull, a hook) is given up. One that asked for this itself is about to end.
    if (this.task && !this.task.done) this.task.kill();
    this.task = this.kubelet.sim.spawn(`pod ${this.key}`, this.terminating());
  }

  private *terminating(): Co {
    this.report();
    this.probes.forEach((probes) => probes.stopLiveness());
    const ended = yield* stopContainers(this);
    this.probes.forEach((probes) => probes.stop());
    this.probes.clear();
    if (ended || this.sandbox) yield TEAR_DOWN_MS;
    yield* this.kubelet.releaseVolumes(this);
    yield* this.kubelet.releaseDevices(this);
    this.phase = 'terminated';
    this.releaseSandbox();
    this.report();
    this.volumes.release();
    this.objects.release();
    if (this.admitted) this.kubelet.allocation.remove(this);
    this.admitted = false;
    this.finish();
  }

  /** Fires when the grace period has become shorter. */
  get hurried(): Signal {
    return this.hurry;
  }

  gracePeriod(container: Container, reason: KillReason | undefined): number {
    if (this.grace !== undefined && this.phase === 'terminating') return this.grace;
    const { startupProbe, livenessProbe } = container.config.spec;
    const probe = reason === 'StartupProbe' ? startupProbe : reason === 'LivenessProbe' ? livenessProbe : undefined;
    return probe?.terminationGracePeriodSeconds ?? this.pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  private releaseSandbox() {
    const { sandbox } = this;
    sandbox?.pause?.signal('KILL');
    if (sandbox?.users) this.kubelet.userNamespaces.release(sandbox.users);
    if (!sandbox || sandbox.hostNetwork) return;
    for (const listener of sandbox.hostPorts) listener.close();
    sandbox.net.close();
    this.kubelet.addresses.release(sandbox.ip);
    if (sandbox.secondaryIP) this.kubelet.secondaryAddresses?.release(sandbox.secondaryIP);
  }

  /** The last step: the object goes when it was asked to go; a Pod that merely ended stays. */
  private finish() {
    if (this.gone) {
      this.kubelet.forget(this);
      return;
    }
    if (this.isStatic || !this.pod.metadata?.deletionTimestamp || this.deleteSent) return;
    this.deleteSent = true;
    const { namespace = '', name = '' } = this.pod.metadata;
    try {
      // The watch says within this request that the object is gone; finalizers may keep it for a while.
      this.kubelet.pods.delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isNotFound(error) || isConflict(error)) this.kubelet.forget(this);
      else this.kubelet.sim.after(BACKOFF_MS, () => this.tryDeleteAgain());
    }
  }

  private tryDeleteAgain() {
    this.deleteSent = false;
    if (this.kubelet.running) this.finish();
  }

  /** The node lost power: nothing of the Pod runs any more. */
  crash() {
    this.pause();
    this.records.forEach(({ current }) => current?.lost());
    this.releaseSandbox();
    this.sandbox = undefined;
  }
}

function gatesChanged(pod: Pod, old: Pod): boolean {
  return (pod.spec?.readinessGates?.length ?? 0) > 0 && pod.status?.conditions !== old.status?.conditions;
}
