// wc: lines, words, characters and bytes.

import { byteLength } from '../bytes.ts';
import type { Program } from '../types.ts';
import { isBusybox, openInput, parseOptions, put } from './options.ts';

const SPEC = {
  short: 'clmwL',
  long: { bytes: 'c', lines: 'l', chars: 'm', words: 'w', 'max-line-length': 'L' },
  usage: '[OPTION]... [FILE]...',
};
const ORDER = ['l', 'w', 'm', 'c', 'L'] as const;
type Counts = Record<(typeof ORDER)[number], number>;

export const wc: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const asked = ORDER.filter((key) => options.has(key));
  const columns = asked.length ? asked : (['l', 'w', 'c'] as const);
  const paths = options.args.length ? options.args : ['-'];
  const rows: { counts: Counts; name: string }[] = [];
  const total: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
  let status = 0;
  for (const path of paths) {
    const reader = openInput(process, path);
    if (!reader) {
      status = 1;
      continue;
    }
    const counts: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
    let inWord = false;
    let width = 0;
    for (let text = yield* reader.read(); text !== undefined; text = yield* reader.read()) {
      counts.c += byteLength(text);
      for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) counts.l++;
      if (columns.some((key) => key === 'w')) {
        const words = text.match(/\S+/g)?.length ?? 0;
        counts.w += words - (inWord && words && /^\S/.test(text) ? 1 : 0);
        inWord = /\S$/.test(text);
      }
      if (options.has('m')) counts.m += [...text].length;
      if (options.has('L')) {
        for (const line of text.split('\n')) {
          width = Math.max(width, [...line].length);
        }
        counts.L = width;
      }
    }
    for (const key of ORDER) total[key] = key === 'L' ? Math.max(total.L, counts.L) : total[key] + counts[key];
    rows.push({ counts, name: path === '-' && !options.args.length ? '' : path });
  }
  if (rows.length > 1) rows.push({ counts: total, name: 'total' });
  put(process, rows.map((row) => line(row, columns, widthOf(rows, columns, isBusybox(process), paths))).join(''));
  return status;
};

/** GNU aligns to the widest number; one column of one file is not padded, and a pipe's size is not known. */
function widthOf(
  rows: { counts: Counts; name: string }[],
  columns: readonly (keyof Counts)[],
  busybox: boolean,
  paths: string[],
): number {
  if (columns.length === 1 && (busybox || rows.length === 1)) return 1;
  if (busybox) return 9;
  let width = 1;
  for (const { counts } of rows) width = Math.max(width, String(counts.c).length);
  return paths.includes('-') ? Math.max(width, 7) : width;
}

function line(
  { counts, name }: { counts: Counts; name: string },
  columns: readonly (keyof Counts)[],
  width: number,
): string {
  return columns.map((key) => String(counts[key]).padStart(width)).join(' ') + (name ? ` ${name}` : '') + '\n';
}
