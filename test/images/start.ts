// An image's command on a simulated machine, and a second machine that asks it.

import { createRegistry, PullError, type Image } from '../../engine/images/index.ts';
import { resolveCommand } from '../../engine/kubelet/container.ts';
import {
  createHost,
  exchange,
  FileSystem,
  Network,
  Collector,
  type Headers,
  type Host,
  type Process,
} from '../../engine/linux/index.ts';
import { Sim, type Co } from '../../engine/sim/index.ts';

export const registry = createRegistry();
export const imageOf = (reference: string): Image => {
  const image = registry.pull(reference);
  if (image instanceof PullError) throw new Error(image.message);
  return image;
};

export interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

export interface Running {
  sim: Sim;
  host: Host;
  process: Process;
  out: Collector;
  /** A request from the second machine; with a body it is a POST unless said otherwise. */
  get(port: number, target: string, headers?: Headers, body?: string, method?: string): Answer;
  run<T>(co: Co<T>): T;
  /** Runs a command in the container; what it printed and its status. */
  exec(...command: string[]): { output: string; status: number };
  /** Ends it by a signal and says the status. */
  stop(signal?: string): number | undefined;
}

export interface Options {
  command?: string[];
  env?: Record<string, string>;
  prepare?: (fs: FileSystem) => void;
  /** Where more than one machine is needed. */
  world?: { sim: Sim; network: Network };
  ip?: string;
  hostname?: string;
  uid?: number;
}

export function world(): { sim: Sim; network: Network } {
  const sim = new Sim({ seed: 1, start: Date.UTC(2026, 0, 5, 9) });
  return { sim, network: new Network(sim) };
}

export function start(reference: string, options: Options = {}): Running {
  const image = imageOf(reference);
  const { sim, network } = options.world ?? world();
  const fs = new FileSystem({ base: image.tree(), now: () => sim.now });
  options.prepare?.(fs);
  const { ip = '10.244.1.2', hostname = 'pod' } = options;
  const env = { ...image.config.env, ...options.env };
  const { userland } = image;
  const host = createHost({ sim, hostname, fs, net: network.namespace([ip]), env, userland });
  const cwd = image.config.workingDir;
  const program = (argv: string[]) => {
    const found = resolveCommand(host, argv, cwd);
    if (!found) throw new Error(`${argv[0]} is not in ${reference}`);
    return found;
  };
  const out = new Collector();
  const argv = options.command ?? [...image.config.entrypoint, ...image.config.cmd];
  const process = host.spawn({ ...program(argv), env, cwd, stdout: out, stderr: out, uid: options.uid });
  sim.runUntil(sim.now + 20_000);
  const run = <T>(co: Co<T>): T => {
    const task = sim.spawn('test', co);
    for (let i = 0; i < 10_000 && !task.done && sim.step(); i++);
    return task.result as T;
  };
  const client = network.namespace([ip.replace(/\d+$/, (last) => String(Number(last) + 100))]);
  const get: Running['get'] = (port, target, headers = [], body, method = body === undefined ? 'GET' : 'POST') =>
    run(
      (function* () {
        const socket = yield* client.connect(ip, port);
        if (typeof socket === 'string') throw new Error(socket);
        const all: Headers = [['Host', ip], ['User-Agent', 'curl/8.5.0'], ['Connection', 'close'], ...headers];
        if (body !== undefined) all.push(['Content-Length', String(body.length)]);
        const answer = yield* exchange(socket, { method, target, headers: all, body });
        if (!answer) throw new Error('hung up');
        let text = '';
        for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) text += part;
        return { status: answer.status, headers: answer.headers, body: text };
      })(),
    );
  const exec: Running['exec'] = (...command) => {
    const said = new Collector();
    const child = host.spawn({
      ...program(command),
      env,
      cwd,
      stdout: said,
      stderr: said,
      parent: process,
      uid: options.uid,
    });
    for (let i = 0; i < 100_000 && child.status === undefined && sim.step(); i++);
    return { output: said.text, status: child.status ?? -1 };
  };
  const stop: Running['stop'] = (signal = 'TERM') => {
    process.signal(signal);
    sim.runUntil(sim.now + 10_000);
    return process.status;
  };
  return { sim, host, process, out, get, run, exec, stop };
}
