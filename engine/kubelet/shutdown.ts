// The end of a machine that is shut down: with graceful shutdown configured the kubelet holds systemd up (an inhibitor
// lock) until its Pods have ended, those of low priority first; without it they go down with everything else.

import type { Co } from '../sim/index.ts';
import type { ShutdownPeriod } from './config-file.ts';
import type { Kubelet } from './kubelet.ts';
import type { PodWorker } from './pod-worker.ts';

const MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
const LOGIND = '/etc/systemd/logind.conf.d/99-kubelet.conf';
/** systemd: InhibitDelayMaxSec, and DefaultTimeoutStopSec. */
const INHIBIT_S = 5;
const STOP_MS = 90_000;
/** Until the machine is off, and until it has come up again. */
const OFF_MS = 2000;
const BOOT_MS = 20_000;

/** What the kubelet does about shutdowns when it starts. */
export function announceShutdown(kubelet: Kubelet) {
  const { shutdown } = kubelet.tuning;
  if (!shutdown.length) return;
  const sum = shutdown.reduce((seconds, period) => seconds + period.shutdownGracePeriodSeconds, 0);
  if (sum <= INHIBIT_S) return;
  // systemd would wait no longer than it is told to.
  const { fs } = kubelet.machine;
  fs.mkdir(LOGIND.slice(0, LOGIND.lastIndexOf('/')), { recursive: true });
  fs.writeFile(LOGIND, `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${sum}\n`);
}

/** Takes the machine down, from systemd's signal to the end of its power; `restart`: and up again. */
export function shutDown(kubelet: Kubelet, restart: boolean) {
  kubelet.sim.spawn(`shutdown ${kubelet.node.name}`, down(kubelet, restart));
}

function* down(kubelet: Kubelet, restart: boolean): Co {
  if (kubelet.running && kubelet.tuning.shutdown.length) yield* endPods(kubelet);
  kubelet.stop();
  yield* stopContainers(kubelet);
  yield OFF_MS;
  if (!kubelet.power) return;
  // Static Pods are made anew: what the API has of them does not count.
  kubelet.crash();
  kubelet.forgetStatics();
  if (!restart) return;
  yield BOOT_MS;
  if (!kubelet.power) kubelet.start();
}

/** kubelet: group by group, each as long as it is given at most. */
function* endPods(kubelet: Kubelet): Co {
  const { sim, recorder, node, tuning } = kubelet;
  const ref = { kind: 'Node', name: node.name, uid: node.name, apiVersion: 'v1' };
  kubelet.shuttingDown = true;
  recorder.event(ref, 'Normal', 'Shutdown', 'Shutdown manager detected shutdown event');
  kubelet.reportNode();
  for (const { period, workers } of groups(kubelet, tuning.shutdown)) {
    const seconds = period.shutdownGracePeriodSeconds;
    const until = sim.now + seconds * 1000;
    for (const worker of workers)
      worker.fail({ reason: 'Terminated', message: MESSAGE, disruption: true }, Math.min(seconds, worker.ownGrace));
    for (const worker of workers) {
      while (sim.now < until) {
        const { ended } = worker;
        if (!ended) break;
        yield { signals: [ended], timeout: until - sim.now };
      }
    }
  }
}

/** Each Pod goes with the highest priority that is not above its own. */
function groups(kubelet: Kubelet, periods: readonly ShutdownPeriod[]) {
  const list = periods.map((period) => ({ period, workers: [] as PodWorker[] }));
  kubelet.workers.forEach((worker) => {
    if (worker.phase !== 'syncing' || worker.failure) return;
    const priority = worker.pod.spec?.priority ?? 0;
    const own = list.findLast(({ period }) => period.priority <= priority) ?? list[0];
    own.workers.push(worker);
  });
  return list;
}

/** systemd ends what is left: SIGTERM, and SIGKILL when time is up. */
function* stopContainers(kubelet: Kubelet): Co {
  const { sim } = kubelet;
  const until = sim.now + STOP_MS;
  const containers = [...kubelet.workers.values()].flatMap(({ records }) =>
    [...records.values()].flatMap(({ current }) => (current?.state === 'running' ? [current] : [])),
  );
  for (const container of containers) container.signal('TERM');
  for (const { process } of containers) {
    const task = process?.task;
    while (task && !task.done && sim.now < until) yield { signals: [task.exited], timeout: until - sim.now };
  }
}
