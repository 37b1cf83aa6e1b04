// A Pod in short, as its row and pictures show it: the STATUS column is a story of its own, told from phase, reason and
// container states.

import type { ContainerStatus, Pod } from './types.ts';

/** The last time that a container restarted, ms since the epoch; 0 when none has. */
function restartedAt(status: ContainerStatus): number {
  const finished = status.lastState?.terminated?.finishedAt;
  return finished ? Date.parse(finished) : 0;
}

function stopWords(terminated: NonNullable<NonNullable<ContainerStatus['state']>['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

export interface PodSummary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  lastRestart: number;
}

/** What `kubectl get pods` says of a Pod. */
export function podSummary(pod: Pod): PodSummary {
  const spec = pod.spec;
  const status = pod.status ?? {};
  let reason = status.reason || status.phase || '';
  let total = spec?.containers.length ?? 0;
  let ready = 0;
  let restarts = 0;
  let lastRestart = 0;
  let restartableRestarts = 0;
  let restartableLast = 0;

  for (const condition of status.conditions ?? []) {
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') reason = 'SchedulingGated';
  }

  const initContainers = spec?.initContainers;
  const sidecars: Record<string, boolean> = {};
  if (initContainers) {
    for (const container of initContainers) {
      if (container.restartPolicy === 'Always') {
        sidecars[container.name] = true;
        total++;
      }
    }
  }
  let initializing = false;
  const initStatuses = status.initContainerStatuses ?? [];
  for (let i = 0; i < initStatuses.length; i++) {
    const container = initStatuses[i];
    const state = container.state ?? {};
    const last = restartedAt(container);
    restarts += container.restartCount;
    lastRestart = Math.max(lastRestart, last);
    if (sidecars[container.name]) {
      restartableRestarts += container.restartCount;
      restartableLast = Math.max(restartableLast, last);
    }
    if (initializing) continue;
    if (state.terminated && state.terminated.exitCode === 0) continue;
    if (sidecars[container.name] && container.started) {
      if (container.ready) ready++;
      continue;
    }
    if (state.terminated) {
      reason = `Init:${stopWords(state.terminated)}`;
    } else if (state.waiting?.reason && state.waiting.reason !== 'PodInitializing') {
      reason = `Init:${state.waiting.reason}`;
    } else {
      reason = `Init:${i}/${initContainers?.length ?? 0}`;
    }
    initializing = true;
  }

  const initialized = (status.conditions ?? []).some((c) => c.type === 'Initialized' && c.status === 'True');
  if (!initializing || initialized) {
    restarts = restartableRestarts;
    lastRestart = restartableLast;
    let hasRunning = false;
    const statuses = status.containerStatuses ?? [];
    for (let i = statuses.length - 1; i >= 0; i--) {
      const container = statuses[i];
      const state = container.state ?? {};
      restarts += container.restartCount;
      lastRestart = Math.max(lastRestart, restartedAt(container));
      if (state.waiting?.reason) {
        reason = state.waiting.reason;
      } else if (state.terminated) {
        reason = stopWords(state.terminated);
      } else if (container.ready && state.running) {
        hasRunning = true;
        ready++;
      }
    }
    // Some finished, some running: the Pod as a whole runs.
    if (reason === 'Completed' && hasRunning) {
      const isReady = (status.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True');
      reason = isReady ? 'Running' : 'NotReady';
    }
  }

  if (pod.metadata.deletionTimestamp && status.reason === 'NodeLost') reason = 'Unknown';
  else if (pod.metadata.deletionTimestamp && status.phase !== 'Succeeded' && status.phase !== 'Failed')
    reason = 'Terminating';
  return { ready, total, status: reason, restarts, lastRestart };
}
