// The real jq (WebAssembly), called with the arguments that a reader typed. The wrapper around it trims what
// jq printed and appends the filter last; both are worked around here, for the exact version that is pinned.

import type { Jq } from 'jq-wasm';
import type { HostResult } from './types.ts';

/** Loads an instance; `load` is jq-wasm's loadJq, from the entry that fits the platform. */
export type LoadJq = () => Promise<Jq>;

interface Instance {
  jq: Jq;
  /** What the instance decoded last: of every run, stdout and then stderr, untrimmed. */
  decoded: string[];
}

let shared: Promise<Instance> | undefined;

async function instantiate(load: LoadJq): Promise<Instance> {
  const decoded: string[] = [];
  const Plain = globalThis.TextDecoder;
  globalThis.TextDecoder = class extends Plain {
    override decode(...input: Parameters<TextDecoder['decode']>): string {
      const text = super.decode(...input);
      decoded.push(text);
      return text;
    }
  };
  try {
    return { jq: await load(), decoded };
  } finally {
    globalThis.TextDecoder = Plain;
  }
}

/** Runs jq with `args` (options, then the filter, then positional values) on `input`. */
export async function runJq(load: LoadJq, args: string[], input: string): Promise<HostResult> {
  // Values after --args follow the filter, so here the wrapper's last two arguments become a named one; such a
  // run needs an instance of its own, since standard input stays at its end.
  const positional = args.includes('--args') || args.includes('--jsonargs');
  const instance = await (positional ? instantiate(load) : (shared ??= instantiate(load)));
  instance.decoded.length = 0;
  try {
    const result = positional
      ? instance.jq.raw(input, 'stdin', [...args, '--arg'])
      : instance.jq.raw(input, args.at(-1) as string, args.slice(0, -1));
    const [stdout, stderr] = instance.decoded.slice(-2);
    return { stdout, stderr, exitCode: result.exitCode };
  } catch (error) {
    // The instance has trapped: in practice its stack, which is small, is at its end.
    shared = undefined;
    const cause = error instanceof Error ? error.message : String(error);
    return {
      stdout: '',
      stderr: `jq: error: a value nests too deeply for this build of jq, or is too large (${cause})\n`,
      exitCode: 5,
    };
  }
}
