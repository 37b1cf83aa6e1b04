// Kubeconfig files as `kubectl config` reads, changes and writes them: every entry goes back to the file it came from.

import { dirname } from '../../../linux/fs.ts';
import { CommandError } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type Kubeconfig, mergeFile } from '../../kubeconfig.ts';
import { toYaml } from '../../yaml/emit.ts';

export type Section = 'clusters' | 'contexts' | 'users';
export type Entry = Record<string, any>;
export const entriesOf = (config: Kubeconfig, section: Section) => config[section] as Map<string, Entry>;

/** Fields in the order in which JSON shows them. */
export const FIELDS: Record<Section, string> = {
  clusters:
    'server tls-server-name insecure-skip-tls-verify certificate-authority certificate-authority-data proxy-url disable-compression',
  contexts: 'cluster user namespace',
  users:
    'client-certificate client-certificate-data client-key client-key-data token tokenFile as as-uid as-groups as-user-extra username password auth-provider exec',
};
const SINGULAR: Record<Section, string> = { clusters: 'cluster', contexts: 'context', users: 'user' };
/** Fields that are written even when they are empty. */
const ALWAYS: Record<Section, readonly string[]> = { clusters: ['server'], contexts: ['cluster', 'user'], users: [] };

const isSet = (value: unknown) => value !== undefined && value !== '' && value !== false && value !== null;

function ordered(section: Section, entry: Entry): Entry {
  const out: Entry = {};
  for (const field of FIELDS[section].split(' ')) {
    if (ALWAYS[section].includes(field)) out[field] = entry[field] ?? '';
    else if (isSet(entry[field])) out[field] = entry[field];
  }
  return out;
}

/** The configuration as one document, entries by name. */
export function documentOf(config: Kubeconfig): Entry {
  const list = (section: Section) => {
    const map = entriesOf(config, section);
    if (map.size === 0) return null;
    return [...map.keys()]
      .sort()
      .map((name) => ({ name, [SINGULAR[section]]: ordered(section, map.get(name) as Entry) }));
  };
  return {
    kind: 'Config',
    apiVersion: 'v1',
    clusters: list('clusters'),
    users: list('users'),
    contexts: list('contexts'),
    'current-context': config.currentContext,
  };
}

/** The path as messages show it: as it was written. */
export function shownPath(kubectl: Kubectl): string {
  const flag = kubectl.globals.string('kubeconfig');
  if (flag) return flag;
  const listed = (kubectl.process.env.KUBECONFIG ?? '').split(':').filter(Boolean);
  return listed.find((path) => kubectl.fs.exists(path)) ?? listed.at(-1) ?? readConfig(kubectl).files[0];
}

/** Where something new is written: the first file that exists, else the last of the list. */
function newFile(kubectl: Kubectl): string {
  const { files } = readConfig(kubectl);
  return files.find((file) => kubectl.fs.exists(file)) ?? (files.at(-1) as string);
}

const empty = (file: string): Kubeconfig => ({
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
  currentContext: '',
  origin: new Map(),
  files: [file],
});

/** What all files say together; a file that --kubeconfig names need not be there yet. */
export function readConfig(kubectl: Kubectl): Kubeconfig {
  const flag = kubectl.globals.string('kubeconfig');
  return flag && !kubectl.fs.exists(flag) ? empty(kubectl.fs.absolute(flag)) : kubectl.config;
}

function readOne(kubectl: Kubectl, file: string): Kubeconfig {
  const config = empty(file);
  if (kubectl.fs.exists(file)) mergeFile(config, file, kubectl.fs.readFile(file));
  return config;
}

/** Reads the file that holds `key` ('contexts/dev', 'current-context'), changes it and writes it back. */
export function changeFile(kubectl: Kubectl, key: string, change: (config: Kubeconfig) => void) {
  const file = readConfig(kubectl).origin.get(key) ?? newFile(kubectl);
  const config = readOne(kubectl, file);
  change(config);
  for (const section of ['clusters', 'users'] as const) {
    entriesOf(config, section).forEach((entry, name) =>
      entriesOf(config, section).set(name, relativePaths(entry, dirname(file))),
    );
  }
  kubectl.fs.mkdir(dirname(file), { recursive: true });
  kubectl.fs.writeFile(file, toYaml(documentOf(config)), { mode: 0o600 });
}

const PATHS = ['certificate-authority', 'client-certificate', 'client-key'];

/** Paths below the file's directory are written relative to it. */
function relativePaths(entry: Entry, directory: string): Entry {
  const out = { ...entry };
  for (const field of PATHS) {
    const prefix = `${directory}/`;
    if (typeof out[field] === 'string' && out[field].startsWith(prefix)) out[field] = out[field].slice(prefix.length);
  }
  return out;
}

/** Stops unless exactly `count` names were given; most commands show their help then. */
export function expectArgs(kubectl: Kubectl, args: readonly string[], count: number, word = 'Unexpected') {
  if (args.length === count) return;
  if (word === 'Unexpected') kubectl.out(kubectl.help());
  throw new CommandError(`${word} args: [${args.join(' ')}]`);
}
