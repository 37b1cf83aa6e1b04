// The size of the terminal that a process is attached to. Processes share it with those that they start.

import type { Process } from './types.ts';

export interface Terminal {
  columns: number;
  rows: number;
}

/** What a reader's own terminal is taken for. */
const STANDARD: Terminal = { columns: 80, rows: 24 };

/** Undefined without a terminal. */
export const terminalOf = (process: Process): Terminal | undefined =>
  process.tty ? (process.terminal ?? STANDARD) : undefined;

/** A new size: who has the terminal hears of it. */
export function resizeTerminal(process: Process, terminal: Terminal, columns: number, rows: number) {
  if (terminal.columns === columns && terminal.rows === rows) return;
  terminal.columns = columns;
  terminal.rows = rows;
  for (const other of [...process.host.processes.values()]) if (other.terminal === terminal) other.signal('WINCH');
}
