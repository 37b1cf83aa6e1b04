// xxd, od, hexdump, strings: bytes made readable.

import { decode, encode } from '../bytes.ts';
import { readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { emit, fail, numberOption, openInput, parseOptions } from './options.ts';

const hex = (n: number, width: number) => n.toString(16).padStart(width, '0');
const printable = (byte: number) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.');

function* input(process: Process, path: string | undefined) {
  const reader = openInput(process, path ?? '-');
  return reader ? encode(yield* readAll(reader)) : undefined;
}

export const xxd: Program = function* (process) {
  const options = parseOptions(process, { short: 'c:g:l:s:purb', usage: '[options] [infile]' });
  let bytes = yield* input(process, options.args[0]);
  if (!bytes) return 2;
  if (options.has('b')) fail(process, '-b: binary digits are not modelled');
  if (options.has('r')) {
    const plain = decode(bytes)
      .split('\n')
      .map((line) => (options.has('p') ? line : line.replace(/^[0-9a-fA-F]+: /, '').split('  ')[0]));
    const digits = plain.join('').replace(/\s/g, '');
    yield* emit(process, decode(Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))));
    return 0;
  }
  const skip = options.has('s') ? numberOption(process, options.value('s') as string, 'offset') : 0;
  bytes = bytes.subarray(
    skip,
    options.has('l') ? skip + numberOption(process, options.value('l') as string, 'length') : undefined,
  );
  const columns = Number(options.value('c') ?? (options.has('p') ? 30 : 16));
  const group = Number(options.value('g') ?? 2) || columns;
  const digit = (byte: number) => (options.has('u') ? hex(byte, 2).toUpperCase() : hex(byte, 2));
  let out = '';
  for (let i = 0; i < bytes.length; i += columns) {
    const row = bytes.subarray(i, i + columns);
    let text = '';
    let shown = '';
    row.forEach((byte, k) => {
      text += digit(byte) + (!options.has('p') && (k + 1) % group === 0 ? ' ' : '');
      shown += printable(byte);
    });
    if (options.has('p')) out += text + '\n';
    else out += `${hex(i + skip, 8)}: ${text.padEnd(columns * 2 + Math.ceil(columns / group))} ${shown}\n`;
  }
  yield* emit(process, out);
  return 0;
};

const NAMES: Record<number, string> = {
  0: '\\0',
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

export const od: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'A:t:N:j:cxbvw:',
    long: { 'address-radix': 'A', format: 't', 'read-bytes': 'N', 'skip-bytes': 'j', width: 'w' },
    usage: '[OPTION]... [FILE]...',
  });
  const all = yield* input(process, options.args[0]);
  if (!all) return 1;
  const skip = Number(options.value('j') ?? 0);
  const bytes = all.subarray(skip, options.has('N') ? skip + Number(options.value('N')) : undefined);
  const kind = options.has('c')
    ? 'c'
    : options.has('b')
      ? 'o1'
      : options.has('x')
        ? 'x2'
        : (options.value('t') ?? 'o2');
  const match = /^(?:c|([xodu])([124]?))z?$/.exec(kind);
  if (!match) fail(process, `invalid type string ‘${kind}’`);
  const size = kind[0] === 'c' ? 1 : Number(match[2] || 4);
  const base = { x: 16, o: 8, d: 10, u: 10 }[match[1] as 'x'] ?? 8;
  const cell =
    kind[0] === 'c'
      ? 4
      : {
          x: 2 * size + 1,
          o: Math.ceil((size * 8) / 3) + 1,
          d: { 1: 5, 2: 7, 4: 12 }[size] ?? 12,
          u: { 1: 4, 2: 6, 4: 11 }[size] ?? 11,
        }[match[1] as 'x'];
  const radix = options.value('A') ?? 'o';
  const address = (at: number) =>
    radix === 'n'
      ? ''
      : radix === 'd'
        ? String(at).padStart(7, '0')
        : radix === 'x'
          ? hex(at, 6)
          : at.toString(8).padStart(7, '0');
  const width = Number(options.value('w') ?? 16);
  let out = '';
  let previous = '';
  let starred = false;
  for (let i = 0; i < bytes.length; i += width) {
    let row = '';
    for (let k = i; k < Math.min(i + width, bytes.length); k += size) {
      if (kind[0] === 'c') {
        const byte = bytes[k];
        row += (
          NAMES[byte] ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))
        ).padStart(4);
        continue;
      }
      let value = 0;
      for (let b = size - 1; b >= 0; b--) value = value * 256 + (bytes[k + b] ?? 0);
      if (match[1] === 'd' && value >= 2 ** (size * 8 - 1)) value -= 2 ** (size * 8);
      const text = value.toString(base);
      row += (base === 10 ? text : text.padStart(cell - 1, '0')).padStart(cell);
    }
    if (row === previous && i + width < bytes.length && !options.has('v')) {
      if (!starred) out += '*\n';
      starred = true;
      continue;
    }
    starred = false;
    previous = row;
    out += `${address(i + skip)}${row}\n`;
  }
  yield* emit(process, out + (radix === 'n' ? '' : address(bytes.length + skip) + '\n'));
  return 0;
};

export const hexdump: Program = function* (process) {
  const options = parseOptions(process, { short: 'Cn:s:v', usage: '[options] <file>...' });
  const all = yield* input(process, options.args[0]);
  if (!all) return 1;
  const skip = Number(options.value('s') ?? 0);
  const bytes = all.subarray(skip, options.has('n') ? skip + Number(options.value('n')) : undefined);
  let out = '';
  for (let i = 0; i < bytes.length; i += 16) {
    const row = [...bytes.subarray(i, i + 16)];
    if (options.has('C')) {
      const cells = row.map((byte, k) => (k === 8 ? ' ' : '') + hex(byte, 2)).join(' ');
      out += `${hex(i + skip, 8)}  ${cells.padEnd(48)}  |${row.map(printable).join('')}|\n`;
    } else {
      const words: string[] = [];
      for (let k = 0; k < row.length; k += 2) words.push(hex(row[k] | ((row[k + 1] ?? 0) << 8), 4));
      out += `${hex(i + skip, 7)} ${words.join(' ')}\n`;
    }
  }
  yield* emit(process, out + (bytes.length ? hex(bytes.length + skip, options.has('C') ? 8 : 7) + '\n' : ''));
  return 0;
};
