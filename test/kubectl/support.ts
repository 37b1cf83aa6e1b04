// A machine with files and a kubectl on it, in front of a small API server that only stores objects: enough to see what
// kubectl asks for and what it prints. The engine's own API server has tests of its own.

import type { ApiRequest, ApiResponse } from '../../engine/apiserver/types.ts';
import { createKubectl } from '../../engine/kubectl/index.ts';
import { FileSystem } from '../../engine/linux/fs.ts';
import type { Host, Process } from '../../engine/linux/types.ts';
import { Sim } from '../../engine/sim/index.ts';

type Json = Record<string, any>;

interface Kind {
  group: string;
  version: string;
  kind: string;
  resource: string;
  short?: string[];
  categories?: string[];
  namespaced: boolean;
}

const KINDS: Kind[] = [
  { group: '', version: 'v1', kind: 'Pod', resource: 'pods', short: ['po'], categories: ['all'], namespaced: true },
  { group: '', version: 'v1', kind: 'ConfigMap', resource: 'configmaps', short: ['cm'], namespaced: true },
  {
    group: '',
    version: 'v1',
    kind: 'Service',
    resource: 'services',
    short: ['svc'],
    categories: ['all'],
    namespaced: true,
  },
  { group: '', version: 'v1', kind: 'Namespace', resource: 'namespaces', short: ['ns'], namespaced: false },
  {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    resource: 'deployments',
    short: ['deploy'],
    categories: ['all'],
    namespaced: true,
  },
  { group: 'batch', version: 'v1', kind: 'Job', resource: 'jobs', categories: ['all'], namespaced: true },
];

const status = (code: number, reason: string, message: string, details: Json = {}): ApiResponse => ({
  code,
  headers: {},
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code },
});

/** Stores what it is sent; answers Tables of NAME and AGE. */
export class Store {
  readonly requests: ApiRequest[] = [];
  readonly objects = new Map<string, Json>();
  private version = 100;

  handle(request: ApiRequest): ApiResponse {
    this.requests.push(request);
    const ok = (body: Json, code = 200): ApiResponse => ({ code, headers: {}, body });
    if (request.path === '/api') return ok({ kind: 'APIVersions', versions: ['v1'] });
    if (request.path === '/apis') {
      const groups = [...new Set(KINDS.map((k) => k.group))].filter((g) => g);
      return ok({
        kind: 'APIGroupList',
        groups: groups.map((name) => ({ name, versions: [{ groupVersion: `${name}/v1`, version: 'v1' }] })),
      });
    }
    const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(
      request.path,
    );
    if (!match) return status(404, 'NotFound', 'the server could not find the requested resource');
    const [, group = '', version, namespace = '', resource, name] = match;
    if (!resource)
      return ok({
        kind: 'APIResourceList',
        groupVersion: group ? `${group}/${version}` : version,
        resources: this.resources(group),
      });
    const kind = KINDS.find((k) => k.group === group && k.resource === resource);
    if (!kind) return status(404, 'NotFound', 'the server could not find the requested resource');
    return this.serve(request, kind, namespace, name);
  }

  private resources(group: string): Json[] {
    return KINDS.filter((k) => k.group === group).map((k) => ({
      name: k.resource,
      singularName: k.kind.toLowerCase(),
      namespaced: k.namespaced,
      kind: k.kind,
      shortNames: k.short,
      categories: k.categories,
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    }));
  }

  private serve(request: ApiRequest, kind: Kind, namespace: string, name?: string): ApiResponse {
    const prefix = `${kind.resource}/${namespace}`;
    const qualified = kind.group ? `${kind.resource}.${kind.group}` : kind.resource;
    const body = (typeof request.body === 'string' ? JSON.parse(request.body) : request.body) as Json;
    if (request.method === 'POST') {
      const key = `${prefix}/${body.metadata.name}`;
      if (this.objects.has(key))
        return status(409, 'AlreadyExists', `${qualified} "${body.metadata.name}" already exists`, {
          name: body.metadata.name,
          kind: kind.resource,
        });
      return {
        code: 201,
        headers: {},
        body: this.store(key, { ...body, metadata: { ...body.metadata, namespace: namespace || undefined } }, request),
      };
    }
    if (name === undefined) {
      const items = [...this.objects.entries()]
        .filter(([k]) => (namespace ? k.startsWith(`${prefix}/`) : k.startsWith(`${kind.resource}/`)))
        .map(([, o]) => o);
      const labels = request.query?.labelSelector;
      const chosen =
        typeof labels === 'string'
          ? items.filter((o) =>
              labels.split(',').every((l) => o.metadata.labels?.[l.split('=')[0]] === l.split('=')[1]),
            )
          : items;
      return { code: 200, headers: {}, body: this.list(request, kind, chosen) };
    }
    const key = `${prefix}/${name}`;
    const object = this.objects.get(key);
    if (!object)
      return status(404, 'NotFound', `${qualified} "${name}" not found`, {
        name,
        kind: kind.resource,
        group: kind.group,
      });
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      return { code: 200, headers: {}, body: object };
    }
    if (request.method === 'PUT') return { code: 200, headers: {}, body: this.store(key, body, request) };
    if (request.method === 'PATCH')
      return { code: 200, headers: {}, body: this.store(key, merge(object, body) as Json, request) };
    return {
      code: 200,
      headers: {},
      body: request.headers?.accept?.includes('as=Table') ? this.table([object]) : object,
    };
  }

  private store(key: string, object: Json, request: ApiRequest): Json {
    const old = this.objects.get(key);
    if (old && same(old, object)) return old;
    const metadata = {
      uid: `uid-${key}`,
      creationTimestamp: '2026-01-05T09:00:00Z',
      ...object.metadata,
      resourceVersion: String(++this.version),
    };
    const stored = { ...object, metadata };
    if (!request.query?.dryRun) this.objects.set(key, stored);
    return stored;
  }

  private list(request: ApiRequest, kind: Kind, items: Json[]): Json {
    if (request.headers?.accept?.includes('as=Table')) return this.table(items);
    return {
      apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
      kind: `${kind.kind}List`,
      metadata: { resourceVersion: String(this.version) },
      items,
    };
  }

  private table(objects: Json[]): Json {
    return {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: String(this.version) },
      columnDefinitions: [
        { name: 'Name', type: 'string' },
        { name: 'Age', type: 'string' },
        { name: 'Version', type: 'string', priority: 1 },
      ],
      rows: objects.map((object) => ({ cells: [object.metadata.name, '5m', object.metadata.resourceVersion], object })),
    };
  }
}

const same = (a: Json, b: Json) =>
  JSON.stringify({ ...a, metadata: { ...a.metadata, resourceVersion: 0 } }) ===
  JSON.stringify({ ...b, metadata: { ...b.metadata, resourceVersion: 0 } });

/** A merge patch: enough for a store. */
function merge(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const out: Json = { ...(target as Json) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete out[key];
    else out[key] = merge(out[key] ?? {}, value);
  }
  return out;
}

export interface Result {
  stdout: string;
  stderr: string;
  exitCode: number;
}

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
`;

/** A machine; `run` runs one command line without a shell (words divided at blanks, quotes respected). */
export class Machine {
  readonly store = new Store();
  readonly sim = new Sim({ seed: 1, start: Date.parse('2026-01-05T09:05:00Z') });
  readonly fs = new FileSystem();
  private readonly program;

  constructor(files: Record<string, string> = {}) {
    this.fs.mkdir('/root/.kube', { recursive: true });
    this.fs.mkdir('/srv', { recursive: true });
    this.fs.writeFile('/root/.kube/config', KUBECONFIG);
    for (const [name, text] of Object.entries(files)) {
      const path = `/srv/${name}`;
      this.fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      this.fs.writeFile(path, text);
    }
    this.program = createKubectl({ transport: (request) => this.store.handle(request), version: 'v1.35.0' });
  }

  run(line: string, options: { stdin?: string; env?: Record<string, string> } = {}): Result {
    const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|((?:[^\s'"]|'[^']*'|"[^"]*")+)/g)].map(
      (m) => m[1] ?? m[2] ?? m[3].replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
    );
    const result: Result = { stdout: '', stderr: '', exitCode: -1 };
    let stdin: string | undefined = options.stdin;
    const host = {
      sim: this.sim,
      hostname: 'test',
      fs: this.fs,
      env: {},
      program: () => undefined,
      processes: new Map(),
      spawn: () => undefined,
    };
    const writer = (name: 'stdout' | 'stderr') => ({
      write: (text: string) => ((result[name] += text), true),
      *drain() {},
      close() {},
    });
    const process = {
      pid: 7,
      argv: words,
      env: { HOME: '/root', ...options.env },
      cwd: '/srv',
      stdin: {
        // eslint-disable-next-line require-yield
        *read() {
          const text = stdin;
          stdin = undefined;
          return text;
        },
        unread() {},
        close() {},
      },
      stdout: writer('stdout'),
      stderr: writer('stderr'),
      tty: false,
      host: host as unknown as Host,
      handlers: new Map(),
      uid: 0,
      gid: 0,
      signal() {},
    } as unknown as Process;
    const task = this.sim.spawn('kubectl', this.program(process));
    while (!task.done && this.sim.step());
    if (task.error) throw task.error;
    result.exitCode = task.result ?? -1;
    return result;
  }
}
