// kuberc: the user's preferences. Aliases of commands and default values of flags, read before the command line is.

import type { FileSystem } from '../linux/fs.ts';
import type { Process } from '../linux/types.ts';
import { type Command, type Found, findCommand } from './command.ts';
import { BareError, CommandError, quote } from './errors.ts';
import { type Args, type Flag, checkValue } from './flags.ts';
import { sortedKeys } from './yaml/emit.ts';
import { type YamlValue, YamlError, parseYaml, splitDocuments } from './yaml/parse.ts';

export const GROUP = 'kubectl.config.k8s.io';

export interface Option {
  name: string;
  default: string;
}
export interface Preference {
  apiVersion: string;
  defaults: { command: string; options: Option[] | null }[] | null;
  aliases:
    { name: string; command: string; prependArgs?: string[]; appendArgs?: string[]; options?: Option[] }[] | null;
  credentialPluginPolicy?: string;
  credentialPluginAllowlist?: { name?: string }[];
}

/** A form that a document has: text, a list, or an object of certain fields. */
type Shape = 'text' | readonly [Shape] | { readonly [field: string]: Shape };

const OPTIONS: Shape = [{ name: 'text', default: 'text' }];
const ALIAS = { name: 'text', command: 'text', prependArgs: ['text'], appendArgs: ['text'] } as const;
const COMMON = {
  apiVersion: 'text',
  kind: 'text',
  credentialPluginPolicy: 'text',
  credentialPluginAllowlist: [{ name: 'text' }],
} as const;
const SHAPES: Record<string, Shape> = {
  v1beta1: {
    ...COMMON,
    defaults: [{ command: 'text', options: OPTIONS }],
    aliases: [{ ...ALIAS, options: OPTIONS }],
  },
  v1alpha1: { ...COMMON, overrides: [{ command: 'text', flags: OPTIONS }], aliases: [{ ...ALIAS, flags: OPTIONS }] },
};

/** Whether `value` has this form; fields that it should not have go into `unknown`. */
function fits(value: YamlValue, shape: Shape, path: string, unknown: string[]): boolean {
  if (value === null) return true;
  if (shape === 'text') return typeof value === 'string';
  if (Array.isArray(shape))
    return Array.isArray(value) && value.every((item, i) => fits(item, shape[0], `${path}[${i}]`, unknown));
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  return sortedKeys(value).every((key) => {
    const field = (shape as Record<string, Shape>)[key];
    const at = path ? `${path}.${key}` : key;
    if (field) return fits(value[key], field, at, unknown);
    unknown.push(`unknown field ${quote(at)}`);
    return true;
  });
}

/** The form of v1beta1 with its fields in their order, whichever version was written. */
export function asPreference(document: any): Preference {
  const list = (given: any[] | null | undefined, to: (one: any) => any) => given?.map(to) ?? null;
  const options = (one: any) => list(one.options ?? one.flags, ({ name, default: text }) => ({ name, default: text }));
  const { apiVersion, credentialPluginPolicy, credentialPluginAllowlist } = document;
  return {
    apiVersion,
    defaults: list(document.defaults ?? document.overrides, (one) => ({ command: one.command, options: options(one) })),
    aliases: list(document.aliases, (one) => ({
      name: one.name,
      command: one.command,
      ...(one.prependArgs && { prependArgs: one.prependArgs }),
      ...(one.appendArgs && { appendArgs: one.appendArgs }),
      ...(options(one) && { options: options(one) }),
    })),
    ...(credentialPluginPolicy && { credentialPluginPolicy }),
    ...(credentialPluginAllowlist && { credentialPluginAllowlist }),
  };
}

const failed = (message: string) => new BareError(`error occurred while applying preferences ${message}`);

/** Where the preferences are; `explicit` when somebody said so. Undefined when they are switched off. */
export function placeOf(process: Process, argv: readonly string[]): { path: string; explicit: boolean } | undefined {
  const { env } = process;
  if (env.KUBERC === 'off' || env.KUBECTL_KUBERC === 'false') return undefined;
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  for (let i = 0; i < words.length; i++) {
    const path = words[i] === '--kuberc' ? (words[i + 1] ?? '') : /^--kuberc=(.*)$/s.exec(words[i])?.[1];
    if (path === '') throw failed('kuberc file is not found');
    if (path !== undefined) return { path, explicit: true };
  }
  if (env.KUBERC) return { path: env.KUBERC, explicit: true };
  return { path: `${env.HOME ?? '/root'}/.kube/kuberc`, explicit: false };
}

function load(process: Process, fs: FileSystem, argv: readonly string[]): Preference | undefined {
  const place = placeOf(process, argv);
  if (!place) return undefined;
  const { path, explicit } = place;
  if (!fs.exists(path)) {
    if (explicit) throw failed(`kuberc error kuberc: open ${path}: no such file or directory`);
    return undefined;
  }
  const documents = splitDocuments(fs.readFile(path)).filter((text) => text.trim());
  for (const text of documents) {
    let document: YamlValue;
    try {
      document = parseYaml(text);
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      continue;
    }
    if (document === null || typeof document !== 'object' || Array.isArray(document)) continue;
    const [group, version] = String(document.apiVersion).split('/');
    const unknown: string[] = [];
    if (group !== GROUP || document.kind !== 'Preference' || !SHAPES[version]) continue;
    if (!fits(document, SHAPES[version], '', unknown)) continue;
    if (unknown.length) {
      const why = `strict decoding error: ${unknown.join(', ')}`;
      process.stderr.write(`kuberc: ignoring strict decoding error in ${path}: ${why}`);
    }
    return asPreference(document);
  }
  if (documents.length === 0) return undefined;
  const why = `no valid preferences found in ${path}, use --v=5 to see details`;
  if (explicit) throw failed(`kuberc error kuberc: ${why}`);
  process.stderr.write(`kuberc: no preferences loaded from ${path}: ${why}`);
  return undefined;
}

function validate({ aliases, credentialPluginPolicy: policy = '', credentialPluginAllowlist: list }: Preference) {
  const names = new Set<string>();
  for (const { name = '' } of aliases ?? []) {
    if (!/^[a-zA-Z]+$/.test(name)) throw failed('invalid alias name, can only include alphabetical characters');
    if (names.has(name)) throw failed(`duplicate alias name ${name}`);
    names.add(name);
  }
  if (!['', 'AllowAll', 'DenyAll', 'Allowlist'].includes(policy))
    throw failed(`unknown plugin policy: ${quote(policy)}`);
  if (policy !== 'Allowlist') {
    if (!list) return;
    throw failed(
      `misconfigured credential plugin allowlist: plugin policy is ${quote(policy)} but allowlist is non-nil`,
    );
  }
  if (!list) throw failed('credential plugin policy set to "Allowlist", but allowlist is unspecified');
  if (list.length === 0)
    throw failed('credential plugin policy set to "Allowlist", but allowlist is empty; use "DenyAll" policy instead');
  const empty = list.findIndex(({ name }) => !name);
  if (empty >= 0) throw failed(`misconfigured credential plugin allowlist: empty allowlist entry #${empty + 1}`);
}

/** The command line as the preferences make it. */
export interface Preferred {
  root: Command;
  argv: string[];
  /** Gives the flags of the command that was found the values that were not written. */
  preset(args: Args): void;
}

export function applyPreferences(process: Process, root: Command, globals: readonly Flag[]): Preferred {
  const argv = process.argv.slice(1);
  const fs = process.host.fs.view({ cwd: process.cwd, uid: process.uid, gid: process.gid });
  const preference = load(process, fs, argv);
  if (!preference) return { root, argv, preset() {} };
  validate(preference);
  const aliased = alias(preference, root, globals, argv);
  const preferred = defaults(process, preference, root, globals, argv);
  return aliased ?? preferred;
}

const lookUp = (root: Command, globals: readonly Flag[], argv: readonly string[]): Found | undefined => {
  try {
    return findCommand(root, globals, argv);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
};

/** Own commands win over aliases of their names, aliases over plugins. */
function alias(
  preference: Preference,
  root: Command,
  globals: readonly Flag[],
  argv: readonly string[],
): Preferred | undefined {
  const one = preference.aliases?.find(({ name }) => name === argv[0]);
  if (!one || root.commands?.some(({ name, aliases }) => name === one.name || aliases?.includes(one.name)))
    return undefined;
  const words = (one.command ?? '').split(' ').filter((word) => word);
  const found = lookUp(root, globals, words);
  if (!found)
    throw failed(`command ${quote(one.command)} not found to set alias ${quote(one.name)}: [${words.join(' ')}]`);
  const presets = flagsOf(found, globals, one.options ?? [], {
    unknown: (flag) => `invalid alias flag ${flag} in alias kubectl`,
    wrong: (flag, value, why) => `could not apply value ${value} to flag ${flag} in alias kubectl err: ${why}`,
  });
  return {
    root: { ...root, commands: [...(root.commands ?? []), { ...found.command, name: one.name, aliases: undefined }] },
    argv: [argv[0], ...(one.prependArgs ?? []), ...argv.slice(1), ...(one.appendArgs ?? [])],
    preset: (args) => presets.forEach(([flag, text]) => args.preset(flag, text)),
  };
}

function defaults(
  process: Process,
  preference: Preference,
  root: Command,
  globals: readonly Flag[],
  argv: string[],
): Preferred {
  const found = lookUp(root, globals, argv);
  const presets: (readonly [Flag, string])[] = [];
  for (const { command, options } of preference.defaults ?? []) {
    const meant = lookUp(
      root,
      globals,
      (command ?? '').split(' ').filter((word) => word),
    );
    if (!meant) process.stderr.write(`Warning: command ${quote(command)} not found to set kuberc override\n`);
    // As kubectl does, by the last word alone.
    if (!meant || !found || meant.command.name !== found.command.name || found.command === root) continue;
    presets.push(
      ...flagsOf(found, globals, options ?? [], {
        unknown: (flag) => `invalid flag ${flag} for command ${found.command.name}`,
        wrong: (flag, value, why) =>
          `could not apply override value ${value} to flag ${flag} in command ${found.command.name} err: ${why}`,
      }),
    );
  }
  return { root, argv, preset: (args) => presets.forEach(([flag, text]) => args.preset(flag, text)) };
}

interface Complaints {
  unknown: (flag: string) => string;
  wrong: (flag: string, value: string, why: string) => string;
}

function flagsOf(
  found: Found,
  globals: readonly Flag[],
  options: readonly Option[],
  say: Complaints,
): (readonly [Flag, string])[] {
  const flags = [...(found.command.flags ?? []), ...globals];
  return options.map(({ name = '', default: text = '' }) => {
    const flag = flags.find((one) => one.name === name);
    if (!flag) throw failed(say.unknown(name));
    const problem = checkValue(flag, text);
    if (problem !== undefined) throw failed(say.wrong(name, text, problem));
    return [flag, text] as const;
  });
}
