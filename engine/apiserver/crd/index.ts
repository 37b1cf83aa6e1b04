// Custom resources: what a CustomResourceDefinition adds to the API, from the acceptance of its names to the removal of its
// last object. Follows the definitions in the store; the work of the API server's own controllers is done a little later.

import type { CustomKind, KubeObject, ResourceInfo, SubresourceInfo } from '../../api/index.ts';
import type { StoreEvent } from '../../etcd/index.ts';
import { equal } from '../equal.ts';
import type { Core } from '../handlers/types.ts';
import type { Handle } from '../types.ts';
import type { JsonPaths } from './columns.ts';
import { isTrue, withApproval, withCondition, withNames } from './conditions.ts';
import { ConversionWebhook } from './conversion-webhook.ts';
import { customKind, type Version } from './kind.ts';

const FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** From a change to what a controller makes of it, ms. */
const LATENCY = 10;
/** How often the objects that are left are counted. */
const RECOUNT = 5_000;
const GIVE_UP = 60_000;

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const TERMINATING_VERBS = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];
const USER = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

interface Served {
  crd: KubeObject;
  infos: ResourceInfo[];
}

export class CustomResources {
  private readonly core: Core;
  private readonly handle: Handle;
  private readonly paths: JsonPaths;
  private readonly definitions: ResourceInfo;
  private readonly served = new Map<string, Served>();
  private readonly due = new Set<string>();
  /** Versions of some kind are, or were, converted by a webhook: requests may have to wait for it. */
  converts = false;

  constructor(core: Core, handle: Handle, paths: JsonPaths) {
    this.core = core;
    this.handle = handle;
    this.paths = paths;
    this.definitions = core.scheme.resource('apiextensions.k8s.io', 'v1', 'customresourcedefinitions') as ResourceInfo;
  }

  /** A definition came, changed or went. */
  observe({ kv, prev }: StoreEvent) {
    const crd = (kv ?? prev)?.value as KubeObject;
    const name = crd.metadata.name as string;
    if (!kv) {
      const { group } = crd.spec;
      this.withdraw(name);
      this.reconsider(group);
      this.core.sim.after(LATENCY, () => this.register(group));
      return;
    }
    if (isTrue(crd, 'Established')) this.serve(name, crd);
    else this.withdraw(name);
    this.later(name, LATENCY);
  }

  private later(name: string, delay: number) {
    if (this.due.has(name)) return;
    this.due.add(name);
    this.core.sim.after(delay, () => {
      this.due.delete(name);
      this.reconcile(name);
    });
  }

  /** Names that became free may be what others wait for. */
  private reconsider(group: string) {
    for (const crd of this.inGroup(group))
      if (!isTrue(crd, 'NamesAccepted')) this.later(crd.metadata.name as string, LATENCY);
  }

  /** Lists the group's versions among the APIServices. */
  private register(group: string) {
    const versions = new Set<string>();
    for (const crd of this.inGroup(group))
      for (const version of crd.spec.versions as Version[]) if (version.served) versions.add(version.name);
    this.core.aggregation.custom(group, [...versions]);
  }

  private inGroup(group: string): KubeObject[] {
    return this.core.storage
      .page(this.definitions, '', {})
      .kvs.map((kv) => kv.value as KubeObject)
      .filter((crd) => crd.spec.group === group);
  }

  private serve(name: string, crd: KubeObject) {
    const before = this.served.get(name);
    const same = (field: 'spec' | 'metadata') => before?.crd[field] === crd[field];
    if (
      before &&
      (same('spec') || equal(before.crd.spec, crd.spec)) &&
      equal(before.crd.status.acceptedNames, crd.status.acceptedNames) &&
      before.crd.metadata.deletionTimestamp === crd.metadata.deletionTimestamp
    ) {
      return;
    }
    this.withdraw(name);
    const { group, scope, conversion } = crd.spec;
    const { kind, listKind, plural, singular, shortNames = [], categories = [] } = crd.status.acceptedNames;
    const terminating = crd.metadata.deletionTimestamp !== undefined;
    const infos: ResourceInfo[] = [];
    const webhook =
      conversion?.strategy === 'Webhook' ? new ConversionWebhook(this.core, conversion.webhook) : undefined;
    if (webhook) this.converts = true;
    const kinds = new Map<string, CustomKind>();
    const versions: Version[] = crd.spec.versions;
    const storedAs = versions.find(({ storage }) => storage)?.name ?? versions[0].name;
    for (const version of versions) {
      const subresources: Record<string, SubresourceInfo> = {};
      if (version.subresources?.status) subresources.status = { kind, verbs: SUBRESOURCE_VERBS };
      if (version.subresources?.scale)
        subresources.scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS };
      const info: ResourceInfo = {
        group,
        version: version.name,
        kind,
        listKind,
        resource: plural,
        singular,
        shortNames,
        categories,
        namespaced: scope === 'Namespaced',
        verbs: terminating ? TERMINATING_VERBS : VERBS,
        subresources,
        groupVersion: `${group}/${version.name}`,
        storagePrefix: `/registry/${group}/${plural}/`,
        custom: true,
      };
      const made = customKind({
        core: this.core,
        paths: this.paths,
        info,
        version,
        storedAs: `${group}/${storedAs}`,
        stored: () => kinds.get(storedAs) as CustomKind,
        webhook,
        terminating,
      });
      kinds.set(version.name, made);
      if (!version.served) continue;
      this.core.scheme.addResource(info, made);
      infos.push(info);
    }
    this.served.set(name, { crd, infos });
  }

  private withdraw(name: string) {
    const served = this.served.get(name);
    if (!served) return;
    this.served.delete(name);
    for (const { group, version, resource } of served.infos) this.core.scheme.removeResource(group, version, resource);
  }

  private reconcile(name: string) {
    const crd = this.core.storage.get(this.definitions, '', name);
    if (!crd) return;
    this.register(crd.spec.group);
    if (crd.metadata.deletionTimestamp) {
      if (crd.metadata.finalizers?.includes(FINALIZER)) this.empty(crd);
      return;
    }
    const now = this.now();
    let next = withApproval(withNames(crd, this.namesTaken(crd), now), now);
    if (next === crd && isTrue(crd, 'NamesAccepted') && !isTrue(crd, 'Established')) {
      next = withCondition(
        crd,
        {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        },
        now,
      );
    }
    if (next !== crd) this.write(crd, next);
  }

  private namesTaken(self: KubeObject) {
    const resources = new Set<string>();
    const kinds = new Set<string>();
    for (const crd of this.inGroup(self.spec.group)) {
      if (crd.metadata.name === self.metadata.name) continue;
      const { plural, singular, shortNames = [], kind, listKind } = crd.status?.acceptedNames ?? {};
      for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
      for (const name of [kind, listKind]) if (name) kinds.add(name);
    }
    return { resources, kinds };
  }

  private now(): string {
    return `${new Date(this.core.sim.now).toISOString().slice(0, 19)}Z`;
  }

  private write(old: KubeObject, next: KubeObject): KubeObject {
    const { ledger, storage } = this.core;
    const writer = { manager: 'kube-apiserver', subresource: 'status', time: this.now() };
    return storage.put(this.definitions, next, (result) => ledger.note(this.definitions, result, old, writer));
  }

  private terminating(crd: KubeObject, status: 'True' | 'False', reason: string, message: string): KubeObject {
    return withCondition(crd, { type: 'Terminating', status, reason, message }, this.now());
  }

  /** Deletes the objects of a definition that goes, and at last the definition. */
  private empty(crd: KubeObject) {
    const name = crd.metadata.name as string;
    if (!isTrue(crd, 'Established')) {
      this.finish(this.terminating(crd, 'False', 'NeverEstablished', 'resource was never established'), crd);
      return;
    }
    let current = crd;
    const next = this.terminating(crd, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
    if (next !== crd && crd.status.conditions.at(-1).reason === 'InstanceDeletionPending')
      current = this.write(crd, next);
    const [info] = this.served.get(name)?.infos ?? [];
    if (info) this.deleteAll(info);
    if (!info || this.objects(info).length === 0) {
      this.finish(this.terminating(current, 'False', 'InstanceDeletionCompleted', 'removed all instances'), current);
      return;
    }
    const since = Date.parse(crd.metadata.deletionTimestamp as string);
    if (this.core.sim.now - since >= GIVE_UP) {
      const stuck = 'could not confirm zero CustomResources remaining: timed out waiting for the condition';
      const waiting = this.terminating(current, 'True', 'InstanceDeletionCheck', stuck);
      if (waiting !== current) this.write(current, waiting);
    }
    this.due.delete(name);
    this.later(name, RECOUNT);
  }

  private objects(info: ResourceInfo): KubeObject[] {
    return this.core.storage.page(info, '', {}).kvs.map((kv) => kv.value as KubeObject);
  }

  /** As a client would, so that all admission has its say. */
  private deleteAll(info: ResourceInfo) {
    const base = `/apis/${info.groupVersion}`;
    const namespaces = new Set(this.objects(info).map(({ metadata }) => metadata.namespace ?? ''));
    for (const namespace of namespaces) {
      const path = namespace ? `${base}/namespaces/${namespace}/${info.resource}` : `${base}/${info.resource}`;
      this.handle({ method: 'DELETE', path, user: USER, headers: { 'user-agent': 'kube-apiserver' } });
    }
  }

  private finish(next: KubeObject, old: KubeObject) {
    const finalizers = (next.metadata.finalizers ?? []).filter((one) => one !== FINALIZER);
    if (finalizers.length) this.write(old, { ...next, metadata: { ...next.metadata, finalizers } });
    else this.core.storage.remove(this.definitions, next);
  }
}
