// sleep: lets virtual time pass.

import type { Process, Program } from '../types.ts';
import { operands, parseOptions, usageError } from './options.ts';

const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

/** A duration in ms from `2`, `0.5s`, `3m`, `infinity`; undefined when it is none. */
export function duration(text: string): number | undefined {
  if (text === 'infinity' || text === 'inf') return Infinity;
  const match = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(text);
  return match ? Number(match[1]) * UNITS[match[2]] * 1000 : undefined;
}

export const sleep: Program = function* (process: Process) {
  const { args } = parseOptions(process, { short: '', usage: 'NUMBER[SUFFIX]...' });
  operands(process, args, 1);
  let total = 0;
  for (const text of args) {
    const ms = duration(text);
    if (ms === undefined) usageError(process, `invalid time interval ‘${text}’`);
    total += ms;
  }
  if (total === Infinity) for (;;) yield { signals: [], timeout: 2 ** 40 };
  yield total;
  return 0;
};
