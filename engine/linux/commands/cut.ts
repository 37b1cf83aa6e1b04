// cut: columns, fields or bytes of each line.

import { LineReader } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { eachInput, emit, parseOptions, usageError } from './options.ts';

const SPEC = {
  short: 'b:c:d:f:nsz',
  long: {
    bytes: 'b',
    characters: 'c',
    delimiter: 'd',
    fields: 'f',
    'only-delimited': 's',
    complement: 'complement',
    'output-delimiter': 'output:',
    'zero-terminated': 'z',
  },
  usage: 'OPTION... [FILE]...',
};

/** Positions from 1, both ends included. */
type Range = [number, number];

function ranges(process: Process, text: string, unit: string): Range[] {
  const out: Range[] = [];
  for (const part of text.split(/[,\s]+/)) {
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    if (!match || (!match[1] && !match[3]))
      usageError(process, match?.[2] ? 'invalid range with no endpoint: -' : `invalid ${unit} value ‘${part}’`);
    if (match[1] === '0')
      usageError(process, `${unit === 'field' ? 'fields' : 'byte/character positions'} are numbered from 1`);
    const from = Number(match[1] || 1);
    const to = match[2] ? (match[3] ? Number(match[3]) : Infinity) : from;
    if (to < from) usageError(process, 'invalid decreasing range');
    out.push([from, to]);
  }
  return out;
}

export const cut: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const kind = options.last('bcf');
  if (!kind) usageError(process, 'you must specify a list of bytes, characters, or fields');
  if (['b', 'c', 'f'].filter((key) => options.has(key)).length > 1)
    usageError(process, 'only one type of list may be specified');
  const delimiter = options.value('d') ?? '\t';
  if ([...delimiter].length > 1) usageError(process, 'the delimiter must be a single character');
  if (kind !== 'f' && options.has('d'))
    usageError(process, 'an input delimiter may be specified only when operating on fields');
  const list = ranges(process, options.value(kind) as string, kind === 'f' ? 'field' : 'byte/character position');
  const complement = options.has('complement');
  const wanted = (n: number) => list.some((range) => n >= range[0] && n <= range[1]) !== complement;
  const joint = options.value('output') ?? (kind === 'f' ? delimiter : '');
  const pick = (line: string): string | undefined => {
    if (kind !== 'f') return [...line].filter((_c, i) => wanted(i + 1)).join('');
    if (!line.includes(delimiter)) return options.has('s') ? undefined : line;
    return line
      .split(delimiter)
      .filter((_field, i) => wanted(i + 1))
      .join(joint);
  };
  const separator = options.has('z') ? '\0' : '\n';
  return yield* eachInput(process, options.args, function* (reader) {
    const input = new LineReader(reader, separator);
    for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) {
      let out = '';
      for (const line of lines) {
        const picked = pick(line);
        if (picked !== undefined) out += picked + separator;
      }
      yield* emit(process, out);
    }
  });
};
