// kubectl plugin: which programs of PATH kubectl would run as commands of its own (../plugins.ts).

import type { Command } from '../command.ts';
import { listPlugins } from '../plugins.ts';

export const plugin: Command = {
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
        listPlugins(kubectl, args.bool('name-only'));
      },
    },
  ],
};
