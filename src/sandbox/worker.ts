// The sandbox's thread: QuickJS with the engine in it. Messages in: {id, method, argument}; out: {id, result}
// or {id, error}, and {id, output} while a command runs. `stop` is heard between two slices.

import { newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import quickjsUrl from '@jitl/quickjs-wasmfile-release-sync/wasm?url';
import * as urls from 'virtual:kubebook-engine';
import { runJq } from './jq.ts';
import { QuickJSEngine, type Capture, type EngineCode } from './quickjs.ts';
import { Runner } from './runner.ts';
import type { ClusterOptions, HostCall } from './types.ts';

/** The engine evaluates its parts at once when it first needs them: `code` must have them by then. */
const code: Record<string, string> = {};
const load = async (url: string) => void Object.assign(code, (await (await fetch(url)).json()) as EngineCode);
/** A default cluster boots while the other scripts are on their way. */
const first = load(urls.boot);
const all = Promise.all([first, load(urls.rest)]);
const located = newVariant(variant, { wasmLocation: quickjsUrl }) as QuickJSSyncVariant;

let engine: QuickJSEngine | undefined;
let runner: Runner | undefined;
let captures: Capture[] = [];
/** The state right after a boot, kept for the next boot with the same options: a reset is a copy. */
let born: { key: string; capture: Capture } | undefined;

async function hostCall(call: HostCall) {
  const [{ loadJq }, { default: wasmURL }] = await Promise.all([import('jq-wasm'), import('jq-wasm/jq.wasm?url')]);
  return runJq(() => loadJq({ wasmURL }), call.args, call.input);
}

function ready(): { engine: QuickJSEngine; runner: Runner } {
  if (!engine || !runner) throw new Error('the cluster has not been started');
  return { engine, runner };
}

const methods = {
  async boot(cluster: ClusterOptions) {
    const key = JSON.stringify(cluster);
    captures = [];
    if (engine && !engine.broken && born?.key === key) {
      engine.restore(born.capture);
      return;
    }
    await (Object.keys(cluster).length ? all : first);
    engine = await QuickJSEngine.create(located, code);
    runner = new Runner(engine, hostCall);
    runner.boot(cluster);
    born = { key, capture: engine.capture() };
  },
  run({ command, on, id }: { command: string; on?: string; id: number }) {
    return ready().runner.run(command, {
      on,
      onOutput: (stream, text) => postMessage({ id, output: [stream, text] }),
    });
  },
  writeFile({ name, text }: { name: string; text: string }) {
    ready().runner.writeFile(name, text);
  },
  snapshot(): number {
    return captures.push(ready().engine.capture(born?.capture)) - 1;
  },
  restore(index: number) {
    const capture = captures[index];
    if (!capture) throw new Error('that state is not kept any more');
    ready().engine.restore(capture);
  },
  inspect: () => ready().runner.inspect(),
  happened: () => ready().runner.happened(),
};

addEventListener(
  'message',
  ({ data }: MessageEvent<{ id: number; method: keyof typeof methods | 'stop'; argument: never }>) => {
    if (data.method === 'stop') {
      runner?.stop();
      postMessage({ heard: true });
      return;
    }
    const method = methods[data.method] as (argument: unknown) => unknown;
    const argument = data.method === 'run' ? { ...(data.argument as object), id: data.id } : data.argument;
    (data.method === 'boot' ? first : all)
      .then(() => method(argument))
      .then(
        (result) => postMessage({ id: data.id, result }),
        (error: unknown) => postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) }),
      );
  },
);
