// What a subcommand of openssl is, and what it gets.

import type { part } from '../../../parts/index.ts';
import type { Co } from '../../../sim/index.ts';
import { readAll } from '../../io.ts';
import type { Process } from '../../types.ts';
import { openInput } from '../options.ts';

export type Pki = ReturnType<typeof part<'pki'>>;
export type Certificate = ReturnType<Pki['readCertificate']>;
export type Request = ReturnType<Pki['readRequest']>;
export type PrivateKey = NonNullable<ReturnType<Pki['privateKeyOf']>>;

/** What is said before openssl ends with status 1. */
export class OpensslError extends Error {}

export interface Call {
  process: Process;
  /** Values of options; '' for flags. In the order in which they were given. */
  options: ReadonlyMap<string, string>;
  operands: readonly string[];
  /** To standard error. */
  say(text: string): void;
}

export interface Command {
  /** What goes to the output (or to -out), or an exit status. */
  run(call: Call): Co<string | number>;
  flags: readonly string[];
  /** Options that take a value. */
  valued: readonly string[];
  /** How many arguments without a dash it takes; none by default. */
  operands?: number;
  /** What it writes is for its owner alone. */
  secret?: boolean;
}

/** The text of a file, or of what comes in. */
export function* input(call: Call, file: string | undefined): Co<string> {
  const reader = openInput(call.process, file ?? '-');
  if (!reader) throw new OpensslError(`Could not open file or uri for loading from ${file}`);
  return yield* readAll(reader);
}
