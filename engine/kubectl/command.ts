// What a kubectl command is (a row of data and one coroutine), how a command line finds its command, and the
// help that is printed for it.

import type { Co } from '../sim/index.ts';
import type { Kubectl } from './kubectl.ts';
import { CommandError, usageError } from './errors.ts';
import { type Args, type Flag, formatDuration, parseFlags } from './flags.ts';

export interface Command {
  name: string;
  aliases?: readonly string[];
  /** One line for the list of commands. */
  short: string;
  /** Synopsis after the command's path, e.g. 'TYPE NAME [flags]'. */
  usage?: string;
  examples?: readonly string[];
  /** The heading under which the root's help lists it. */
  group?: string;
  /** Not among those that help shows. */
  hidden?: boolean;
  /** Its words are not read as flags. */
  raw?: boolean;
  flags?: readonly Flag[];
  commands?: readonly Command[];
  /** Objects pass through kubectl's own Go types, here and in `commands`: JSON shows them in the order of the structs. */
  typed?: boolean;
  /**
   * What a parent does when no subcommand is named: print its help on stderr and fail (the usual), fail with it on stdout,
   * or, 'always', print it on stdout and succeed, even when a word is none of its commands.
   */
  alone?: 'stdout' | 'always';
  /** Returns the exit status; nothing means 0. Without `run` the command is only a parent. */
  run?: (kubectl: Kubectl, args: Args) => Co<number | void>;
}

/** A command found in the tree: 'kubectl rollout status' and what is left of the command line. */
export interface Found {
  command: Command;
  path: string;
  parents: Command[];
  rest: string[];
}

/** Walks the tree along the words that are no flags, as cobra does. */
export function findCommand(root: Command, globals: readonly Flag[], argv: readonly string[]): Found {
  let command = root;
  let path = root.name;
  const parents: Command[] = [];
  let rest = argv.slice();
  for (;;) {
    const at = firstWord([...(command.flags ?? []), ...globals, HELP], rest);
    if (at < 0 || !command.commands) break;
    const word = rest[at];
    const next = command.commands.find((c) => c.name === word || c.aliases?.includes(word));
    if (!next) {
      if (command === root)
        throw new CommandError(`unknown command "${word}" for "${root.name}"${suggest(root, word)}`);
      break;
    }
    rest = [...rest.slice(0, at), ...rest.slice(at + 1)];
    parents.push(command);
    command = next;
    path += ' ' + next.name;
  }
  return { command, path, parents, rest };
}

function firstWord(flags: readonly Flag[], argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--') return -1;
    if (arg[0] !== '-' || arg.length < 2) return i;
    if (arg.includes('=')) continue;
    const long = arg[1] === '-';
    if (!long && arg.length > 2) continue;
    const name = arg.slice(long ? 2 : 1);
    const flag = flags.find((f) => (long ? f.name === name : f.short === name));
    // What follows an unknown flag may be its value.
    if (!flag || (flag.type !== 'bool' && flag.alone === undefined)) i++;
  }
  return -1;
}

function suggest(root: Command, word: string): string {
  const near: string[] = [];
  for (const { name, hidden } of root.commands ?? []) {
    if (hidden) continue;
    if (distance(word.toLowerCase(), name.toLowerCase()) <= 2 || name.toLowerCase().startsWith(word.toLowerCase()))
      near.push(name);
  }
  return near.length ? `\n\nDid you mean this?\n${near.map((n) => `\t${n}\n`).join('')}` : '';
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

const HELP: Flag = { name: 'help', short: 'h', type: 'bool', usage: 'help for the command', hidden: true };

/** Reads the flags of a found command; unknown ones end it in kubectl's words. */
export function parseArgs(found: Found, globals: readonly Flag[]): Args {
  const own = found.command.flags ?? [];
  const shorts = new Set<string | undefined>(own.map((f) => f.short));
  const names = new Set(own.map((f) => f.name));
  const inherited = globals
    .filter((f) => !names.has(f.name))
    .map((f) => (f.short && shorts.has(f.short) ? { ...f, short: undefined } : f));
  try {
    const help = shorts.has('h') ? { ...HELP, short: undefined } : HELP;
    return parseFlags([...own, ...inherited, help], found.command.raw ? ['--', ...found.rest] : found.rest);
  } catch (error) {
    if (error instanceof CommandError)
      throw new CommandError(`${error.message}\nSee '${found.path} --help' for usage.`);
    throw error;
  }
}

/** Flags that must be given. */
export function checkRequired(found: Found, args: Args) {
  const missing = (found.command.flags ?? []).filter((f) => f.required && !args.known(f.name));
  if (missing.length)
    throw new CommandError(`required flag(s) ${missing.map((f) => `"${f.name}"`).join(', ')} not set`);
}

/** Two flags that exclude each other, in cobra's words. */
export function exclusive(args: Args, names: readonly string[]) {
  const set = names.filter((name) => args.changed(name)).sort();
  if (set.length > 1) {
    throw new CommandError(
      `if any flags in the group [${names.join(' ')}] are set none of the others can be; [${set.join(' ')}] were all set`,
    );
  }
}

/** A parent that was called with a word it does not know. */
export function unknownSubcommand(found: Found, words: readonly string[]): CommandError {
  return usageError(found.path, `unknown command "${words.join(' ')}"`);
}

/** The argument that must be there exactly once. */
export function oneName(kubectl: Kubectl, args: Args): string {
  const names = args.dash >= 0 ? args.args.slice(0, args.dash) : args.args;
  if (names.length !== 1) throw usageError(kubectl.path, `exactly one NAME is required, got ${names.length}`);
  return names[0];
}

export function helpText(found: Found, globals: readonly Flag[]): string {
  const { command, path } = found;
  let out = `${command.short}\n\n`;
  if (command.examples?.length) out += `Examples:\n${command.examples.map((e) => `  ${e}\n`).join('')}\n`;
  if (command.commands)
    out += listCommands(
      command.commands.slice().sort((a, b) => (a.name < b.name ? -1 : 1)),
      'Available Commands:',
    );
  const flags = (command.flags ?? []).filter((f) => !f.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.length) out += `Options:\n${flags.map(flagHelp).join('\n')}\n`;
  out += `Usage:\n  ${path}${command.usage ? ' ' + command.usage : command.alone ? ' SUBCOMMAND' : command.commands ? ' [flags]' : ''} [options]\n\n`;
  if (command.commands) out += `Use "${path} <command> --help" for more information about a given command.\n`;
  if (globals.length)
    out += 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n';
  return out;
}

/** `of`: the commands that share a column with those shown. */
export function listCommands(shown: readonly Command[], title: string, of = shown): string {
  const width = Math.max(11, ...of.map((c) => c.name.length));
  return `${title}\n${shown.map((c) => `  ${c.name.padEnd(width)}   ${c.short}\n`).join('')}\n`;
}

export function flagHelp(flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : '';
  return `    ${short}--${flag.name}=${defaultText(flag)}:\n\t${flag.usage}\n`;
}

function defaultText(flag: Flag): string {
  if (flag.type === 'strings' || flag.type === 'array') return flag.default ? `[${String(flag.default)}]` : '[]';
  if (flag.type === 'bool') return String(flag.default ?? false);
  if (flag.type === 'string') return `'${String(flag.default ?? '')}'`;
  if (flag.type === 'duration') return formatDuration((flag.default as number) ?? 0);
  return String(flag.default ?? 0);
}
