// Flags of the programs that administer a machine, in the two manners there are: Go's (`--name=value`, `-n value`) and
// anywhere between the arguments.

import { Exit } from '../linux/index.ts';
import type { Process } from '../linux/index.ts';

/** Long names; `string` ones take a value. */
export type FlagSpec = Readonly<Record<string, 'bool' | 'string'>>;

export class Flags {
  readonly args: string[] = [];
  private readonly given = new Map<string, string>();

  set(name: string, value: string) {
    this.given.set(name, value);
  }
  has(name: string): boolean {
    return this.given.has(name);
  }
  /** Of all that were given. */
  get names(): string[] {
    return [...this.given.keys()];
  }
  bool(name: string): boolean {
    return (this.given.get(name) ?? 'false') !== 'false';
  }
  string(name: string): string | undefined {
    return this.given.get(name);
  }
}

/** `shorts`: letters to long names. `wrong` ends the program with what is said of a flag that is none. */
export function readFlags(
  words: readonly string[],
  spec: FlagSpec,
  shorts: Readonly<Record<string, string>>,
  wrong: (text: string) => never,
): Flags {
  const flags = new Flags();
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === '--') {
      flags.args.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      flags.args.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const shown = equals < 0 ? word : word.slice(0, equals);
    const long = word.startsWith('--');
    // Letters may stand together, the last may take a value.
    const letters = [...shown.slice(1)];
    // What stands after a letter that takes a value is the value: -n20.
    const taking = long ? -1 : letters.findIndex((letter) => spec[shorts[letter] ?? ''] === 'string');
    if (taking >= 0 && taking < letters.length - 1) {
      for (const letter of letters.slice(0, taking)) {
        if (!spec[shorts[letter] ?? '']) wrong(`unknown shorthand flag: '${letter}' in ${word}`);
        flags.set(shorts[letter], 'true');
      }
      flags.set(shorts[letters[taking]], word.slice(taking + 2).replace(/^=/, ''));
      continue;
    }
    const names = long ? [shown.slice(2)] : letters.map((letter) => shorts[letter] ?? `?${letter}`);
    for (const [at, name] of names.entries()) {
      const kind = spec[name];
      if (!kind) {
        const letter = name.slice(1);
        wrong(long ? `unknown flag: ${shown}` : `unknown shorthand flag: '${letter}' in ${word}`);
      }
      const last = at === names.length - 1;
      if (kind === 'bool') flags.set(name, last && equals >= 0 ? word.slice(equals + 1) : 'true');
      else if (last && equals >= 0) flags.set(name, word.slice(equals + 1));
      else if (last && i + 1 < words.length) flags.set(name, words[++i]);
      else wrong(long ? `flag needs an argument: ${shown}` : `flag needs an argument: '${shown.slice(1)}' in ${word}`);
    }
  }
  return flags;
}

/** Ends a program with a message on stderr. */
export function die(process: Process, text: string, status = 1): never {
  process.stderr.write(`${text}\n`);
  throw new Exit(status);
}

/** A table in the form that etcdctl and kubeadm draw. */
export function boxed(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const line = (row: readonly string[], centred: boolean) =>
    `|${row
      .map((cell, column) => {
        const space = widths[column] - cell.length;
        const left = centred ? Math.floor(space / 2) : 0;
        return ` ${' '.repeat(left)}${cell}${' '.repeat(space - left)} `;
      })
      .join('|')}|\n`;
  return (
    rule +
    line(rows[0], true) +
    rule +
    rows
      .slice(1)
      .map((row) => line(row, false))
      .join('') +
    rule
  );
}

/** Columns as wide as their widest cell, parted by `gap` spaces; the last is not padded. */
export function columns(rows: readonly (readonly string[])[], gap: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)) + gap);
  return rows
    .map((row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]))).join('')}\n`)
    .join('');
}
