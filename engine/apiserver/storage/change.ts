// One change of a stored object, as it is told to all who watch the resource: what they share of it is made once.

import type { KubeObject } from '../../api/types.ts';
import type { StoreEvent } from '../../etcd/index.ts';

export class Change {
  readonly old: KubeObject | undefined;
  readonly now: KubeObject | undefined;
  /** 'namespace/name', or 'name'. */
  readonly key: string;
  private readonly revision: number;
  private tombstone: KubeObject | undefined;

  /** `prefix`: the resource's, of the keys in the store. */
  constructor(event: StoreEvent, prefix: string) {
    this.old = event.prev?.value as KubeObject | undefined;
    this.now = event.kv?.value as KubeObject | undefined;
    this.key = event.key.slice(prefix.length);
    this.revision = event.revision;
  }

  /** What is reported of an object that has been deleted or has left a selection: it as of this revision. */
  gone(): KubeObject {
    return (this.tombstone ??= withResourceVersion(this.old as KubeObject, this.revision));
  }
}

const withResourceVersion = (object: KubeObject, revision: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});
