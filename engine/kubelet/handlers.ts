// What the kubelet does inside containers on its own: exec, HTTP and TCP actions of probes and lifecycle hooks.

import type { Container as ContainerSpec, HTTPGetAction } from '../api/types.ts';
import { Collector, exchange, type Headers, hostPort, type NetworkNamespace } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { execError, resolveCommand, type Container } from './container.ts';

export interface ActionResult {
  ok: boolean;
  /** Shown in events and logs. */
  output: string;
  /** The action could not be carried out at all. */
  error?: string;
  exitCode?: number;
}

/** Bytes of output that a probe keeps. */
const MAX_OUTPUT = 10 * 1024;

/**
 * Time to the next whole millisecond: the network counts in fractions, the kubelet looks at results on the beat,
 * so that what it writes carries times that the API can show.
 */
export function untilWholeMs(sim: Sim): number {
  return Math.ceil(sim.now) - sim.now;
}

/** Runs a command in the container, for at most `timeout` ms. */
export function* runCommand(container: Container, command: readonly string[], timeout?: number): Co<ActionResult> {
  const result = yield* run(container, command, timeout);
  if (container.host) yield untilWholeMs(container.host.sim);
  return result;
}

function* run(container: Container, command: readonly string[], timeout?: number): Co<ActionResult> {
  const host = container.host;
  if (!host || container.state !== 'running') return { ok: false, output: '', error: 'container not running' };
  const found = resolveCommand(host, command, container.config.workingDir);
  if (!found) {
    const why = `OCI runtime exec failed: exec failed: unable to start container process: ${execError(host, command[0])}`;
    const id = host.sim.random('exec-id').hex(64);
    return { ok: false, output: '', error: `failed to exec in container: failed to start exec "${id}": ${why}` };
  }
  const out = new Collector();
  const { uid, gid, groups, env, workingDir } = container.config;
  const process = host.spawn({ ...found, env, cwd: workingDir, stdout: out, stderr: out, uid, gid, groups });
  const task = process.task;
  const deadline = timeout === undefined ? Infinity : host.sim.now + timeout;
  while (task && !task.done) {
    const left = deadline - host.sim.now;
    if (left <= 0) {
      process.signal('KILL');
      const what = `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutText(timeout ?? 0)}`;
      return { ok: false, output: what };
    }
    yield left === Infinity ? task.exited : { signals: [task.exited], timeout: left };
  }
  const exitCode = process.status ?? 137;
  return { ok: exitCode === 0, output: out.text.slice(0, MAX_OUTPUT), exitCode };
}

export function timeoutText(ms: number): string {
  return `${ms / 1000}s`;
}

/** The number of a port given by number or by name; undefined when the container has none of that name. */
export function portOf(spec: ContainerSpec, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  const named = spec.ports?.find((candidate) => candidate.name === port);
  if (named) return named.containerPort;
  return /^\d+$/.test(port) ? Number(port) : undefined;
}

/** GET as probes and hooks send it, from the node; redirects to other hosts count as success with a warning. */
export function* httpGet(...args: Parameters<typeof get>): Co<ActionResult> {
  const result = yield* get(...args);
  yield untilWholeMs(args[0].network.sim);
  return result;
}

function* get(
  net: NetworkNamespace,
  spec: ContainerSpec,
  action: HTTPGetAction,
  podIP: string,
  timeout: number,
  userAgent: string,
): Co<ActionResult> {
  const port = portOf(spec, action.port);
  if (port === undefined) return { ok: false, output: '', error: `couldn't find port: ${JSON.stringify(action.port)}` };
  const { sim } = net.network;
  const host = action.host || podIP;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path ?? '/';
  const url = `${scheme}://${hostPort(host, port)}${path.startsWith('/') ? path : `/${path}`}`;
  const deadline = sim.now + timeout;
  const socket = yield* net.connect(host, port, { timeout });
  if (typeof socket === 'string') return { ok: false, output: `Get "${url}": ${dialError(host, port, socket)}` };
  const headers: Headers = [['Host', hostPort(host, port)]];
  for (const { name, value } of action.httpHeaders ?? []) {
    if (name.toLowerCase() === 'host') headers[0] = ['Host', value];
    else headers.push([name, value]);
  }
  if (!headers.some(([name]) => name.toLowerCase() === 'user-agent')) headers.push(['User-Agent', userAgent]);
  if (!headers.some(([name]) => name.toLowerCase() === 'accept')) headers.push(['Accept', '*/*']);
  headers.push(['Connection', 'close']);
  const task = sim.spawn(
    'probe',
    exchange(socket, { method: 'GET', target: url.slice(url.indexOf('/', 8)), headers, scheme }),
  );
  while (!task.done) {
    const left = deadline - sim.now;
    if (left <= 0) {
      task.kill();
      socket.close();
      return {
        ok: false,
        output: `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      };
    }
    yield { signals: [task.exited], timeout: left };
  }
  socket.close();
  const answer = task.result;
  if (!answer) return { ok: false, output: `Get "${url}": EOF` };
  if (answer.status >= 200 && answer.status < 400) return { ok: true, output: '' };
  return { ok: false, output: `HTTP probe failed with statuscode: ${answer.status}` };
}

export function* tcpConnect(net: NetworkNamespace, host: string, port: number, timeout: number): Co<ActionResult> {
  const socket = yield* net.connect(host, port, { timeout });
  yield untilWholeMs(net.network.sim);
  if (typeof socket === 'string') return { ok: false, output: dialError(host, port, socket) };
  socket.close();
  return { ok: true, output: '' };
}

const DIAL: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'i/o timeout',
};

/** Go's words for a connection that could not be made. */
export function dialError(host: string, port: number, error: string): string {
  return `dial tcp ${hostPort(host, port)}: ${DIAL[error] ?? error}`;
}
