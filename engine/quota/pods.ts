// What a Pod counts for in a ResourceQuota: itself while it lives, and what it asks of nodes.

import { podQOSClass } from '../api/qos.ts';
import type { Container, ContainerStatus, Pod, PodSpec, ScopedResourceSelectorRequirement } from '../api/types.ts';
import { selects } from './scopes.ts';
import { addLists, greatestOf, type Quantities } from './lists.ts';

type Field = 'requests' | 'limits';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** A quota on these makes every container say them: an old coupling that later resources did not repeat. */
const MUST_SPECIFY = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const NAMES = new Set([
  'count/pods',
  'pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** Whether a Pod is counted under that name of a quota. */
export const countsForPods = (name: string): boolean =>
  NAMES.has(name) ||
  name.startsWith('hugepages-') ||
  name.startsWith('requests.hugepages-') ||
  (name.startsWith('requests.') && !isNative(name));

/** A Pod that has ended, or should long be gone, only counts as an object. */
export function isCharged(pod: Pod, now: number): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

export function podUsage(pod: Pod, now: number): Record<string, string> {
  if (!isCharged(pod, now)) return { 'count/pods': '1' };
  const usage = namesOf(total(pod, 'requests'), total(pod, 'limits'));
  usage['count/pods'] = '1';
  usage.pods = '1';
  return usage;
}

/** Requests and limits under the names that quotas have for them. */
function namesOf(requests: Quantities, limits: Quantities): Record<string, string> {
  const usage: Record<string, string> = {};
  for (const name in requests) {
    if (COMPUTE.includes(name) || name.startsWith('hugepages-'))
      usage[name] = usage[`requests.${name}`] = requests[name];
    else if (!isNative(name)) usage[`requests.${name}`] = requests[name];
  }
  for (const name of COMPUTE) if (limits[name] !== undefined) usage[`limits.${name}`] = limits[name];
  return usage;
}

/** Containers and sidecars together, or the init container that needs more beside the sidecars before it. */
function total(pod: Pod, field: Field): Record<string, string> {
  const spec = pod.spec as PodSpec;
  const statuses = new Map<string, ContainerStatus>();
  for (const status of pod.status?.containerStatuses ?? []) statuses.set(status.name, status);
  for (const status of pod.status?.initContainerStatuses ?? []) statuses.set(status.name, status);
  const infeasible = pod.status?.conditions?.some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  );
  const of = (container: Container) => askedBy(container, statuses.get(container.name), field, infeasible === true);
  let sum: Record<string, string> = {};
  for (const container of spec.containers) sum = addLists(sum, of(container));
  let sidecars: Record<string, string> = {};
  let most: Record<string, string> = {};
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === 'Always') {
      sum = addLists(sum, own);
      sidecars = addLists(sidecars, own);
      most = greatestOf(most, sidecars);
    } else most = greatestOf(most, addLists(sidecars, own));
  }
  sum = { ...greatestOf(sum, most), ...((spec.resources?.[field] ?? {}) as Quantities) };
  if (!spec.overhead) return sum;
  if (field === 'requests') return addLists(sum, spec.overhead as Quantities);
  const overhead: Record<string, string> = {};
  for (const name in spec.overhead)
    if (sum[name] !== undefined && sum[name] !== '0') overhead[name] = spec.overhead[name];
  return addLists(sum, overhead);
}

/** While a resize is under way, the greater of what is wanted and what the container still has. */
function askedBy(
  container: Container,
  status: ContainerStatus | undefined,
  field: Field,
  infeasible: boolean,
): Quantities {
  const wanted = (container.resources?.[field] ?? {}) as Quantities;
  const actual = status?.resources?.[field] as Quantities | undefined;
  const allocated = field === 'requests' ? (status?.allocatedResources as Quantities | undefined) : undefined;
  if (!actual && !allocated) return wanted;
  const has = greatestOf(actual ?? {}, allocated ?? {});
  return infeasible ? has : greatestOf(wanted, has);
}

/** What the quota wants to be said and some container does not say; undefined when all is said. */
export function podConstraints(pod: Pod, names: readonly string[]): string | undefined {
  const spec = pod.spec as PodSpec;
  if (spec.resources?.requests || spec.resources?.limits) return undefined;
  const missing = new Map<string, Set<string>>();
  for (const { name: container, resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const said = namesOf((resources?.requests ?? {}) as Quantities, (resources?.limits ?? {}) as Quantities);
    for (const name of names) {
      if (!MUST_SPECIFY.has(name) || said[name] !== undefined) continue;
      const containers = missing.get(name);
      if (containers) containers.add(container);
      else missing.set(name, new Set([container]));
    }
  }
  if (missing.size === 0) return undefined;
  const parts = [...missing.keys()]
    .sort()
    .map((name) => `${name} for: ${[...(missing.get(name) ?? [])].sort().join(',')}`);
  return `must specify ${parts.join('; ')}`;
}

export function podMatchesScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const spec = pod.spec as PodSpec;
  switch (scope.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return podQOSClass(spec) === 'BestEffort';
    case 'NotBestEffort':
      return podQOSClass(spec) !== 'BestEffort';
    case 'PriorityClass':
      return selects(scope, spec.priorityClassName ? [spec.priorityClassName] : []);
    case 'CrossNamespacePodAffinity':
      return looksAtOtherNamespaces(spec);
    default:
      return false;
  }
}

function looksAtOtherNamespaces({ affinity }: PodSpec): boolean {
  for (const rules of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    const terms = [
      ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
    ];
    if (terms.some((term) => term.namespaces?.length || term.namespaceSelector)) return true;
  }
  return false;
}
