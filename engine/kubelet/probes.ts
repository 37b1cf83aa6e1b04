// Probes: one timer for each declared probe of a running container; results decide on readiness, start-up and
// restarts.

import type { Container as ContainerSpec, Probe } from '../api/types.ts';
import { healthOf } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co, Task, Timer } from '../sim/index.ts';
import type { Container } from './container.ts';
import { httpGet, portOf, runCommand, tcpConnect, type ActionResult } from './handlers.ts';
import { containerRef } from './reference.ts';
import { isStarted } from './status.ts';
import type { PodWorker } from './pod-worker.ts';

type Kind = 'startup' | 'readiness' | 'liveness';

const WORDS: Record<Kind, string> = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' };
const FIELDS = { startup: 'startupProbe', readiness: 'readinessProbe', liveness: 'livenessProbe' } as const;
const KINDS: readonly Kind[] = ['startup', 'readiness', 'liveness'];

/** The probes of one container, from its start until it ends. */
export class ContainerProbes {
  private readonly workers: ProbeWorker[] = [];

  constructor(worker: PodWorker, container: Container) {
    for (const kind of KINDS) {
      const probe = container.config.spec[FIELDS[kind]];
      if (probe) this.workers.push(new ProbeWorker(worker, container, kind, probe));
    }
  }

  /** Once a Pod is being deleted, only readiness is still asked. */
  stopLiveness() {
    for (const worker of this.workers) if (worker.kind !== 'readiness') worker.stop();
  }

  stop() {
    for (const worker of this.workers) worker.stop();
  }

  /** How often each was asked, by what came of it. */
  counts(): { kind: Kind; result: 'successful' | 'failed'; count: number }[] {
    return this.workers.flatMap(({ kind, succeeded, failed }) => [
      ...(succeeded ? [{ kind, result: 'successful' as const, count: succeeded }] : []),
      ...(failed ? [{ kind, result: 'failed' as const, count: failed }] : []),
    ]);
  }
}

export function hasProbes(spec: ContainerSpec): boolean {
  return !!(spec.startupProbe ?? spec.readinessProbe ?? spec.livenessProbe);
}

class ProbeWorker {
  readonly kind: Kind;
  private readonly worker: PodWorker;
  private readonly container: Container;
  private readonly probe: Probe;
  private timer: Timer | undefined;
  private task: Task<void> | undefined;
  private run = 0;
  private last: boolean | undefined;
  private stopped = false;
  private good = 0;
  private bad = 0;
  /** Since when it need not be asked: the answers would be the same. */
  private quietSince: number | undefined;

  constructor(worker: PodWorker, container: Container, kind: Kind, probe: Probe) {
    this.worker = worker;
    this.container = container;
    this.kind = kind;
    this.probe = probe;
    if (kind === 'readiness') container.probes.readiness = false;
    this.schedule(this.firstDelay());
  }

  /**
   * Tickers run from the Pod's start; readiness is asked at once when the kubelet first sees the container run,
   * and every period from then on. The first tick after the initial delay asks.
   */
  private firstDelay(): number {
    const period = (this.probe.periodSeconds ?? 10) * 1000;
    const initial = (this.probe.initialDelaySeconds ?? 0) * 1000;
    const { sim } = this.worker.kubelet;
    let delay = this.kind === 'readiness' ? 1000 : period - ((sim.now - this.worker.startTime) % period);
    while (delay < initial) delay += period;
    return delay;
  }

  stop() {
    this.stopped = true;
    this.timer?.cancel();
    this.task?.kill();
  }

  private schedule(delay: number) {
    const { sim } = this.worker.kubelet;
    this.timer = sim.after(delay, () => {
      if (!this.stopped) this.task = sim.spawn('probe', this.tick());
    });
  }

  private *tick(): Co {
    const { container, kind, probe } = this;
    if (container.state !== 'running') return;
    const period = (probe.periodSeconds ?? 10) * 1000;
    const began = this.worker.kubelet.sim.now;
    const due = kind === 'startup' ? container.probes.startup !== true : isStarted(container);
    if (due) {
      const result = yield* this.ask();
      if (this.stopped || container.state !== 'running') return;
      this.note(result);
    }
    if (this.stopped || (kind === 'startup' && container.probes.startup === true)) return;
    // A program that says when its health changes need not be asked before.
    const health = container.host && healthOf(container.host);
    if (health && due && container.probes[kind] === this.last) {
      this.quietSince = began;
      yield health.changed;
      this.count(this.unasked);
      this.quietSince = undefined;
    }
    const { now } = this.worker.kubelet.sim;
    const ticks = Math.max(1, Math.ceil((now - began) / period));
    this.schedule(Math.max(0, began + ticks * period - now));
  }

  private *ask(): Co<ActionResult> {
    const { container, probe, worker } = this;
    const { spec } = container.config;
    const timeout = (probe.timeoutSeconds ?? 1) * 1000;
    const { nodeNet } = worker.kubelet;
    const ip = worker.sandbox?.ip ?? '';
    if (probe.exec) return yield* runCommand(container, probe.exec.command ?? [], timeout);
    if (probe.httpGet) return yield* httpGet(nodeNet, spec, probe.httpGet, ip, timeout, 'kube-probe/1.35');
    if (probe.tcpSocket) {
      const port = portOf(spec, probe.tcpSocket.port);
      if (port === undefined)
        return { ok: false, output: '', error: `couldn't find port: ${JSON.stringify(probe.tcpSocket.port)}` };
      return yield* tcpConnect(nodeNet, probe.tcpSocket.host || ip, port, timeout);
    }
    if (probe.grpc)
      return yield* part('kubelet').grpcHealth(nodeNet, ip, probe.grpc.port, probe.grpc.service ?? '', timeout);
    return { ok: false, output: '', error: `missing probe handler for ${worker.key}:${container.name}` };
  }

  private count(times: number) {
    if (this.last) this.good += times;
    else this.bad += times;
  }

  private get unasked(): number {
    if (this.quietSince === undefined) return 0;
    return Math.floor((this.worker.kubelet.sim.now - this.quietSince) / ((this.probe.periodSeconds ?? 10) * 1000));
  }

  get succeeded(): number {
    return this.good + (this.last ? this.unasked : 0);
  }

  get failed(): number {
    return this.bad + (this.last ? 0 : this.unasked);
  }

  private note(result: ActionResult) {
    const { container, kind, probe, worker } = this;
    const { recorder } = worker.kubelet;
    if (!result.ok) {
      const ref = containerRef(worker.pod, container.name);
      const text = result.error
        ? `${WORDS[kind]} probe errored and resulted in failure state: ${result.error}`
        : `${WORDS[kind]} probe failed: ${result.output}`;
      recorder.event(ref, 'Warning', 'Unhealthy', text);
    }
    if (result.error) {
      this.bad++;
      return;
    }
    this.run = this.last === result.ok ? this.run + 1 : 1;
    this.last = result.ok;
    this.count(1);
    if (this.run < (result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3))) return;
    if (container.probes[kind] === result.ok) return;
    container.probes[kind] = result.ok;
    if (kind === 'startup' && !result.ok) container.probes.liveness = undefined;
    if (!result.ok && kind !== 'readiness') this.stop();
    worker.requestSync();
  }
}
