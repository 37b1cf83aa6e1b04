// complete, compgen: what bash keeps of how command lines are completed. There is no Tab key here; functions that fill
// COMPREPLY can be called all the same.

import { singleQuoted } from '../../linux/quote.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

const USAGE =
  'complete [-abcdefgjksuv] [-pr] [-DEI] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix] [name ...]';

function shown(words: string[]): string {
  return `complete ${words.join(' ')}\n`;
}

export const complete: Builtin = function* (call) {
  const { completions } = call.shell;
  const parsed = flags(call, 'abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:', USAGE);
  if (!parsed) return 2;
  const { on, args } = parsed;
  if (on.has('r')) {
    if (!args.length) completions.clear();
    return each(call, args, (name) => completions.delete(name));
  }
  if (on.has('p') || (!on.size && !args.length)) {
    if (!args.length) completions.forEach((words, name) => write(call, shown([...words, name])));
    return each(call, args, (name) => {
      const words = completions.get(name);
      if (words) write(call, shown([...words, name]));
      return words !== undefined;
    });
  }
  if (!args.length) {
    call.shell.complain(call.fds, `complete: usage: ${USAGE}`);
    return 2;
  }
  const words: string[] = [];
  for (const [letter, value] of on) {
    words.push(`-${letter}`);
    if ('oAGWFCXPS'.includes(letter)) words.push(/^[\w./:+-]+$/.test(value) ? value : singleQuoted(value));
  }
  for (const name of args) completions.set(name, words);
  return 0;
};

function each(call: Call, names: readonly string[], done: (name: string) => boolean): number {
  let status = 0;
  for (const name of names) {
    if (done(name)) continue;
    complain(call, `${name}: no completion specification`);
    status = 1;
  }
  return status;
}

/** The words of a list, the aliases or the files that begin with `word`. */
export const compgen: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'W:af', 'compgen [-af] [-W wordlist] [word]');
  if (!parsed) return 2;
  const { on, args } = parsed;
  const found: string[] = (on.get('W') ?? '').split(/\s+/).filter((word) => word);
  if (on.has('a')) found.push(...shell.aliases.keys());
  if (on.has('f')) found.push(...shell.fs.readdir('.'));
  const fitting = found.filter((word) => word.startsWith(args[0] ?? ''));
  for (const word of fitting) write(call, `${word}\n`);
  return fitting.length ? 0 : 1;
};
