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
import { commands } from './commands/index.ts';
import { inOrder, options, rootHelp } from './commands/root.ts';
import type { Discovery } from './discovery.ts';
import { CommandError, report } from './errors.ts';
import { Args } from './flags.ts';
import { GLOBAL_FLAGS } from './kubeconfig.ts';
import { Kubectl, type KubectlOptions } from './kubectl.ts';
import { deprecations } from './write-flags.ts';

export type { KubectlOptions } from './kubectl.ts';
export type { Connection, Kubeconfig } from './kubeconfig.ts';

const ROOT: Command = {
  name: 'kubectl',
  short: 'kubectl controls the Kubernetes cluster manager.',
  commands: [...inOrder(commands), options],
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
    const found = findCommand(ROOT, GLOBAL_FLAGS, process.argv.slice(1));
    const args = parseArgs(found, GLOBAL_FLAGS);
    globals = args.only(GLOBAL_FLAGS, found.command.flags ?? []);
    kubectl = new Kubectl(process, settings, found.path, globals, caches);
    if (args.bool('help') || (args.args[0] === 'help' && found.command === ROOT)) {
      kubectl.out(help(found, args));
      return 0;
    }
    if (!found.command.run) return showParent(kubectl, found, args);
    checkRequired(found, args);
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
    const { text, code } = report(error);
    if (text) process.stderr.write(text);
    return code;
  }
}

function help(found: Found, args: Args): string {
  if (found.command !== ROOT) return helpText(found, GLOBAL_FLAGS);
  const words = args.args.slice(1);
  if (words.length === 0) return rootHelp(commands);
  return helpText(findCommand(ROOT, GLOBAL_FLAGS, words), GLOBAL_FLAGS);
}

/** A command that only holds others: its help, or a complaint about a word that is none of them. */
function showParent(kubectl: Kubectl, found: Found, args: Args): number {
  if (args.args.length) throw unknownSubcommand(found, args.args);
  kubectl.out(help(found, args));
  return 0;
}
