// The help of `kubectl` itself: all commands under their headings.

import { type Command, flagHelp, listCommands } from '../command.ts';
import { GLOBAL_FLAGS } from '../kubeconfig.ts';

const GROUPS = [
  'Basic Commands (Beginner)',
  'Basic Commands (Intermediate)',
  'Deploy Commands',
  'Cluster Management Commands',
  'Troubleshooting and Debugging Commands',
  'Advanced Commands',
  'Settings Commands',
  'Other Commands',
];

export function rootHelp(commands: readonly Command[]): string {
  let out = 'kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\n';
  for (const group of GROUPS) {
    const members = commands.filter((c) => (c.group ?? 'Other Commands') === group);
    if (members.length) out += listCommands(members, `${group}:`);
  }
  out += 'Usage:\n  kubectl [flags] [options]\n\n';
  out += 'Use "kubectl <command> --help" for more information about a given command.\n';
  return out + 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n';
}

/** `kubectl options`: the flags that every command takes. */
export const options: Command = {
  name: 'options',
  short: 'Print the list of flags inherited by all commands',
  *run(kubectl) {
    kubectl.out(`The following options can be passed to any command:\n\n${GLOBAL_FLAGS.map(flagHelp).join('\n')}`);
  },
};
