// Priority: a Pod's priority is the number behind its PriorityClass; only one class may be the default.

import type { KubeObject, PriorityClass, ResourceInfo } from '../../api/types.ts';
import { forbidden } from '../status.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

const DEFAULT_POLICY = 'PreemptLowerPriority';

function classes({ scheme, storage }: AdmissionHost): readonly PriorityClass[] {
  const info = scheme.resource('scheduling.k8s.io', 'v1', 'priorityclasses') as ResourceInfo;
  return storage.cache(info).all() as unknown as readonly PriorityClass[];
}

/** The default class; of several (from before they were refused) the lowest. */
function defaultClass(all: readonly PriorityClass[]): PriorityClass | undefined {
  let found: PriorityClass | undefined;
  for (const one of all) if (one.globalDefault && (!found || one.value < found.value)) found = one;
  return found;
}

export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: (operation, info, subresource) =>
    subresource === '' &&
    ((info.group === '' && info.resource === 'pods' && operation === 'CREATE') ||
      (info.resource === 'priorityclasses' && operation !== 'DELETE')),
  mutate(attributes, host) {
    return attributes.info.resource === 'pods' ? withPriority(attributes, host) : attributes.object;
  },
  findings: (_, host) => classes(host),
  validate({ info, object, name }, host) {
    if (info.resource !== 'priorityclasses' || !object?.globalDefault) return;
    const present = defaultClass(classes(host));
    if (present && present.metadata.name !== name) {
      throw forbidden(
        info,
        name,
        `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
      );
    }
  },
};

function withPriority({ object, info, name }: Attributes & { object: KubeObject }, host: AdmissionHost): KubeObject {
  const spec = object.spec;
  if (!spec) return object;
  const all = classes(host);
  const wanted: string = spec.priorityClassName ?? '';
  const found = wanted ? all.find((one) => one.metadata.name === wanted) : defaultClass(all);
  if (wanted && !found) throw forbidden(info, name, `no PriorityClass with name ${wanted} was found`);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? DEFAULT_POLICY;
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      info,
      name,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(
      info,
      name,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  const next = { ...spec, priority: value, preemptionPolicy: policy };
  if (!wanted && found) next.priorityClassName = found.metadata.name;
  return { ...object, spec: next };
}
