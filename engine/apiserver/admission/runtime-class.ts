// RuntimeClass: a Pod that names a class gets its overhead and the nodes that have it; overhead is nobody else's to set.

import { deepEqual } from '../../api/change.ts';
import type { KubeObject, RuntimeClass, Toleration } from '../../api/types.ts';
import { forbidden } from '../status.ts';
import { NOTHING_ELSE, onPods, type AdmissionHost, type AdmissionPlugin, type Attributes } from './types.ts';

const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function classOf({ object, info, name }: Attributes, { scheme, storage }: AdmissionHost): RuntimeClass | undefined {
  const wanted: string | undefined = object?.spec?.runtimeClassName;
  if (wanted === undefined) return undefined;
  const classes = scheme.resource('node.k8s.io', 'v1', 'runtimeclasses');
  const found = classes && storage.get(classes, '', wanted);
  if (!found) throw forbidden(info, name, `pod rejected: RuntimeClass ${JSON.stringify(wanted)} not found`);
  return found as unknown as RuntimeClass;
}

/** Both lists; what one toleration of them covers twice stands once. */
function merged(own: readonly Toleration[] | undefined, more: readonly Toleration[] | undefined) {
  if (!more?.length) return own;
  const all = [...(own ?? []), ...more];
  return all.filter((one, i) => all.findIndex((other) => deepEqual(other, one)) === i);
}

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: onPods('CREATE'),
  mutate(attributes, host): KubeObject {
    const { object, info, name } = attributes;
    const found = classOf(attributes, host);
    if (!found) return object;
    const spec = { ...object.spec };
    const overhead = found.overhead && (found.overhead.podFixed ?? {});
    if (overhead) {
      if (spec.overhead && !deepEqual(spec.overhead, overhead)) throw forbidden(info, name, MISMATCH);
      if (Object.keys(overhead).length) spec.overhead = overhead;
    }
    const selector = found.scheduling?.nodeSelector;
    if (selector) {
      for (const key in selector) {
        const own = spec.nodeSelector?.[key];
        if (own === undefined || own === selector[key]) continue;
        throw forbidden(
          info,
          name,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${selector[key]}; pod.spec.nodeSelector[${key}] = ${own}`,
        );
      }
      spec.nodeSelector = { ...spec.nodeSelector, ...selector };
    }
    const tolerations = merged(spec.tolerations, found.scheduling?.tolerations);
    if (tolerations) spec.tolerations = tolerations;
    return { ...object, spec };
  },
  findings: ({ object }) => (object.spec?.runtimeClassName === undefined ? NOTHING_ELSE : undefined),
  validate(attributes, host) {
    const { object, info, name } = attributes;
    const overhead = object?.spec?.overhead;
    if (object?.spec?.runtimeClassName === undefined && !overhead) return;
    const defined = classOf(attributes, host)?.overhead;
    if (defined) {
      if (!deepEqual(overhead ?? {}, defined.podFixed ?? {})) throw forbidden(info, name, MISMATCH);
    } else if (overhead) {
      throw forbidden(info, name, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
  },
};
