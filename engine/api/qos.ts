// A Pod's quality-of-service class, from its containers' requests and limits of CPU and memory.

import { compareQuantities } from './quantity.ts';
import { firstOf } from './twins.ts';
import type { JsonObject, PodSpec } from './types.ts';

export type QOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
const RESOURCES = ['cpu', 'memory'];
const known = new WeakMap<object, QOSClass>();

const set = (list: JsonObject | undefined, resource: string) =>
  list?.[resource] !== undefined && compareQuantities(list[resource], '0') > 0;

/** Guaranteed: every container limits both and requests as much; BestEffort: none asks for anything. */
export function podQOSClass(given: PodSpec): QOSClass {
  const spec = firstOf(given);
  let result = known.get(spec);
  if (result) return result;
  const podLevel = spec.resources;
  const holders: { resources?: JsonObject }[] =
    podLevel && (podLevel.requests || podLevel.limits)
      ? [spec]
      : [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of holders) {
    for (const resource of RESOURCES) {
      const requested = set(resources?.requests, resource);
      const limited = set(resources?.limits, resource);
      if (requested || limited) any = true;
      if (
        !limited ||
        (requested && compareQuantities(resources?.requests[resource], resources?.limits[resource]) !== 0)
      ) {
        guaranteed = false;
      }
    }
  }
  result = !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
  known.set(spec, result);
  return result;
}
