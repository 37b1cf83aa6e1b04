// Commands of kubectl that have nothing to act on here: each says so in one sentence.

import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';

const refused = (name: string, group: string | undefined, short: string, why: string): Command => ({
  name,
  group,
  short,
  // eslint-disable-next-line require-yield
  *run() {
    throw new CommandError(why);
  },
});

export const refusedCommands: readonly Command[] = [
  refused(
    'completion',
    'Settings Commands',
    'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
    'completion is not possible: the shell of this terminal does not load completion code',
  ),
  refused(
    'plugin',
    undefined,
    'Provides utilities for interacting with plugins',
    'plugins are not possible: this kubectl runs no other programs but the editor',
  ),
  refused(
    'port-forward',
    'Troubleshooting and Debugging Commands',
    'Forward one or more local ports to a pod',
    'port-forward is not possible: the API server of this cluster serves no port forwarding',
  ),
  refused(
    'proxy',
    'Troubleshooting and Debugging Commands',
    'Run a proxy to the Kubernetes API server',
    'proxy is not possible: kubectl cannot listen on a port of this machine',
  ),
];
