// ResourceQuota controller: counts what the objects of a namespace use, when a quota is new or changed, when
// something goes, and every five minutes (kubernetes/pkg/controller/resourcequota).

import { keyOf, type Informer, type ResourceClient } from '../client/index.ts';
import { addLists, evaluatorOf, inScope, sameLists, type Evaluator, type Quantities } from '../quota/index.ts';
import type { KubeObject, ResourceQuota } from '../api/types.ts';
import type { Controller, ControllerContext } from './context.ts';

/** --resource-quota-sync-period. */
const RESYNC = 300_000;
const VERBS = ['create', 'list', 'watch', 'delete'];

export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  account: 'resourcequota-controller',
  component: 'resourcequota-controller',
  start: (context) => void new ResourceQuotaController(context),
};

/** A resource that quotas can count, with what there is of it. */
interface Counted {
  evaluator: Evaluator;
  objects: Informer<KubeObject>;
}

class ResourceQuotaController {
  private readonly context: ControllerContext;
  private readonly client: ResourceClient<ResourceQuota>;
  private readonly quotas: Informer<ResourceQuota>;
  private readonly counted = new Map<string, Counted>();
  private readonly queue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.client = context.client.of<ResourceQuota>('v1', 'resourcequotas');
    this.quotas = context.informer<ResourceQuota>('v1', 'resourcequotas');
    this.queue = context.queue((key) => this.sync(key));
    const enqueue = (quota: ResourceQuota) => this.queue.add(keyOf(quota));
    this.quotas.on({
      add: enqueue,
      update: (quota, old) => {
        if (!sameLists(quota.spec?.hard, old.spec?.hard)) enqueue(quota);
      },
    });
    const changed = () => {
      context.discovery.invalidate();
      if (this.quotas.size > 0) this.quotas.list().forEach(enqueue);
    };
    context.informer('apiextensions.k8s.io/v1', 'customresourcedefinitions').on({ update: changed, delete: changed });
    context.every(RESYNC, () => this.quotas.list().forEach(enqueue));
  }

  /** The resources that are counted under one of the names; each is watched from when a quota first names it. */
  private resourcesFor(names: readonly string[]): Counted[] {
    const found: Counted[] = [];
    for (const { group, groupVersion, plural, namespaced, verbs } of this.context.discovery.resources()) {
      if (!namespaced || !VERBS.every((verb) => verbs.includes(verb))) continue;
      const evaluator = evaluatorOf(group, plural);
      if (!evaluator || !names.some(evaluator.counts)) continue;
      const key = `${groupVersion}/${plural}`;
      let counted = this.counted.get(key);
      if (!counted) {
        counted = { evaluator, objects: this.context.informer(groupVersion, plural) };
        this.counted.set(key, counted);
        this.replenish(counted);
      }
      found.push(counted);
    }
    return found;
  }

  /** Counts again what a change may have freed. */
  private replenish({ evaluator, objects }: Counted) {
    const freed = ({ metadata }: KubeObject) => {
      if (this.quotas.size === 0) return;
      for (const quota of this.quotas.inNamespace(metadata.namespace as string)) {
        if (Object.keys(quota.status?.hard ?? {}).some(evaluator.counts)) this.queue.add(keyOf(quota));
      }
    };
    const { frees } = evaluator;
    objects.on({
      delete: freed,
      update: frees && ((object, old) => frees(this.context.sim.now, object, old) && freed(object)),
    });
  }

  private sync(key: string) {
    const quota = this.quotas.byKey(key);
    if (!quota) return;
    const hard = (quota.spec?.hard ?? {}) as Quantities;
    const names = Object.keys(hard);
    const used: Record<string, string> = {};
    // What nobody can count now stays as it was last known.
    for (const name of names) if (quota.status?.used?.[name] !== undefined) used[name] = quota.status.used[name];
    for (const { evaluator, objects } of this.resourcesFor(names)) {
      const own = names.filter(evaluator.counts);
      let sum: Quantities = {};
      for (const object of objects.inNamespace(quota.metadata.namespace as string)) {
        if (inScope(evaluator, quota, object)) sum = addLists(sum, evaluator.usage(object, this.context.sim.now));
      }
      for (const name of own) used[name] = sum[name] ?? '0';
    }
    const { status } = quota;
    if (status?.hard && status.used && sameLists(hard, status.hard) && sameLists(used, status.used)) return;
    this.client.updateStatus(quota.metadata.namespace as string, quota.metadata.name as string, {
      ...quota,
      status: { hard, used },
    });
  }
}
