// dd: copies blocks from one file to another, mostly zeros to fill a disk with.

import { byteLength } from '../bytes.ts';
import { FileNode, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Co } from '../../sim/index.ts';
import type { Process, Program } from '../types.ts';
import { fail, isBusybox } from './options.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  c: 1,
  w: 2,
  b: 512,
  k: 1024,
  K: 1024,
  kB: 1000,
  KB: 1000,
  M: 1024 ** 2,
  MB: 1e6,
  MiB: 1024 ** 2,
  G: 1024 ** 3,
  GB: 1e9,
  GiB: 1024 ** 3,
};
/** ms that a disk takes for a megabyte. */
const MS_A_MEGABYTE = 0.8;

function amount(process: Process, text: string): number {
  const match = /^(\d+)([a-zA-Z]*)$/.exec(text);
  const unit = match && UNITS[match[2]];
  if (!match || !unit)
    return fail(process, isBusybox(process) ? `invalid number '${text}'` : `invalid number: ‘${text}’`);
  return Number(match[1]) * unit;
}

interface Source {
  /** Bytes; Infinity for a device that never ends. */
  size: number;
  text(bytes: number): string;
}

export const dd: Program = function* (process) {
  const given: Record<string, string> = {};
  for (const arg of process.argv.slice(1)) {
    const equals = arg.indexOf('=');
    const name = arg.slice(0, equals);
    if (equals < 0) fail(process, `unrecognized operand ‘${arg}’`);
    if (!['if', 'of', 'bs', 'count', 'status', 'oflag', 'conv'].includes(name))
      fail(process, `${name}: this operand is not modelled`);
    given[name] = arg.slice(equals + 1);
  }
  if (given.conv && !/^(fsync|fdatasync|notrunc)(,(fsync|fdatasync))*$/.test(given.conv))
    fail(process, `conv=${given.conv}: this conversion is not modelled`);
  if (given.conv?.includes('notrunc')) fail(process, 'conv=notrunc: writing into a file is not modelled');
  if (given.oflag && !['direct', 'dsync', 'sync'].includes(given.oflag))
    fail(process, `oflag=${given.oflag}: this flag is not modelled`);
  const block = given.bs === undefined ? 512 : amount(process, given.bs);
  const count = given.count === undefined ? Infinity : amount(process, given.count);
  const fs = filesOf(process);
  const source = yield* open(process, fs, given.if);
  const bytes = Math.min(source.size, block * count);
  if (bytes === Infinity) fail(process, 'writing without end is not modelled: give it a count');
  const took = Math.max(1, Math.ceil((bytes / 1e6) * MS_A_MEGABYTE));
  if (given.of === undefined) process.stdout.write(source.text(bytes));
  else {
    const target = fs.openWrite(given.of);
    if (!target.device) fill(target, source, bytes);
  }
  yield took;
  if (given.status !== 'none') process.stderr.write(summary(process, bytes, block, took));
  return 0;
};

function* open(process: Process, fs: FileSystem, path: string | undefined): Co<Source> {
  if (path === undefined) {
    let text = '';
    for (;;) {
      const part = yield* process.stdin.read();
      if (part === undefined) return { size: byteLength(text), text: () => text };
      text += part;
    }
  }
  const { device, text } = fs.openRead(path);
  if (device === 'zero' || device === 'random' || device === 'full')
    return { size: Infinity, text: (bytes) => '\0'.repeat(bytes) };
  return { size: byteLength(text), text: (bytes) => (bytes >= text.length ? text : text.slice(0, bytes)) };
}

/** What comes from a device is made when somebody reads it: a disk is filled without holding it in memory. */
function fill(target: FileNode, source: Source, bytes: number) {
  if (source.size !== Infinity) target.text = source.text(bytes);
  else target.compute(() => source.text(bytes), bytes);
}

function summary(process: Process, bytes: number, block: number, took: number): string {
  const whole = Math.floor(bytes / block);
  const records = `${whole}+${bytes % block ? 1 : 0}`;
  const seconds = took / 1000;
  const head = `${records} records in\n${records} records out\n`;
  if (isBusybox(process))
    return `${head}${bytes} bytes (${scaled(bytes, 1024)}B) copied, ${seconds.toFixed(6)} seconds, ${scaled(bytes / seconds, 1024)}B/s\n`;
  const sizes = bytes < 1000 ? '' : ` (${scaled(bytes, 1000, ' ')}B, ${scaled(bytes, 1024, ' ')}iB)`;
  const shown = bytes < 1000 ? `${bytes} byte${bytes === 1 ? '' : 's'}` : `${bytes} bytes${sizes}`;
  return `${head}${shown} copied, ${seconds} s, ${scaled(bytes / seconds, 1000, ' ')}B/s\n`;
}

/** `10.0M`, `10 M`. */
function scaled(value: number, base: number, gap = ''): string {
  let power = 0;
  let rest = value;
  for (; rest >= base && power < 4; power++) rest /= base;
  const unit = power === 1 && base === 1000 ? 'k' : ['', 'K', 'M', 'G', 'T'][power];
  const number = gap && rest >= 10 ? String(Math.round(rest)) : rest.toFixed(1);
  return `${number}${gap}${unit}`;
}
