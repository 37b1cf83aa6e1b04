// The flags of the driver and its sidecars: those that are known, as Go's package flag reads them.

import type { Process } from '../linux/index.ts';

/** Values by flag; undefined, and a word on it, when one is not known. */
export function readFlags<Name extends string>(
  process: Process,
  known: Readonly<Record<Name, string>>,
): Record<Name, string> | undefined {
  const flags: Record<string, string> = { ...known };
  for (const word of process.argv.slice(1)) {
    const match = /^--?([a-z][-a-z]*)(?:=(.*))?$/.exec(word);
    const name = `--${match?.[1]}`;
    if (match && name in flags) {
      flags[name] = match[2] ?? 'true';
      continue;
    }
    process.stderr.write(match ? `flag provided but not defined: -${match[1]}\n` : `unexpected argument: ${word}\n`);
    return undefined;
  }
  return flags as Record<Name, string>;
}
