// Which resources the API server serves, asked of its discovery as any client does. The garbage collector and the
// namespace controller work on whatever kinds exist.

import type { Client } from '../client/index.ts';

export interface ServedResource {
  group: string;
  groupVersion: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  verbs: readonly string[];
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}
interface GroupList {
  groups: { name: string; preferredVersion: { groupVersion: string } }[];
}

export class Discovery {
  private readonly client: Client;
  private known: ServedResource[] | undefined;
  /** Resources that have a scale subresource: '<group version>/<plural>'. */
  private readonly scaled = new Set<string>();

  constructor(client: Client) {
    this.client = client;
  }

  /** Resources in their preferred versions, without subresources. */
  resources(): readonly ServedResource[] {
    return (this.known ??= this.ask());
  }

  /** Whether objects of this resource have a scale subresource. */
  hasScale(groupVersion: string, plural: string): boolean {
    this.resources();
    return this.scaled.has(`${groupVersion}/${plural}`);
  }

  /** Asks again at the next call. */
  invalidate() {
    this.known = undefined;
  }

  private ask(): ServedResource[] {
    const found: ServedResource[] = [];
    this.scaled.clear();
    const add = (path: string, group: string, groupVersion: string) => {
      const list = this.client.send({ method: 'GET', path }).body as unknown as ResourceList;
      for (const { name, kind, namespaced, verbs } of list.resources) {
        if (name.endsWith('/scale')) this.scaled.add(`${groupVersion}/${name.slice(0, -'/scale'.length)}`);
        if (!name.includes('/')) found.push({ group, groupVersion, plural: name, kind, namespaced, verbs });
      }
    };
    add('/api/v1', '', 'v1');
    const groups = this.client.send({ method: 'GET', path: '/apis' }).body as unknown as GroupList;
    for (const group of groups.groups) {
      const { groupVersion } = group.preferredVersion;
      add(`/apis/${groupVersion}`, group.name, groupVersion);
    }
    return found;
  }
}
