// istioctl version, proxy-status and proxy-config: asked of istiod and of the proxies themselves.

import { utf8Base64 } from '../../api/base64.ts';
import type { Pod } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { ROOT_NAMESPACE, VERSION } from '../types.ts';
import { CtlError, table, type Ctl } from './ctl.ts';

function* istiods(ctl: Ctl): Co<Pod[]> {
  const text = yield* ctl.kubectl([
    'get',
    'pods',
    '-n',
    ROOT_NAMESPACE,
    '-l',
    'app=istiod',
    '--field-selector=status.phase=Running',
    '-o',
    'json',
  ]);
  return JSON.parse(text).items;
}

interface Sync {
  proxy: string;
  istiod: string;
  version: string;
}

function* syncs(ctl: Ctl): Co<Sync[]> {
  const out: Sync[] = [];
  const found = yield* istiods(ctl);
  for (const { metadata } of found) {
    const path = `/api/v1/namespaces/${ROOT_NAMESPACE}/pods/${metadata?.name}:15014/proxy/debug/syncz`;
    out.push(...JSON.parse(yield* ctl.kubectl(['get', '--raw', path])));
  }
  return out.sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}

export function* version(ctl: Ctl): Co<void> {
  if (ctl.flags.get('remote')?.[0] === 'false') return ctl.print(VERSION);
  const running = yield* istiods(ctl);
  if (!running.length) {
    ctl.print(`Istio is not present in the cluster: no running Istio pods in namespace "${ROOT_NAMESPACE}"`);
    return ctl.print(`client version: ${VERSION}`);
  }
  ctl.print(`client version: ${VERSION}`);
  ctl.print(`control plane version: ${VERSION}`);
  const { length } = yield* syncs(ctl);
  ctl.print(length ? `data plane version: ${VERSION} (${length} proxies)` : 'data plane version: none');
}

export function* proxyStatus(ctl: Ctl): Co<void> {
  const found = yield* syncs(ctl);
  const rows = found.map(({ proxy, istiod, version: of }) => [proxy, 'Kubernetes', istiod, of, '4 (CDS,LDS,EDS,RDS)']);
  ctl.print(table([['NAME', 'CLUSTER', 'ISTIOD', 'VERSION', 'SUBSCRIBED TYPES'], ...rows]));
}

type Row = Record<string, string | number>;

/** What each kind of configuration shows: columns, and the rows' cells. */
const KINDS: Record<string, { path: string; head: string[]; cells(row: Row): string[] }> = {
  cluster: {
    path: 'clusters',
    head: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'],
    cells: ({ service, port, subset, type, rule }) => [
      `${service}`,
      `${port}`,
      `${subset || '-'}`,
      'outbound',
      `${type}`,
      `${rule}`,
    ],
  },
  endpoint: {
    path: 'endpoints',
    head: ['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'],
    cells: ({ endpoint, status, outlier, cluster }) => [`${endpoint}`, `${status}`, `${outlier}`, `${cluster}`],
  },
  route: {
    path: 'routes',
    head: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'],
    cells: ({ name, vhost, domains, match, virtualService }) => [
      `${name}`,
      `${vhost}`,
      `${domains}`,
      `${match}`,
      `${virtualService}`,
    ],
  },
};
const ALIASES: Record<string, string> = {
  c: 'cluster',
  clusters: 'cluster',
  ep: 'endpoint',
  endpoints: 'endpoint',
  r: 'route',
  routes: 'route',
  s: 'secret',
  secrets: 'secret',
};

export function* proxyConfig(ctl: Ctl): Co<void> {
  const [word = '', name = ''] = ctl.args;
  const kind = ALIASES[word] ?? word;
  if (kind !== 'secret' && !Object.hasOwn(KINDS, kind))
    throw new CtlError(
      `proxy-config ${word} is not modelled by this engine; there are ${Object.keys(KINDS).join(', ')}, secret`,
    );
  if (!name) throw new CtlError(`${kind} requires pod name or --file parameter`);
  const [pod, inName] = name.replace(/^pod\//, '').split('.');
  const namespace = ctl.flags.get('namespace')?.[0] ?? inName;
  const ask = (path: string) =>
    ctl.kubectl([
      'exec',
      pod,
      ...(namespace ? ['-n', namespace] : []),
      '-c',
      'istio-proxy',
      '--',
      'pilot-agent',
      'request',
      'GET',
      `istioctl/${path}`,
    ]);
  const json = ctl.flags.get('output')?.[0] === 'json';
  if (kind === 'secret') return secret(ctl, yield* ask('secret'), json);
  const { path, head, cells } = KINDS[kind];
  const only = (flag: string) => ctl.flags.get(flag)?.[0];
  const rows = (JSON.parse(yield* ask(path)) as Row[]).filter((row) => {
    const port = only('port');
    const cluster = only('cluster');
    const fqdn = only('fqdn');
    if (port !== undefined && String(row.port ?? row.name ?? String(row.endpoint).split(':')[1]) !== port) return false;
    if (cluster !== undefined && row.cluster !== cluster) return false;
    if (only('name') !== undefined && row.name !== only('name')) return false;
    return fqdn === undefined || String(row.service ?? row.vhost).startsWith(fqdn);
  });
  ctl.print(json ? JSON.stringify(rows, null, 4) : table([head, ...rows.map(cells)]));
}

function secret(ctl: Ctl, text: string, json: boolean) {
  const { certificate, root, serial, notBefore, notAfter } = JSON.parse(text);
  if (!json) {
    const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    const head = ['RESOURCE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE'];
    return ctl.print(
      table([head, ['default', 'Cert Chain', 'ACTIVE', 'true', serial, time(notAfter), time(notBefore)]]),
    );
  }
  ctl.print(
    JSON.stringify(
      {
        dynamicActiveSecrets: [
          {
            name: 'default',
            secret: { name: 'default', tlsCertificate: { certificateChain: { inlineBytes: utf8Base64(certificate) } } },
          },
          {
            name: 'ROOTCA',
            secret: { name: 'ROOTCA', validationContext: { trustedCa: { inlineBytes: utf8Base64(root) } } },
          },
        ],
      },
      null,
      4,
    ),
  );
}
