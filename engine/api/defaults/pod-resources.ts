// What a Pod has as a whole where it says only part of it (core/v1 defaultHugePagePodLimits, defaultPodRequests), and
// what its containers have together (component-helpers' AggregateContainerRequests).

import { fill, set } from '../change.ts';
import { addQuantities, compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';

type Amounts = Record<string, string>;

const isHuge = (name: string) => name.startsWith('hugepages-');
const isEmpty = (amounts: Amounts | undefined) => !amounts || Object.keys(amounts).length === 0;

function add(sums: Amounts, more: Amounts | undefined): Amounts {
  const out = { ...sums };
  for (const name in more) out[name] = out[name] === undefined ? more[name] : addQuantities(out[name], more[name]);
  return out;
}

/** All containers at once; each init container by itself beside the sidecars that run by then. */
export function ofContainers(spec: JsonObject, kind: 'requests' | 'limits'): Amounts {
  let sums: Amounts = {};
  for (const { resources } of spec.containers ?? []) sums = add(sums, resources?.[kind]);
  let sidecars: Amounts = {};
  const most: Amounts = {};
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const own: Amounts | undefined = resources?.[kind];
    const now = add(sidecars, own);
    if (restartPolicy === 'Always') {
      sidecars = now;
      sums = add(sums, own);
    }
    for (const name in now)
      if (most[name] === undefined || compareQuantities(now[name], most[name]) > 0) most[name] = now[name];
  }
  for (const name in most)
    if (sums[name] === undefined || compareQuantities(most[name], sums[name]) > 0) sums[name] = most[name];
  return sums;
}

export function podLevelResources(spec: JsonObject): JsonObject {
  const given: JsonObject = spec.resources;
  let limits: Amounts = given.limits ?? {};
  let requests: Amounts = given.requests ?? {};
  if (isEmpty(limits) && isEmpty(requests)) return spec;
  const used = ofContainers(spec, 'limits');
  for (const name in used)
    if (isHuge(name) && requests[name] === undefined) limits = fill(limits, { [name]: used[name] });
  if (!isEmpty(limits)) {
    const asked = ofContainers(spec, 'requests');
    for (const name of ['cpu', 'memory'])
      if (asked[name] !== undefined) requests = fill(requests, { [name]: asked[name] });
    for (const name in limits)
      if (name === 'cpu' || name === 'memory' || isHuge(name)) requests = fill(requests, { [name]: limits[name] });
  }
  let out = given;
  if (!isEmpty(limits)) out = set(out, 'limits', limits);
  if (!isEmpty(requests)) out = set(out, 'requests', requests);
  return set(spec, 'resources', out);
}
