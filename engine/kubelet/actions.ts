// What a sync has to do about a Pod's containers: which to kill, which to start, in the order that init
// containers and sidecars demand. Pure.

import type { Container as ContainerSpec, Pod, PodSpec } from '../api/types.ts';
import type { Container, ContainerKind } from './container.ts';
import { isSidecar, shouldRestart } from './pod-spec.ts';
import { isStarted, type ContainerRecord } from './status.ts';

export interface Kill {
  container: Container;
  message: string;
  reason: 'StartupProbe' | 'LivenessProbe' | 'Changed';
}

export interface Start {
  spec: ContainerSpec;
  kind: ContainerKind;
}

export interface Actions {
  kill: Kill[];
  start: Start[];
  /** Nothing runs and nothing will be started again. */
  done: boolean;
}

export function computeActions(pod: Pod, records: ReadonlyMap<string, ContainerRecord>): Actions {
  const spec = pod.spec as PodSpec;
  const actions: Actions = { kill: [], start: [], done: false };
  const { containers, ephemeralContainers } = spec;
  if (ephemeralContainers)
    for (const ephemeral of ephemeralContainers)
      if (!records.get(ephemeral.name)?.current) actions.start.push({ spec: ephemeral, kind: 'ephemeral' });
  if (spec.initContainers) {
    const initialized = containers.some(({ name }) => records.get(name)?.current);
    const init = initActions(spec, records, initialized, actions);
    if (init === 'failed') {
      actions.done = true;
      return actions;
    }
    if (init === 'waiting') return actions;
  }
  let alive = 0;
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i];
    const current = records.get(container.name)?.current;
    if (!current) {
      actions.start.push({ spec: container, kind: 'main' });
      alive++;
    } else if (current.state === 'exited') {
      if (!shouldRestart(spec, container, current.exitCode)) continue;
      actions.start.push({ spec: container, kind: 'main' });
      alive++;
    } else {
      alive++;
      killIfNeeded(spec, container, 'main', current, actions);
    }
  }
  actions.done = alive === 0;
  return actions;
}

/** Whether the main containers may be looked at. */
function initActions(
  spec: PodSpec,
  records: ReadonlyMap<string, ContainerRecord>,
  initialized: boolean,
  actions: Actions,
): 'ready' | 'waiting' | 'failed' {
  for (const container of spec.initContainers ?? []) {
    const current = records.get(container.name)?.current;
    if (isSidecar(container)) {
      if (!current || current.state === 'exited') {
        actions.start.push({ spec: container, kind: 'init' });
        if (!initialized) return 'waiting';
      } else {
        killIfNeeded(spec, container, 'init', current, actions);
        if (!initialized && !isStarted(current)) return 'waiting';
      }
      continue;
    }
    if (initialized) continue;
    if (!current) {
      actions.start.push({ spec: container, kind: 'init' });
      return 'waiting';
    }
    if (current.state !== 'exited') return 'waiting';
    if (current.exitCode === 0) continue;
    // A failed init container of a Pod that restarts always or on failure is run again.
    if (!shouldRestart(spec, container, current.exitCode)) return 'failed';
    actions.start.push({ spec: container, kind: 'init' });
    return 'waiting';
  }
  return 'ready';
}

function killIfNeeded(spec: PodSpec, wanted: ContainerSpec, kind: ContainerKind, current: Container, actions: Actions) {
  if (current.state !== 'running') return;
  const { startup, liveness } = current.probes;
  const kill = (reason: Kill['reason'], why: string) => {
    // Killed for a probe, a container counts as failed: whether it comes back is its restart policy's word.
    const again = reason === 'Changed' || shouldRestart(spec, wanted, 137);
    actions.kill.push({
      container: current,
      message: `Container ${wanted.name} ${why}${again ? ', will be restarted' : ''}`,
      reason,
    });
    if (again) actions.start.push({ spec: wanted, kind });
  };
  if (current.config.spec.image !== wanted.image) kill('Changed', 'definition changed');
  else if (startup === false) kill('StartupProbe', 'failed startup probe');
  else if (liveness === false) kill('LivenessProbe', 'failed liveness probe');
}
