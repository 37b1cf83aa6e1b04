// kubectl alpha kuberc: shows and changes the file of the user's preferences (../kuberc.ts).

import { escapeHtml } from '../../api/go-json.ts';
import { dirname } from '../../linux/fs.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, quote } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { GROUP, type Preference, asPreference, placeOf } from '../kuberc.ts';
import { PRINT_FLAGS, outputFormat, outputPrinter } from '../output/printers.ts';
import { toYaml } from '../yaml/emit.ts';
import { YamlError, parseYaml } from '../yaml/parse.ts';

/** What `view` offers to write where nothing is. */
const RECOMMENDED: Preference = {
  apiVersion: `${GROUP}/v1beta1`,
  defaults: [
    { command: 'apply', options: [{ name: 'server-side', default: 'true' }] },
    { command: 'delete', options: [{ name: 'interactive', default: 'true' }] },
  ],
  aliases: null,
};

function pathOf(kubectl: Kubectl): string {
  const place = placeOf(kubectl.process, kubectl.process.argv.slice(1));
  if (!place) throw new CommandError('KUBERC is disabled via KUBERC=off environment variable');
  return place.path;
}

function read(kubectl: Kubectl, path: string): Preference {
  const empty: Preference = { apiVersion: `${GROUP}/v1beta1`, defaults: null, aliases: null };
  const text = kubectl.fs.exists(path) ? kubectl.fs.readFile(path) : '';
  try {
    return text.trim() ? { ...empty, ...asPreference(parseYaml(text)) } : empty;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new CommandError(`error parsing kuberc file: error converting YAML to JSON: yaml: ${error.message}`);
  }
}

function write(kubectl: Kubectl, path: string, preference: Preference) {
  kubectl.fs.mkdir(dirname(path), { recursive: true });
  kubectl.fs.writeFile(path, toYaml({ kind: 'Preference', ...preference }), { mode: 0o644 });
  kubectl.line(`Updated ${path}`);
}

const view: Command = {
  name: 'view',
  short: 'Display the current kuberc configuration',
  flags: PRINT_FLAGS.map((flag) => (flag.name === 'output' ? { ...flag, default: 'yaml' } : flag)),
  *run(kubectl, args): Co {
    const path = pathOf(kubectl);
    if (!kubectl.fs.exists(path)) {
      kubectl.line(`kuberc file not found at ${path}`);
      kubectl.out('Would you like to generate a default kuberc file with recommended options? (y/N): ');
      const answer = ((yield* kubectl.process.stdin.read()) ?? '').split('\n')[0].trim().toLowerCase();
      if (answer === 'y' || answer === 'yes') write(kubectl, path, RECOMMENDED);
      return;
    }
    const { defaults, aliases, apiVersion: _, ...policy } = read(kubectl, path);
    const shown = {
      kind: 'Preference',
      apiVersion: `${GROUP}/v1beta1`,
      defaults: (defaults ?? []).map((one) => ({ ...one, options: one.options ?? [] })),
      aliases: aliases ?? [],
      ...policy,
    };
    const { format } = outputFormat(args);
    if (format === 'json') kubectl.out(escapeHtml(JSON.stringify(shown, null, 4)) + '\n');
    else if (format === 'name') kubectl.line(`preference.${GROUP}/<unknown>`);
    else outputPrinter(kubectl, args).print(shown);
  },
};

const set: Command = {
  name: 'set',
  short: 'Set values in the kuberc configuration',
  usage: '--section (defaults|aliases) --command COMMAND',
  flags: [
    {
      name: 'appendarg',
      type: 'array',
      usage: 'Argument after those of the command line, for aliases; may be repeated',
    },
    { name: 'command', type: 'string', required: true, usage: "The command that is meant: 'get', 'set env'" },
    { name: 'name', type: 'string', usage: 'Name of the alias' },
    { name: 'option', type: 'array', usage: 'A flag and its value, flag=value; may be repeated' },
    { name: 'overwrite', type: 'bool', usage: 'Replace what is there' },
    {
      name: 'prependarg',
      type: 'array',
      usage: 'Argument before those of the command line, for aliases; may be repeated',
    },
    { name: 'section', type: 'string', required: true, usage: 'What to set: defaults or aliases' },
  ],
  // eslint-disable-next-line require-yield
  *run(kubectl, args) {
    const path = pathOf(kubectl);
    const [section, name, command] = ['section', 'name', 'command'].map((flag) => args.string(flag));
    const [prependArgs, appendArgs] = ['prependarg', 'appendarg'].map((flag) => args.strings(flag));
    if (section !== 'defaults' && section !== 'aliases')
      throw new CommandError(`--section must be "defaults" or "aliases", got: ${section}`);
    if (section === 'aliases' && !name) throw new CommandError('--name is required when --section=aliases');
    if (section === 'defaults' && name)
      throw new CommandError('--name should not be specified when --section=defaults');
    if (section === 'defaults' && (prependArgs.length || appendArgs.length))
      throw new CommandError('--prependarg and --appendarg are only valid for --section=aliases');
    const options = args.strings('option').map((text) => {
      const equals = text.indexOf('=');
      if (equals < 0) throw new CommandError(`invalid option format ${quote(text)}, expected flag=value`);
      return { name: text.slice(0, equals), default: text.slice(equals + 1) };
    });
    const preference = read(kubectl, path);
    const overwrite = args.bool('overwrite');
    if (section === 'defaults') {
      const one = { command, options: options.length ? options : null };
      const there = preference.defaults?.findIndex((other) => other.command === command) ?? -1;
      if (there >= 0 && !overwrite)
        throw new CommandError(`defaults for command ${quote(command)} already exist, use --overwrite to replace`);
      preference.defaults = placed(preference.defaults, there, one);
    } else {
      const one = {
        name,
        command,
        ...(prependArgs.length && { prependArgs }),
        ...(appendArgs.length && { appendArgs }),
        ...(options.length && { options }),
      };
      const there = preference.aliases?.findIndex((other) => other.name === name) ?? -1;
      if (there >= 0 && !overwrite)
        throw new CommandError(`alias ${quote(name)} already exists, use --overwrite to replace`);
      preference.aliases = placed(preference.aliases, there, one);
    }
    write(kubectl, path, preference);
  },
};

/** The list with `one` in its place, or at its end. */
function placed<T>(list: T[] | null, at: number, one: T): T[] {
  return at < 0 ? [...(list ?? []), one] : (list ?? []).map((other, i) => (i === at ? one : other));
}

export const alpha: Command = {
  name: 'alpha',
  short: 'Commands for features in alpha',
  alone: 'always',
  commands: [{ name: 'kuberc', short: 'Manage kuberc configuration files', alone: 'stdout', commands: [set, view] }],
};
