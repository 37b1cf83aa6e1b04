// activeDeadlineSeconds of a Pod: when it is over, the Pod as a whole fails.

import type { Timer } from '../sim/index.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';

export class ActiveDeadline {
  private readonly worker: PodWorker;
  private timer: Timer | undefined;

  constructor(worker: PodWorker) {
    this.worker = worker;
  }

  /** Fails the Pod when its time is over, and has it looked at again when that is still to come. */
  check() {
    const { worker } = this;
    const seconds = worker.pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined || worker.failure) return;
    const { sim, recorder } = worker.kubelet;
    const left = worker.startTime + seconds * 1000 - sim.now;
    this.cancel();
    if (left > 0) {
      this.timer = sim.after(left, () => worker.requestSync());
      return;
    }
    const message = 'Pod was active on the node longer than the specified deadline';
    recorder.event(podRef(worker.pod), 'Normal', 'DeadlineExceeded', message);
    worker.failure = { reason: 'DeadlineExceeded', message };
  }

  cancel() {
    this.timer?.cancel();
  }
}
