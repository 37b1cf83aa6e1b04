// uniq: neighbouring lines that are equal, once.

import { filesOf } from '../host.ts';
import { LineReader } from '../io.ts';
import type { Program } from '../types.ts';
import { emit, numberOption, openInput, operands, parseOptions } from './options.ts';

const SPEC = {
  short: 'cduif:s:w:z',
  long: {
    count: 'c',
    repeated: 'd',
    unique: 'u',
    'ignore-case': 'i',
    'skip-fields': 'f',
    'skip-chars': 's',
    'check-chars': 'w',
    'zero-terminated': 'z',
  },
  usage: '[OPTION]... [INPUT [OUTPUT]]',
};

export const uniq: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  operands(process, options.args, 0, 2);
  const number = (key: string, what: string) =>
    options.has(key) ? numberOption(process, options.value(key) as string, what) : undefined;
  const fields = number('f', 'number of fields to skip') ?? 0;
  const chars = number('s', 'number of bytes to skip') ?? 0;
  const width = number('w', 'number of bytes to compare');
  const separator = options.has('z') ? '\0' : '\n';
  const key = (line: string) => {
    let out = line;
    for (let i = 0; i < fields; i++) out = out.replace(/^\s*\S+/, '');
    out = out.slice(chars, width === undefined ? undefined : chars + width);
    return options.has('i') ? out.toLowerCase() : out;
  };
  const reader = openInput(process, options.args[0] ?? '-');
  if (!reader) return 1;
  const target = options.args[1];
  let file = '';
  let current: string | undefined;
  let currentKey = '';
  let count = 0;
  const finish = () => {
    if (current === undefined || (options.has('d') && count < 2) || (options.has('u') && count > 1)) return '';
    return `${options.has('c') ? `${String(count).padStart(7)} ` : ''}${current}${separator}`;
  };
  const input = new LineReader(reader, separator);
  for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) {
    let out = '';
    for (const line of lines) {
      const lineKey = key(line);
      if (current !== undefined && lineKey === currentKey) {
        count++;
        continue;
      }
      out += finish();
      current = line;
      currentKey = lineKey;
      count = 1;
    }
    if (target === undefined) yield* emit(process, out);
    else file += out;
  }
  if (target === undefined) yield* emit(process, finish());
  else filesOf(process).writeFile(target, file + finish());
  return 0;
};
