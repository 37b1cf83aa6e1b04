import type { ApiRequest } from '../../engine/apiserver/types.ts';
import { createEngine } from '../../engine/engine.ts';
import type { Answer } from './support.ts';

/** A whole cluster and the terminal in front of it. */
export function cluster(options: object = {}) {
  const engine = createEngine();
  const call = (method: string, argument: unknown) => JSON.parse(engine.call(method, JSON.stringify(argument)));
  call('boot', options);
  /** What a command prints, on both streams; `on`: a node. */
  const run = (command: string, on?: string): string => {
    call('start', { command, on });
    let text = '';
    for (;;) {
      const { output, done } = call('step', 100_000);
      for (const [, part] of output) text += part;
      if (done) return text;
    }
  };
  const request = (request: ApiRequest): Answer => call('request', request);
  const write = (name: string, text: string) => call('writeFile', { name, text });
  return { run, request, write };
}
