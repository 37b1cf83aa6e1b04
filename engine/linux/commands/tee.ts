// tee: standard input to standard output and into files.

import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { fileWriter } from '../io.ts';
import type { Program, Writer } from '../types.ts';
import { complain, emit, parseOptions } from './options.ts';

const SPEC = { short: 'aip', long: { append: 'a', 'ignore-interrupts': 'i' }, usage: '[OPTION]... [FILE]...' };

export const tee: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const fs = filesOf(process);
  const { sim } = process.host;
  const writers: Writer[] = [];
  let status = 0;
  if (options.has('i')) process.handlers.set('INT', () => {});
  for (const path of options.args) {
    try {
      writers.push(fileWriter(fs.openWrite(path, { append: options.has('a') }), () => sim.now, process));
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, `${path}: ${error.message}`);
      status = 1;
    }
  }
  for (let text = yield* process.stdin.read(); text !== undefined; text = yield* process.stdin.read()) {
    for (const writer of writers) writer.write(text);
    yield* emit(process, text);
  }
  return status;
};
