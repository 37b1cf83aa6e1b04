// One run of kubectl: the process it runs in, the server it talks to and what every command needs from both.
// The virtual time that kubectl itself takes is spent here and nowhere else.

import { createScheme } from '../api/index.ts';
import type { Scheme } from '../api/types.ts';
import type { ApiRequest, ApiResponse } from '../apiserver/types.ts';
import type { FileSystem } from '../linux/fs.ts';
import type { Process } from '../linux/types.ts';
import type { Co } from '../sim/index.ts';
import type { Command } from './command.ts';
import { type Mapping, Discovery, NoMatchError, qualified } from './discovery.ts';
import { dial } from './dial.ts';
import { CommandError, ConnectionError, Exit, statusError } from './errors.ts';
import { type Args, parseDuration } from './flags.ts';
import { type Connection, type Kubeconfig, authHeaders, loadKubeconfig, resolveConnection } from './kubeconfig.ts';

export interface KubectlOptions {
  /**
   * Sends a request to the server of `connection`. The identity is in the headers, or in the client certificate of
   * `connection.user`; undefined means that nobody listens at `connection.server`.
   */
  transport: (request: ApiRequest, connection: Connection) => ApiResponse | undefined;
  /** Whether that server is the cluster's, as the cluster itself says: others have to be dialled. Absent: all are. */
  known?: (connection: Connection) => boolean;
  /** The client's own version: 'v1.35.0'. */
  version: string;
}

let scheme: Scheme | undefined;
/** The built-in kinds, as they are compiled into kubectl. */
export const builtinScheme = (): Scheme => (scheme ??= createScheme());

/** Starting the program and reading its configuration, ms. */
const START = 60;
/** One request and its answer, ms. */
const ROUND_TRIP = 4;

export class Kubectl {
  readonly process: Process;
  readonly options: KubectlOptions;
  /** 'kubectl rollout status': the command that runs. */
  readonly path: string;
  readonly globals: Args;
  /** Relative paths count from the working directory. */
  readonly fs: FileSystem;
  private readonly caches: Map<string, Discovery>;
  private loadedConfig: Kubeconfig | undefined;
  private resolved: Connection | undefined;
  private headers: Record<string, string> | undefined;
  private refreshed = false;
  private dialled = false;
  private readonly warned = new Set<string>();

  constructor(process: Process, options: KubectlOptions, path: string, globals: Args, caches: Map<string, Discovery>) {
    this.process = process;
    this.options = options;
    this.path = path;
    this.globals = globals;
    this.caches = caches;
    this.fs = process.host.fs.view({ cwd: process.cwd, uid: process.uid, gid: process.gid });
  }

  /** Answers must carry managedFields, which the server otherwise leaves out of what kubectl reads. */
  wantsManagedFields = false;
  /** What is printed has passed through kubectl's own Go types. */
  typed = false;
  /** Every command of kubectl. */
  commands: readonly Command[] = [];
  /** The help of the command that runs. */
  help: () => string = () => '';

  /** Virtual now, ms since the epoch. */
  get now(): number {
    return this.process.host.sim.now;
  }
  get config(): Kubeconfig {
    return (this.loadedConfig ??= loadKubeconfig(this.process, this.globals.string('kubeconfig')));
  }
  /** Everything about it is checked before the first request. */
  get connection(): Connection {
    if (this.resolved) return this.resolved;
    const connection = resolveConnection(this.process, this.config, this.globals);
    this.headers = {
      'user-agent': `kubectl/${this.options.version} (linux/amd64) kubernetes`,
      ...authHeaders(this.process, connection.user, this.globals),
      ...(this.wantsManagedFields ? { accept: 'application/json' } : {}),
    };
    void this.requestTimeout;
    return (this.resolved = connection);
  }
  /** The namespace of this command. */
  get namespace(): string {
    return this.connection.namespace;
  }
  get verbosity(): number {
    return this.globals.int('v');
  }

  /** Writes to stdout; when nobody reads any more, the command ends as SIGPIPE would end it. */
  out(text: string) {
    if (text && !this.process.stdout.write(text)) throw new Exit(141);
  }
  line(text: string) {
    this.out(text + '\n');
  }
  /** Writes a line to stderr. */
  warn(text: string) {
    this.process.stderr.write(text + '\n');
  }

  *start(): Co {
    yield START;
  }

  /** Sends a request; an answer from 400 on is thrown as StatusError. */
  *send(request: ApiRequest): Co<ApiResponse> {
    const response = yield* this.exchange(request);
    if (response.code >= 400) throw statusError(response, request);
    return response;
  }

  /** Sends a request and takes any answer. */
  *exchange(request: ApiRequest): Co<ApiResponse> {
    yield ROUND_TRIP;
    const connection = this.connection;
    if (!this.dialled && this.options.known?.(connection) === false) yield* dial(this.process, connection);
    this.dialled = true;
    const own = this.headers as Record<string, string>;
    const headers = request.headers ? { ...own, ...request.headers } : own;
    const response = yield* settled(this.options.transport({ ...request, headers }, connection));
    if (!response) {
      const host = connection.server.replace(/^https?:\/\//, '').replace(/\/.*/, '');
      throw new ConnectionError(
        `The connection to the server ${host} was refused - did you specify the right host or port?`,
      );
    }
    if (this.verbosity >= 6) this.logRequest(request, headers, response);
    this.printWarnings(response);
    return response;
  }

  /** Every request's limit of time; 0 means none. */
  get requestTimeout(): number {
    const text = this.globals.string('request-timeout');
    const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
    if (typeof ms === 'string') {
      throw new CommandError(
        'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
      );
    }
    return ms;
  }

  private logRequest(request: ApiRequest, headers: Record<string, string>, response: ApiResponse) {
    const url = this.connection.server + request.path + queryString(request.query);
    const log = (text: string) =>
      this.log('I', `round_trippers.go:${text.startsWith('"Request"') ? 527 : 632}] ${text}`);
    if (this.verbosity >= 7) {
      let lines = '';
      for (const name in headers)
        lines += `\t${headerName(name)}: ${name === 'authorization' ? '<masked>' : headers[name]}\n`;
      log(`"Request" verb="${request.method}" url="${url}" headers=<\n${lines} >`);
    }
    if (this.verbosity >= 8 && request.body !== undefined) {
      log(
        `"Request Body" body=${JSON.stringify(typeof request.body === 'string' ? request.body : JSON.stringify(request.body))}`,
      );
    }
    const what = this.verbosity >= 7 ? '' : `verb="${request.method}" url="${url}" `;
    log(`"Response" ${what}status="${response.code} ${STATUS_TEXT[response.code] ?? ''}" milliseconds=${ROUND_TRIP}`);
    if (this.verbosity >= 8 && response.body !== undefined) {
      log(
        `"Response Body" body=${JSON.stringify(typeof response.body === 'string' ? response.body : JSON.stringify(response.body))}`,
      );
    }
  }

  /** A line of klog: `I0105 09:00:01.000000       7 file.go:1] …`. */
  log(level: 'I' | 'W' | 'E' | 'F', text: string) {
    const iso = new Date(this.now).toISOString();
    this.warn(
      `${level}${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000 ${String(this.process.pid).padStart(7)} ${text}`,
    );
  }

  private printWarnings(response: ApiResponse) {
    const header = response.headers?.warning;
    if (!header) return;
    for (const match of header.matchAll(/299 \S+ "((?:\\.|[^"\\])*)"/g)) {
      const text = match[1].replace(/\\(.)/g, '$1');
      this.warnOnce(text);
    }
  }

  private warnOnce(text: string) {
    if (this.warned.has(text)) return;
    this.warned.add(text);
    this.warn(`Warning: ${text}`);
  }

  /** How many warnings came from the server (for --warnings-as-errors). */
  get warnings(): number {
    return this.warned.size;
  }

  /** What is known of a server is kept for each cache directory. */
  private get cacheKey(): string {
    return `${this.globals.string('cache-dir')}\0${this.connection.server}`;
  }

  /** What the server serves; `fresh`: asked now, whatever is kept. */
  *discovery(fresh = false): Co<Discovery> {
    const key = this.cacheKey;
    let discovery = this.caches.get(key);
    if (!discovery) this.caches.set(key, (discovery = new Discovery()));
    yield* discovery.load((r) => this.send(r), fresh);
    return discovery;
  }

  /** Looks something up in discovery; when it is not there, the server is asked anew, once. */
  *discover<T>(find: (discovery: Discovery) => T | undefined): Co<T | undefined> {
    const discovery = yield* this.discovery();
    const found = find(discovery);
    if (found !== undefined || this.refreshed) return found;
    this.refreshed = true;
    yield* discovery.load((r) => this.send(r), true);
    return find(discovery);
  }

  /** The resource that the user named. */
  *mappingFor(argument: string): Co<Mapping> {
    const mapping = yield* this.discover((d) => d.find(argument));
    for (const other of this.caches.get(this.cacheKey)?.alsoShort(argument) ?? [])
      this.warnOnce(
        `short name "${argument}" could also match lower priority resource ${qualified(other.resource, other.group)}`,
      );
    if (!mapping) throw new CommandError(`the server doesn't have a resource type "${argument.split('.')[0]}"`);
    return mapping;
  }

  /** The resource of an object's kind. */
  *mappingForKind(apiVersion: string, kind: string): Co<Mapping> {
    const mapping = yield* this.discover((d) => d.findKind(apiVersion, kind));
    if (!mapping) throw new NoMatchError(`no matches for kind "${kind}" in version "${apiVersion}"`);
    return mapping;
  }
}

const STATUS_TEXT: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const headerName = (name: string) =>
  name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());

function queryString(query: ApiRequest['query']): string {
  const parts: string[] = [];
  for (const name in query) {
    const value = query[name];
    for (const one of Array.isArray(value) ? value : [value])
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
  }
  return parts.length ? '?' + parts.join('&') : '';
}

/** What a proxied request brings takes time. */
function* settled(response: ApiResponse | undefined): Co<ApiResponse | undefined> {
  const later = response?.later;
  if (!later) return response;
  try {
    while (!later.answer) yield later.ready;
    return later.answer;
  } finally {
    if (!later.answer) later.cancel();
  }
}
