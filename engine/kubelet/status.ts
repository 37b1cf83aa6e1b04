// A Pod's status as the kubelet reports it: phase, conditions and container statuses from what the runtime
// knows. Pure: reads the worker's records, changes nothing.

import type {
  Container as ContainerSpec,
  ContainerState,
  ContainerStatus,
  HostIP,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  VolumeMountStatus,
} from '../api/types.ts';
import { timestamp } from '../client/index.ts';
import type { Container } from './container.ts';
import type { Waiting } from './image-manager.ts';
import type { Failure } from './pod-worker.ts';
import type { PodResize } from './resize.ts';
import { podQOSClass } from '../api/qos.ts';
import { isSidecar, shouldRestart } from './pod-spec.ts';

/** What the kubelet remembers of one container of a Pod. */
export interface ContainerRecord {
  /** The newest one; absent until it has been created. */
  current: Container | undefined;
  /** The one before. */
  last: Container | undefined;
  restarts: number;
  /** Why it could not be started the last time that was tried. */
  waiting: Waiting | undefined;
}

export interface StatusInput {
  pod: Pod;
  records: ReadonlyMap<string, ContainerRecord>;
  /** Undefined: the release has no condition for it. */
  sandboxReady: boolean | undefined;
  podIP: string;
  /** Of the other family, where nodes have both. */
  secondaryPodIP?: string;
  hostIPs: HostIP[];
  /** RFC 3339. */
  startTime: string;
  /** The containers have been stopped for good. */
  terminal: boolean;
  /** What the whole Pod failed with (deadline, eviction, rejection). */
  failure: Failure | undefined;
  resize: Pick<PodResize, 'conditions' | 'requestsOf'>;
  now: number;
  /** What the API has. */
  old: PodStatus;
  oldConditions: PodCondition[] | undefined;
}

export function generateStatus(input: StatusInput): PodStatus {
  const { pod, old, hostIPs } = input;
  const spec = pod.spec as PodSpec;
  // A Pod that fails as a whole has failed when none of its containers can run any more.
  const failure = input.terminal || input.failure?.rejected ? input.failure : undefined;
  if (failure?.rejected) {
    const { reason, message } = failure;
    const observedGeneration = pod.metadata?.generation;
    const { startTime } = input;
    return { observedGeneration, phase: 'Failed', reason, message, startTime, qosClass: podQOSClass(spec) };
  }
  const hasInit = (spec.initContainers?.length ?? 0) > 0;
  const init = statusesOf(input, spec.initContainers, true, true);
  const main = statusesOf(input, spec.containers, hasInit, false);
  const phase = failure ? 'Failed' : phaseOf(input, spec, init, main);

  const status: PodStatus = {
    observedGeneration: pod.metadata?.generation,
    phase,
    conditions: conditionsOf(input, spec, phase, init, main),
    hostIP: hostIPs[0].ip,
    hostIPs,
    startTime: input.startTime,
    containerStatuses: byName(main),
    qosClass: old.qosClass ?? podQOSClass(spec),
  };
  if (hasInit) status.initContainerStatuses = init;
  if (spec.ephemeralContainers?.length)
    status.ephemeralContainerStatuses = byName(statusesOf(input, spec.ephemeralContainers, false, false));
  const podIP = input.podIP || (old.podIP ?? '');
  if (podIP) {
    status.podIP = podIP;
    const secondaryPodIP = input.secondaryPodIP ?? old.podIPs?.[1]?.ip;
    status.podIPs = secondaryPodIP ? [{ ip: podIP }, { ip: secondaryPodIP }] : [{ ip: podIP }];
  }
  if (failure) {
    status.reason = failure.reason;
    status.message = failure.message;
  }
  return input.terminal ? ended(status) : status;
}

/** Statuses of init containers stay in the Pod's order, all others are sorted. */
const byName = (statuses: ContainerStatus[]): ContainerStatus[] =>
  statuses.length > 1 ? statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : statuses;

const UNKNOWN: ContainerState = {
  terminated: {
    exitCode: 137,
    finishedAt: null as unknown as string,
    message: 'The container could not be located when the pod was terminated',
    reason: 'ContainerStatusUnknown',
    startedAt: null as unknown as string,
  },
};

/** A Pod that is over has a final phase, and once initialized its containers have ended, even those that never began. */
function ended(status: PodStatus): PodStatus {
  const { phase, containerStatuses: main = [], initContainerStatuses: init = [] } = status;
  if (phase !== 'Succeeded') status.phase = 'Failed';
  const last = init.at(-1);
  const initialized =
    !last ||
    last.state?.terminated?.exitCode === 0 ||
    main.some((one) => one.lastState?.terminated || !one.state?.waiting);
  if (initialized) status.containerStatuses = main.map(located);
  const begun = init.findLastIndex((one) => one.lastState?.terminated || !one.state?.waiting);
  if (begun >= 0) status.initContainerStatuses = init.map((one, i) => (i <= begun ? located(one) : one));
  return status;
}

const located = (one: ContainerStatus): ContainerStatus => (one.state?.terminated ? one : { ...one, state: UNKNOWN });

// ---- containers ----------------------------------------------------------------------------------------------

const mounts = new WeakMap<ContainerSpec, VolumeMountStatus[]>();

function mountStatuses(spec: ContainerSpec): VolumeMountStatus[] | undefined {
  if (!spec.volumeMounts?.length) return undefined;
  let known = mounts.get(spec);
  if (!known) {
    known = spec.volumeMounts.map(({ mountPath, name, readOnly, recursiveReadOnly: mode = 'Disabled' }) =>
      readOnly
        ? { mountPath, name, readOnly, recursiveReadOnly: mode === 'IfPossible' ? 'Enabled' : mode }
        : { mountPath, name },
    );
    mounts.set(spec, known);
  }
  return known;
}

const idOf = ({ config, id }: Container): string => `${config.runtime ?? 'containerd'}://${id}`;

function terminatedState(container: Container): ContainerState {
  const { reason, message, exitCode, startedAt, finishedAt } = container;
  return {
    terminated: {
      containerID: idOf(container),
      exitCode,
      finishedAt: timestamp(finishedAt),
      ...(message && { message }),
      reason,
      startedAt: timestamp(startedAt),
    },
  };
}

export function isReady(container: Container): boolean {
  const { spec } = container.config;
  return isStarted(container) && (!spec.readinessProbe || container.probes.readiness === true);
}

/** Running, and its startup probe (if any) has succeeded. */
export function isStarted(container: Container): boolean {
  const { spec } = container.config;
  return container.state === 'running' && (!spec.startupProbe || container.probes.startup === true);
}

const NONE: ContainerStatus[] = [];

function statusesOf(
  input: StatusInput,
  containers: readonly ContainerSpec[] | undefined,
  hasInit: boolean,
  init: boolean,
): ContainerStatus[] {
  if (!containers?.length) return NONE;
  const list: ContainerStatus[] = [];
  for (let i = 0; i < containers.length; i++) list.push(containerStatus(input, containers[i], hasInit, init));
  return list;
}

function containerStatus(input: StatusInput, spec: ContainerSpec, hasInit: boolean, init: boolean): ContainerStatus {
  const record = input.records.get(spec.name);
  const current = record?.current;
  const volumeMounts = mountStatuses(spec);
  if (!current) {
    const waiting = record?.waiting;
    const status: ContainerStatus = {
      image: spec.image ?? '',
      imageID: '',
      lastState: NO_STATE,
      name: spec.name,
      ready: false,
      restartCount: record?.restarts ?? 0,
      started: false,
      state: waiting ? { waiting: waitingState(waiting) } : hasInit ? INITIALIZING : CREATING,
    };
    if (volumeMounts) status.volumeMounts = volumeMounts;
    return status;
  }
  const { pod, terminal } = input;
  const { image, uid, gid, groups } = current.config;
  let state: ContainerState;
  let lastState: ContainerState = record.last ? terminatedState(record.last) : NO_STATE;
  if (current.state === 'running') state = { running: { startedAt: timestamp(current.startedAt) } };
  else if (current.state === 'created') state = CREATING;
  else {
    state = terminatedState(current);
    const again = !terminal && !pod.metadata?.deletionTimestamp && mayStartAgain(pod, spec, current, init);
    if (again && record.waiting) {
      lastState = state;
      state = { waiting: waitingState(record.waiting) };
    }
  }
  const ends = init && !isSidecar(spec);
  const requests = ends ? spec.resources?.requests : input.resize.requestsOf(spec.name);
  const status: ContainerStatus = {
    ...(requests && { allocatedResources: requests }),
    containerID: idOf(current),
    image: image.reference,
    imageID: `${image.repository}@${image.digest}`,
    lastState,
    name: spec.name,
    ready: ends ? current.state === 'exited' && current.exitCode === 0 : isReady(current),
    resources: current.resources,
    restartCount: record.restarts,
    started: isStarted(current),
    state,
    user: { linux: { gid, supplementalGroups: groups, uid } },
  };
  if (volumeMounts) status.volumeMounts = volumeMounts;
  return status;
}

const NO_STATE: ContainerState = {};
const CREATING: ContainerState = { waiting: { reason: 'ContainerCreating' } };
const INITIALIZING: ContainerState = { waiting: { reason: 'PodInitializing' } };

function waitingState({ reason, message }: Waiting) {
  return message ? { message, reason } : { reason };
}

function mayStartAgain(pod: Pod, spec: ContainerSpec, container: Container, init: boolean): boolean {
  if (init && !isSidecar(spec)) {
    const restart = shouldRestart(pod.spec as PodSpec, spec, container.exitCode);
    return container.exitCode !== 0 && (restart || pod.spec?.restartPolicy === 'Always');
  }
  return shouldRestart(pod.spec as PodSpec, spec, container.exitCode);
}

// ---- phase ---------------------------------------------------------------------------------------------------

function phaseOf(input: StatusInput, spec: PodSpec, init: ContainerStatus[], main: ContainerStatus[]): string {
  const initialized = init.length === 0 || hasStarted(main);
  let pendingInit = 0;
  let pendingSidecar = 0;
  let waiting = 0;
  let running = 0;
  let stopped = 0;
  let final = 0;
  let succeeded = 0;
  for (let i = 0; i < init.length; i++) {
    const container = (spec.initContainers as ContainerSpec[])[i];
    const { state, lastState, started } = init[i];
    if (isSidecar(container)) {
      if (state?.running) {
        running++;
        if (!started) pendingSidecar++;
      } else if (state?.waiting && !lastState?.terminated) {
        pendingSidecar++;
        waiting++;
      }
      continue;
    }
    const ended = state?.terminated ?? (state?.waiting && lastState?.terminated);
    if (!ended) {
      if (!initialized) pendingInit++;
    } else if (ended.exitCode !== 0) {
      if (shouldRestart(spec, container, ended.exitCode)) {
        if (!initialized) pendingInit++;
      } else return 'Failed';
    }
  }
  for (let i = 0; i < main.length; i++) {
    const { state, lastState } = main[i];
    if (state?.running) running++;
    else if (state?.terminated ?? lastState?.terminated) {
      const ended = state?.terminated ?? lastState?.terminated;
      stopped++;
      if (!shouldRestart(spec, spec.containers[i], ended?.exitCode ?? 0)) final++;
      if (state?.terminated?.exitCode === 0) succeeded++;
    } else waiting++;
  }
  if (pendingInit > 0 || (pendingSidecar > 0 && !initialized) || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (input.terminal) return stopped === succeeded ? 'Succeeded' : 'Failed';
  if (stopped !== final) return 'Running';
  return stopped === succeeded ? 'Succeeded' : 'Failed';
}

function hasStarted(main: ContainerStatus[]): boolean {
  for (const { state } of main) if (state?.running || state?.terminated) return true;
  return false;
}

// ---- conditions ----------------------------------------------------------------------------------------------

type Verdict = { status: 'True' | 'False'; reason?: string; message?: string };
const TRUE: Verdict = { status: 'True' };

const names = (list: string[]) => `[${list.join(' ')}]`;

/** Conditions as they were made of some that the API has, and what else they were made from. */
interface Made {
  generation: number | undefined;
  sandboxReady: boolean | undefined;
  initialized: Verdict;
  ready: Verdict;
  containersReady: Verdict;
  /** Since when those hold that have changed; undefined: none has. */
  time: string | undefined;
  conditions: PodCondition[];
}

/** By what the API has: Pods that begin together have the same conditions. Some of the last ones. */
const made = new Map<PodCondition[], Made>();
const MAX_MADE = 256;

function conditionsOf(
  input: StatusInput,
  spec: PodSpec,
  phase: string,
  init: ContainerStatus[],
  main: ContainerStatus[],
): PodCondition[] {
  const { oldConditions: old, pod, sandboxReady } = input;
  const resizing = input.resize.conditions;
  const generation = pod.metadata?.generation;
  const containersReady = containersReadyOf(spec, phase, init, main);
  const initialized = initializedOf(input, spec, phase, init, main);
  const ready = readyOf(spec, containersReady, old);
  const isUsual = resizing.length === 0 && !(input.terminal && input.failure?.disruption);
  const known = isUsual && old ? made.get(old) : undefined;
  if (
    known &&
    known.generation === generation &&
    known.sandboxReady === sandboxReady &&
    isSame(known.containersReady, containersReady) &&
    isSame(known.initialized, initialized) &&
    isSame(known.ready, ready) &&
    (known.time === undefined || known.time === timestamp(input.now))
  )
    return known.conditions;

  const verdicts: Record<string, Verdict> = {};
  for (const { type, reason, message } of resizing) verdicts[type] = { status: 'True', reason, message };
  if (sandboxReady !== undefined) verdicts.PodReadyToStartContainers = sandboxReady ? TRUE : { status: 'False' };
  Object.assign(verdicts, { Initialized: initialized, Ready: ready, ContainersReady: containersReady });
  verdicts.PodScheduled = TRUE;
  if (input.terminal && input.failure?.disruption) {
    verdicts.DisruptionTarget = { status: 'True', reason: 'TerminationByKubelet', message: input.failure.message };
  }
  let time: string | undefined;
  const conditions: PodCondition[] = [];
  for (const type in verdicts) {
    const { status, reason, message } = verdicts[type];
    const before = old?.find((condition) => condition.type === type);
    conditions.push({
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : (time = timestamp(input.now)),
      ...(message && { message }),
      observedGeneration: generation,
      ...(reason && { reason }),
      status,
      type,
    });
  }
  if (isUsual && old) {
    if (made.size === MAX_MADE) made.clear();
    made.set(old, { generation, sandboxReady, initialized, ready, containersReady, time, conditions });
  }
  return conditions;
}

const isSame = (a: Verdict, b: Verdict): boolean =>
  a === b || (a.status === b.status && a.reason === b.reason && a.message === b.message);

function terminalVerdict(phase: string): Verdict {
  return { status: 'False', reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' };
}

function containersReadyOf(spec: PodSpec, phase: string, init: ContainerStatus[], main: ContainerStatus[]): Verdict {
  if (phase === 'Succeeded' || phase === 'Failed') return terminalVerdict(phase);
  const unready: string[] = [];
  for (let i = 0; i < init.length; i++) {
    if (isSidecar((spec.initContainers as ContainerSpec[])[i]) && !init[i].ready) unready.push(init[i].name);
  }
  for (const { name, ready } of main) if (!ready) unready.push(name);
  if (unready.length === 0) return TRUE;
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${names(unready)}`,
  };
}

function readyOf(spec: PodSpec, containersReady: Verdict, old: PodCondition[] | undefined): Verdict {
  if (containersReady.status !== 'True' || !spec.readinessGates?.length) return containersReady;
  const problems: string[] = [];
  for (const { conditionType } of spec.readinessGates) {
    const condition = old?.find(({ type }) => type === conditionType);
    if (!condition) problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== 'True') {
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
    }
  }
  if (problems.length === 0) return TRUE;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}

function initializedOf(
  input: StatusInput,
  spec: PodSpec,
  phase: string,
  init: ContainerStatus[],
  main: ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (hasStarted(main)) return TRUE;
  const incomplete: string[] = [];
  for (let i = 0; i < init.length; i++) {
    const sidecar = isSidecar((spec.initContainers as ContainerSpec[])[i]);
    if (sidecar ? !init[i].started : !init[i].ready) incomplete.push(init[i].name);
  }
  if (incomplete.length === 0) return TRUE;
  if (input.oldConditions?.some(({ type, status }) => type === 'Initialized' && status === 'True')) return TRUE;
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${names(incomplete)}`,
  };
}
