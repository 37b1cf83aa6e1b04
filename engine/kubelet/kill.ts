// Stops a container as the kubelet does: the event, the preStop hook within the grace period, the stop signal,
// and SIGKILL when time is up.

import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import type { Container } from './container.ts';
import { untilWholeMs } from './handlers.ts';
import { containerRef } from './reference.ts';
import type { PodWorker } from './pod-worker.ts';

export type KillReason = 'StartupProbe' | 'LivenessProbe' | 'Changed';

// kubelet: minimumGracePeriodInSeconds, left to the process after a preStop hook that used all of the time.
const MINIMUM_GRACE_MS = 2000;
/** From the process's end until the runtime has told it. */
const SETTLE_MS = 20;

export interface KillOptions {
  message: string;
  reason?: KillReason;
  /** Latest end of the grace period. */
  until?: number;
}

export function* killContainer(worker: PodWorker, container: Container, options: KillOptions): Co {
  if (container.state !== 'running') return;
  const { sim, recorder } = worker.kubelet;
  const ref = containerRef(worker.pod, container.name);
  const began = sim.now;
  const end = () => Math.min(options.until ?? Infinity, began + worker.gracePeriod(container, options.reason) * 1000);
  recorder.event(ref, 'Normal', 'Killing', options.message);
  const preStop = container.config.spec.lifecycle?.preStop;
  if (preStop) {
    const hook = sim.spawn('preStop', part('kubelet').runHook(worker, container, preStop));
    while (!hook.done && sim.now < end()) yield { signals: [hook.exited, worker.hurried], timeout: end() - sim.now };
    if (!hook.done) hook.kill();
    else if (hook.result) recorder.event(ref, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
  }
  container.signal(container.config.image.config.stopSignal);
  const task = container.process?.task;
  const latest = () => Math.max(end(), preStop ? sim.now : 0);
  const floor = preStop ? sim.now + MINIMUM_GRACE_MS : 0;
  while (task && !task.done) {
    const left = Math.max(latest(), floor) - sim.now;
    if (left <= 0) break;
    yield { signals: [task.exited, worker.hurried], timeout: left };
  }
  if (task && !task.done) {
    container.signal('KILL');
    while (!task.done) yield task.exited;
  }
  yield untilWholeMs(sim) + SETTLE_MS;
}
