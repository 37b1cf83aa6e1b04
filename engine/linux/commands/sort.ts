// sort: lines in order, by keys, as text, numbers, sizes, versions or months.

import { filesOf } from '../host.ts';
import { readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { eachInput, emit, fail, type Options, parseOptions } from './options.ts';

const SPEC = {
  short: 'bdfghik:mMno:rsS:t:T:uVzcC',
  long: {
    'ignore-leading-blanks': 'b',
    'dictionary-order': 'd',
    'ignore-case': 'f',
    'general-numeric-sort': 'g',
    'human-numeric-sort': 'h',
    key: 'k',
    merge: 'm',
    'month-sort': 'M',
    'numeric-sort': 'n',
    output: 'o',
    reverse: 'r',
    stable: 's',
    'field-separator': 't',
    unique: 'u',
    'version-sort': 'V',
    'zero-terminated': 'z',
    check: 'c',
  },
  usage: '[OPTION]... [FILE]...',
  status: 2,
};

interface Key {
  from: [field: number, char: number];
  to: [field: number, char: number] | undefined;
  flags: string;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const ORDERING = 'bdfghiMnrV';

export const sort: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const separator = options.has('z') ? '\0' : '\n';
  const lines: string[] = [];
  const status = yield* eachInput(process, options.args, function* (reader) {
    const text = yield* readAll(reader);
    if (text === '') return;
    for (const line of (text.endsWith(separator) ? text.slice(0, -1) : text).split(separator)) lines.push(line);
  });
  if (status) return 2;
  const compare = comparison(process, options);
  if (options.has('c') || options.has('C')) return check(process, options, lines, compare);
  let sorted = lines.sort(compare.full);
  if (options.has('u')) sorted = sorted.filter((line, i) => i === 0 || compare.keys(sorted[i - 1], line) !== 0);
  const text = sorted.length ? sorted.join(separator) + separator : '';
  const target = options.value('o');
  if (target === undefined) yield* emit(process, text);
  else filesOf(process).writeFile(target, text);
  return 0;
};

interface Compare {
  keys: (a: string, b: string) => number;
  /** With the last resort: the whole line as text. */
  full: (a: string, b: string) => number;
}

function check(process: Process, options: Options, lines: string[], compare: Compare): number {
  for (let i = 1; i < lines.length; i++) {
    const order = options.has('u') ? compare.keys(lines[i - 1], lines[i]) : compare.full(lines[i - 1], lines[i]);
    if (order < 0 || (order === 0 && !options.has('u'))) continue;
    if (options.has('c')) process.stderr.write(`sort: ${options.args[0] ?? '-'}:${i + 1}: disorder: ${lines[i]}\n`);
    return 1;
  }
  return 0;
}

function comparison(process: Process, options: Options): Compare {
  const globals = [...ORDERING].filter((letter) => options.has(letter)).join('');
  const separator = options.value('t');
  if (separator !== undefined && separator.length !== 1 && separator !== '\\0') {
    fail(process, separator ? `multi-character tab ‘${separator}’` : 'empty tab', 2);
  }
  const keys = options.values('k').map((text) => parseKey(process, text));
  if (!keys.length) keys.push({ from: [1, 0], to: undefined, flags: '' });
  const reverse = options.has('r');
  // Keys are taken out of each line once.
  const cache = new Map<string, (string | number | (string | number)[])[]>();
  const flagsOf = keys.map((key) => key.flags || globals);
  const prepared = (line: string) => {
    let values = cache.get(line);
    if (!values) {
      values = keys.map((key, i) => prepare(extract(line, key, flagsOf[i], separator), flagsOf[i]));
      cache.set(line, values);
    }
    return values;
  };
  const whole = options.values('k').length === 0 && globals.replace('r', '') === '';
  const byKeys = (a: string, b: string): number => {
    if (whole) return (a < b ? -1 : a > b ? 1 : 0) * (reverse ? -1 : 1);
    const left = prepared(a);
    const right = prepared(b);
    for (let i = 0; i < keys.length; i++) {
      const order = compareValues(left[i], right[i]);
      if (order) return flagsOf[i].includes('r') ? -order : order;
    }
    return 0;
  };
  const resort = !options.has('s') && !options.has('u');
  return {
    keys: byKeys,
    full: (a, b) => {
      const order = byKeys(a, b);
      if (order || !resort) return order;
      return (a < b ? -1 : a > b ? 1 : 0) * (reverse ? -1 : 1);
    },
  };
}

function parseKey(process: Process, text: string): Key {
  const match = /^(\d+)(?:\.(\d+))?([bdfghiMnrV]*)(?:,(\d+)(?:\.(\d+))?([bdfghiMnrV]*))?$/.exec(text);
  if (!match) fail(process, `invalid number at field start: invalid count at start of ‘${text}’`, 2);
  if (match[1] === '0') fail(process, `field number is zero: invalid field specification ‘${text}’`, 2);
  return {
    from: [Number(match[1]), Number(match[2] ?? 1) - 1],
    to: match[4] ? [Number(match[4]), Number(match[5] ?? 0)] : undefined,
    flags: match[3] + (match[6] ?? ''),
  };
}

function extract(line: string, key: Key, flags: string, separator: string | undefined): string {
  if (key.from[0] === 1 && key.from[1] === 0 && !key.to) return flags.includes('b') ? line.trimStart() : line;
  // Without -t a field begins with the blanks before it.
  const starts: number[] = [];
  const ends: number[] = [];
  if (separator !== undefined) {
    let at = 0;
    for (;;) {
      const next = line.indexOf(separator, at);
      starts.push(at);
      ends.push(next < 0 ? line.length : next);
      if (next < 0) break;
      at = next + 1;
    }
  } else {
    for (const match of line.matchAll(/\s*\S+|\s+$/g)) {
      starts.push(match.index);
      ends.push(match.index + match[0].length);
    }
  }
  let from = starts[key.from[0] - 1];
  if (from === undefined) return '';
  if (flags.includes('b')) while (line[from] === ' ' || line[from] === '\t') from++;
  from += key.from[1];
  let to = line.length;
  if (key.to) {
    const [field, char] = key.to;
    const start = starts[field - 1];
    if (start !== undefined) to = char ? Math.min(start + char, ends[field - 1]) : ends[field - 1];
  }
  return line.slice(from, to);
}

const SUFFIXES = 'KMGTPEZY';

function prepare(text: string, flags: string): string | number | (string | number)[] {
  if (flags.includes('n')) {
    const match = /^\s*(-?)(\d*)(?:\.(\d+))?/.exec(text);
    return match ? Number(`${match[1]}${match[2] || '0'}${match[3] ? '.' + match[3] : ''}`) : 0;
  }
  if (flags.includes('g')) return parseFloat(text) || 0;
  if (flags.includes('h')) {
    const match = /^\s*(-?\d*(?:\.\d+)?)([KMGTPEZYk]?)/.exec(text);
    const number = Number(match?.[1] || 0);
    const power = match?.[2] ? SUFFIXES.indexOf(match[2].toUpperCase()) + 1 : 0;
    return number === 0 ? 0 : [Math.sign(number) * power, number];
  }
  if (flags.includes('M')) return MONTHS.indexOf(text.trim().slice(0, 3).toUpperCase()) + 1;
  if (flags.includes('V')) return versionParts(text);
  let out = text;
  if (flags.includes('f')) out = out.toUpperCase();
  if (flags.includes('d')) out = out.replace(/[^A-Za-z0-9\s]/g, '');
  if (flags.includes('i')) out = out.replace(/[^ -~]/g, '');
  return out;
}

/** Alternating text and numbers: what `ls -v` and `sort -V` compare. */
export function versionParts(text: string): (string | number)[] {
  return text.split(/(\d+)/).map((part, i) => (i % 2 ? Number(part) : part));
}

function compareValues(a: string | number | (string | number)[], b: string | number | (string | number)[]): number {
  if (Array.isArray(a) || Array.isArray(b)) {
    const left = Array.isArray(a) ? a : [a];
    const right = Array.isArray(b) ? b : [b];
    for (let i = 0; i < left.length && i < right.length; i++) {
      if (left[i] < right[i]) return -1;
      if (left[i] > right[i]) return 1;
    }
    return left.length - right.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
