// Starts one container of a Pod: back-off, image, configuration, start, postStart hook; each step says what it
// did in an event, and what went wrong becomes the container's waiting reason.

import type { Container as ContainerSpec } from '../api/types.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { CreateError } from './confinement.ts';
import { StartError, type Container, type ContainerKind } from './container.ts';
import { ConfigError } from './env.ts';
import { goDuration, podText } from './format.ts';
import { killContainer } from './kill.ts';
import type { PodWorker } from './pod-worker.ts';
import { containerRef } from './reference.ts';
import { createContainer } from './runtime.ts';

const CREATE_MS = 25;
const CREATE_JITTER_MS = 30;
const START_MS = 35;
const START_JITTER_MS = 40;

/** undefined when it runs; else why the sync has failed, with the end of a back-off. */
export function* startContainer(
  worker: PodWorker,
  spec: ContainerSpec,
  kind: ContainerKind,
): Co<{ retryAt?: number } | undefined> {
  const { kubelet } = worker;
  const { sim, recorder } = kubelet;
  const record = worker.record(spec.name);
  let { pod } = worker;
  let known = containerRef(pod, spec.name);
  // As the Pod is then.
  const ref = () => {
    if (pod !== worker.pod) {
      pod = worker.pod;
      known = containerRef(pod, spec.name);
    }
    return known;
  };
  const fail = (reason: string, message: string, event = `Error: ${message || reason}`) => {
    recorder.event(ref(), 'Warning', 'Failed', event);
    record.waiting = { reason, message };
    return {};
  };

  const { current } = record;
  if (current?.state === 'exited') {
    const key = `${worker.uid}/${spec.name}/${spec.image}`;
    if (kubelet.crashBackoff.active(key, current.finishedAt, sim.now)) {
      const delay = kubelet.crashBackoff.delay(key);
      const message = `back-off ${goDuration(delay)} restarting failed container=${spec.name} pod=${podText(worker.pod)}`;
      const text = `Back-off restarting failed container ${spec.name} in pod ${podText(worker.pod)}`;
      recorder.event(ref(), 'Warning', 'BackOff', text);
      record.waiting = { reason: 'CrashLoopBackOff', message };
      kubelet.containerChanged(worker, true);
      return { retryAt: current.finishedAt + delay };
    }
    kubelet.crashBackoff.next(key, current.finishedAt, sim.now);
  }

  const missing = worker.pod.spec?.volumes?.some(({ image }) => image)
    ? yield* part('kubelet').pullImageVolumes(worker, spec)
    : undefined;
  if (missing) {
    recorder.event(ref(), 'Warning', 'Failed', `Error: ${missing.reason}`);
    record.waiting = missing;
    return {};
  }
  const image = yield* kubelet.images.ensure(worker.pod, spec, ref());
  if ('reason' in image) {
    recorder.event(ref(), 'Warning', 'Failed', `Error: ${image.reason}`);
    record.waiting = image;
    return {};
  }
  yield CREATE_MS + sim.random('container-start').int(CREATE_JITTER_MS);
  let container: Container;
  try {
    container = createContainer(worker, spec, kind, image, current ? record.restarts + 1 : record.restarts);
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof CreateError)) throw error;
    kubelet.containerChanged(worker, true);
    const reason = error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
    return fail(reason, error.message);
  }
  if (current) {
    record.last = current;
    record.restarts++;
  }
  record.current = container;
  recorder.event(ref(), 'Normal', 'Created', 'Container created');
  yield START_MS + sim.random('container-start').int(START_JITTER_MS);
  try {
    container.start();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${error.message}`;
    container.failedToStart(message);
    kubelet.containerChanged(worker);
    return fail('RunContainerError', message);
  }
  recorder.event(ref(), 'Normal', 'Started', 'Container started');
  record.waiting = undefined;
  kubelet.images.started(container);
  worker.started(container);

  const hook = spec.lifecycle?.postStart;
  if (!hook) return undefined;
  const problem = yield* part('kubelet').runHook(worker, container, hook);
  if (problem === undefined) return undefined;
  recorder.event(ref(), 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
  yield* killContainer(worker, container, { message: 'FailedPostStartHook' });
  record.waiting = { reason: 'PostStartHookError', message: problem };
  kubelet.containerChanged(worker);
  return {};
}
