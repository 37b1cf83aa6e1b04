// The engine as its host sees it: a cluster and the terminal in front of it, driven by small calls with
// JSON on both sides. A command runs in slices: `start`, then `step` until it is done.

import { Streams, type StreamInput } from './apiserver/streams.ts';
import type { ApiRequest } from './apiserver/types.ts';
import { createCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { happened } from './happened.ts';
import { HostCalls, type HostResult } from './host-calls.ts';
import { picture } from './picture.ts';
import { part } from './parts/index.ts';
import { Terminal } from './terminal.ts';

export interface Engine {
  call(method: string, json: string): string;
}

type Methods = Record<string, (argument: never) => unknown>;

/** Events run in one `step` at the most, whatever the host asks. */
const MAX_EVENTS = 1_000_000;

export function createEngine(): Engine {
  let cluster: Cluster | undefined;
  let terminal: Terminal | undefined;
  let streams: Streams | undefined;
  const booted = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('boot the cluster first');
    return value;
  };

  const methods: Methods = {
    boot(options: ClusterOptions) {
      const host = new HostCalls();
      cluster = createCluster(options, host);
      terminal = new Terminal(cluster, host);
      streams = new Streams(cluster.sim);
      return null;
    },
    now: () => booted(cluster).sim.now,
    writeFile({ name, text }: { name: string; text: string }) {
      booted(terminal).writeFile(name, text);
      return null;
    },
    split: (script: string) => part('shell').splitScript(script),
    start: ({ command, on }: { command: string; on?: string }) => booted(terminal).start(command, on),
    step: (events: number) => booted(terminal).step(Math.min(events, MAX_EVENTS)),
    interrupt() {
      booted(terminal).interrupt();
      return null;
    },
    resolve({ id, result }: { id: number; result: HostResult }) {
      booted(terminal).host.resolve(id, result);
      return null;
    },
    inspect: () => picture(booted(cluster)),
    happened: () => happened(booted(cluster)),
    /** One API request, as HTTP would bring it; a stream in the answer is kept under a number. */
    request({ certificate, ...request }: ApiRequest & { certificate?: string }) {
      const { certificates, handle } = booted(cluster);
      return booted(streams).keep(handle(certificate ? certificates.proven(request, certificate) : request));
    },
    /** What a stream has had since the last call; a negative number closes the stream. */
    poll(id: number) {
      if (id > 0) return booted(streams).poll(id);
      booted(streams).close(-id);
      return { items: [], ended: true };
    },
    send({ id, ...input }: StreamInput & { id: number }) {
      booted(streams).send(id, input);
      return null;
    },
    dial: ({ id, port }: { id: number; port: number }) => booted(streams).dial(id, port),
    /** Runs the cluster without a command until the virtual clock shows `time` (ms since the epoch). */
    advance(time: number) {
      booted(cluster).sim.runUntil(time);
      return null;
    },
  };

  return {
    call(method, json) {
      const run = methods[method] as ((argument: unknown) => unknown) | undefined;
      if (!run) throw new Error(`the engine has no method ${method}`);
      const result = run(JSON.parse(json));
      return JSON.stringify(result === undefined ? null : result);
    },
  };
}
