// head: the first lines or bytes; it stops reading as soon as it has them.

import type { Co } from '../../sim/index.ts';
import { decode, encode } from '../bytes.ts';
import { LineReader } from '../io.ts';
import type { Process, Program, Reader } from '../types.ts';
import { emit, numberOption, openInput, parseOptions } from './options.ts';

const SPEC = {
  short: 'n:c:qvz',
  long: { lines: 'n', bytes: 'c', quiet: 'q', silent: 'q', verbose: 'v', 'zero-terminated': 'z' },
  usage: '[OPTION]... [FILE]...',
  digits: 'n',
};

export const head: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const unit = options.last('nc') ?? 'n';
  const text = options.value(unit) ?? '10';
  const count = numberOption(process, text, unit === 'n' ? 'number of lines' : 'number of bytes');
  const allBut = text.startsWith('-');
  const separator = options.has('z') ? '\0' : '\n';
  const paths = options.args.length ? options.args : ['-'];
  const titles = options.has('v') || (paths.length > 1 && !options.has('q'));
  let status = 0;
  let first = true;
  for (const path of paths) {
    const reader = openInput(process, path);
    if (!reader) {
      status = 1;
      continue;
    }
    if (titles) yield* emit(process, `${first ? '' : '\n'}==> ${path === '-' ? 'standard input' : path} <==\n`);
    first = false;
    if (unit === 'c') yield* bytes(process, reader, count, allBut);
    else yield* lines(process, reader, Math.abs(count), allBut, separator);
    reader.close();
  }
  return status;
};

function* lines(process: Process, reader: Reader, count: number, allBut: boolean, separator: string): Co {
  const input = new LineReader(reader, separator);
  let held: string[] = [];
  let left = count;
  while (allBut || left > 0) {
    const batch = yield* input.lines();
    if (!batch) break;
    if (allBut) {
      held.push(...batch);
      const ready = held.splice(0, Math.max(0, held.length - count));
      if (ready.length) yield* emit(process, ready.join(separator) + separator);
      continue;
    }
    const taken = batch.length > left ? batch.slice(0, left) : batch;
    left -= taken.length;
    const whole = input.terminated || taken.length < batch.length;
    yield* emit(process, taken.join(separator) + (whole ? separator : ''));
  }
}

function* bytes(process: Process, reader: Reader, count: number, allBut: boolean): Co {
  let left = count;
  let all = '';
  for (;;) {
    if (!allBut && left <= 0) return;
    const text = yield* reader.read();
    if (text === undefined) break;
    if (allBut) {
      all += text;
      continue;
    }
    const chunk = encode(text);
    yield* emit(process, chunk.length <= left ? text : decode(chunk.subarray(0, left)));
    left -= chunk.length;
  }
  if (allBut) yield* emit(process, decode(encode(all).slice(0, count)));
}
