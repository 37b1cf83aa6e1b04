// Garbage collector: a graph of who owns whom over all objects; what has lost all its owners is deleted, in the
// background or before its owner, or is let go (kubernetes/pkg/controller/garbagecollector).

import { isConflict, isNotFound, type ResourceClient } from '../client/index.ts';
import type { Controller, ControllerContext } from './context.ts';
import type { ServedResource } from './discovery.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../api/types.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
const NONE: readonly OwnerReference[] = [];

/** An object in the graph; `metadata` is absent while it is known only from others' references. */
class Item {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly resource: ServedResource | undefined;
  metadata: ObjectMeta | undefined;
  readonly dependents = new Set<Item>();

  constructor(uid: string, namespace: string, name: string, resource: ServedResource | undefined) {
    this.uid = uid;
    this.namespace = namespace;
    this.name = name;
    this.resource = resource;
  }
  get owners(): readonly OwnerReference[] {
    return this.metadata?.ownerReferences ?? NONE;
  }
  deletingWith(finalizer: string): boolean {
    return this.metadata?.deletionTimestamp !== undefined && this.metadata.finalizers?.includes(finalizer) === true;
  }
}

export const garbageCollectorController: Controller = {
  name: 'garbage-collector-controller',
  account: 'generic-garbage-collector',
  component: 'garbage-collector-controller',
  start: (context) => void new GarbageCollector(context),
};

class GarbageCollector {
  private readonly context: ControllerContext;
  private readonly items = new Map<string, Item>();
  /** 'apiVersion/Kind' without the version to the resource that serves it. */
  private readonly kinds = new Map<string, ServedResource>();
  private readonly watched = new Set<string>();
  private readonly clients = new Map<ServedResource, ResourceClient<KubeObject>>();
  private readonly deletes;
  private readonly orphans;

  constructor(context: ControllerContext) {
    this.context = context;
    this.deletes = context.queue((uid) => this.attemptToDelete(uid));
    this.orphans = context.queue((uid) => this.attemptToOrphan(uid));
    this.monitor();
    // Kinds come and go with CustomResourceDefinitions.
    const changed = () => {
      context.discovery.invalidate();
      this.monitor();
    };
    context.informer('apiextensions.k8s.io/v1', 'customresourcedefinitions').on({ update: changed, delete: changed });
  }

  /** Watches every kind that can be deleted, except events. */
  private monitor() {
    for (const resource of this.context.discovery.resources()) {
      const { group, groupVersion, plural, kind, verbs } = resource;
      if (!['delete', 'list', 'watch'].every((verb) => verbs.includes(verb)) || plural === 'events') continue;
      this.kinds.set(`${group}/${kind}`, resource);
      const key = `${groupVersion}/${plural}`;
      if (this.watched.has(key)) continue;
      this.watched.add(key);
      this.context.informer(groupVersion, plural).on({
        add: (object) => this.observe(object.metadata, undefined, resource),
        update: ({ metadata }, { metadata: old }) => {
          const item = this.items.get(metadata.uid as string);
          // Nothing to do but to know the latest version.
          if (item?.metadata && metadata.ownerReferences === old.ownerReferences && !metadata.deletionTimestamp)
            item.metadata = metadata;
          else this.observe(metadata, old, resource);
        },
        delete: (object) => this.forget(object.metadata),
      });
    }
  }

  private observe(metadata: ObjectMeta, old: ObjectMeta | undefined, resource: ServedResource) {
    const uid = metadata.uid as string;
    let item = this.items.get(uid);
    if (!item) {
      item = new Item(uid, metadata.namespace ?? '', metadata.name as string, resource);
      this.items.set(uid, item);
    }
    const before = item.metadata ? item.owners : NONE;
    item.metadata = metadata;
    if (item.owners !== before) this.link(item, before);
    if (
      metadata.deletionTimestamp &&
      (metadata.deletionTimestamp !== old?.deletionTimestamp || metadata.finalizers !== old.finalizers)
    ) {
      if (item.deletingWith(ORPHAN)) this.orphans.add(uid);
      else if (item.deletingWith(FOREGROUND)) {
        item.dependents.forEach((dependent) => this.deletes.add(dependent.uid));
        this.deletes.add(uid);
      }
      if (!old?.deletionTimestamp)
        this.ownersOf(item, (owner) => owner.deletingWith(FOREGROUND) && this.deletes.add(owner.uid));
    }
  }

  /** Moves the item from the owners it had to those it has. */
  private link(item: Item, before: readonly OwnerReference[]) {
    for (const ref of before) {
      if (item.owners.some(({ uid }) => uid === ref.uid)) continue;
      const owner = this.items.get(ref.uid);
      owner?.dependents.delete(item);
      if (owner?.deletingWith(FOREGROUND)) this.deletes.add(owner.uid);
    }
    for (const ref of item.owners) {
      let owner = this.items.get(ref.uid);
      if (!owner) {
        // Known by reference only: the next look finds out whether it exists.
        const resource = this.kinds.get(`${groupOf(ref.apiVersion)}/${ref.kind}`);
        owner = new Item(ref.uid, resource?.namespaced === false ? '' : item.namespace, ref.name, resource);
        this.items.set(ref.uid, owner);
        this.deletes.add(item.uid);
      } else if (owner.namespace !== '' && owner.namespace !== item.namespace) {
        this.reportNamespace(item, ref);
        this.deletes.add(item.uid);
      }
      owner.dependents.add(item);
      // Blocking was lifted, or a new dependent came while the owner goes.
      if (owner.deletingWith(FOREGROUND)) this.deletes.add(owner.uid);
    }
  }

  private ownersOf(item: Item, visit: (owner: Item) => void) {
    for (const { uid } of item.owners) {
      const owner = this.items.get(uid);
      if (owner) visit(owner);
    }
  }

  private forget(metadata: ObjectMeta) {
    const item = this.items.get(metadata.uid as string);
    if (!item) return;
    this.items.delete(item.uid);
    item.dependents.forEach((dependent) => this.deletes.add(dependent.uid));
    this.ownersOf(item, (owner) => {
      owner.dependents.delete(item);
      if (owner.deletingWith(FOREGROUND)) this.deletes.add(owner.uid);
      if (!owner.metadata && owner.dependents.size === 0) this.items.delete(owner.uid);
    });
  }

  private client(resource: ServedResource): ResourceClient<KubeObject> {
    let client = this.clients.get(resource);
    if (!client) {
      client = this.context.client.of<KubeObject>(resource.groupVersion, resource.plural, resource.namespaced);
      this.clients.set(resource, client);
    }
    return client;
  }

  /** Whether an owner exists: those in the graph with metadata do; others are looked up by name and compared by uid. */
  private exists(item: Item, ref: OwnerReference): boolean {
    const owner = this.items.get(ref.uid);
    if (owner?.metadata) return owner.namespace === '' || owner.namespace === item.namespace;
    const resource = this.kinds.get(`${groupOf(ref.apiVersion)}/${ref.kind}`);
    // Of a kind that is not served nothing is known: nothing is deleted for it.
    if (!resource) return true;
    if (resource.namespaced && !item.namespace) return true;
    return this.client(resource).find(resource.namespaced ? item.namespace : '', ref.name)?.metadata.uid === ref.uid;
  }

  private attemptToDelete(uid: string) {
    const item = this.items.get(uid);
    if (!item?.metadata || !item.resource) return;
    if (item.deletingWith(FOREGROUND)) {
      this.deleteDependents(item);
      return;
    }
    if (item.metadata.deletionTimestamp || item.owners.length === 0) return;
    let solid = 0;
    const gone: string[] = [];
    const waiting: string[] = [];
    for (const ref of item.owners) {
      if (!this.exists(item, ref)) gone.push(ref.uid);
      else if (this.items.get(ref.uid)?.deletingWith(FOREGROUND) && ref.blockOwnerDeletion) waiting.push(ref.uid);
      else solid++;
    }
    if (solid > 0) {
      if (gone.length + waiting.length > 0) this.dropOwners(item, [...gone, ...waiting]);
      return;
    }
    if (waiting.length > 0 && item.dependents.size > 0) {
      // A ring of foreground deletions would wait for itself.
      let ring = false;
      item.dependents.forEach((dependent) => (ring ||= dependent.deletingWith(FOREGROUND)));
      if (ring) this.unblock(item);
      this.delete(item, 'Foreground');
      return;
    }
    const { finalizers = [] } = item.metadata;
    this.delete(
      item,
      finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background',
    );
  }

  /** An owner deleted in the foreground goes when nothing that blocks it is left. */
  private deleteDependents(item: Item) {
    let blocked = false;
    item.dependents.forEach((dependent) => {
      if (!dependent.owners.some((ref) => ref.uid === item.uid && ref.blockOwnerDeletion)) return;
      blocked = true;
      if (!dependent.deletingWith(FOREGROUND)) this.deletes.add(dependent.uid);
    });
    if (!blocked) this.removeFinalizer(item, FOREGROUND);
  }

  private attemptToOrphan(uid: string) {
    const item = this.items.get(uid);
    if (!item?.deletingWith(ORPHAN)) return;
    for (const dependent of [...item.dependents]) this.dropOwners(dependent, [uid]);
    this.removeFinalizer(item, ORPHAN);
  }

  private delete(item: Item, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') {
    try {
      const preconditions = { uid: item.uid, resourceVersion: item.metadata?.resourceVersion };
      this.client(item.resource as ServedResource).delete(item.namespace, item.name, {
        propagationPolicy,
        preconditions,
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  private removeFinalizer(item: Item, finalizer: string) {
    const { finalizers = [], resourceVersion } = item.metadata as ObjectMeta;
    const rest = finalizers.filter((one) => one !== finalizer);
    this.patch(item, { resourceVersion, finalizers: rest.length > 0 ? rest : null });
  }

  private dropOwners(item: Item, uids: readonly string[]) {
    const rest = item.owners.filter(({ uid }) => !uids.includes(uid));
    this.patch(item, {
      uid: item.uid,
      resourceVersion: item.metadata?.resourceVersion,
      ownerReferences: rest.length > 0 ? rest : null,
    });
  }

  private unblock(item: Item) {
    const ownerReferences = item.owners.map((ref) =>
      ref.blockOwnerDeletion ? { ...ref, blockOwnerDeletion: false } : ref,
    );
    this.patch(item, { uid: item.uid, ownerReferences });
  }

  private patch(item: Item, metadata: object) {
    if (!item.resource) return;
    try {
      this.client(item.resource).patch(item.namespace, item.name, 'merge', { metadata });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private reportNamespace(item: Item, { kind, name, uid, apiVersion }: OwnerReference) {
    if (!item.resource) return;
    const { groupVersion, kind: ownKind } = item.resource;
    const reference = {
      apiVersion: groupVersion,
      kind: ownKind,
      namespace: item.namespace,
      name: item.name,
      uid: item.uid,
    };
    const message = `ownerRef [${apiVersion}/${kind}, namespace: ${item.namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${item.namespace}"`;
    this.context.recorder.event(reference, 'Warning', 'OwnerRefInvalidNamespace', message);
  }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
