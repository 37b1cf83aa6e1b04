// Drives an engine: runs a command in short slices, hands out its output as it comes, does what only the
// host can do (jq), and stops when told. The engine may be inside QuickJS or straight on this JavaScript.

import type {
  ClusterOptions,
  ClusterPicture,
  Happened,
  HostCall,
  HostResult,
  OutputStream,
  RunResult,
  Slice,
} from './types.ts';

/** One call across the boundary: a method's name and JSON in, JSON out. */
export interface EngineHandle {
  call(method: string, json: string): string;
}

export interface RunOptions {
  /** A node's name: run in that node's shell. */
  on?: string;
  onOutput?: (stream: OutputStream, text: string) => void;
}

/** Wall time that a slice should take, ms: short enough for Stop and for streaming output. */
const SLICE_MS = 20;

export class Runner {
  private readonly engine: EngineHandle;
  private readonly hostCall: (call: HostCall) => Promise<HostResult>;
  private stopping = false;
  private budget = 200;

  constructor(engine: EngineHandle, hostCall: (call: HostCall) => Promise<HostResult>) {
    this.engine = engine;
    this.hostCall = hostCall;
  }

  call<T>(method: string, argument: unknown = null): T {
    return JSON.parse(this.engine.call(method, JSON.stringify(argument))) as T;
  }

  boot(cluster: ClusterOptions) {
    this.call('boot', cluster);
  }

  writeFile(name: string, text: string) {
    this.call('writeFile', { name, text });
  }

  inspect(): ClusterPicture {
    return this.call('inspect');
  }

  happened(): Happened {
    return this.call('happened');
  }

  /** Virtual now, ms since the epoch. */
  now(): number {
    return this.call('now');
  }

  /** The command lines of a script, each complete in itself. */
  split(script: string): string[] {
    return this.call('split', script);
  }

  /** Runs a command line to its end. */
  async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const startedAt = this.call<number>('start', { command, on: options.on });
    this.stopping = false;
    let interrupted = false;
    for (;;) {
      if (this.stopping && !interrupted) {
        interrupted = true;
        this.call('interrupt');
      }
      const began = performance.now();
      const slice = this.call<Slice>('step', this.budget);
      const took = performance.now() - began;
      this.budget = Math.max(20, Math.min(20_000, Math.round(this.budget * (took > 0 ? SLICE_MS / took : 2))));
      for (const [stream, text] of joined(slice.output)) options.onOutput?.(stream, text);
      if (slice.done) return { exitCode: slice.exitCode, startedAt, endedAt: slice.now, stopped: interrupted };
      for (const call of slice.hostCalls) this.call('resolve', { id: call.id, result: await this.hostCall(call) });
      await breathe();
    }
  }

  /** Ends the running command as Ctrl-C would. */
  stop() {
    this.stopping = true;
  }
}

/** Neighbouring texts of one stream as one: a loop that prints lines makes one message a slice, not one a line. */
function joined(output: Slice['output']): Slice['output'] {
  const out: Slice['output'] = [];
  for (const [stream, text] of output) {
    const last = out.at(-1);
    if (last && last[0] === stream) last[1] += text;
    else out.push([stream, text]);
  }
  return out;
}

/** Lets timers, messages (Stop) and output through; a MessageChannel is not clamped as a browser's timers are. */
const breathe: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => setImmediate(resolve))
    : (() => {
        const channel = new MessageChannel();
        const waiting: (() => void)[] = [];
        channel.port1.onmessage = () => waiting.shift()?.();
        return () =>
          new Promise((resolve) => {
            waiting.push(resolve);
            channel.port2.postMessage(0);
          });
      })();
