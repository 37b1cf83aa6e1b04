// The kubeconfig: where the API server is, who asks, and in which namespace. Files named by --kubeconfig, by
// $KUBECONFIG (a list, merged: the first that sets a value wins) or ~/.kube/config.

import { encode, toBase64 } from '../linux/bytes.ts';
import { dirname } from '../linux/path.ts';
import type { Process } from '../linux/types.ts';
import { CLIENT_FLAGS } from './client-flags.ts';
import type { Args, Flag } from './flags.ts';
import { BareError, CommandError, quote } from './errors.ts';
import { type YamlValue, parseYaml, YamlError } from './yaml/parse.ts';
import { hostPort } from '../linux/net/index.ts';

export interface Cluster {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}
export interface AuthInfo {
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
}
export interface Context {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** A merged configuration; every entry knows the file it came from, so that changes go back there. */
export interface Kubeconfig {
  clusters: Map<string, Cluster>;
  users: Map<string, AuthInfo>;
  contexts: Map<string, Context>;
  currentContext: string;
  /** `clusters/NAME`, `users/NAME`, `contexts/NAME`, `current-context` to the file's path. */
  origin: Map<string, string>;
  /** The files asked for, present or not. */
  files: string[];
}

export const GLOBAL_FLAGS: readonly Flag[] = [
  ...CLIENT_FLAGS,
  { name: 'as', type: 'string', usage: 'Username to impersonate for the operation.' },
  { name: 'as-group', type: 'array', usage: 'Group to impersonate for the operation, this flag can be repeated.' },
  { name: 'as-uid', type: 'string', usage: 'UID to impersonate for the operation.' },
  {
    name: 'as-user-extra',
    type: 'array',
    usage: 'User extras (key=value) to impersonate for the operation, this flag can be repeated.',
  },
  { name: 'certificate-authority', type: 'string', usage: 'Path to a cert file for the certificate authority' },
  { name: 'client-certificate', type: 'string', usage: 'Path to a client certificate file for TLS' },
  { name: 'client-key', type: 'string', usage: 'Path to a client key file for TLS' },
  { name: 'cluster', type: 'string', usage: 'The name of the kubeconfig cluster to use' },
  { name: 'context', type: 'string', usage: 'The name of the kubeconfig context to use' },
  {
    name: 'insecure-skip-tls-verify',
    type: 'bool',
    usage: "If true, the server's certificate will not be checked for validity",
  },
  { name: 'kubeconfig', type: 'string', usage: 'Path to the kubeconfig file to use for CLI requests.' },
  { name: 'namespace', short: 'n', type: 'string', usage: 'If present, the namespace scope for this CLI request' },
  { name: 'password', type: 'string', usage: 'Password for basic authentication to the API server' },
  {
    name: 'request-timeout',
    type: 'string',
    default: '0',
    usage: 'How long to wait for a single server request (1s, 2m, 3h); zero means no limit.',
  },
  { name: 'server', short: 's', type: 'string', usage: 'The address and port of the Kubernetes API server' },
  { name: 'tls-server-name', type: 'string', usage: 'Server name to use for server certificate validation' },
  { name: 'token', type: 'string', usage: 'Bearer token for authentication to the API server' },
  { name: 'user', type: 'string', usage: 'The name of the kubeconfig user to use' },
  { name: 'username', type: 'string', usage: 'Username for basic authentication to the API server' },
  { name: 'v', short: 'v', type: 'int', usage: 'number for the log level verbosity (6 and more show the requests)' },
  {
    name: 'warnings-as-errors',
    type: 'bool',
    usage: 'Treat warnings received from the server as errors and exit with a non-zero exit code',
  },
];

/** The files a command line and an environment name, in order. */
export function kubeconfigFiles(process: Process, flag: string): string[] {
  if (flag) return [absolute(process, flag)];
  if (process.env.KUBECONFIG) {
    return process.env.KUBECONFIG.split(':')
      .filter((f) => f)
      .map((f) => absolute(process, f));
  }
  return [`${process.env.HOME ?? '/root'}/.kube/config`];
}

function absolute(process: Process, path: string): string {
  return path.startsWith('/') ? path : `${process.cwd === '/' ? '' : process.cwd}/${path}`;
}

type Named = { name?: string } & Record<string, unknown>;

export function loadKubeconfig(process: Process, flag: string): Kubeconfig {
  const files = kubeconfigFiles(process, flag);
  const config: Kubeconfig = {
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
    currentContext: '',
    origin: new Map(),
    files,
  };
  for (const file of files) {
    if (!process.host.fs.exists(file)) {
      if (flag) throw new CommandError(`stat ${flag}: no such file or directory`);
      continue;
    }
    mergeFile(config, file, process.host.fs.readFile(file), flag || file);
  }
  return config;
}

/** Adds what `text` says and `config` does not say yet. */
export function mergeFile(config: Kubeconfig, file: string, text: string, shown = file) {
  let doc: YamlValue;
  try {
    doc = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError)
      throw new CommandError(`error loading config file ${quote(shown)}: ${error.message}`);
    throw error;
  }
  if (doc === null) return;
  const root = doc as Record<string, unknown>;
  const add = (key: 'clusters' | 'users' | 'contexts', field: string) => {
    for (const entry of (root[key] ?? []) as Named[]) {
      const name = entry.name ?? '';
      const map = config[key] as Map<string, unknown>;
      if (map.has(name)) continue;
      map.set(name, entry[field] ?? {});
      config.origin.set(`${key}/${name}`, file);
    }
  };
  add('clusters', 'cluster');
  add('users', 'user');
  add('contexts', 'context');
  if (!config.currentContext && typeof root['current-context'] === 'string' && root['current-context']) {
    config.currentContext = root['current-context'];
    config.origin.set('current-context', file);
  }
}

/** What one run of kubectl uses: an address, an identity and a namespace. */
export interface Connection {
  server: string;
  cluster: Cluster;
  user: AuthInfo;
  namespace: string;
  /** The namespace was given on the command line. */
  namespaceExplicit: boolean;
}

/** Where a Pod finds its service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export function resolveConnection(process: Process, config: Kubeconfig, globals: Args): Connection {
  const contextName = globals.string('context') || config.currentContext;
  const context = config.contexts.get(contextName);
  const errors: string[] = [];
  if (!context && contextName) errors.push(`context was not found for specified context: ${contextName}`);
  const clusterName = globals.string('cluster') || context?.cluster || '';
  const userName = globals.string('user') || context?.user || '';
  const cluster = { ...config.clusters.get(clusterName) };
  const user = { ...config.users.get(userName) };
  if (clusterName && !config.clusters.has(clusterName)) {
    if (globals.string('cluster')) throw new CommandError(`no server found for cluster ${quote(clusterName)}`);
    errors.push(`cluster ${quote(clusterName)} was not found`);
  }
  if (userName && !config.users.has(userName)) {
    if (globals.string('user')) throw new CommandError(`auth info "${userName}" does not exist`);
    errors.push(`user ${quote(userName)} was not found`);
  }
  if (errors.length)
    throw new BareError(`Error in configuration: ${errors.length === 1 ? errors[0] : '\n* ' + errors.join('\n* ')}`);
  if (globals.string('server')) cluster.server = globals.string('server');
  const authority = globals.string('certificate-authority');
  const insecure = globals.bool('insecure-skip-tls-verify');
  // Either flag replaces all that the file says of whom to trust.
  if (authority || insecure) {
    cluster['certificate-authority'] = authority ? absolute(process, authority) : undefined;
    cluster['certificate-authority-data'] = undefined;
    cluster['insecure-skip-tls-verify'] = insecure;
  }
  if (globals.string('tls-server-name')) cluster['tls-server-name'] = globals.string('tls-server-name');
  if (globals.string('token')) user.token = globals.string('token');
  if (globals.string('username')) user.username = globals.string('username');
  if (globals.string('password')) user.password = globals.string('password');
  const origin = config.origin.get(`users/${userName}`) ?? '';
  for (const field of ['client-certificate', 'client-key'] as const) {
    const flag = globals.string(field);
    if (flag) Object.assign(user, { [field]: absolute(process, flag), [`${field}-data`]: undefined });
    readCredential(process, user, field, origin, userName);
  }
  let namespace = context?.namespace;
  const fs = process.host.fs;
  if (!cluster.server && process.env.KUBERNETES_SERVICE_HOST && fs.exists(`${SERVICE_ACCOUNT}/token`)) {
    cluster.server = `https://${hostPort(process.env.KUBERNETES_SERVICE_HOST, process.env.KUBERNETES_SERVICE_PORT ?? '443')}`;
    user.tokenFile ??= `${SERVICE_ACCOUNT}/token`;
    namespace ??= process.env.POD_NAMESPACE || undefined;
    if (fs.exists(`${SERVICE_ACCOUNT}/namespace`)) namespace ??= fs.readFile(`${SERVICE_ACCOUNT}/namespace`).trim();
  }
  const explicit = globals.string('namespace');
  const server = cluster.server ?? 'http://localhost:8080';
  return {
    server: /^https?:\/\//.test(server) ? server : `http://${server}`,
    cluster,
    user,
    namespace: explicit || namespace || 'default',
    namespaceExplicit: explicit !== '',
  };
}

/** A certificate or key that stands in a file of its own, beside the kubeconfig when its path is not absolute. */
function readCredential(
  process: Process,
  user: AuthInfo,
  field: 'client-certificate' | 'client-key',
  origin: string,
  userName: string,
) {
  const named = user[field];
  if (!named || user[`${field}-data`]) return;
  const path = named.startsWith('/') ? named : `${dirname(origin)}/${named}`;
  const { fs } = process.host;
  if (!fs.exists(path)) {
    const what = field === 'client-key' ? 'client-key' : 'client-cert';
    const why = `unable to read ${what} ${path} for ${userName} due to open ${path}: no such file or directory`;
    throw new BareError(`Error in configuration: ${why}`);
  }
  user[`${field}-data`] = toBase64(encode(fs.readFile(path)));
}

/** The request headers that carry an identity. */
export function authHeaders(process: Process, user: AuthInfo, globals: Args): Record<string, string> {
  const headers: Record<string, string> = {};
  const token = user.token ?? (user.tokenFile ? process.host.fs.readFile(user.tokenFile).trim() : undefined);
  if (token) headers.authorization = `Bearer ${token}`;
  else if (user.username)
    headers.authorization = `Basic ${toBase64(encode(`${user.username}:${user.password ?? ''}`))}`;
  const as = globals.string('as') || user.as;
  const groups = globals.strings('as-group').length ? globals.strings('as-group') : (user['as-groups'] ?? []);
  const uid = globals.string('as-uid') || user['as-uid'];
  if (as) headers['impersonate-user'] = as;
  if (groups.length) headers['impersonate-group'] = groups.join(',');
  if (uid) headers['impersonate-uid'] = uid;
  for (const extra of globals.strings('as-user-extra')) {
    const equals = extra.indexOf('=');
    if (equals < 0) throw new CommandError(`malformed user extra: ${extra}`);
    headers[`impersonate-extra-${extra.slice(0, equals).toLowerCase()}`] = extra.slice(equals + 1);
  }
  if (!as && (groups.length || uid || globals.strings('as-user-extra').length)) {
    throw new CommandError('requesting uid, groups or user-extra for kubernetes-admin without impersonating a user');
  }
  return headers;
}
