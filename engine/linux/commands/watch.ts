// watch: a command again and again. On a terminal it fills the screen; here each run is shown below the last.

import { waitFor } from '../host.ts';
import { Collector, nullReader } from '../io.ts';
import type { Program } from '../types.ts';
import { formatDate } from './date.ts';
import { emit, fail, isBusybox, parseOptions, put, usageError } from './options.ts';
import { start } from './spawn.ts';

const SPEC = {
  short: 'n:tdegxc',
  long: {
    interval: 'n',
    'no-title': 't',
    differences: 'd',
    errexit: 'e',
    chgexit: 'g',
    exec: 'x',
    color: 'c',
  },
  usage: '[options] command',
  ordered: true,
};

export const watch: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const { args } = options;
  if (!args.length) usageError(process, 'missing operand');
  if (options.has('d')) fail(process, '-d: marking differences is not modelled');
  const seconds = Number(options.value('n') ?? 2);
  if (!(seconds > 0)) fail(process, `failed to parse argument: '${options.value('n')}'`);
  const command = args.join(' ');
  const every = Math.max(0.1, seconds);
  const label = Number.isInteger(every) && isBusybox(process) ? `${every}s` : `${every.toFixed(1)}s`;
  let before: string | undefined;
  for (;;) {
    const out = new Collector();
    const child = start(process, options.has('x') ? args : ['sh', '-c', command], {
      stdin: nullReader,
      stdout: out,
      stderr: out,
    });
    if (!child) fail(process, `unable to execute '${args[0]}': No such file or directory`);
    const status = yield* waitFor(child);
    if (!options.has('t')) {
      const { host } = process;
      const left = `Every ${label}: ${command}`;
      const right = `${host.hostname}: ${formatDate('%c', host.sim.now)}`;
      put(process, `${left}${' '.repeat(Math.max(1, 80 - left.length - right.length))}${right}\n\n`);
    }
    yield* emit(process, out.text + '\n');
    if (status !== 0 && options.has('e')) return 8;
    if (options.has('g') && before !== undefined && before !== out.text) return 0;
    before = out.text;
    yield every * 1000;
  }
};
