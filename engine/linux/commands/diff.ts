// diff and cmp: how two files differ. The shortest edit script is Myers's.

import type { Co } from '../../sim/index.ts';
import { encode } from '../bytes.ts';
import { basename, FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { fileReader, readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { complain, emit, numberOption, operands, type Options, parseOptions } from './options.ts';

const SPEC = {
  short: 'uU:qrNibwBsya',
  long: {
    unified: 'U::',
    brief: 'q',
    recursive: 'r',
    'new-file': 'N',
    'ignore-case': 'i',
    'ignore-space-change': 'b',
    'ignore-all-space': 'w',
    'ignore-blank-lines': 'B',
    'report-identical-files': 's',
    text: 'a',
    label: 'label:',
    color: 'color::',
  },
  usage: '[OPTION]... FILES',
  status: 2,
};

/** A run of lines that stay (0), go (-1) or come (1). */
export interface Hunk {
  from: number;
  fromEnd: number;
  to: number;
  toEnd: number;
}

/** The places where `b` differs from `a`, in order: half-open ranges of lines in both. */
export function changes(a: string[], b: string[]): Hunk[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const pairs = matching(a.slice(start, endA), b.slice(start, endB));
  const out: Hunk[] = [];
  let i = start;
  let k = start;
  for (const [x, y] of [...pairs.map((pair) => [pair[0] + start, pair[1] + start]), [endA, endB]]) {
    if (x > i || y > k) out.push({ from: i, fromEnd: x, to: k, toEnd: y });
    i = x + 1;
    k = y + 1;
  }
  return out;
}

/** Pairs of equal lines on the shortest path from one text to the other (Myers 1986). */
function matching(a: string[], b: string[]): [number, number][] {
  const n = a.length;
  const m = b.length;
  const most = n + m;
  let furthest = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  for (let d = 0; d <= most; d++) {
    history.push(furthest);
    furthest = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < n && y < m && a[x] === b[y]) {
        x++;
        y++;
      }
      furthest.set(k, x);
      if (x >= n && y >= m) return backtrack(history, d, n, m);
    }
  }
  return [];
}

function backtrack(history: Map<number, number>[], steps: number, n: number, m: number): [number, number][] {
  const pairs: [number, number][] = [];
  let x = n;
  let y = m;
  for (let d = steps; d >= 0; d--) {
    const furthest = history[d];
    const k = x - y;
    const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (furthest.get(before) ?? 0);
    const fromY = d === 0 ? 0 : fromX - before;
    // The diagonal after this step: equal lines.
    const startX = d === 0 ? 0 : down ? fromX : fromX + 1;
    for (; x > startX; x--, y--) pairs.push([x - 1, y - 1]);
    x = fromX;
    y = fromY;
  }
  return pairs.reverse();
}

interface Side {
  label: string;
  lines: string[];
  /** The last line has no newline. */
  open: boolean;
}

export function sideOf(text: string, label: string): Side {
  const lines = text === '' ? [] : (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return { label, lines, open: text !== '' && !text.endsWith('\n') };
}

/** A unified diff's text with `context` lines around changes; '' when nothing differs. */
export function unifiedDiff(
  left: Side,
  right: Side,
  context: number,
  key: (line: string) => string = (line) => line,
): string {
  const a = left.lines.map(key);
  const b = right.lines.map(key);
  // A missing newline at the end is a difference of that line.
  if (left.open !== right.open) {
    if (left.open) a[a.length - 1] += '\0';
    else b[b.length - 1] += '\0';
  }
  const hunks = changes(a, b);
  if (!hunks.length) return '';
  let out = `--- ${left.label}\n+++ ${right.label}\n`;
  for (let i = 0; i < hunks.length;) {
    let last = i;
    while (last + 1 < hunks.length && hunks[last + 1].from - hunks[last].fromEnd <= 2 * context) last++;
    const from = Math.max(0, hunks[i].from - context);
    const to = Math.max(0, hunks[i].to - context);
    const fromEnd = Math.min(a.length, hunks[last].fromEnd + context);
    const toEnd = Math.min(b.length, hunks[last].toEnd + context);
    out += `@@ -${range(from, fromEnd)} +${range(to, toEnd)} @@\n`;
    let at = from;
    for (let h = i; h <= last; h++) {
      const hunk = hunks[h];
      for (; at < hunk.from; at++) out += mark(' ', left, at);
      for (; at < hunk.fromEnd; at++) out += mark('-', left, at);
      for (let k = hunk.to; k < hunk.toEnd; k++) out += mark('+', right, k);
    }
    for (; at < fromEnd; at++) out += mark(' ', left, at);
    i = last + 1;
  }
  return out;
}

function range(from: number, to: number): string {
  const count = to - from;
  return count === 1 ? String(from + 1) : `${count === 0 ? from : from + 1},${count}`;
}

function mark(sign: string, side: Side, at: number): string {
  const open = side.open && at === side.lines.length - 1;
  return `${sign}${side.lines[at]}\n${open ? '\\ No newline at end of file\n' : ''}`;
}

function normalDiff(left: Side, right: Side, key: (line: string) => string): string {
  const a = left.lines.map(key);
  const b = right.lines.map(key);
  if (left.open !== right.open) {
    if (left.open) a[a.length - 1] += '\0';
    else b[b.length - 1] += '\0';
  }
  let out = '';
  const span = (from: number, to: number) =>
    to - from <= 1 ? String(from + (to > from ? 1 : 0)) : `${from + 1},${to}`;
  for (const { from, fromEnd, to, toEnd } of changes(a, b)) {
    const letter = from === fromEnd ? 'a' : to === toEnd ? 'd' : 'c';
    out += `${span(from, fromEnd)}${letter}${span(to, toEnd)}\n`;
    for (let i = from; i < fromEnd; i++) out += mark('< ', left, i);
    if (letter === 'c') out += '---\n';
    for (let k = to; k < toEnd; k++) out += mark('> ', right, k);
  }
  return out;
}

export const diff: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  if (options.has('y')) {
    complain(process, '-y: side by side is not modelled');
    return 2;
  }
  if (options.args.length !== 2) operands(process, options.args, 2, 2);
  return yield* compare(process, options, options.args[0], options.args[1], 0);
};

function* compare(process: Process, options: Options, left: string, right: string, depth: number): Co<number> {
  const fs = filesOf(process);
  const dirs = [left, right].map((path) => path !== '-' && fs.isDirectory(path));
  if (dirs[0] && dirs[1]) return yield* directories(process, options, left, right, depth);
  const paths = [dirs[0] ? `${left}/${basename(right)}` : left, dirs[1] ? `${right}/${basename(left)}` : right];
  const texts: string[] = [];
  let failed = false;
  for (const path of paths) {
    try {
      const missing = options.has('N') && path !== '-' && !fs.exists(path);
      texts.push(missing ? '' : yield* readAll(path === '-' ? process.stdin : fileReader(fs.openRead(path), process)));
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, `${path}: ${error.message}`);
      failed = true;
    }
  }
  if (failed) return 2;
  const labels = options.values('label');
  const label = (i: number) =>
    labels[i] ?? `${paths[i]}\t${formatDate('%F %T.%N %z', fs.find(paths[i])?.mtime ?? process.host.sim.now)}`;
  const key = (line: string) => {
    let out = line;
    if (options.has('w')) out = out.replace(/\s+/g, '');
    else if (options.has('b')) out = out.trimEnd().replace(/\s+/g, ' ');
    return options.has('i') ? out.toLowerCase() : out;
  };
  const a = sideOf(texts[0], label(0));
  const b = sideOf(texts[1], label(1));
  if (options.has('B')) {
    a.lines = a.lines.filter((line) => line !== '');
    b.lines = b.lines.filter((line) => line !== '');
  }
  const unified = options.has('u') || options.has('U');
  const context = options.has('U') ? numberOption(process, options.value('U') || '3', 'context length', 2) : 3;
  const out = unified ? unifiedDiff(a, b, context, key) : normalDiff(a, b, key);
  if (!out) {
    if (options.has('s')) yield* emit(process, `Files ${paths[0]} and ${paths[1]} are identical\n`);
    return 0;
  }
  if (options.has('q')) yield* emit(process, `Files ${paths[0]} and ${paths[1]} differ\n`);
  else {
    const command = depth
      ? `diff ${process.argv.slice(1, -2).join(' ')} ${paths[0]} ${paths[1]}\n`.replace('  ', ' ')
      : '';
    yield* emit(process, command + out);
  }
  return 1;
}

function* directories(process: Process, options: Options, left: string, right: string, depth: number): Co<number> {
  const fs = filesOf(process);
  const names = [...new Set([...fs.readdir(left), ...fs.readdir(right)])].sort();
  let status = 0;
  for (const name of names) {
    const a = `${left}/${name}`;
    const b = `${right}/${name}`;
    const missing = fs.exists(a) ? (fs.exists(b) ? undefined : left) : right;
    if (missing !== undefined && !options.has('N')) {
      yield* emit(process, `Only in ${missing}: ${name}\n`);
      status = Math.max(status, 1);
    } else if (fs.isDirectory(a) && fs.isDirectory(b) && !options.has('r')) {
      yield* emit(process, `Common subdirectories: ${a} and ${b}\n`);
    } else if (depth < 64) status = Math.max(status, yield* compare(process, options, a, b, depth + 1));
  }
  return status;
}

export const cmp: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'sl',
    long: { silent: 's', quiet: 's' },
    usage: '[OPTION]... FILE1 [FILE2]',
    status: 2,
  });
  const paths = [options.args[0] ?? '-', options.args[1] ?? '-'];
  const bytes: Uint8Array[] = [];
  const fs = filesOf(process);
  for (const path of paths) {
    try {
      bytes.push(encode(yield* readAll(path === '-' ? process.stdin : fileReader(fs.openRead(path), process))));
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      if (!options.has('s')) complain(process, `${path}: ${error.message}`);
      return 2;
    }
  }
  const [a, b] = bytes;
  let line = 1;
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) {
      if (!options.has('s')) yield* emit(process, `${paths[0]} ${paths[1]} differ: byte ${i + 1}, line ${line}\n`);
      return 1;
    }
    if (a[i] === 10) line++;
  }
  if (a.length === b.length) return 0;
  const shorter = a.length < b.length ? 0 : 1;
  if (!options.has('s'))
    complain(process, `EOF on ${paths[shorter]} after byte ${bytes[shorter].length}, line ${line - 1}`);
  return 1;
};
