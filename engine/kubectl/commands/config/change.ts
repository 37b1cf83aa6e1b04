// kubectl config use-context, set-context, set-cluster, set-credentials, rename-context, delete-*, set, unset.

import { encode, fromBase64, toBase64 } from '../../../linux/bytes.ts';
import type { Command } from '../../command.ts';
import { CommandError, quote } from '../../errors.ts';
import type { Args, Flag } from '../../flags.ts';
import type { Kubeconfig } from '../../kubeconfig.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type Entry, type Section, FIELDS, changeFile, entriesOf, expectArgs, readConfig, shownPath } from './file.ts';

/* eslint-disable require-yield */
export const useContext: Command = {
  name: 'use-context',
  aliases: ['use'],
  short: 'Set the current-context in a kubeconfig file',
  usage: 'CONTEXT_NAME',
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 1);
    const [name] = args.args;
    if (!readConfig(kubectl).contexts.has(name))
      throw new CommandError(`no context exists with the name: ${quote(name)}`);
    changeFile(kubectl, 'current-context', (config) => (config.currentContext = name));
    kubectl.line(`Switched to context ${quote(name)}.`);
  },
};

/** Puts `fields` into an entry; says whether it was there before. */
function putEntry(kubectl: Kubectl, section: Section, name: string, change: (entry: Entry) => Entry): boolean {
  const known = entriesOf(readConfig(kubectl), section).has(name);
  changeFile(kubectl, `${section}/${name}`, (config) => {
    const map = entriesOf(config, section);
    map.set(name, change({ ...map.get(name) }));
  });
  return known;
}

/** The flags of the command line among `names`, as fields. */
function given(args: Args, names: readonly string[]): Entry {
  const out: Entry = {};
  for (const name of names) if (args.changed(name)) out[name] = args.string(name);
  return out;
}

const EMBED: Flag = {
  name: 'embed-certs',
  type: 'bool',
  usage: 'Embed the files into the kubeconfig instead of naming them',
};

export const setContext: Command = {
  name: 'set-context',
  short: 'Set a context entry in kubeconfig',
  usage: '[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]',
  flags: [
    { name: 'current', type: 'bool', usage: 'Modify the current context' },
    { name: 'cluster', type: 'string', usage: 'cluster for the context entry in kubeconfig' },
    { name: 'user', type: 'string', usage: 'user for the context entry in kubeconfig' },
    { name: 'namespace', short: 'n', type: 'string', usage: 'namespace for the context entry in kubeconfig' },
  ],
  *run(kubectl, args) {
    if (args.args.length > 1) expectArgs(kubectl, args.args, 1);
    const current = args.bool('current');
    if (current && args.args.length) throw new CommandError('you cannot specify both a context name and --current');
    if (!current && !args.args[0]) throw new CommandError('you must specify a non-empty context name or --current');
    const name = current ? readConfig(kubectl).currentContext : args.args[0];
    if (!name) throw new CommandError('no current context is set');
    const known = putEntry(kubectl, 'contexts', name, (entry) => ({
      ...entry,
      ...given(args, ['cluster', 'user', 'namespace']),
    }));
    kubectl.line(`Context ${quote(name)} ${known ? 'modified' : 'created'}.`);
  },
};

/** A file's path, or with --embed-certs its content. */
function certificate(kubectl: Kubectl, args: Args, entry: Entry, field: string) {
  if (!args.changed(field)) return;
  const path = args.string(field);
  delete entry[`${field}-data`];
  if (args.bool('embed-certs')) {
    delete entry[field];
    entry[`${field}-data`] = toBase64(encode(kubectl.fs.readFile(path)));
  } else entry[field] = path && kubectl.fs.absolute(path);
}

function checkEmbedded(kubectl: Kubectl, args: Args, fields: readonly string[]) {
  if (!args.bool('embed-certs')) return;
  const files = fields.filter((field) => args.string(field));
  if (files.length === 0)
    throw new CommandError(`you must specify a ${fields.map((field) => `--${field}`).join(' or ')} to embed`);
  for (const field of files) {
    const path = args.string(field);
    if (!kubectl.fs.exists(path))
      throw new CommandError(`could not stat ${field} file ${path}: stat ${path}: no such file or directory`);
  }
}

export const setCluster: Command = {
  name: 'set-cluster',
  short: 'Set a cluster entry in kubeconfig',
  usage:
    'NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]',
  flags: [
    EMBED,
    { name: 'proxy-url', type: 'string', usage: 'proxy-url for the cluster entry in kubeconfig' },
    {
      name: 'certificate-authority',
      type: 'string',
      usage: 'Path to certificate-authority file for the cluster entry in kubeconfig',
    },
    {
      name: 'insecure-skip-tls-verify',
      type: 'bool',
      usage: 'insecure-skip-tls-verify for the cluster entry in kubeconfig',
    },
    { name: 'server', short: 's', type: 'string', usage: 'server for the cluster entry in kubeconfig' },
    { name: 'tls-server-name', type: 'string', usage: 'tls-server-name for the cluster entry in kubeconfig' },
  ],
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 1);
    const [name] = args.args;
    if (!name) throw new CommandError('you must specify a non-empty cluster name');
    if (args.bool('insecure-skip-tls-verify') && args.string('certificate-authority')) {
      throw new CommandError('you cannot specify a certificate authority and insecure mode at the same time');
    }
    checkEmbedded(kubectl, args, ['certificate-authority']);
    putEntry(kubectl, 'clusters', name, (entry) => {
      const out = { ...entry, ...given(args, ['server', 'tls-server-name', 'proxy-url']) };
      if (args.changed('insecure-skip-tls-verify')) {
        out['insecure-skip-tls-verify'] = args.bool('insecure-skip-tls-verify');
        // Both at once make no sense: the last word wins.
        if (out['insecure-skip-tls-verify'])
          for (const field of ['certificate-authority', 'certificate-authority-data']) delete out[field];
      }
      if (args.string('certificate-authority')) out['insecure-skip-tls-verify'] = false;
      certificate(kubectl, args, out, 'certificate-authority');
      return out;
    });
    kubectl.line(`Cluster ${quote(name)} set.`);
  },
};

export const setCredentials: Command = {
  name: 'set-credentials',
  short: 'Set a user entry in kubeconfig',
  usage:
    'NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password]',
  flags: [
    EMBED,
    { name: 'client-certificate', type: 'string', usage: 'Path to client-certificate file for the user entry' },
    { name: 'client-key', type: 'string', usage: 'Path to client-key file for the user entry in kubeconfig' },
    { name: 'token', type: 'string', usage: 'token for the user entry in kubeconfig' },
    { name: 'username', type: 'string', usage: 'username for the user entry in kubeconfig' },
    { name: 'password', type: 'string', usage: 'password for the user entry in kubeconfig' },
    { name: 'auth-provider', type: 'string', usage: 'Auth provider for the user entry in kubeconfig' },
    { name: 'auth-provider-arg', type: 'strings', usage: "'key=value' arguments for the auth provider" },
    {
      name: 'exec-api-version',
      type: 'string',
      usage: 'API version of the exec credential plugin for the user entry in kubeconfig',
    },
    {
      name: 'exec-arg',
      type: 'strings',
      usage: 'New arguments for the exec credential plugin command for the user entry in kubeconfig',
    },
    {
      name: 'exec-command',
      type: 'string',
      usage: 'Command for the exec credential plugin for the user entry in kubeconfig',
    },
    { name: 'exec-env', type: 'array', usage: "'key=value' environment values for the exec credential plugin" },
    {
      name: 'exec-interactive-mode',
      type: 'string',
      usage: 'InteractiveMode of the exec credentials plugin for the user entry in kubeconfig',
    },
    {
      name: 'exec-provide-cluster-info',
      type: 'bool',
      usage: 'ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig',
    },
  ],
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 1, 'unexpected');
    const [name] = args.args;
    if (!name) throw new CommandError('you must specify a non-empty user name');
    const methods: string[] = [];
    if (args.string('token')) methods.push('--token');
    if (args.string('username') || args.string('password')) methods.push('--username/--password');
    if (methods.length > 1)
      throw new CommandError(
        `you cannot specify more than one authentication method at the same time: ${methods.join(', ')}`,
      );
    checkEmbedded(kubectl, args, ['client-certificate', 'client-key']);
    putEntry(kubectl, 'users', name, (entry) => credentials(kubectl, args, entry));
    kubectl.line(`User ${quote(name)} set.`);
  },
};

function credentials(kubectl: Kubectl, args: Args, entry: Entry): Entry {
  const out: Entry = { ...entry, ...given(args, ['token', 'username', 'password']) };
  // A new way to log in takes the place of the old one.
  if (args.string('token')) for (const field of ['username', 'password']) delete out[field];
  if (args.string('username') || args.string('password')) delete out.token;
  certificate(kubectl, args, out, 'client-certificate');
  certificate(kubectl, args, out, 'client-key');
  if (args.changed('auth-provider'))
    out['auth-provider'] = { ...out['auth-provider'], name: args.string('auth-provider') };
  if (args.changed('auth-provider-arg') && out['auth-provider']) {
    out['auth-provider'] = {
      ...out['auth-provider'],
      config: { ...out['auth-provider'].config, ...pairs(args.strings('auth-provider-arg')) },
    };
  }
  if (args.changed('exec-command')) {
    out.exec = { args: null, env: null, provideClusterInfo: false, ...out.exec, command: args.string('exec-command') };
  }
  if (out.exec) {
    const exec = { ...out.exec };
    if (args.changed('exec-api-version')) exec.apiVersion = args.string('exec-api-version');
    if (args.changed('exec-arg')) exec.args = args.strings('exec-arg');
    if (args.changed('exec-env')) {
      const env = pairs(args.strings('exec-env'));
      exec.env = Object.keys(env).map((key) => ({ name: key, value: env[key] }));
    }
    if (args.changed('exec-interactive-mode')) exec.interactiveMode = args.string('exec-interactive-mode');
    if (args.changed('exec-provide-cluster-info')) exec.provideClusterInfo = args.bool('exec-provide-cluster-info');
    out.exec = exec;
  }
  return out;
}

function pairs(list: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const entry of list) {
    const equals = entry.indexOf('=');
    if (equals < 0) throw new CommandError(`invalid argument ${quote(entry)}: expected key=value`);
    out[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return out;
}

const deletion = (word: 'context' | 'cluster' | 'user'): Command => ({
  name: `delete-${word}`,
  short: `Delete the specified ${word} from the kubeconfig`,
  usage: 'NAME',
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 1, 'unexpected');
    const [name] = args.args;
    const section: Section = `${word}s`;
    const file = shownPath(kubectl);
    if (!entriesOf(readConfig(kubectl), section).has(name))
      throw new CommandError(`cannot delete ${word} ${name}, not in ${file}`);
    if (word === 'context' && readConfig(kubectl).currentContext === name) {
      kubectl.warn(
        'warning: this removed your active context, use "kubectl config use-context" to select a different one',
      );
    }
    changeFile(kubectl, `${section}/${name}`, (config) => entriesOf(config, section).delete(name));
    kubectl.line(`deleted ${word} ${name} from ${file}`);
  },
});
export const deletions = [deletion('cluster'), deletion('context'), deletion('user')];

export const renameContext: Command = {
  name: 'rename-context',
  short: 'Rename a context from the kubeconfig file',
  usage: 'CONTEXT_NAME NEW_NAME',
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 2);
    const [name, next] = args.args;
    const { contexts, currentContext } = readConfig(kubectl);
    const context = contexts.get(name);
    const file = shownPath(kubectl);
    if (!context) throw new CommandError(`cannot rename the context ${quote(name)}, it's not in ${file}`);
    if (contexts.has(next))
      throw new CommandError(
        `cannot rename the context ${quote(name)}, the context ${quote(next)} already exists in ${file}`,
      );
    changeFile(kubectl, `contexts/${name}`, (config) => {
      config.contexts.delete(name);
      config.contexts.set(next, context);
      if (currentContext === name) config.currentContext = next;
    });
    kubectl.line(`Context ${quote(name)} renamed to ${quote(next)}.`);
  },
};

const SECTIONS: readonly Section[] = ['clusters', 'contexts', 'users'];

interface Property {
  /** Undefined: current-context. */
  section?: Section;
  /** Absent: all of the section. */
  name?: string;
  field?: string;
}

/** Reads 'contexts.dev.namespace'; names may hold dots, the field is the last part that is one. */
function readProperty(config: Kubeconfig, text: string): Property {
  if (text === 'current-context') return {};
  const dot = text.indexOf('.');
  const section = (dot < 0 ? text : text.slice(0, dot)) as Section;
  if (!SECTIONS.includes(section)) throw new CommandError(`unable to parse ${text} after [] at api.Config`);
  if (dot < 0) return { section };
  const rest = text.slice(dot + 1);
  if (entriesOf(config, section).has(rest)) return { section, name: rest };
  const last = rest.lastIndexOf('.');
  const field = rest.slice(last + 1);
  if (last > 0 && FIELDS[section].split(' ').includes(field)) return { section, name: rest.slice(0, last), field };
  return { section, name: rest };
}

const BOOLEANS = ['insecure-skip-tls-verify', 'disable-compression'];

function valueOf(field: string, text: string, raw: boolean): unknown {
  if (BOOLEANS.includes(field)) {
    if (/^(1|t|true)$/i.test(text)) return true;
    if (/^(0|f|false)$/i.test(text)) return false;
    throw new CommandError(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
  }
  if (!field.endsWith('-data')) return text;
  if (raw) return toBase64(encode(text));
  if (!fromBase64(text).ok) throw new CommandError('error decoding input value: illegal base64 data at input byte 0');
  return text;
}

export const setProperty: Command = {
  name: 'set',
  short: 'Set an individual value in a kubeconfig file',
  usage: 'PROPERTY_NAME PROPERTY_VALUE',
  flags: [
    {
      name: 'set-raw-bytes',
      type: 'bool',
      usage: 'When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.',
    },
  ],
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 2);
    const [path, text] = args.args;
    const { section, name, field } = readProperty(readConfig(kubectl), path);
    if (!section) changeFile(kubectl, 'current-context', (config) => (config.currentContext = text));
    else if (name === undefined || field === undefined) {
      throw new CommandError(
        `can't set a map to a value: map[${[...entriesOf(readConfig(kubectl), section).keys()].sort().join(' ')}]`,
      );
    } else {
      const value = valueOf(field, text, args.bool('set-raw-bytes'));
      putEntry(kubectl, section, name, (entry) => ({ ...entry, [field]: value }));
    }
    kubectl.line(`Property ${quote(path)} set.`);
  },
};

export const unsetProperty: Command = {
  name: 'unset',
  short: 'Unset an individual value in a kubeconfig file',
  usage: 'PROPERTY_NAME',
  *run(kubectl, args) {
    expectArgs(kubectl, args.args, 1);
    const [path] = args.args;
    const { section, name, field } = readProperty(readConfig(kubectl), path);
    if (!section) changeFile(kubectl, 'current-context', (config) => (config.currentContext = ''));
    else if (name === undefined) changeFile(kubectl, section, (config) => entriesOf(config, section).clear());
    else if (entriesOf(readConfig(kubectl), section).has(name)) {
      changeFile(kubectl, `${section}/${name}`, (config) => {
        const map = entriesOf(config, section);
        if (field === undefined) map.delete(name);
        else map.set(name, { ...map.get(name), [field]: undefined });
      });
    }
    kubectl.line(`Property ${quote(path)} unset.`);
  },
};
