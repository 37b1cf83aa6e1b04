// The order of the output: what others need comes first, unless the kustomization asks for the order of its resources.

import { CommandError } from '../errors.ts';
import type { Kustomization } from './kustomization.ts';
import type { Id, Resource } from './resource.ts';

const FIRST = (
  'Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding ' +
  'ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim Deployment ' +
  'StatefulSet CronJob PodDisruptionBudget'
).split(' ');
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

export function inOrder(resources: Resource[], options: Kustomization['sortOptions']): Resource[] {
  const order = options?.order ?? (options ? '' : 'legacy');
  if (order !== 'legacy' && order !== 'fifo')
    throw new CommandError("the field 'sortOptions.order' must be one of [fifo, legacy]");
  if (order === 'fifo') {
    if (options?.legacySortOptions) {
      throw new CommandError(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
      );
    }
    return resources;
  }
  const { orderFirst = FIRST, orderLast = LAST } = options?.legacySortOptions
    ? { orderFirst: [], orderLast: [], ...options.legacySortOptions }
    : {};
  const place = new Map<string, number>();
  orderFirst.forEach((kind, i) => place.set(kind, i - orderFirst.length));
  orderLast.forEach((kind, i) => place.set(kind, i + 1));
  const keyed = resources.map((resource) => ({ resource, id: resource.id }));
  keyed.sort(
    (a, b) =>
      (place.get(a.id.kind) ?? 0) - (place.get(b.id.kind) ?? 0) ||
      compare(typeKey(a.id), typeKey(b.id)) ||
      compare(nameKey(a.id), nameKey(b.id)),
  );
  return keyed.map(({ resource }) => resource);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const typeKey = (id: Id) => `${id.group || '~G'}_${id.version || '~V'}_${id.kind}`;
const nameKey = (id: Id) => `${id.namespace || '~X'}|${id.name || '~N'}`;
