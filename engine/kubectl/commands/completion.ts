// kubectl completion: code that completes kubectl's command lines in a shell, and `kubectl __complete`, which that code
// asks for what may stand next.

import type { Co } from '../../sim/index.ts';
import { type Command, findCommand } from '../command.ts';
import { CommandError, StatusError, usageError } from '../errors.ts';
import type { Flag } from '../flags.ts';
import { GLOBAL_FLAGS } from '../kubeconfig.ts';
import type { Kubectl } from '../kubectl.ts';
import { listItems, listObjects } from '../resource/rest.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

const BASH = `# bash completion for kubectl                                  -*- shell-script -*-

__start_kubectl()
{
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :*) ;;
            ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
        esac
    done < <(kubectl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -o default -F __start_kubectl kubectl
`;

export const completion: Command = {
  name: 'completion',
  group: 'Settings Commands',
  short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
  usage: 'SHELL',
  // eslint-disable-next-line require-yield
  *run(kubectl, { args }) {
    if (args.length === 0) throw usageError(kubectl.path, 'Shell not specified.');
    if (args.length > 1) throw usageError(kubectl.path, 'Too many arguments. Expected only the shell type.');
    if (!SHELLS.includes(args[0])) throw usageError(kubectl.path, `Unsupported shell type "${args[0]}".`);
    if (args[0] !== 'bash')
      throw new CommandError(`completion for ${args[0]} is not possible: the shells here are bash's kin`);
    kubectl.out(BASH);
  },
};

/** What the words after a command name: one of the API's types and then its objects, or objects of one type at once. */
const TYPED = 'get describe delete edit label annotate patch wait explain expose autoscale scale'.split(' ');
const OBJECTS: Record<string, string> = {
  ...{ logs: 'pods', exec: 'pods', attach: 'pods', 'port-forward': 'pods', debug: 'pods', 'top pod': 'pods' },
  ...{ cordon: 'nodes', uncordon: 'nodes', drain: 'nodes', 'top node': 'nodes' },
};

const NO_FILES = 4;

export const complete: Command = {
  name: '__complete',
  short: 'Request completion choices for the specified command-line',
  hidden: true,
  raw: true,
  *run(kubectl, { args }): Co {
    const last = args[args.length - 1] ?? '';
    const { found, directive } = yield* choices(kubectl, args.slice(0, -1), last);
    for (const choice of found) if (choice.startsWith(last)) kubectl.line(choice);
    kubectl.line(`:${directive}`);
    kubectl.warn(
      `Completion ended with directive: ShellCompDirective${directive === NO_FILES ? 'NoFileComp' : 'Default'}`,
    );
  },
};

function* choices(
  kubectl: Kubectl,
  words: readonly string[],
  last: string,
): Co<{ found: string[]; directive: number }> {
  const none = { found: [] as string[], directive: 0 };
  try {
    const root: Command = { name: 'kubectl', short: '', commands: kubectl.commands };
    const { command, path, rest } = findCommand(root, GLOBAL_FLAGS, words);
    const flags = [...(command.flags ?? []), ...GLOBAL_FLAGS].filter((flag) => !flag.hidden);
    if (last.startsWith('-')) return { found: flags.flatMap(forms).sort(), directive: NO_FILES };
    const valued = flags.find(
      (flag) => flag.type !== 'bool' && forms(flag).some((form) => name(form) === words.at(-1)),
    );
    if (valued?.name === 'namespace') return { found: yield* names(kubectl, 'namespaces', ''), directive: NO_FILES };
    if (valued?.name === 'context') return { found: [...kubectl.config.contexts.keys()], directive: NO_FILES };
    if (valued) return none;
    const given = rest.filter((word, i) => !word.startsWith('-') && !takesValue(flags, rest[i - 1]));
    if (command.commands && given.length === 0)
      return {
        found: command.commands
          .filter((one) => !one.hidden)
          .map((one) => `${one.name}\t${one.short}`)
          .sort(),
        directive: NO_FILES,
      };
    const called = path.slice('kubectl '.length);
    const type = OBJECTS[called] ?? (TYPED.includes(called) ? given[0] : undefined);
    if (TYPED.includes(called) && given.length === 0) {
      const { mappings } = yield* kubectl.discovery();
      return { found: [...new Set(mappings.map((mapping) => mapping.resource))].sort(), directive: NO_FILES };
    }
    if (called === 'config use-context' && given.length === 0)
      return { found: [...kubectl.config.contexts.keys()], directive: NO_FILES };
    if (type === undefined || (OBJECTS[called] && given.length > 0)) return { ...none, directive: NO_FILES };
    return { found: yield* names(kubectl, type, namespaceOf(rest)), directive: NO_FILES };
  } catch (error) {
    // A word too many or a server that does not answer: nothing to suggest.
    if (error instanceof CommandError || error instanceof StatusError) return none;
    throw error;
  }
}

const forms = ({ name: long, short, usage }: Flag) => [
  `--${long}\t${usage.split('\n')[0]}`,
  ...(short ? [`-${short}\t${usage.split('\n')[0]}`] : []),
];
const name = (form: string) => form.split('\t')[0];

/** The word before stands for a flag whose value comes next. */
const takesValue = (flags: readonly Flag[], word: string | undefined): boolean =>
  word !== undefined &&
  flags.some(
    (flag) => flag.type !== 'bool' && flag.alone === undefined && forms(flag).some((form) => name(form) === word),
  );

function namespaceOf(words: readonly string[]): string {
  const at = words.findIndex((word) => word === '-n' || word === '--namespace');
  if (at >= 0) return words[at + 1] ?? '';
  return words.find((word) => word.startsWith('--namespace='))?.slice('--namespace='.length) ?? '';
}

function* names(kubectl: Kubectl, type: string, namespace: string): Co<string[]> {
  const mapping = yield* kubectl.mappingFor(type);
  const list = yield* listObjects(kubectl, mapping, mapping.namespaced ? namespace || kubectl.namespace : '');
  return listItems(list).map((object) => object.metadata.name ?? '');
}
