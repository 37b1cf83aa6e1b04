// base64: bytes as text and back.

import { decode, encode, fromBase64, toBase64 } from '../bytes.ts';
import { readAll } from '../io.ts';
import type { Program } from '../types.ts';
import { complain, emit, numberOption, openInput, operands, parseOptions } from './options.ts';

const SPEC = {
  short: 'diw:D',
  long: { decode: 'd', 'ignore-garbage': 'i', wrap: 'w' },
  usage: '[OPTION]... [FILE]',
};

export const base64: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  operands(process, options.args, 0, 1);
  const reader = openInput(process, options.args[0] ?? '-');
  if (!reader) return 1;
  const text = yield* readAll(reader);
  if (options.has('d') || options.has('D')) {
    const { bytes, ok } = fromBase64(text, options.has('i'));
    yield* emit(process, decode(bytes));
    if (!ok) complain(process, 'invalid input');
    return ok ? 0 : 1;
  }
  const width = options.has('w') ? numberOption(process, options.value('w') as string, 'wrap size') : 76;
  const all = toBase64(encode(text));
  if (width === 0) {
    yield* emit(process, all);
    return 0;
  }
  let out = '';
  for (let i = 0; i < all.length; i += width) out += all.slice(i, i + width) + '\n';
  yield* emit(process, out);
  return 0;
};
