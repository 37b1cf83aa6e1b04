// /metrics: what the server counts about itself, in Prometheus' text format.

import type { ResourceInfo } from '../api/types.ts';
import type { Route } from './route.ts';
import type { WatchStream } from './types.ts';

const VERBS: Record<string, string> = {
  create: 'POST',
  update: 'PUT',
  deletecollection: 'DELETECOLLECTION',
};
const CONNECT = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** Answers by code. */
export type Counts = Record<number, number>;

interface Gauges {
  version: string;
  /** Stored objects of a kind. */
  count(info: ResourceInfo): number;
  resources: readonly ResourceInfo[];
  /** Virtual seconds since the epoch. */
  startedAt: number;
  /** Lines of what else the server counts. */
  further: readonly string[];
}

export class Metrics {
  /** Requests by kind (undefined: paths that are no resource's), then by verb, scope and subresource. */
  private readonly requests = new Map<ResourceInfo | undefined, Record<string, Counts>>();
  private readonly watches = new Map<WatchStream, ResourceInfo>();

  /** Where the answers to such requests are counted. */
  counts(route: Route | undefined, method: string): Counts {
    const info = route?.info;
    let kinds = this.requests.get(info);
    if (!kinds) this.requests.set(info, (kinds = Object.create(null) as Record<string, Counts>));
    return (kinds[route ? `${route.verb} ${scopeOf(route)} ${route.subresource}` : `${method}  `] ??= {});
  }

  watch(info: ResourceInfo, watch: WatchStream) {
    this.watches.set(watch, info);
  }

  text({ version, count, resources, startedAt, further }: Gauges): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string) =>
      lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`);
    family('apiserver_request_total', 'counter', 'Requests by verb, kind, scope and code.');
    this.requests.forEach((kinds, info) => {
      const keys = Object.keys(kinds).flatMap((kind) => Object.keys(kinds[kind]).map((code) => `${kind} ${code}`));
      for (const key of keys.sort()) {
        const [verb, scope, sub, code] = key.split(' ');
        const number = kinds[`${verb} ${scope} ${sub}`][Number(code)];
        const shown = CONNECT.has(sub) ? 'CONNECT' : (VERBS[verb] ?? verb.toUpperCase());
        lines.push(
          `apiserver_request_total{code="${code}",component="apiserver",dry_run="",group="${info?.group ?? ''}",resource="${info?.resource ?? ''}",scope="${scope}",subresource="${sub}",verb="${shown}",version="${info?.version ?? ''}"} ${number}`,
        );
      }
    });
    family('apiserver_longrunning_requests', 'gauge', 'Watches that are open.');
    const open = new Map<ResourceInfo, number>();
    for (const [watch, info] of this.watches) {
      if (watch.ended) this.watches.delete(watch);
      else open.set(info, (open.get(info) ?? 0) + 1);
    }
    open.forEach((number, info) => {
      lines.push(
        `apiserver_longrunning_requests{component="apiserver",group="${info.group}",resource="${info.resource}",scope="cluster",subresource="",verb="WATCH",version="${info.version}"} ${number}`,
      );
    });
    family('apiserver_storage_objects', 'gauge', 'Stored objects by kind.');
    const seen = new Set<string>();
    for (const info of resources) {
      if (seen.has(info.storagePrefix) || info.verbs.indexOf('list') < 0) continue;
      seen.add(info.storagePrefix);
      const name = info.group ? `${info.resource}.${info.group}` : info.resource;
      lines.push(`apiserver_storage_objects{resource="${name}"} ${count(info)}`);
    }
    family('kubernetes_build_info', 'gauge', 'The release that runs.');
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
    lines.push(
      `kubernetes_build_info{compiler="gc",git_version="${version}",major="${major}",minor="${minor}",platform="linux/amd64"} 1`,
    );
    family('process_start_time_seconds', 'gauge', 'Start of the process since the epoch, in seconds.');
    lines.push(`process_start_time_seconds ${startedAt}`);
    lines.push(...further);
    return lines.join('\n') + '\n';
  }
}

function scopeOf({ name, namespace, verb }: Route): string {
  if (name || verb === 'create') return 'resource';
  return namespace ? 'namespace' : 'cluster';
}
