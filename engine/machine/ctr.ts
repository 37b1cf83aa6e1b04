// ctr: containers, tasks and images as containerd has them, in its own namespaces; the kubelet's are in k8s.io.

import type { Container, Kubelet } from '../kubelet/index.ts';
import { unreachable } from '../kubelet/index.ts';
import type { Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { sandboxId } from '../kubelet/pod-slices.ts';
import { containersOf } from './crictl.ts';
import { columns, die } from './flags.ts';
import { nodeProcesses, original } from './node-processes.ts';
import type { KubeletOf } from './units.ts';

const RUNTIME = 'io.containerd.runc.v2';
const ALIASES: Readonly<Record<string, string>> = {
  c: 'containers',
  container: 'containers',
  i: 'images',
  image: 'images',
  t: 'tasks',
  task: 'tasks',
  ns: 'namespaces',
  namespace: 'namespaces',
  v: 'version',
};

export const ctr = (kubeletOf: KubeletOf): Program =>
  function* (process): Co<number> {
    const words = process.argv.slice(1);
    let namespace = process.env.CONTAINERD_NAMESPACE ?? 'default';
    while (words[0]?.startsWith('-')) {
      const [flag, own] = (words.shift() as string).split('=');
      if (flag === '-n' || flag === '--namespace') namespace = own ?? words.shift() ?? '';
      else if (flag === '-a' || flag === '--address') void (own ?? words.shift());
      else die(process, `ctr: the flag ${flag} is not modelled by this engine`);
    }
    const kubelet = kubeletOf(process);
    yield 20;
    const { runtime } = kubelet;
    if (!kubelet.runtimeRuns)
      die(
        process,
        `ctr: failed to dial "/run/containerd/containerd.sock": ${unreachable(runtime).replace(/^.*?rpc error/, 'rpc error')}`,
      );
    const [first = '', verb = '', ...rest] = words;
    const subject = ALIASES[first] ?? first;
    const isList = verb === 'ls' || verb === 'list';
    const quiet = rest.includes('-q') || rest.includes('--quiet');
    const strange = rest.find((word) => word !== '-q' && word !== '--quiet');
    const mine = namespace === (runtime.name === 'docker' ? 'moby' : 'k8s.io');
    if (subject === 'version') {
      const number = (kubelet.node.containerRuntimeVersion ?? runtime.version).split('://')[1];
      process.stdout.write(`Client:\n  Version:  v${number}\n\nServer:\n  Version:  v${number}\n`);
      return 0;
    }
    if (!isList || strange)
      die(
        process,
        `ctr: ${words.join(' ')} is not modelled by this engine; there are containers, tasks, images and namespaces ls`,
      );
    switch (subject) {
      case 'namespaces':
        return list(process, quiet, [
          ['NAME', 'LABELS'],
          [runtime.name === 'docker' ? 'moby' : 'k8s.io', ''],
        ]);
      case 'containers':
        return list(process, quiet, [['CONTAINER', 'IMAGE', 'RUNTIME'], ...(mine ? containers(kubelet) : [])]);
      case 'tasks':
        return list(process, quiet, [['TASK', 'PID', 'STATUS'], ...(mine ? tasks(kubelet) : [])]);
      case 'images':
        return list(process, quiet, [
          ['REF', 'TYPE', 'DIGEST', 'SIZE', 'PLATFORMS', 'LABELS'],
          ...(mine && runtime.name !== 'docker' ? images(kubelet) : []),
        ]);
      default:
        return die(process, `ctr: ${subject} is not modelled by this engine`);
    }
  };

function list(process: Process, quiet: boolean, rows: string[][]): number {
  process.stdout.write(
    quiet
      ? rows
          .slice(1)
          .map(([name]) => `${name}\n`)
          .join('')
      : columns(rows, 4),
  );
  return 0;
}

const byId = (a: string[], b: string[]) => (a[0] < b[0] ? -1 : 1);

const pauseImage = (kubelet: Kubelet): string =>
  kubelet.images
    .list()
    .flatMap(({ names = [] }) => names)
    .find((name) => /\/pause:/.test(name)) ?? 'registry.k8s.io/pause:3.10.1';

function containers(kubelet: Kubelet): string[][] {
  const rows = containersOf(kubelet).map(({ container }) => [container.id, container.config.image.reference, RUNTIME]);
  for (const worker of kubelet.workers.values())
    if (worker.sandbox) rows.push([sandboxId(worker), pauseImage(kubelet), RUNTIME]);
  return rows.sort(byId);
}

function tasks(kubelet: Kubelet): string[][] {
  const all = nodeProcesses(kubelet);
  const pidOf = ({ process }: Container) => all.find((one) => original(one) === process)?.pid ?? 0;
  const rows = containersOf(kubelet)
    .filter(({ container }) => container.state === 'running')
    .map(({ container }) => [container.id, String(pidOf(container)), 'RUNNING']);
  for (const worker of kubelet.workers.values()) {
    if (!worker.sandbox) continue;
    const id = sandboxId(worker);
    const shim = all.findIndex(({ argv }) => argv.includes(id));
    const pause = all[shim + 1]?.argv[0] === '/pause' ? all[shim + 1].pid : worker.sandbox.pause?.pid;
    rows.push([id, String(pause ?? 0), 'RUNNING']);
  }
  return rows.sort(byId);
}

function images(kubelet: Kubelet): string[][] {
  return kubelet.images
    .list()
    .flatMap(({ names = [], sizeBytes = 0 }) => {
      const digest = /@(sha256:.*)$/.exec(names[0] ?? '')?.[1] ?? '';
      return names.map((name) => [
        name,
        'application/vnd.oci.image.index.v1+json',
        digest,
        `${(sizeBytes / 1024 ** 2).toFixed(1)} MiB`,
        'linux/amd64',
        'io.cri-containerd.image=managed',
      ]);
    })
    .sort(byId);
}
