// What the subcommands of `create` share: build an object from flags, then print it (--dry-run=client) or send it.

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import { type Command, oneName } from '../../command.ts';
import { CommandError, StatusError, usageError } from '../../errors.ts';
import type { Args, Flag } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../../output/printers.ts';
import { localMapping } from '../../resource/builder.ts';
import { createObject } from '../../resource/rest.ts';
import {
  DRY_RUN_FLAG,
  SAVE_CONFIG_FLAG,
  VALIDATE_FLAG,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  withLastApplied,
} from '../../write-flags.ts';

export interface Generator extends Omit<Command, 'run'> {
  /** Objects of this kind live in no namespace. */
  clusterScoped?: boolean;
  /** More positional arguments than the name are read by the command (after `--`). */
  takesCommand?: boolean;
  build: (kubectl: Kubectl, args: Args, name: string) => Co<KubeObject>;
  /** `failed to create job`: some subcommands name themselves in the error. */
  failure?: string;
}

/** Most need nothing from the server: a plain function will do. */
export const plain = (build: (args: Args, name: string, kubectl: Kubectl) => KubeObject): Generator['build'] =>
  // eslint-disable-next-line require-yield
  function* (kubectl, args, name) {
    return build(args, name, kubectl);
  };

export function generator({ build, clusterScoped, takesCommand, failure, ...command }: Generator): Command {
  const flags: Flag[] = [
    ...(command.flags ?? []),
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    fieldManagerFlag('kubectl-create'),
  ];
  return {
    ...command,
    flags,
    typed: true,
    *run(kubectl, args) {
      if (!takesCommand && args.dash >= 0 && args.args.length !== 1)
        throw usageError(kubectl.path, `exactly one NAME is required, got ${args.args.length}`);
      const name = oneName(kubectl, args);
      const dryRun = dryRunOf(args);
      const built = yield* build(kubectl, args, name);
      yield* createAndPrint(kubectl, args, built, dryRun, clusterScoped ?? false, failure);
    },
  };
}

/** Sends a generated object unless this is a dry run of the client, and says what happened. */
export function* createAndPrint(
  kubectl: Kubectl,
  args: Args,
  built: KubeObject,
  dryRun: ReturnType<typeof dryRunOf>,
  clusterScoped: boolean,
  failure?: string,
): Co<KubeObject> {
  const explicit = kubectl.connection.namespaceExplicit && !clusterScoped;
  let object = explicit ? { ...built, metadata: { ...built.metadata, namespace: kubectl.namespace } } : built;
  // A dry run of the client prints a Service before that.
  if (args.bool('save-config') && !(dryRun === 'client' && object.kind === 'Service'))
    object = withLastApplied(object, true);
  if (dryRun !== 'client') {
    const mapping = { ...localMapping(object), ...RESOURCES[object.kind] };
    try {
      object = yield* createObject(kubectl, mapping, clusterScoped ? '' : kubectl.namespace, object, {
        dryRun,
        fieldManager: args.string('field-manager'),
        fieldValidation: args.has('validate') ? fieldValidationOf(args) : undefined,
      });
    } catch (error) {
      if (!(error instanceof StatusError) || !failure) throw error;
      throw new CommandError(`${failure}${failure.endsWith('secret') ? '' : ':'} ${error.message}`);
    }
  }
  const printer = changePrinter(kubectl, args, 'created', dryRun);
  printer.print(object);
  printer.end?.();
  return object;
}

const RESOURCES: Record<string, { resource: string }> = {
  Ingress: { resource: 'ingresses' },
  PriorityClass: { resource: 'priorityclasses' },
};

/** `key=value` pairs of a flag, as a map; `what` names them in the error. */
export function keyValues(list: readonly string[], describe: (entry: string) => string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const entry of list) {
    const equals = entry.indexOf('=');
    if (equals < 0) throw new CommandError(describe(entry));
    out[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return out;
}

/** A number when it is one, else the text: ports and quantities by name. */
export const intOrString = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);
