// Which resources the server has: read once from discovery and kept, as kubectl keeps it on disk, until a name
// is asked for that it does not know. Finds resources by plural, singular, short name, kind, group and category.

import type { ApiRequest, ApiResponse } from '../apiserver/types.ts';
import type { Co } from '../sim/index.ts';
import { CommandError } from './errors.ts';

/** A served resource and the kind of its objects. */
export interface Mapping {
  group: string;
  version: string;
  /** 'v1' or 'apps/v1'. */
  groupVersion: string;
  kind: string;
  /** Plural. */
  resource: string;
  singular: string;
  namespaced: boolean;
  shortNames: readonly string[];
  categories: readonly string[];
  verbs: readonly string[];
  subresources: readonly string[];
}

/** `pods` or `deployments.apps`: how messages and `-o name` qualify a resource. */
export const qualified = (name: string, group: string) => (group ? `${name}.${group}` : name);

/** `pod/web`, `deployment.apps/web`. */
export function qualifiedName(mapping: Mapping, name: string): string {
  return `${qualified(mapping.kind.toLowerCase(), mapping.group)}/${name}`;
}

export class NoMatchError extends CommandError {}

type Send = (request: ApiRequest) => Co<ApiResponse>;

/** In the order in which the server prefers groups and versions. */
export interface GroupVersions {
  group: string;
  /** The preferred version first. */
  versions: string[];
}

export class Discovery {
  groups: GroupVersions[] = [];
  mappings: Mapping[] = [];
  private loaded = false;
  private byName = new Map<string, Mapping[]>();
  private byShort = new Map<string, Mapping[]>();
  private byKind = new Map<string, Mapping[]>();

  /** Reads the server's discovery unless it is there already. */
  *load(send: Send, fresh = false): Co {
    if (this.loaded && !fresh) return;
    this.groups = [];
    this.mappings = [];
    for (const path of ['/api', '/apis']) {
      const response = yield* send({ method: 'GET', path, headers: { accept: AGGREGATED } });
      const body = response.body as Record<string, any>;
      if (body.kind === 'APIGroupDiscoveryList') this.readAggregated(body);
      else yield* this.readClassic(send, path, body);
    }
    this.index();
    this.loaded = true;
  }

  private readAggregated(list: Record<string, any>) {
    for (const group of list.items ?? []) {
      const name: string = group.metadata?.name ?? '';
      this.groups.push({ group: name, versions: group.versions.map((v: { version: string }) => v.version) });
      for (const version of group.versions) {
        for (const r of version.resources ?? []) {
          this.add(name, version.version, {
            name: r.resource,
            singularName: r.singularResource,
            namespaced: r.scope === 'Namespaced',
            kind: r.responseKind?.kind,
            shortNames: r.shortNames,
            categories: r.categories,
            verbs: r.verbs,
            subresources: (r.subresources ?? []).map((s: { subresource: string }) => s.subresource),
          });
        }
      }
    }
  }

  private *readClassic(send: Send, path: string, body: Record<string, any>): Co {
    const groups: { name: string; versions: string[] }[] =
      path === '/api'
        ? [{ name: '', versions: body.versions ?? [] }]
        : (body.groups ?? []).map((g: any) => ({ name: g.name, versions: g.versions.map((v: any) => v.version) }));
    for (const { name, versions } of groups) {
      this.groups.push({ group: name, versions });
      for (const version of versions) {
        const list = (yield* send({ method: 'GET', path: name ? `/apis/${name}/${version}` : `/api/${version}` }))
          .body as any;
        const all: Discovered[] = list.resources ?? [];
        for (const r of all) {
          if (r.name.includes('/')) continue;
          const prefix = r.name + '/';
          this.add(name, version, {
            ...r,
            subresources: all.filter((s) => s.name.startsWith(prefix)).map((s) => s.name.slice(prefix.length)),
          });
        }
      }
    }
  }

  private add(group: string, version: string, r: Discovered) {
    this.mappings.push({
      group,
      version,
      groupVersion: group ? `${group}/${version}` : version,
      kind: r.kind,
      resource: r.name,
      singular: r.singularName || r.kind.toLowerCase(),
      namespaced: r.namespaced,
      shortNames: r.shortNames ?? [],
      categories: r.categories ?? [],
      verbs: r.verbs,
      subresources: r.subresources ?? [],
    });
  }

  private index() {
    this.byName = new Map();
    this.byShort = new Map();
    this.byKind = new Map();
    const put = (map: Map<string, Mapping[]>, key: string, mapping: Mapping) => {
      const list = map.get(key);
      if (!list) map.set(key, [mapping]);
      else if (!list.includes(mapping)) list.push(mapping);
    };
    for (const mapping of this.mappings) {
      put(this.byName, mapping.resource, mapping);
      put(this.byName, mapping.singular, mapping);
      for (const short of mapping.shortNames) put(this.byShort, short, mapping);
      put(this.byKind, mapping.kind, mapping);
    }
  }

  /** The resource that a user named: 'po', 'pods', 'Deployment', 'deployments.apps', 'deployments.v1.apps'. */
  find(argument: string): Mapping | undefined {
    const parts = argument.split('.');
    if (parts.length >= 3) {
      const exact = this.named(parts[0]).find((m) => m.version === parts[1] && m.group === parts.slice(2).join('.'));
      if (exact) return exact;
    }
    const all = this.named(parts[0]);
    if (parts.length === 1) return all[0];
    const group = parts.slice(1).join('.');
    return all.find((m) => m.group === group) ?? all.find((m) => m.group.startsWith(group));
  }

  /** All that a plural, singular, short name or kind may mean, the likeliest first. */
  named(name: string): Mapping[] {
    const lower = name.toLowerCase();
    return this.byName.get(lower) ?? this.byShort.get(lower) ?? this.byKind.get(name) ?? [];
  }

  /** Resources of other groups that have the short name as well. */
  alsoShort(name: string): Mapping[] {
    const all = (!this.byName.has(name) && this.byShort.get(name)) || [];
    const [first] = all;
    const seen = new Set<string>([first?.group]);
    return all.filter(({ group }) => !seen.has(group) && seen.add(group));
  }

  /** The resource of a manifest's kind. */
  findKind(apiVersion: string, kind: string): Mapping | undefined {
    return this.byKind.get(kind)?.find((m) => m.groupVersion === apiVersion);
  }

  /** The preferred resource of a kind in a group, whatever the version. */
  findGroupKind(group: string, kind: string): Mapping | undefined {
    return this.byKind.get(kind)?.find((m) => m.group === group);
  }

  /** The resources of a category such as 'all'; undefined when there is no such category. */
  category(name: string): Mapping[] | undefined {
    const seen = new Set<string>();
    const found: Mapping[] = [];
    for (const mapping of this.mappings) {
      const key = qualified(mapping.resource, mapping.group);
      if (!mapping.categories.includes(name) || seen.has(key)) continue;
      seen.add(key);
      found.push(mapping);
    }
    return found.length ? found : undefined;
  }
}

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

interface Discovered {
  name: string;
  singularName?: string;
  namespaced: boolean;
  kind: string;
  shortNames?: string[];
  categories?: string[];
  verbs: string[];
  subresources?: string[];
}
