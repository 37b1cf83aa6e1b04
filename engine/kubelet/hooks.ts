// Lifecycle hooks: postStart and preStop.

import type { LifecycleHandler } from '../api/types.ts';
import type { Co } from '../sim/index.ts';
import type { Container } from './container.ts';
import { httpGet, runCommand } from './handlers.ts';
import { podText } from './format.ts';
import type { PodWorker } from './pod-worker.ts';

/** Time that an HTTP hook may take. */
const HTTP_TIMEOUT = 30_000;

/** Runs the hook to its end; what went wrong, or undefined. */
export function* runHook(worker: PodWorker, container: Container, handler: LifecycleHandler): Co<string | undefined> {
  const where = `for Container "${container.name}" in Pod "${podText(worker.pod)}" failed - error:`;
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const { ok, output, error, exitCode } = yield* runCommand(container, command);
    if (ok) return undefined;
    const why = error ?? `command '${command.join(' ')}' exited with ${exitCode}: ${output}`;
    return `Exec lifecycle hook ([${command.join(' ')}]) ${where} ${why}, message: ${JSON.stringify(output)}`;
  }
  if (handler.httpGet) {
    const { kubelet, sandbox } = worker;
    const { spec } = container.config;
    const ip = sandbox?.ip ?? '';
    const result = yield* httpGet(kubelet.nodeNet, spec, handler.httpGet, ip, HTTP_TIMEOUT, 'kube-lifecycle/1.35');
    if (result.ok) return undefined;
    return `HTTP lifecycle hook (${handler.httpGet.path ?? ''}) ${where} ${result.error ?? result.output}`;
  }
  if (handler.sleep) {
    const task = container.process?.task;
    const { sim } = worker.kubelet;
    const until = sim.now + handler.sleep.seconds * 1000;
    while (sim.now < until) {
      if (!task || task.done) {
        return `Sleep lifecycle hook (${handler.sleep.seconds}) ${where} container terminated before sleep hook finished`;
      }
      yield { signals: [task.exited], timeout: until - sim.now };
    }
    return undefined;
  }
  return `Cannot run handler: invalid handler: ${JSON.stringify(handler)}`;
}
