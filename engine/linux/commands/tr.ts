// tr: characters into others, away, or squeezed.

import type { Process, Program } from '../types.ts';
import { emit, parseOptions, usageError } from './options.ts';
import { unescape } from './printf.ts';

const SPEC = {
  short: 'cCdst',
  long: { complement: 'c', delete: 'd', 'squeeze-repeats': 's', 'truncate-set1': 't' },
  usage: '[OPTION]... STRING1 [STRING2]',
  ordered: true,
};

const span = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_v, i) => String.fromCharCode(from + i));
const CLASSES: Record<string, string[]> = {
  alpha: [...span(65, 90), ...span(97, 122)],
  digit: span(48, 57),
  alnum: [...span(48, 57), ...span(65, 90), ...span(97, 122)],
  upper: span(65, 90),
  lower: span(97, 122),
  space: ['\t', '\n', '\v', '\f', '\r', ' '],
  blank: ['\t', ' '],
  punct: [...span(33, 47), ...span(58, 64), ...span(91, 96), ...span(123, 126)],
  cntrl: [...span(0, 31), '\x7f'],
  print: span(32, 126),
  graph: span(33, 126),
  xdigit: [...span(48, 57), ...span(65, 70), ...span(97, 102)],
};

/** The characters of a set. `length`: how far `[x*]` fills. */
function set(process: Process, text: string, length: number): string[] {
  const out: string[] = [];
  let i = 0;
  const one = (): string => {
    if (text[i] !== '\\') {
      const c = String.fromCodePoint(text.codePointAt(i) as number);
      i += c.length;
      return c;
    }
    const escape = /^\\(?:[0-7]{1,3}|[\s\S])/.exec(text.slice(i))?.[0] ?? '\\';
    i += escape.length;
    const plain = unescape(escape, false).text;
    return plain === escape ? escape.slice(1) || '\\' : plain;
  };
  while (i < text.length) {
    const named = /^\[:(\w+):\]/.exec(text.slice(i));
    if (named) {
      const known = CLASSES[named[1]];
      if (!known) usageError(process, `invalid character class ‘${named[1]}’`);
      out.push(...known);
      i += named[0].length;
      continue;
    }
    const repeated = /^\[(.)\*(\d*)\]/s.exec(text.slice(i));
    if (repeated) {
      const count = Number(repeated[2] || 0) || Math.max(0, length - out.length);
      for (let k = 0; k < count; k++) out.push(repeated[1]);
      i += repeated[0].length;
      continue;
    }
    const first = one();
    if (text[i] === '-' && i + 1 < text.length) {
      i++;
      const last = one();
      const from = first.codePointAt(0) as number;
      const to = last.codePointAt(0) as number;
      if (to < from)
        usageError(process, `range-endpoints of ‘${first}-${last}’ are in reverse collating sequence order`);
      for (let code = from; code <= to; code++) out.push(String.fromCodePoint(code));
    } else out.push(first);
  }
  return out;
}

export const tr: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const { args } = options;
  const remove = options.has('d');
  const squeeze = options.has('s');
  const complement = options.has('c') || options.has('C');
  if (!args.length) usageError(process, 'missing operand');
  if (args.length === 1 && !remove && !squeeze) {
    usageError(process, `missing operand after ‘${args[0]}’\nTwo strings must be given when translating.`);
  }
  if (args.length > (remove && !squeeze ? 1 : 2)) usageError(process, `extra operand ‘${args[args.length - 1]}’`);
  const first = set(process, args[0], 0);
  const second = args.length > 1 ? set(process, args[1], first.length) : undefined;
  const inFirst = new Set(first);
  const member = (c: string) => inFirst.has(c) !== complement;
  const map = new Map<string, string>();
  const last = second?.[second.length - 1] ?? '';
  const translating = second !== undefined && !remove;
  if (translating && second.length === 0) usageError(process, 'when not truncating set1, string2 must be non-empty');
  if (translating && !complement) {
    first.forEach((c, i) => {
      if (i < second.length || !options.has('t')) map.set(c, second[i] ?? last);
    });
  }
  const squeezed = squeeze ? (second ? new Set(second) : undefined) : undefined;
  let previous = '';
  for (let text = yield* process.stdin.read(); text !== undefined; text = yield* process.stdin.read()) {
    let out = '';
    for (const c of text) {
      if (remove && member(c)) continue;
      let now = c;
      if (translating) now = complement ? (member(c) ? last : c) : (map.get(c) ?? c);
      if (squeeze && now === previous && (squeezed ? squeezed.has(now) : member(now))) continue;
      previous = now;
      out += now;
    }
    yield* emit(process, out);
  }
  return 0;
};
