// What runs on a node beside the programs of its own table: systemd, the runtime, sshd and the kubelet, which have no
// process of their own here; a shim and a pause container for each Pod; and the processes of containers: the same ones,
// under numbers of the node's own.

import type { Kubelet } from '../kubelet/index.ts';
import {
  createHost,
  FileSystem,
  nullReader,
  nullWriter,
  type Confinement,
  type Host,
  type Process,
} from '../linux/index.ts';
import { SSHD_ARGV, SSHD_PID, sshdOf } from '../ssh/daemon.ts';
import { podSlice, sandboxId, type Worker } from '../kubelet/pod-slices.ts';
import { KUBELET_PID } from './kubelet-service.ts';
import { RUNTIME_PID, unitFile } from './units.ts';

/** RestartSec of the units, ms. */
const KUBELET_RESTART = 10_000;
const RUNTIME_RESTART = 5_000;
/** Signals that end a service; systemd starts it again. */
const FATAL = new Set(['TERM', 'KILL', 'INT', 'QUIT', 'ABRT', 'SEGV']);
const PAUSE_USER = 65_535;

/** What is no process of the machine's own table or a container's: its cgroup, and what it is. */
export const SERVICE_UNITS = new WeakMap<
  Process,
  { path: string; kind: 'init' | 'runtime' | 'kubelet' | 'sshd' | 'shim' | 'pause' }
>();

interface Service {
  pid: number;
  argv: string[];
  startedAt: number;
  kind: 'init' | 'runtime' | 'kubelet' | 'sshd' | 'shim' | 'pause';
  path: string;
  parent?: Process;
  uid?: number;
  killed?: () => void;
  host?: Host;
}

function service({ machine }: Kubelet, { kind, path, killed, uid = 0, ...rest }: Service): Process {
  const process: Process = {
    env: {},
    cwd: '/',
    stdin: nullReader,
    stdout: nullWriter,
    stderr: nullWriter,
    tty: false,
    host: machine,
    handlers: new Map(),
    uid,
    gid: uid,
    signal: (name) => FATAL.has(name) && killed?.(),
    ...rest,
  };
  SERVICE_UNITS.set(process, { path, kind });
  return process;
}

function services(kubelet: Kubelet): Process[] {
  const { machine, runtime } = kubelet;
  const { sim } = machine;
  const started = Math.min(kubelet.runtimeSince, kubelet.startedAt);
  const init = service(kubelet, {
    pid: 1,
    argv: ['/sbin/init'],
    startedAt: started,
    kind: 'init',
    path: '/init.scope',
  });
  const list = [init];
  if (kubelet.runtimeRuns) {
    list.push(
      service(kubelet, {
        pid: RUNTIME_PID,
        argv: [runtime.program],
        startedAt: kubelet.runtimeSince,
        kind: 'runtime',
        path: `/system.slice/${runtime.unit}.service`,
        parent: init,
        killed() {
          kubelet.stopRuntime();
          sim.after(RUNTIME_RESTART, () => kubelet.startRuntime());
        },
      }),
    );
  }
  const sshd = sshdOf(machine);
  if (sshd?.running) {
    list.push(
      service(kubelet, {
        pid: SSHD_PID,
        argv: SSHD_ARGV,
        startedAt: sshd.since,
        kind: 'sshd',
        path: '/system.slice/ssh.service',
        parent: init,
        killed: () => sshd.stop(),
      }),
    );
  }
  if (kubelet.running) {
    list.push(
      service(kubelet, {
        pid: KUBELET_PID,
        argv: unitFile(machine.fs, 'kubelet.service')?.command ?? ['/usr/bin/kubelet'],
        startedAt: kubelet.startedAt,
        kind: 'kubelet',
        path: '/system.slice/kubelet.service',
        parent: init,
        killed() {
          kubelet.stop();
          sim.after(KUBELET_RESTART, () => kubelet.start());
        },
      }),
    );
  }
  return list;
}

/** Where the numbers of containers' processes begin on a node. */
const FIRST = 2001;
const seen = new WeakMap<Process, Process>();
const pods = new WeakMap<object, { shim: Process; pause: Process | undefined }>();
const next = new WeakMap<Kubelet, number>();

function number(kubelet: Kubelet): number {
  const pid = next.get(kubelet) ?? FIRST;
  next.set(kubelet, pid + 1);
  return pid;
}

/** The process itself behind what the node shows of it. */
export const original = (process: Process): Process => {
  const own = Object.getPrototypeOf(process) as Process;
  return seen.get(own) === process ? own : process;
};

/** The namespaces of a Pod, which its pause container holds. */
function sandboxHost({ kubelet, sandbox, uid }: Worker): Host | undefined {
  if (!sandbox) return undefined;
  const { machine, sim } = kubelet;
  const { net, hostname, kernel = machine.kernel, shared, users: userNamespace } = sandbox;
  const confinement: Confinement = {
    pod: uid,
    container: 'pause',
    shared,
    noNewPrivileges: false,
    seccomp: false,
    apparmor: undefined,
    userNamespace,
  };
  const host = createHost({ sim, hostname, kernel, net, fs: new FileSystem(), confinement });
  host.facts = machine.facts;
  return host;
}

/** The processes that hold a Pod's sandbox. */
function sandboxProcesses(kubelet: Kubelet, worker: Worker, init: Process): Process[] {
  const { sandbox, startTime } = worker;
  if (!sandbox) return [];
  let known = pods.get(sandbox);
  if (!known) {
    const id = sandboxId(worker);
    const crio = kubelet.runtime.name === 'cri-o';
    const shim = service(kubelet, {
      pid: number(kubelet),
      argv: crio
        ? ['/usr/libexec/crio/conmon', '-b', `/run/containers/storage/overlay-containers/${id}/userdata`, '-c', id]
        : [
            '/usr/bin/containerd-shim-runc-v2',
            '-namespace',
            kubelet.runtime.name === 'docker' ? 'moby' : 'k8s.io',
            '-id',
            id,
            '-address',
            '/run/containerd/containerd.sock',
          ],
      startedAt: startTime,
      kind: 'shim',
      path: `/system.slice/${kubelet.runtime.unit}.service`,
      parent: init,
    });
    const pause = sandbox.pids
      ? undefined
      : service(kubelet, {
          pid: number(kubelet),
          argv: ['/pause'],
          startedAt: startTime,
          kind: 'pause',
          path: `${podSlice(worker)}/cri-containerd-${id}.scope`,
          parent: shim,
          uid: PAUSE_USER,
          host: sandboxHost(worker),
        });
    pods.set(sandbox, (known = { shim, pause }));
  }
  return known.pause ? [known.shim, known.pause] : [known.shim];
}

export function nodeProcesses(kubelet: Kubelet): Process[] {
  const list = services(kubelet);
  const [init] = list;
  const workers = [...kubelet.workers.values()].sort((a, b) => a.startTime - b.startTime);
  for (const worker of workers) {
    const [shim, ...held] = sandboxProcesses(kubelet, worker, init);
    if (!shim) continue;
    list.push(shim, ...held);
    const found = new Set<Process>();
    worker.records.forEach(({ current }) => {
      const host = current?.host;
      // With hostPID they are among the node's already.
      if (host && host.pids !== kubelet.machine.pids) host.processes.forEach((process) => found.add(process));
    });
    const sorted = [...found].sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
    for (const process of sorted) list.push(shown(kubelet, process, shim));
  }
  return list;
}

/** A container's process under its number on the node; `shim`: the parent of what has none in the container. */
function shown(kubelet: Kubelet, process: Process, shim: Process): Process {
  let own = seen.get(process);
  if (own) return own;
  const { parent } = process;
  own = Object.create(process, {
    pid: { value: number(kubelet) },
    parent: { get: () => (parent && seen.get(parent)) ?? shim },
    signal: { value: (name: string) => process.signal(name) },
  }) as Process;
  seen.set(process, own);
  return own;
}
