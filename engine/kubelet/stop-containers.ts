// Stops whatever runs of a Pod: main containers together, sidecars after them.

import type { PodSpec } from '../api/types.ts';
import type { Co } from '../sim/index.ts';
import type { Container } from './container.ts';
import { killContainer } from './kill.ts';
import type { PodWorker } from './pod-worker.ts';
import { isSidecar } from './pod-spec.ts';

/** All within one grace period; false when nothing ran. */
export function* stopContainers(worker: PodWorker): Co<boolean> {
  const spec = worker.pod.spec as PodSpec;
  const until = worker.kubelet.sim.now + (worker.grace ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const running: Container[] = [];
  const helpers: Container[] = [];
  worker.records.forEach(({ current }) => {
    if (current?.state === 'running') (sidecars.has(current.name) ? helpers : running).push(current);
  });
  yield* killTogether(worker, running);
  // Sidecars end after the containers that they serve, last started first.
  for (const container of helpers.reverse()) yield* killTogether(worker, [container], until);
  return running.length > 0 || helpers.length > 0;
}

function* killTogether(worker: PodWorker, containers: Container[], until = Infinity): Co {
  const { sim } = worker.kubelet;
  const tasks = containers.map((container) => {
    const options = { message: `Stopping container ${container.name}`, until };
    return sim.spawn(`kill ${container.name}`, killContainer(worker, container, options));
  });
  for (const task of tasks) while (!task.done) yield task.exited;
}
