// The parts of the engine that load when they are first needed: what the reader's commands and rarer requests use, so
// that a cluster boots from a small script. Each file beside this one is a part; `part('kubectl')` loads and returns it.
//
// To add one: a file here that imports what belongs to it and calls `provide`, a line in `Parts` and one in all.ts.

import type { parseDocument } from 'yaml';
import type { validateBinding, validatePolicy } from '../apiserver/admission/policy-definition.ts';
import type { typeCheck } from '../apiserver/admission/policy-types.ts';
import type { AdmissionPolicies } from '../apiserver/admission/validating-admission-policy.ts';
import type { Webhooks } from '../apiserver/admission/webhooks.ts';
import type { validateDefinition } from '../apiserver/crd/definition.ts';
import type { CustomResources } from '../apiserver/crd/index.ts';
import type { WEBHOOKS } from '../apiserver/extensions.ts';
import type { Core } from '../apiserver/handlers/types.ts';
import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import type { KubectlOptions } from '../kubectl/index.ts';
import type { CommandName } from '../linux/commands/names.ts';
import type { Program } from '../linux/types.ts';
import type * as machine from '../machine/index.ts';
import type * as pki from '../pki/index.ts';
import type * as shells from '../shell/index.ts';
import type { SimTargets } from '../sim-command/index.ts';

export interface Parts {
  /** The catalogue of images beside those of the cluster's own components. */
  images: { catalogue: readonly Repository[] };
  extensions: {
    admissionPolicies(): AdmissionPolicies;
    typeCheck: typeof typeCheck;
    webhooks(name: keyof typeof WEBHOOKS): Webhooks;
    customResources(core: Core, handle: Handle): CustomResources;
    validateBinding: typeof validateBinding;
    validateDefinition: typeof validateDefinition;
    validatePolicy: typeof validatePolicy;
  };
  kubectl: { createKubectl(settings: KubectlOptions): Program; toYaml(value: unknown): string };
  machine: typeof machine;
  pki: typeof pki;
  shell: Pick<typeof shells, 'createShell' | 'ShellSession' | 'splitScript'>;
  sim: { createSimCommand(targets: SimTargets): Program };
  /** The commands of machines. */
  tools: { commands: Readonly<Record<CommandName, Program>> };
  yaml: { parseDocument: typeof parseDocument };
}

const provided: { [Name in keyof Parts]?: Parts[Name] } = {};

/** Called by a part's own file when it is evaluated. */
export function provide<Name extends keyof Parts>(name: Name, part: Parts[Name]) {
  provided[name] = part;
}

/**
 * A part, loaded now unless it is there: the host evaluates its script before this returns (`loadPart` is the sandbox's;
 * elsewhere all.ts is imported with the engine).
 */
export function part<Name extends keyof Parts>(name: Name): Parts[Name] {
  const known = provided[name];
  if (known) return known;
  (globalThis as { loadPart?: (name: string) => void }).loadPart?.(name);
  const loaded = provided[name];
  if (!loaded) throw new Error(`the engine's part ${name} is not there`);
  return loaded;
}

/** A program that is made when it first runs. */
export function lazyProgram(make: () => Program): Program {
  let program: Program | undefined;
  return (process) => (program ??= make())(process);
}

/** A shell as a program of a machine or an image. */
export const shell = (name: shells.ShellName): Program => lazyProgram(() => part('shell').createShell({ name }));
