// rev, tac, nl, fold, paste, comm, join, column, shuf, expand, split: small filters over lines.

import type { Co } from '../../sim/index.ts';
import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { LineReader, readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { eachInput, emit, fail, numberOption, openInput, operands, parseOptions, usageError } from './options.ts';

/** Applies `change` to each line as it comes. */
function* mapLines(process: Process, paths: string[], change: (line: string) => string): Co<number> {
  return yield* eachInput(process, paths, function* (reader) {
    const input = new LineReader(reader);
    for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) {
      yield* emit(process, lines.map(change).join('\n') + (input.terminated ? '\n' : ''));
    }
  });
}

function splitLines(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function* linesOf(process: Process, path: string): Co<string[] | undefined> {
  const reader = openInput(process, path);
  return reader ? splitLines(yield* readAll(reader)) : undefined;
}

export const rev: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: '[FILE]...' });
  return yield* mapLines(process, options.args, (line) => [...line].reverse().join(''));
};

export const tac: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: '[FILE]...' });
  return yield* eachInput(process, options.args, function* (reader) {
    const text = yield* readAll(reader);
    const lines = splitLines(text).reverse();
    if (lines.length)
      yield* emit(process, text.endsWith('\n') ? lines.join('\n') + '\n' : lines[0] + lines.slice(1).join('\n') + '\n');
  });
};

export const nl: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'b:w:s:v:i:n:',
    long: {
      'body-numbering': 'b',
      'number-width': 'w',
      'number-separator': 's',
      'starting-line-number': 'v',
      'line-increment': 'i',
      'number-format': 'n',
    },
    usage: '[OPTION]... [FILE]...',
  });
  const style = options.value('b') ?? 't';
  if (!/^[atn]$/.test(style)) fail(process, `invalid body numbering style: ‘${style}’`);
  const number = (key: string, fallback: number) =>
    options.has(key) ? numberOption(process, options.value(key) as string, 'number') : fallback;
  const width = number('w', 6);
  const step = number('i', 1);
  const separator = options.value('s') ?? '\t';
  const format = options.value('n') ?? 'rn';
  let next = number('v', 1);
  return yield* mapLines(process, options.args, (line) => {
    if (style === 'n' || (style === 't' && line === '')) return ' '.repeat(width + separator.length) + line;
    const text = String(next);
    next += step;
    return (
      (format === 'ln' ? text.padEnd(width) : text.padStart(width, format === 'rz' ? '0' : ' ')) + separator + line
    );
  });
};

export const fold: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'w:sb',
    long: { width: 'w', spaces: 's', bytes: 'b' },
    usage: '[OPTION]... [FILE]...',
    digits: 'w',
  });
  const width = options.has('w') ? numberOption(process, options.value('w') as string, 'number of columns') : 80;
  return yield* mapLines(process, options.args, (line) => {
    const out: string[] = [];
    let rest = line;
    while (rest.length > width) {
      let cut = width;
      if (options.has('s')) {
        const blank = rest.lastIndexOf(' ', width - 1);
        if (blank > 0) cut = blank + 1;
      }
      out.push(rest.slice(0, cut));
      rest = rest.slice(cut);
    }
    return [...out, rest].join('\n');
  });
};

export const paste: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'd:sz',
    long: { delimiters: 'd', serial: 's' },
    usage: '[OPTION]... [FILE]...',
  });
  const delimiters = (options.value('d') ?? '\t').replace(/\\(.)/g, (_w, c) =>
    c === 'n' ? '\n' : c === 't' ? '\t' : c === '0' ? '' : c,
  );
  const paths = options.args.length ? options.args : ['-'];
  const columns: string[][] = [];
  let shared: string[] | undefined;
  for (const path of paths) {
    if (path === '-' && shared) {
      columns.push(shared);
      continue;
    }
    const lines = yield* linesOf(process, path);
    if (!lines) return 1;
    if (path === '-') shared = lines;
    columns.push(lines);
  }
  const mark = (i: number) => (delimiters ? delimiters[i % delimiters.length] : '');
  const joined = (cells: string[]) => cells.map((cell, i) => (i ? mark(i - 1) : '') + cell).join('') + '\n';
  if (options.has('s')) {
    for (const lines of columns) yield* emit(process, joined(lines));
    return 0;
  }
  // Several dashes take turns at standard input.
  const dashes = paths.filter((path) => path === '-').length;
  let seen = 0;
  const turns = paths.map((path) => (path === '-' ? seen++ : 0));
  const length = Math.max(
    ...columns.map((lines, i) => (paths[i] === '-' ? Math.ceil(lines.length / dashes) : lines.length)),
  );
  let out = '';
  for (let row = 0; row < length; row++) {
    out += joined(columns.map((lines, i) => lines[paths[i] === '-' ? row * dashes + turns[i] : row] ?? ''));
  }
  yield* emit(process, out);
  return 0;
};

export const comm: Program = function* (process) {
  const options = parseOptions(process, {
    short: '123',
    long: { 'output-delimiter': 'output:' },
    usage: '[OPTION]... FILE1 FILE2',
  });
  operands(process, options.args, 2, 2);
  const left = yield* linesOf(process, options.args[0]);
  const right = yield* linesOf(process, options.args[1]);
  if (!left || !right) return 1;
  const tab = options.value('output') ?? '\t';
  const second = options.has('1') ? '' : tab;
  const third = second + (options.has('2') ? '' : tab);
  let out = '';
  for (let i = 0, k = 0; i < left.length || k < right.length;) {
    if (k >= right.length || (i < left.length && left[i] < right[k])) {
      if (!options.has('1')) out += left[i] + '\n';
      i++;
    } else if (i >= left.length || right[k] < left[i]) {
      if (!options.has('2')) out += second + right[k] + '\n';
      k++;
    } else {
      if (!options.has('3')) out += third + left[i] + '\n';
      i++;
      k++;
    }
  }
  yield* emit(process, out);
  return 0;
};

export const join: Program = function* (process) {
  const options = parseOptions(process, {
    short: '1:2:j:t:a:v:e:io:',
    long: { 'ignore-case': 'i' },
    usage: '[OPTION]... FILE1 FILE2',
  });
  operands(process, options.args, 2, 2);
  if (options.has('o')) fail(process, '-o: choosing output fields is not modelled');
  const sides: string[][][] = [];
  for (const path of options.args) {
    const lines = yield* linesOf(process, path);
    if (!lines) return 1;
    sides.push(
      lines.map((line) => (options.has('t') ? line.split(options.value('t') as string) : line.trim().split(/\s+/))),
    );
  }
  const field = (n: 1 | 2) => Number(options.value(String(n)) ?? options.value('j') ?? 1) - 1;
  const joint = options.value('t') ?? ' ';
  const keyOf = (row: string[], n: 1 | 2) =>
    options.has('i') ? (row[field(n)] ?? '').toLowerCase() : (row[field(n)] ?? '');
  const unpaired = [...options.values('a'), ...options.values('v')];
  const rest = (row: string[], n: 1 | 2) => row.filter((_cell, i) => i !== field(n));
  const byKey = new Map<string, string[][]>();
  for (const row of sides[1]) byKey.set(keyOf(row, 2), [...(byKey.get(keyOf(row, 2)) ?? []), row]);
  const used = new Set<string>();
  let out = '';
  for (const row of sides[0]) {
    const key = keyOf(row, 1);
    const partners = byKey.get(key);
    used.add(key);
    if (!partners) {
      if (unpaired.includes('1')) out += [row[field(1)], ...rest(row, 1)].join(joint) + '\n';
      continue;
    }
    if (options.has('v')) continue;
    for (const partner of partners) out += [row[field(1)], ...rest(row, 1), ...rest(partner, 2)].join(joint) + '\n';
  }
  if (unpaired.includes('2'))
    for (const row of sides[1])
      if (!used.has(keyOf(row, 2))) out += [row[field(2)], ...rest(row, 2)].join(joint) + '\n';
  yield* emit(process, out);
  return 0;
};

export const column: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'ts:o:N:c:',
    long: { table: 't', separator: 's', 'output-separator': 'o', 'table-columns': 'N', 'output-width': 'c' },
    usage: '[options] [<file>...]',
  });
  const rows: string[] = [];
  const status = yield* eachInput(process, options.args, function* (reader) {
    const list = splitLines(yield* readAll(reader));
    for (const line of list) if (line.trim() !== '') rows.push(line);
  });
  if (options.has('t') || options.has('N')) {
    const separator = options.value('s');
    const cells = rows.map((row) =>
      separator === undefined
        ? row.trim().split(/\s+/)
        : row.split(new RegExp(`[${separator.replace(/[\\\]^-]/g, '\\$&')}]`)),
    );
    const titles = options.value('N');
    if (titles !== undefined) cells.unshift(titles.split(','));
    const widths: number[] = [];
    for (const row of cells) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
    const joint = options.value('o') ?? '  ';
    yield* emit(
      process,
      cells
        .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]))).join(joint) + '\n')
        .join(''),
    );
    return status;
  }
  const width = Number(options.value('c') ?? 80);
  const longest = Math.max(0, ...rows.map((row) => row.length));
  const step = Math.ceil((longest + 1) / 8) * 8;
  const count = Math.max(1, Math.floor(width / step));
  const height = Math.ceil(rows.length / count);
  let out = '';
  for (let y = 0; y < height; y++) {
    let line = '';
    for (let x = 0; x * height + y < rows.length; x++) {
      const cell = rows[x * height + y];
      const last = (x + 1) * height + y >= rows.length;
      line += last ? cell : cell + '\t'.repeat(Math.ceil((step - cell.length) / 8));
    }
    out += line + '\n';
  }
  yield* emit(process, out);
  return status;
};

export const shuf: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'n:ei:',
    long: { 'head-count': 'n', echo: 'e', 'input-range': 'i' },
    usage: '[OPTION]... [FILE]',
  });
  let lines: string[];
  const range = options.value('i');
  if (range !== undefined) {
    const match = /^(\d+)-(\d+)$/.exec(range) ?? fail(process, `invalid input range: ‘${range}’`);
    lines = Array.from({ length: Math.max(0, Number(match[2]) - Number(match[1]) + 1) }, (_v, i) =>
      String(Number(match[1]) + i),
    );
  } else if (options.has('e')) lines = options.args.slice();
  else {
    operands(process, options.args, 0, 1);
    const read = yield* linesOf(process, options.args[0] ?? '-');
    if (!read) return 1;
    lines = read;
  }
  const random = process.host.sim.random('shuf');
  for (let i = lines.length - 1; i > 0; i--) {
    const k = random.int(i + 1);
    const swap = lines[i];
    lines[i] = lines[k];
    lines[k] = swap;
  }
  if (options.has('n')) lines = lines.slice(0, numberOption(process, options.value('n') as string, 'line count'));
  if (lines.length) yield* emit(process, lines.join('\n') + '\n');
  return 0;
};

export const expand: Program = function* (process) {
  const options = parseOptions(process, { short: 't:', long: { tabs: 't' }, usage: '[OPTION]... [FILE]...' });
  const width = options.has('t') ? numberOption(process, options.value('t') as string, 'tab size') : 8;
  return yield* mapLines(process, options.args, (line) => {
    let out = '';
    for (const c of line) out += c === '\t' ? ' '.repeat(width - (out.length % width)) : c;
    return out;
  });
};

export const split: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'l:da:',
    long: { lines: 'l', 'numeric-suffixes': 'd', 'suffix-length': 'a' },
    usage: '[OPTION]... [FILE [PREFIX]]',
  });
  operands(process, options.args, 0, 2);
  const count = options.has('l') ? numberOption(process, options.value('l') as string, 'number of lines') : 1000;
  if (count < 1) usageError(process, `invalid number of lines: ‘${options.value('l')}’`);
  const lines = yield* linesOf(process, options.args[0] ?? '-');
  if (!lines) return 1;
  const prefix = options.args[1] ?? 'x';
  const width = Number(options.value('a') ?? 2);
  const base = options.has('d') ? 10 : 26;
  const fs = filesOf(process);
  try {
    for (let i = 0; i * count < lines.length; i++) {
      let suffix = '';
      for (let k = 0, n = i; k < width; k++, n = Math.floor(n / base))
        suffix = (options.has('d') ? String(n % 10) : String.fromCharCode(97 + (n % 26))) + suffix;
      fs.writeFile(prefix + suffix, lines.slice(i * count, (i + 1) * count).join('\n') + '\n');
    }
  } catch (error) {
    if (error instanceof FsError) fail(process, `${error.path}: ${error.message}`);
    throw error;
  }
  return 0;
};
