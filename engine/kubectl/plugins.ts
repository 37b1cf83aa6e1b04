// Plugins: `kubectl foo bar` runs kubectl-foo-bar or kubectl-foo from PATH when kubectl has no command of that name.

import { resolveProgram, run } from '../linux/commands/spawn.ts';
import type { Process } from '../linux/types.ts';
import type { Co } from '../sim/index.ts';
import type { Command } from './command.ts';

/** The plugin's exit status; undefined when it is kubectl's own command or there is no plugin. */
export function* runPlugin(process: Process, root: Command): Co<number | undefined> {
  const args = process.argv.slice(1);
  const flag = args.findIndex((arg) => arg.startsWith('-'));
  const words = flag < 0 ? args : args.slice(0, flag);
  const own = root.commands?.find(({ name, aliases }) => name === words[0] || aliases?.includes(words[0]));
  if (own || words.length === 0) return undefined;
  // The longest name wins; a dash inside a word is an underscore in the file's name.
  for (let count = words.length; count > 0; count--) {
    const name = `kubectl-${words
      .slice(0, count)
      .map((word) => word.replaceAll('-', '_'))
      .join('-')}`;
    const argv = [name, ...args.slice(count)];
    if (resolveProgram(process, argv)) return yield* run(process, argv);
  }
  return undefined;
}
