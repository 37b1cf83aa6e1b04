// seq: numbers in a row.

import type { Process, Program } from '../types.ts';
import { emit, operands, parseOptions, usageError } from './options.ts';
import { formatPrintf } from './printf.ts';

const SPEC = {
  short: 'f:s:w',
  long: { format: 'f', separator: 's', 'equal-width': 'w' },
  usage: '[OPTION]... [FIRST [INCREMENT]] LAST',
};
/** Numbers written between two waits. */
const BATCH = 1000;

export const seq: Program = function* (process) {
  // A negative number is no option.
  const at = process.argv.findIndex((arg, i) => i > 0 && /^-\.?\d/.test(arg));
  if (at > 0) process.argv = [...process.argv.slice(0, at), '--', ...process.argv.slice(at)];
  const options = parseOptions(process, SPEC);
  const { args } = options;
  operands(process, args, 1, 3);
  const numbers = args.map((text) => number(process, text));
  const first = args.length > 1 ? numbers[0] : 1;
  const step = args.length > 2 ? numbers[1] : 1;
  const last = numbers[numbers.length - 1];
  if (step === 0) usageError(process, `invalid Zero increment value: ‘${args[1]}’`);
  const decimals = Math.max(
    ...args.slice(0, Math.max(1, args.length - 1)).map((text) => text.split('.')[1]?.length ?? 0),
    0,
  );
  const separator = options.value('s') ?? '\n';
  const format = options.value('f');
  const width = options.has('w') ? Math.max(first.toFixed(decimals).length, last.toFixed(decimals).length) : 0;
  const show = (value: number) => {
    if (format !== undefined) return formatPrintf(format, [String(value)]).text;
    const text = value.toFixed(decimals);
    return value < 0 ? '-' + text.slice(1).padStart(width - 1, '0') : text.padStart(width, '0');
  };
  const count = Math.floor((last - first) / step + 1e-9);
  for (let from = 0; from <= count; from += BATCH) {
    const part: string[] = [];
    for (let i = from; i <= count && i < from + BATCH; i++) part.push(show(first + i * step));
    yield* emit(process, part.join(separator) + (from + BATCH > count ? '\n' : separator));
    if (from + BATCH <= count) yield 0.01;
  }
  return 0;
};

function number(process: Process, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) usageError(process, `invalid floating point argument: ‘${text}’`);
  return value;
}
