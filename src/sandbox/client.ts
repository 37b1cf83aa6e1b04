// The page's side of the sandbox: a worker, calls as promises, and a watchdog for what does not listen any
// more. A worker that dies takes the running command and its snapshots with it, nothing of the page.

import type { OutputStream, RunResult, Sandbox } from './types.ts';

/** How long Stop may go unheard before the worker is ended, ms. */
const STOP_PATIENCE_MS = 2000;

interface Call {
  resolve(value: never): void;
  reject(error: Error): void;
  onOutput?: (stream: OutputStream, text: string) => void;
}

export function createSandbox(): Sandbox {
  let worker: Worker | undefined;
  let nextId = 1;
  let unheard: ReturnType<typeof setTimeout> | undefined;
  const calls = new Map<number, Call>();

  function end(reason: string) {
    worker?.terminate();
    worker = undefined;
    clearTimeout(unheard);
    unheard = undefined;
    for (const call of calls.values()) call.reject(new Error(reason));
    calls.clear();
  }

  function open(): Worker {
    if (worker) return worker;
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'kubebook-engine' });
    worker.addEventListener('error', (event) => end(`the sandbox stopped: ${event.message || 'its worker failed'}`));
    worker.addEventListener('message', ({ data }) => {
      if (data.heard) {
        clearTimeout(unheard);
        unheard = undefined;
        return;
      }
      const call = calls.get(data.id);
      if (!call) return;
      if (data.output) {
        call.onOutput?.(data.output[0], data.output[1]);
        return;
      }
      calls.delete(data.id);
      if (data.error !== undefined) call.reject(new Error(data.error));
      else call.resolve(data.result as never);
    });
    return worker;
  }

  function ask<T>(method: string, argument?: unknown, onOutput?: Call['onOutput']): Promise<T> {
    const id = nextId++;
    const target = open();
    return new Promise<T>((resolve, reject) => {
      calls.set(id, { resolve: resolve as Call['resolve'], reject, onOutput });
      target.postMessage({ id, method, argument });
    });
  }

  return {
    boot: (cluster) => ask('boot', cluster),
    run: (command, options = {}) => ask<RunResult>('run', { command, on: options.on }, options.onOutput),
    writeFile: (name, text) => ask('writeFile', { name, text }),
    stop() {
      if (!worker) return;
      worker.postMessage({ method: 'stop' });
      unheard ??= setTimeout(
        () => end('stopped: the command did not listen, so its sandbox was ended'),
        STOP_PATIENCE_MS,
      );
    },
    snapshot: () => ask('snapshot'),
    restore: (snapshot) => ask('restore', snapshot),
    inspect: () => ask('inspect'),
    happened: () => ask('happened'),
    terminate: () => end('the sandbox was closed'),
  };
}
