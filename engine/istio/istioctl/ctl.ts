// How istioctl's commands fail, and what they are given.

import type { Process } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';

/** What went wrong; the command ends with status 1. */
export class CtlError extends Error {}

export interface Ctl {
  process: Process;
  /** Arguments after the command's name, without flags. */
  args: string[];
  /** Values of a flag, in their order; '' for a switch. */
  flags: Map<string, string[]>;
  print(text: string): void;
  /** Runs kubectl; its output. Throws CtlError with its words when it fails. */
  kubectl(args: string[], input?: string): Co<string>;
  readFile(path: string): string;
}

/** Rows under a header, three blanks or more apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] + 5)))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}
