// The plug-ins of the default profile, in upstream's order, with their weights.

import { defaultBinder } from './default-binder.ts';
import { defaultPreemption, type PreemptionOptions } from './default-preemption.ts';
import { dynamicResources } from './dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podTopologySpread, type DefaultSelector } from './pod-topology-spread.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import type { ProfileEntry } from '../profile.ts';

export function defaultPlugins(options: PreemptionOptions, defaultSelector: DefaultSelector): ProfileEntry[] {
  const { handle, client } = options;
  return [
    { plugin: schedulingGates },
    { plugin: prioritySort },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts },
    { plugin: nodeResourcesFit, weight: 1 },
    { plugin: podTopologySpread(handle, defaultSelector), weight: 2 },
    { plugin: interPodAffinity(handle), weight: 2 },
    { plugin: dynamicResources },
    { plugin: defaultPreemption(options) },
    { plugin: nodeResourcesBalancedAllocation, weight: 1 },
    { plugin: imageLocality(handle), weight: 1 },
    { plugin: defaultBinder(client) },
  ];
}
