// ResourceQuota: what a namespace may hold in sum. A request that fits is charged to the quotas' status at once, so
// that the next one sees it; the controller counts again from time to time.

import { compareQuantities } from '../../api/index.ts';
import type { KubeObject, ResourceQuota } from '../../api/types.ts';
import {
  addLists,
  evaluatorOf,
  growth,
  inScope,
  listText,
  type Evaluator,
  type Quantities,
} from '../../quota/index.ts';
import { forbidden } from '../status.ts';
import { Selection } from '../storage/selection.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

const NOTHING: Quantities = {};

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  handles(operation, info, subresource) {
    if (!info.namespaced || operation === 'DELETE') return false;
    const evaluator = evaluatorOf(info.group, info.resource);
    if (!evaluator) return false;
    return operation === 'CREATE' ? subresource === '' : evaluator.updates.includes(subresource);
  },
  validate(attributes, host) {
    const { info, namespace, object, dryRun } = attributes;
    const kind = host.scheme.resource('', 'v1', 'resourcequotas');
    if (!kind || !object) return;
    const quotas = host.storage.cache(kind).list(new Selection(namespace, undefined, [], []));
    if (quotas.length === 0) return;
    const evaluator = evaluatorOf(info.group, info.resource) as Evaluator;
    const charged: KubeObject[] = [];
    for (let i = 0; i < quotas.length; i++) {
      const used = charge(attributes, object, host, evaluator, quotas[i] as unknown as ResourceQuota);
      if (used) charged.push({ ...quotas[i], status: { ...quotas[i].status, used } });
    }
    // Only when all of them have room.
    if (!dryRun) for (const quota of charged) host.storage.put(kind, quota);
  },
};

/** What of the quota is used with this request; undefined when it does not concern the quota. Throws when it does not fit. */
function charge(
  { info, name, operation, subresource, old }: Attributes,
  object: KubeObject,
  { sim }: AdmissionHost,
  evaluator: Evaluator,
  quota: ResourceQuota,
): Quantities | undefined {
  const { hard = NOTHING, used = NOTHING } = (quota.status ?? {}) as { hard?: Quantities; used?: Quantities };
  const names = Object.keys(hard).filter(evaluator.counts).sort();
  if (names.length === 0 || !inScope(evaluator, quota, object)) return undefined;
  const quotaName = quota.metadata.name;
  const unsaid = evaluator.constraints?.(object, names);
  if (unsaid) throw forbidden(info, name, `failed quota: ${quotaName}: ${unsaid}`);
  if (names.some((one) => used[one] === undefined)) {
    throw forbidden(info, name, `status unknown for quota: ${quotaName}, resources: ${names.join(',')}`);
  }
  const usage = evaluator.usage(object, sim.now);
  const negative = Object.keys(usage).filter((one) => compareQuantities(usage[one], '0') < 0);
  if (negative.length)
    throw forbidden(info, name, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  const before =
    operation === 'UPDATE' && old && inScope(evaluator, quota, old) ? evaluator.usage(old, sim.now) : NOTHING;
  const more = growth(usage, before);
  const requested: Record<string, string> = {};
  for (const one of names) if (more[one] !== undefined) requested[one] = more[one];
  const asked = Object.keys(requested);
  if (asked.length === 0) return undefined;
  const total = addLists(used, requested);
  // What a controller reports of a claim is a fact, not a wish.
  const exceeded = subresource === 'status' ? [] : asked.filter((one) => compareQuantities(total[one], hard[one]) > 0);
  if (exceeded.length) {
    const sums = `requested: ${listText(requested, exceeded)}, used: ${listText(used, exceeded)}, limited: ${listText(hard, exceeded)}`;
    throw forbidden(info, name, `exceeded quota: ${quotaName}, ${sums}`);
  }
  return total;
}
