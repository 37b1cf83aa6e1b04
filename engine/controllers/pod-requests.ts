// What a Pod requests of a resource, as the autoscaler counts it.

import { quantityMilli } from '../api/quantity.ts';
import type { Pod } from '../api/types.ts';

/** Thousandths of the resource, of all containers or of one; the name of a container that requests none. */
export function podRequests(pod: Pod, resource: string, container: string | undefined): number | string {
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  const whole = resources?.requests?.[resource];
  if (whole !== undefined && container === undefined) return quantityMilli(whole);
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  let sum = 0;
  for (const one of [...containers, ...sidecars]) {
    if (container !== undefined && one.name !== container) continue;
    const request = one.resources?.requests?.[resource];
    if (request === undefined) return one.name;
    sum += quantityMilli(request);
  }
  return sum;
}
