// Commands of kubectl that have nothing to act on here: each says so in one sentence.

import type { Command } from '../command.ts';
import { CommandError, usageError } from '../errors.ts';

const refused = (name: string, group: string | undefined, short: string, why: string): Command => ({
  name,
  group,
  short,
  // eslint-disable-next-line require-yield
  *run() {
    throw new CommandError(why);
  },
});

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

const completion: Command = {
  name: 'completion',
  group: 'Settings Commands',
  short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
  usage: 'SHELL',
  // eslint-disable-next-line require-yield
  *run(kubectl, { args }) {
    if (args.length === 0) throw usageError(kubectl.path, 'Shell not specified.');
    if (args.length > 1) throw usageError(kubectl.path, 'Too many arguments. Expected only the shell type.');
    if (!SHELLS.includes(args[0])) throw usageError(kubectl.path, `Unsupported shell type "${args[0]}".`);
    throw new CommandError('completion is not possible: the shell of this terminal does not load completion code');
  },
};

/** Lists what it would find; kubectl here runs no other programs but the editor. */
const plugin: Command = {
  name: 'plugin',
  short: 'Provides utilities for interacting with plugins',
  commands: [
    {
      name: 'list',
      short: "List all visible plugin executables on a user's PATH",
      flags: [
        {
          name: 'name-only',
          type: 'bool',
          usage: 'If true, display only the binary name of each plugin, rather than its full path',
        },
      ],
      // eslint-disable-next-line require-yield
      *run(kubectl, args) {
        const found = (kubectl.process.env.PATH ?? '')
          .split(':')
          .filter((directory) => directory && kubectl.fs.isDirectory(directory))
          .flatMap((directory) => kubectl.fs.readdir(directory).map((name) => ({ directory, name })))
          .filter(({ name }) => name.startsWith('kubectl-'));
        if (found.length === 0) throw new CommandError('unable to find any kubectl plugins in your PATH');
        kubectl.line('The following compatible plugins are available:\n');
        for (const { directory, name } of found) kubectl.line(args.bool('name-only') ? name : `${directory}/${name}`);
      },
    },
  ],
};

const alpha: Command = {
  name: 'alpha',
  short: 'Commands for features in alpha',
  alone: 'always',
  commands: [
    {
      name: 'kuberc',
      short: 'Manage kuberc configuration files',
      alone: 'stdout',
      commands: ['set', 'view'].map((name) =>
        refused(
          name,
          undefined,
          `${name === 'set' ? 'Set values in' : 'Display'} the kuberc configuration`,
          'kuberc is not possible here: this kubectl reads no preferences, so that every line does what it says',
        ),
      ),
    },
  ],
};

export const refusedCommands: readonly Command[] = [completion, plugin, alpha];
