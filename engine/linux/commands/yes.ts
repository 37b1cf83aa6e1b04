// yes: one line without end, until nobody reads it.

import type { Program } from '../types.ts';
import { emit } from './options.ts';

/** Characters written at once. */
const BLOCK = 8192;

export const yes: Program = function* (process) {
  const line = (process.argv.slice(1).join(' ') || 'y') + '\n';
  const block = line.repeat(Math.max(1, Math.floor(BLOCK / line.length)));
  for (;;) {
    yield* emit(process, block);
    yield 1;
  }
};
