// What devices, their classes and claims can say for features that are off in v1.35 (DRADeviceTaints, DRAPartitionableDevices,
// DRAConsumableCapacity, DRADeviceBindingConditions, DRAExtendedResource): the API server drops it.

import { set, update, updateEach } from './change.ts';
import type { JsonObject, KubeObject } from './types.ts';

const without =
  (...fields: string[]) =>
  (object: JsonObject) =>
    fields.reduce((rest, field) => set(rest, field, undefined), object);

const classSpec = without('extendedResourceName');
const request = without('tolerations', 'capacity');
const constraint = without('distinctAttribute');
const sliceSpec = without('perDeviceNodeSelection', 'sharedCounters');
const device = without(
  'allNodes',
  'allowMultipleAllocations',
  'bindingConditions',
  'bindingFailureConditions',
  'bindsToNode',
  'consumesCounters',
  'nodeName',
  'nodeSelector',
  'taints',
);
const capacity = without('requestPolicy');

const claimSpec = (spec: JsonObject) =>
  update(spec, 'devices', (devices) =>
    updateEach(
      updateEach(devices, 'requests', (one) => updateEach(update(one, 'exactly', request), 'firstAvailable', request)),
      'constraints',
      constraint,
    ),
  );

const capacities = (values: JsonObject) =>
  Object.keys(values).reduce((all, name) => update(all, name, capacity), values);

/** By kind: what is left of the spec. */
const SPECS: Readonly<Record<string, (spec: JsonObject) => JsonObject>> = {
  DeviceClass: classSpec,
  ResourceClaim: claimSpec,
  ResourceClaimTemplate: (spec) => update(spec, 'spec', claimSpec),
  ResourceSlice: (spec) => updateEach(sliceSpec(spec), 'devices', (one) => update(device(one), 'capacity', capacities)),
};

export const withoutDisabledDevices = (object: KubeObject): KubeObject => update(object, 'spec', SPECS[object.kind]);
