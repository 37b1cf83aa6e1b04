// The kubelet's server side: logs, exec and attach for the API server.

import {
  KubeletError,
  type ExecSession,
  type KubeletApi,
  type LogOptions,
  type PortForward,
} from '../apiserver/types.ts';
import { Pipe, pipeReader, pipeWriter, resizeTerminal, type Process } from '../linux/index.ts';
import { Signal, type Sim } from '../sim/index.ts';
import { execError, resolveCommand, type Container } from './container.ts';
import { dialError } from './handlers.ts';
import type { PodWorker } from './pod-worker.ts';

export class KubeletServer implements Omit<KubeletApi, 'figures' | 'servingAuthority'> {
  private readonly sim: Sim;
  private readonly find: (namespace: string, pod: string) => PodWorker | undefined;

  constructor(sim: Sim, find: (namespace: string, pod: string) => PodWorker | undefined) {
    this.sim = sim;
    this.find = find;
  }

  logs(namespace: string, pod: string, container: string, options: LogOptions): Pipe {
    const worker = this.worker(namespace, pod);
    const record = worker.records.get(container);
    const { current, last } = record ?? {};
    const bad = (text: string) => new KubeletError(400, text);
    const status = worker.containerStatus(container);
    if (!status) throw new KubeletError(404, `container ${container} not found in pod ${pod}_${namespace}`);
    if (options.previous) {
      const previous = current?.state === 'exited' && status.state?.waiting ? current : last;
      if (!previous) throw bad(`previous terminated container "${container}" in pod "${pod}" not found`);
      return previous.log.read({ ...options, follow: false }, this.sim.now);
    }
    if (current && current.state !== 'created') return current.log.read(options, this.sim.now);
    const reason = status.state?.waiting?.reason;
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
      throw bad(`container "${container}" in pod "${pod}" is waiting to start: trying and failing to pull image`);
    }
    if (reason) throw bad(`container "${container}" in pod "${pod}" is waiting to start: ${reason}`);
    throw bad(`container "${container}" in pod "${pod}" is waiting to start - no logs yet`);
  }

  exec(
    namespace: string,
    pod: string,
    name: string,
    command: string[],
    options: { stdin: boolean; tty: boolean },
  ): ExecSession {
    const container = this.running(namespace, pod, name);
    const host = container?.host;
    if (!host) return refused(`container not found ("${name}")`);
    const stdin = options.stdin ? new Pipe() : undefined;
    const stdout = new Pipe();
    const stderr = options.tty ? stdout : new Pipe();
    const found = resolveCommand(host, command, container.config.workingDir);
    if (!found) {
      const id = this.sim.random('exec-id').hex(64);
      const why = `OCI runtime exec failed: exec failed: unable to start container process: ${execError(host, command[0])}`;
      const error = `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "${id}": ${why}`;
      return ended(stdin, stdout, stderr, error);
    }
    const { uid, gid, groups, env, workingDir } = container.config;
    // Its size is 0 until the client tells it.
    const terminal = options.tty ? { columns: 0, rows: 0 } : undefined;
    const process = host.spawn({
      ...found,
      env: options.tty ? { TERM: 'xterm', ...env } : env,
      cwd: workingDir,
      stdin: stdin && pipeReader(stdin),
      stdout: pipeWriter(stdout),
      stderr: pipeWriter(stderr),
      tty: options.tty,
      terminal,
      uid,
      gid,
      groups,
    });
    return withTerminal(
      this.session(process, stdin, stdout, stderr, () => process.signal('KILL')),
      process,
    );
  }

  attach(namespace: string, pod: string, name: string, options: { stdin: boolean; tty: boolean }): ExecSession {
    const container = this.running(namespace, pod, name);
    const process = container?.process;
    if (!process) return refused(`container ${name} not found in pod ${pod}_${namespace}`);
    const { spec } = container.config;
    const stdin = options.stdin && spec.stdin ? container.input : undefined;
    const follow: LogOptions = { follow: true, previous: false, timestamps: false, tailLines: 0 };
    const stdout = container.log.read(follow, this.sim.now);
    const stderr = new Pipe();
    if (process.tty) process.terminal ??= { columns: 0, rows: 0 };
    return withTerminal(
      this.session(process, stdin, stdout, stderr, () => stdout.closeReader()),
      process,
    );
  }

  portForward(namespace: string, pod: string): PortForward {
    const { sandbox } = this.worker(namespace, pod);
    if (!sandbox) throw new KubeletError(500, `pod not found ("${pod}_${namespace}")`);
    const id = this.sim.random('sandbox-id').hex(64);
    const uuid = () => this.sim.random('netns').uuid();
    return {
      *dial(port) {
        const made = yield* sandbox.net.connect('127.0.0.1', port);
        if (typeof made !== 'string') return made;
        const why = dialError('127.0.0.1', port, made).replace('dial tcp', 'dial tcp4');
        const netns = sandbox.hostNetwork ? '' : `/var/run/netns/cni-${uuid()}`;
        return `error forwarding port ${port} to pod ${id}, uid : failed to execute portforward in network namespace "${netns}": failed to connect to localhost:${port} inside namespace "${id}", IPv4: ${why} IPv6 dial tcp6: address localhost: no suitable address `;
      },
    };
  }

  private session(
    process: Process,
    stdin: Pipe | undefined,
    stdout: Pipe,
    stderr: Pipe,
    kill: () => void,
  ): ExecSession {
    const session: ExecSession = { stdin, stdout, stderr, exited: new Signal(), exitCode: undefined, kill };
    this.sim.spawn('exec', wait());
    return session;

    function* wait() {
      const task = process.task;
      while (task && !task.done) yield task.exited;
      stdout.end();
      stderr.end();
      session.exitCode = process.status ?? 137;
      session.exited.fire();
    }
  }

  private worker(namespace: string, pod: string): PodWorker {
    const worker = this.find(namespace, pod);
    if (!worker) throw new KubeletError(404, `pod "${pod}" not found`);
    return worker;
  }

  private running(namespace: string, pod: string, name: string): Container | undefined {
    const current = this.worker(namespace, pod).records.get(name)?.current;
    return current?.state === 'running' ? current : undefined;
  }
}

/** The client may change the size of the process's terminal, if it has one. */
function withTerminal(session: ExecSession, process: Process): ExecSession {
  const { terminal } = process;
  if (terminal) session.resize = (columns, rows) => resizeTerminal(process, terminal, columns, rows);
  return session;
}

/** There is no connection at all: the API server has opened its client's already and says so there. */
const refused = (why: string) => ended(undefined, new Pipe(), new Pipe(), `unable to upgrade connection: ${why}`);

function ended(stdin: Pipe | undefined, stdout: Pipe, stderr: Pipe, error: string): ExecSession {
  stdout.end();
  stderr.end();
  return { stdin, stdout, stderr, exited: new Signal(), exitCode: 126, error, kill() {} };
}
