// ConfigMaps and Secrets that this node's Pods refer to: one watch each for as long as a Pod uses it, so that
// a thousand Pods with the same ConfigMap cost one.

import type { Client } from '../client/index.ts';
import type { ConfigMap, Secret } from '../api/types.ts';
import { decode, fromBase64 } from '../linux/index.ts';
import type { WatchStream } from '../apiserver/types.ts';

export type CachedKind = 'configmaps' | 'secrets';

interface Entry {
  object: ConfigMap | Secret | undefined;
  watch: WatchStream;
  users: Set<() => void>;
}

export class ObjectCache {
  private readonly client: Client;
  private readonly entries = new Map<string, Entry>();

  constructor(client: Client) {
    this.client = client;
  }

  /** Keeps the object at hand until the returned function is called; `changed` is told of every change. */
  use(kind: CachedKind, namespace: string, name: string, changed: () => void): () => void {
    const key = `${kind}/${namespace}/${name}`;
    let entry = this.entries.get(key);
    if (!entry) {
      const watch = this.client
        .of<ConfigMap | Secret>('v1', kind)
        .watch(namespace, { fieldSelector: `metadata.name=${name}` });
      const fresh: Entry = { object: undefined, watch, users: new Set() };
      entry = fresh;
      this.entries.set(key, fresh);
      watch.pipe((type, object) => {
        if (type === 'BOOKMARK' || type === 'ERROR') return;
        fresh.object = type === 'DELETED' ? undefined : (object as unknown as ConfigMap);
        fresh.users.forEach((user) => user());
      });
    }
    const { users, watch } = entry;
    users.add(changed);
    return () => {
      if (!users.delete(changed) || users.size) return;
      watch.stop();
      this.entries.delete(key);
    };
  }

  get(kind: CachedKind, namespace: string, name: string): ConfigMap | Secret | undefined {
    return this.entries.get(`${kind}/${namespace}/${name}`)?.object;
  }

  /** Keys and texts of a ConfigMap or, decoded, of a Secret. */
  data(kind: CachedKind, namespace: string, name: string): Record<string, string> | undefined {
    const object = this.get(kind, namespace, name);
    return object && plainData(object, kind);
  }

  stop() {
    for (const entry of this.entries.values()) entry.watch.stop();
    this.entries.clear();
  }
}

function plainData(object: ConfigMap | Secret, kind: CachedKind): Record<string, string> {
  if (kind === 'configmaps') {
    const { data = {}, binaryData } = object as ConfigMap;
    return binaryData ? { ...data, ...decodeAll(binaryData) } : data;
  }
  return decodeAll((object as Secret).data ?? {});
}

function decodeAll(encoded: Record<string, string>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const key in encoded) out[key] = decode(fromBase64(encoded[key]).bytes);
  return out;
}
