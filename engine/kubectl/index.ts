// The kubectl program: finds the command, reads its flags, runs it, and says what went wrong.

import type { Co } from '../sim/index.ts';
import type { Process, Program } from '../linux/types.ts';
import {
  type Command,
  type Found,
  checkRequired,
  findCommand,
  helpText,
  parseArgs,
  unknownSubcommand,
} from './command.ts';
import { checkClient } from './client-flags.ts';
import { complete } from './commands/completion.ts';
import { commands } from './commands/index.ts';
import { ROOT_TITLE, inOrder, options, rootUsage } from './commands/root.ts';
import type { Discovery } from './discovery.ts';
import { AggregateFailure, CommandError, StatusError, report } from './errors.ts';
import { Args } from './flags.ts';
import { GLOBAL_FLAGS } from './kubeconfig.ts';
import { Kubectl, type KubectlOptions } from './kubectl.ts';
import { applyPreferences } from './kuberc.ts';
import { runPlugin } from './plugins.ts';
import { seesManagedFields } from './output/printers.ts';
import { deprecations } from './write-flags.ts';

export type { KubectlOptions } from './kubectl.ts';
export type { Connection, Kubeconfig } from './kubeconfig.ts';

const HELP: Command = { name: 'help', short: 'Help about any command', *run() {} };

const ROOT: Command = {
  name: 'kubectl',
  short: 'kubectl controls the Kubernetes cluster manager.',
  commands: [...inOrder(commands), options, HELP, complete],
};

/** kubectl as a program of a machine. What it has discovered of a server is kept from run to run. */
export function createKubectl(settings: KubectlOptions): Program {
  const caches = new Map<string, Discovery>();
  return (process) => main(process, settings, caches);
}

function* main(process: Process, settings: KubectlOptions, caches: Map<string, Discovery>): Co<number> {
  let globals = new Args(GLOBAL_FLAGS);
  let kubectl = new Kubectl(process, settings, 'kubectl', globals, caches);
  try {
    yield* kubectl.start();
    const { root, argv, preset } = applyPreferences(process, ROOT, GLOBAL_FLAGS);
    const plugin = yield* runPlugin(process, root);
    if (plugin !== undefined) return plugin;
    const found = findCommand(root, GLOBAL_FLAGS, argv);
    const args = parseArgs(found, GLOBAL_FLAGS);
    preset(args);
    globals = args.only(GLOBAL_FLAGS, found.command.flags ?? []);
    kubectl = new Kubectl(process, settings, found.path, globals, caches);
    kubectl.typed = [found.command, ...found.parents].some((command) => command.typed);
    kubectl.commands = ROOT.commands ?? [];
    kubectl.help = () => helpOf(found);
    if (args.bool('help')) {
      kubectl.out(kubectl.help());
      return 0;
    }
    if (found.command === HELP) return helpCommand(kubectl, args.args);
    kubectl.wantsManagedFields = seesManagedFields(args);
    if (!found.command.run) return showParent(kubectl, found, args);
    checkRequired(found, args);
    yield* checkClient(kubectl, globals);
    for (const text of deprecations(args)) kubectl.log('W', text);
    const status = (yield* found.command.run(kubectl, args)) ?? 0;
    if (status === 0 && kubectl.warnings && args.bool('warnings-as-errors')) {
      throw new CommandError(`${kubectl.warnings} ${kubectl.warnings === 1 ? 'warning' : 'warnings'} received`);
    }
    return status;
  } catch (error) {
    if (
      !(error instanceof Error) ||
      error instanceof RangeError ||
      error instanceof TypeError ||
      error instanceof ReferenceError
    )
      throw error;
    const single = error instanceof AggregateFailure && error.errors.length === 1 ? error.errors[0] : error;
    if (single instanceof StatusError && kubectl.verbosity >= 6)
      kubectl.log('I', `helpers.go:246] server response object: %s[${JSON.stringify(single.status, null, 2)}]`);
    const { text, code } = report(error);
    if (text) process.stderr.write(text);
    return code;
  }
}

const helpOf = (found: Found): string =>
  found.command === ROOT ? ROOT_TITLE + rootUsage(commands) : helpText(found, GLOBAL_FLAGS);

/** `kubectl help rollout status` */
function helpCommand(kubectl: Kubectl, words: readonly string[]): number {
  try {
    kubectl.out(helpOf(findCommand(ROOT, GLOBAL_FLAGS, words)));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    kubectl.warn(`Unknown help topic [${words.map((word) => `\`${word}\``).join(' ')}]\n\n`);
    kubectl.process.stderr.write(rootUsage(commands));
  }
  return 0;
}

/** A command that only holds others: its help, or a complaint about a word that is none of them. */
function showParent(kubectl: Kubectl, found: Found, args: Args): number {
  const { command } = found;
  if (args.args.length && command.alone !== 'always') throw unknownSubcommand(found, args.args);
  if (command === ROOT || command.alone) kubectl.out(kubectl.help());
  else kubectl.process.stderr.write(kubectl.help());
  return command === ROOT || command.alone === 'always' ? 0 : 1;
}
