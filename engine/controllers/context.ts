// What a controller gets to work with: its own identity at the API server, the shared informers, a work queue
// and an event recorder. A controller is a row of the table in index.ts.

import { EventRecorder, WorkQueue, type Client, type Informer, type InformerFactory } from '../client/index.ts';
import type { KubeObject } from '../api/types.ts';
import type { Sim, Timer } from '../sim/index.ts';
import type { Discovery } from './discovery.ts';
import type { ReleaseWays } from './release.ts';

export interface Controller {
  /** As `--controllers` of kube-controller-manager names it. */
  readonly name: string;
  /** Its service account in kube-system; '': it acts as the controller manager itself. */
  readonly account: string;
  /** The source of its events. */
  readonly component: string;
  /** The source of its events in a release that has other ways. */
  componentIn?(ways: ReleaseWays): string;
  start(context: ControllerContext): void;
}

export class ControllerContext {
  readonly sim: Sim;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly discovery: Discovery;
  readonly recorder: EventRecorder;
  readonly ways: ReleaseWays;
  private readonly name: string;
  private readonly queues: WorkQueue[] = [];
  private readonly timers: Timer[] = [];

  constructor(
    controller: Controller,
    sim: Sim,
    client: Client,
    informers: InformerFactory,
    discovery: Discovery,
    ways: ReleaseWays,
  ) {
    this.name = controller.name;
    this.sim = sim;
    this.client = client;
    this.informers = informers;
    this.discovery = discovery;
    this.ways = ways;
    this.recorder = new EventRecorder(sim, client, controller.componentIn?.(ways) ?? controller.component);
  }

  informer<T extends object = KubeObject>(groupVersion: string, plural: string): Informer<T> {
    return this.informers.of<T>(groupVersion, plural);
  }

  queue(reconcile: (key: string) => void): WorkQueue {
    const queue = new WorkQueue({ sim: this.sim, name: this.name, reconcile });
    this.queues.push(queue);
    return queue;
  }

  /** Runs `fn` every `period` ms until the controller stops; the first time after one period. */
  every(period: number, fn: () => void) {
    this.timers.push(this.sim.every(period, fn));
  }

  stop() {
    for (const queue of this.queues) queue.stop();
    for (const timer of this.timers) timer.cancel();
  }
}
