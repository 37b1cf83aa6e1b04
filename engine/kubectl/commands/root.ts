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

export const ROOT_TITLE =
  'kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\n';

export function rootUsage(commands: readonly Command[]): string {
  let out = '';
  for (const group of GROUPS) {
    const members = membersOf(commands, group);
    // Plugins would stand here.
    if (group === 'Other Commands') out += 'Subcommands provided by plugins:\n\n';
    if (members.length) out += listCommands(members, `${group}:`, commands);
  }
  out += 'Usage:\n  kubectl [flags] [options]\n\n';
  out += 'Use "kubectl <command> --help" for more information about a given command.\n';
  return out + 'Use "kubectl options" for a list of global command-line options (applies to all commands).\n';
}

/** Within a group in the order in which kubectl has them (ORDER); what has no group comes last, by name. */
function membersOf(commands: readonly Command[], group: string): Command[] {
  const members = commands.filter((c) => (c.group ?? 'Other Commands') === group && c.name !== 'options' && !c.hidden);
  const place = (c: Command) => (ORDER.includes(c.name) ? ORDER.indexOf(c.name) : ORDER.length);
  return members.sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
}

/** kubectl's own order: of its help and of its suggestions for a mistyped name. */
const ORDER = (
  'create expose run set explain get edit delete rollout scale autoscale certificate cluster-info top cordon uncordon drain taint ' +
  'describe logs attach exec port-forward proxy cp auth debug events diff apply patch replace wait kustomize label annotate completion'
).split(' ');

export const inOrder = (commands: readonly Command[]): Command[] =>
  GROUPS.flatMap((group) => membersOf(commands, group));

/** `kubectl options`: the flags that every command takes. */
export const options: Command = {
  name: 'options',
  short: 'Print the list of flags inherited by all commands',
  *run(kubectl) {
    const flags = [...GLOBAL_FLAGS].sort((a, b) => (a.name < b.name ? -1 : 1));
    kubectl.out(`The following options can be passed to any command:\n\n${flags.map(flagHelp).join('\n')}`);
  },
};
