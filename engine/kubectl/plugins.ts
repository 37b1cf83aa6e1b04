// Plugins: `kubectl foo bar` runs kubectl-foo-bar or kubectl-foo from PATH when kubectl has no command of that name;
// `kubectl plugin list` shows what there is, and what of it cannot run.

import { resolveProgram, run } from '../linux/commands/spawn.ts';
import type { Process } from '../linux/types.ts';
import type { Co } from '../sim/index.ts';
import type { Command } from './command.ts';
import { CommandError } from './errors.ts';
import type { Kubectl } from './kubectl.ts';

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

/** Prints the plugins of PATH, warning of those that never run; fails when there are none, or warnings. */
export function listPlugins(kubectl: Kubectl, nameOnly: boolean) {
  const seen = new Map<string, string>();
  let warnings = 0;
  for (const directory of new Set((kubectl.process.env.PATH ?? '').split(':'))) {
    if (directory.trim() === '') continue;
    if (!kubectl.fs.isDirectory(directory)) {
      kubectl.warn(
        `Unable to read directory "${directory}" from your PATH: open ${directory}: no such file or directory. Skipping...`,
      );
      continue;
    }
    for (const name of kubectl.fs.readdir(directory)) {
      const path = `${directory}/${name}`;
      if (!name.startsWith('kubectl-') || kubectl.fs.isDirectory(path)) continue;
      if (seen.size === 0) kubectl.line('The following compatible plugins are available:\n');
      kubectl.line(nameOnly ? name : path);
      for (const warning of warningsOf(kubectl, name, path, seen.get(name))) {
        kubectl.warn(`  - warning: ${warning}`);
        warnings++;
      }
      if (!seen.has(name)) seen.set(name, path);
    }
  }
  if (seen.size === 0) throw new CommandError('unable to find any kubectl plugins in your PATH');
  if (warnings > 0)
    throw new CommandError(warnings === 1 ? 'one plugin warning was found' : `${warnings} plugin warnings were found`);
}

function warningsOf(kubectl: Kubectl, name: string, path: string, sooner: string | undefined): string[] {
  const out: string[] = [];
  const { mode = 0 } = kubectl.fs.find(path) ?? {};
  if ((mode & 0o111) === 0) out.push(`${path} identified as a kubectl plugin, but it is not executable`);
  if (sooner !== undefined) out.push(`${path} is overshadowed by a similarly named plugin: ${sooner}`);
  const own = ownCommand(kubectl.commands, name.split('-').slice(1));
  if (own) out.push(`${name} overwrites existing command: "kubectl ${own}"`);
  return out;
}

/** The command of kubectl that these words lead to: 'create deployment'. */
function ownCommand(commands: readonly Command[], [word, ...rest]: string[]): string | undefined {
  const found = commands.find(({ name, aliases }) => name === word || aliases?.includes(word));
  if (!found) return undefined;
  const inner = ownCommand(found.commands ?? [], rest);
  return inner === undefined ? found.name : `${found.name} ${inner}`;
}
