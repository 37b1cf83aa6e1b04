// What runs on a node beside the programs of its own table: systemd, the runtime and the kubelet, which have no process
// of their own here, and those of containers: the same ones, under numbers of the node's own.

import type { Kubelet } from '../kubelet/index.ts';
import { nullReader, nullWriter, type Process } from '../linux/index.ts';
import { KUBELET_PID } from './kubelet-service.ts';
import { RUNTIME_PID, unitFile } from './units.ts';

/** RestartSec of the units, ms. */
const KUBELET_RESTART = 10_000;
const RUNTIME_RESTART = 5_000;
/** Signals that end a service; systemd starts it again. */
const FATAL = new Set(['TERM', 'KILL', 'INT', 'QUIT', 'ABRT', 'SEGV']);

function services(kubelet: Kubelet): Process[] {
  const { machine, runtime } = kubelet;
  const { sim } = machine;
  const service = (pid: number, argv: string[], startedAt: number | undefined, killed: () => void): Process => ({
    pid,
    argv,
    env: {},
    cwd: '/',
    stdin: nullReader,
    stdout: nullWriter,
    stderr: nullWriter,
    tty: false,
    host: machine,
    handlers: new Map(),
    uid: 0,
    gid: 0,
    startedAt,
    signal: (name) => FATAL.has(name) && killed(),
  });
  const list = [service(1, ['/sbin/init'], Math.min(kubelet.runtimeSince, kubelet.startedAt), () => {})];
  if (kubelet.runtimeRuns) {
    list.push(
      service(RUNTIME_PID, [runtime.program], kubelet.runtimeSince, () => {
        kubelet.stopRuntime();
        sim.after(RUNTIME_RESTART, () => kubelet.startRuntime());
      }),
    );
  }
  if (kubelet.running) {
    const command = unitFile(machine.fs, 'kubelet.service')?.command ?? ['/usr/bin/kubelet'];
    list.push(
      service(KUBELET_PID, command, kubelet.startedAt, () => {
        kubelet.stop();
        sim.after(KUBELET_RESTART, () => kubelet.start());
      }),
    );
  }
  return list;
}

/** Where the numbers of containers' processes begin on a node. */
const FIRST = 2001;
const seen = new WeakMap<Process, Process>();
const next = new WeakMap<Kubelet, number>();

export function nodeProcesses(kubelet: Kubelet): Process[] {
  const found = new Set<Process>();
  kubelet.workers.forEach((worker) =>
    worker.records.forEach(({ current }) => {
      const host = current?.host;
      // With hostPID they are among the node's already.
      if (host && host.pids !== kubelet.machine.pids) host.processes.forEach((process) => found.add(process));
    }),
  );
  const contained = [...found]
    .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
    .map((process) => {
      let own = seen.get(process);
      if (!own) {
        const pid = next.get(kubelet) ?? FIRST;
        next.set(kubelet, pid + 1);
        const signal = (name: string) => process.signal(name);
        own = Object.create(process, { pid: { value: pid }, signal: { value: signal } }) as Process;
        seen.set(process, own);
      }
      return own;
    });
  return [...services(kubelet), ...contained];
}
