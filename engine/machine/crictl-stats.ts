// crictl stats, statsp and imagefsinfo: what containers, Pods and images take.

import type { Container, Kubelet } from '../kubelet/index.ts';
import type { Process } from '../linux/index.ts';
import { sandboxId, type Worker } from '../kubelet/pod-slices.ts';
import { columns, die, type Flags } from './flags.ts';

const SHORT = 13;

/** Bytes as crictl prints them: three digits of a decimal unit. */
function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}

interface Counted {
  worker: Worker;
  containers: Container[];
}

const runningIn = (worker: Worker): Container[] => {
  const list: Container[] = [];
  worker.records.forEach(({ current }) => {
    if (current?.state === 'running') list.push(current);
  });
  return list;
};

const sum = (containers: readonly Container[], value: (container: Container) => number): number =>
  containers.reduce((total, one) => total + value(one), 0);

const percent = (containers: readonly Container[]) =>
  (sum(containers, ({ cgroup }) => cgroup.cpuMillis) / 10).toFixed(2);
const memory = (containers: readonly Container[]) => size(sum(containers, ({ cgroup }) => cgroup.memory));

/** Shows text, or what JSON says of each. */
function show(process: Process, flags: Flags, rows: string[][], objects: () => object): number {
  const output = flags.string('output') ?? 'table';
  if (output === 'json') process.stdout.write(`${JSON.stringify(objects(), null, 2)}\n`);
  else if (output === 'table') process.stdout.write(columns(rows, 3));
  else die(process, `the output ${output} is not modelled by this engine; there are table and json`);
  return 0;
}

const figures = (kubelet: Kubelet, containers: readonly Container[]) => ({
  cpu: {
    timestamp: String(kubelet.sim.now * 1e6),
    usageCoreNanoSeconds: { value: String(Math.round(sum(containers, ({ cgroup }) => cgroup.cpuTime) * 1e6)) },
    usageNanoCores: { value: String(sum(containers, ({ cgroup }) => cgroup.cpuMillis) * 1e6) },
  },
  memory: {
    timestamp: String(kubelet.sim.now * 1e6),
    workingSetBytes: { value: String(sum(containers, ({ cgroup }) => cgroup.memory)) },
    usageBytes: { value: String(sum(containers, ({ cgroup }) => cgroup.memory)) },
  },
});

export function stats(process: Process, kubelet: Kubelet, flags: Flags): number {
  const wanted = flags.string('id') ?? flags.args[0] ?? '';
  const list = [...kubelet.workers.values()]
    .filter((worker) => sandboxId(worker).startsWith(flags.string('pod') ?? ''))
    .flatMap((worker) => runningIn(worker).map((container) => ({ worker, container })))
    .filter(({ container }) => container.id.startsWith(wanted));
  const rows = list.map(({ container }) => [
    container.id.slice(0, SHORT),
    container.name,
    percent([container]),
    memory([container]),
    size(container.diskBytes),
  ]);
  return show(process, flags, [['CONTAINER', 'NAME', 'CPU %', 'MEM', 'DISK'], ...rows], () => ({
    stats: list.map(({ worker, container }) => ({
      attributes: {
        id: container.id,
        metadata: { attempt: container.config.attempt, name: container.name },
        labels: {
          'io.kubernetes.container.name': container.name,
          'io.kubernetes.pod.name': worker.pod.metadata?.name ?? '',
          'io.kubernetes.pod.namespace': worker.pod.metadata?.namespace ?? '',
          'io.kubernetes.pod.uid': worker.uid,
        },
      },
      ...figures(kubelet, [container]),
      writableLayer: { usedBytes: { value: String(container.diskBytes) } },
    })),
  }));
}

export function podStats(process: Process, kubelet: Kubelet, flags: Flags): number {
  const wanted = flags.string('id') ?? flags.args[0] ?? '';
  const list: Counted[] = [...kubelet.workers.values()]
    .filter((worker) => worker.sandbox && sandboxId(worker).startsWith(wanted))
    .map((worker) => ({ worker, containers: runningIn(worker) }));
  const rows = list.map(({ worker, containers }) => [
    worker.pod.metadata?.name ?? '',
    sandboxId(worker).slice(0, SHORT),
    percent(containers),
    memory(containers),
  ]);
  return show(process, flags, [['POD', 'POD ID', 'CPU %', 'MEM'], ...rows], () => ({
    stats: list.map(({ worker, containers }) => ({
      attributes: {
        id: sandboxId(worker),
        metadata: {
          attempt: 0,
          name: worker.pod.metadata?.name ?? '',
          namespace: worker.pod.metadata?.namespace ?? '',
          uid: worker.uid,
        },
      },
      linux: figures(kubelet, containers),
    })),
  }));
}

export function imageFsInfo(process: Process, kubelet: Kubelet): number {
  const { images, sim } = kubelet;
  const info = {
    status: {
      imageFilesystems: [
        {
          timestamp: String(sim.now * 1e6),
          fsId: { mountpoint: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs' },
          usedBytes: { value: String(images.bytes) },
        },
      ],
      containerFilesystems: [],
    },
  };
  process.stdout.write(`${JSON.stringify(info, null, 2)}\n`);
  return 0;
}

export const HELP = `NAME:
   crictl - client for CRI

USAGE:
   crictl [global options] command [command options]

COMMANDS:
   exec                Run a command in a running container
   images, image, img  List images
   inspect             Display the status of one or more containers
   inspectp            Display the status of one or more pods
   logs                Fetch the logs of a container
   ps                  List containers
   pull                Pull an image from a registry
   stop                Stop one or more running containers
   pods                List pods
   info                Display information of the container runtime
   version             Display runtime version information
   stats               List container(s) resource usage statistics
   statsp              List pod statistics
   imagefsinfo         Return image filesystem info
   config              Get, set and list crictl configuration options

These are the commands that this engine models.

GLOBAL OPTIONS:
   --runtime-endpoint value, -r value  Endpoint of CRI container runtime service
   --help, -h                          show help
   --version, -v                       print the version
`;
