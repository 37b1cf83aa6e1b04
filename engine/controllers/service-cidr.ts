// ServiceCIDRs: each is protected by a finalizer and says that it is ready; one that is deleted goes when no address
// depends on it alone (kubernetes/pkg/controller/servicecidrs).

import { isConflict, isNotFound, keyOf, timestamp } from '../client/index.ts';
import type { IPAddress, ServiceCIDR } from '../api/types.ts';
import { parseCIDR } from '../api/validation/names.ts';
import type { Controller } from './context.ts';

const GROUP = 'networking.k8s.io/v1';
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
/** Allocators get so long to learn that no more addresses are wanted, ms. */
const GRACE = 10_000;

const READY = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const BLOCKED = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

export const serviceCIDRController: Controller = {
  name: 'service-cidr-controller',
  account: 'service-cidrs-controller',
  component: 'service-cidr-controller',
  start(context) {
    const { sim } = context;
    const client = context.client.of<ServiceCIDR>(GROUP, 'servicecidrs', false);
    const cidrs = context.informer<ServiceCIDR>(GROUP, 'servicecidrs');
    const addresses = context.informer<IPAddress>(GROUP, 'ipaddresses');

    /** Whether all addresses of it are in another range as well. */
    const free = (object: ServiceCIDR): boolean => {
      const own = rangesOf(object);
      const others = cidrs
        .list()
        .filter((one) => one.metadata.name !== object.metadata.name)
        .flatMap(rangesOf);
      if (own.every((range) => others.some((other) => contains(other, range)))) return true;
      for (const { metadata } of addresses.list()) {
        if (metadata.labels?.[MANAGED_BY] !== 'ipallocator.k8s.io') continue;
        const address = rangeOf(`${metadata.name}/${metadata.name?.includes(':') ? 128 : 32}`);
        if (own.some((range) => contains(range, address)) && !others.some((range) => contains(range, address)))
          return false;
      }
      return true;
    };
    const say = (object: ServiceCIDR, what: typeof READY) => {
      const known = object.status?.conditions?.find(({ type }) => type === 'Ready');
      if (known?.status === what.status && known.reason === what.reason && known.message === what.message) return;
      const condition = { type: 'Ready', ...what, lastTransitionTime: timestamp(sim.now) };
      client.updateStatus('', object.metadata.name as string, { ...object, status: { conditions: [condition] } });
    };
    const finalize = (object: ServiceCIDR, finalizers: string[]): ServiceCIDR =>
      client.update('', object.metadata.name as string, { ...object, metadata: { ...object.metadata, finalizers } });

    const sync = (object: ServiceCIDR, name: string) => {
      const finalizers = object.metadata.finalizers ?? [];
      const has = finalizers.includes(FINALIZER);
      const { deletionTimestamp } = object.metadata;
      if (!deletionTimestamp) {
        say(has ? object : finalize(object, [...finalizers, FINALIZER]), READY);
      } else if (!free(object)) say(object, BLOCKED);
      else {
        const rest = Date.parse(deletionTimestamp) + GRACE - sim.now;
        if (rest > 0) queue.addAfter(name, rest);
        else if (has)
          finalize(
            object,
            finalizers.filter((one) => one !== FINALIZER),
          );
      }
    };
    const queue = context.queue((name) => {
      const object = cidrs.byKey(name);
      if (!object) return;
      try {
        sync(object, name);
      } catch (error) {
        if (isConflict(error)) queue.add(name);
        else if (!isNotFound(error)) throw error;
      }
    });
    const all = () => cidrs.list().forEach((one) => queue.add(keyOf(one)));
    cidrs.on({ add: all, update: (object) => queue.add(keyOf(object)), delete: all });
    const leaving = () => {
      for (const one of cidrs.list()) if (one.metadata.deletionTimestamp) queue.add(keyOf(one));
    };
    addresses.on({ add: leaving, delete: leaving });
  },
};

interface Range {
  family: 4 | 6;
  network: bigint;
  prefix: number;
}

const rangeOf = (text: string): Range => parseCIDR(text);
const rangesOf = ({ spec }: ServiceCIDR): Range[] => (spec?.cidrs ?? []).map(rangeOf);

function contains(outer: Range, inner: Range): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const host = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
  return inner.network >> host === outer.network >> host;
}
