// sim advance, run-until, clock: time.

import { nullReader, nullWriter } from '../linux/index.ts';
import { duration, durationText, clockText } from './values.ts';
import { SimError, type SubCommand } from './types.ts';

const EVERY_MS = 1000;
const TIMEOUT = '10m';

export const clock: SubCommand = {
  name: 'clock',
  usage: '',
  help: 'Show the virtual time',
  args: [0, 0],
  // eslint-disable-next-line require-yield
  *run({ targets, line }) {
    line(clockText(targets.sim.now));
  },
};

export const advance: SubCommand = {
  name: 'advance',
  usage: 'DURATION',
  help: 'Let virtual time pass, with all that happens in it',
  args: [1, 1],
  *run({ targets, args, line }) {
    yield duration(args[0]);
    line(clockText(targets.sim.now));
  },
};

export const runUntil: SubCommand = {
  name: 'run-until',
  usage: 'COMMAND',
  help: 'Let time pass until a shell command succeeds; it is tried once a second',
  flags: [{ name: 'timeout', value: 'DURATION', help: `Give up after so long (default ${TIMEOUT})` }],
  args: [1, Infinity],
  *run({ targets, process, args, flags, line }) {
    const { sim } = targets;
    const limit = flags.timeout ?? TIMEOUT;
    const began = sim.now;
    const end = began + duration(limit);
    const shell = process.host.program('/bin/bash');
    if (!shell) throw new SimError('there is no /bin/bash on this machine');
    for (;;) {
      const child = process.host.spawn({
        program: shell,
        argv: ['bash', '-c', args.join(' ')],
        env: process.env,
        cwd: process.cwd,
        stdin: nullReader,
        stdout: nullWriter,
        stderr: nullWriter,
        parent: process,
      });
      try {
        while (child.task && !child.task.done) yield child.task.exited;
      } finally {
        if (child.status === undefined) child.signal('TERM');
      }
      if (child.status === 0) {
        line(`${clockText(sim.now)}, after ${durationText(sim.now - began)}`);
        return 0;
      }
      if (child.status === 127) throw new SimError(`${args.join(' ')}: command not found`);
      if (sim.now + EVERY_MS > end) throw new SimError(`it did not succeed within ${limit}: ${args.join(' ')}`);
      yield EVERY_MS;
    }
  },
};
