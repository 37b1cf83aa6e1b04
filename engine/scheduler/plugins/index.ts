// The plug-ins of the default profile, in upstream's order, with their weights.

import { defaultBinder } from './default-binder.ts';
import { defaultPreemption, type PreemptionOptions } from './default-preemption.ts';
import { dynamicResources } from './dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation, type BalancedArgs } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit, type FitArgs } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { podTopologySpread, type DefaultSelector } from './pod-topology-spread.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';
import type { Storage } from './volumes.ts';
import type { ProfileEntry } from '../profile.ts';
import type { ReleaseWays } from '../release.ts';

/** Arguments of plug-ins, by name. */
export interface PluginArgs {
  NodeResourcesFit?: FitArgs;
  NodeResourcesBalancedAllocation?: BalancedArgs;
  VolumeBinding?: { bindTimeoutSeconds?: number };
}

export function defaultPlugins(
  options: PreemptionOptions,
  defaultSelector: DefaultSelector,
  storage: Storage,
  args: PluginArgs,
  ways: ReleaseWays,
): ProfileEntry[] {
  const { handle, client } = options;
  return [
    { plugin: schedulingGates },
    { plugin: prioritySort },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration(ways), weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts },
    { plugin: nodeResourcesFit(args.NodeResourcesFit, ways), weight: 1 },
    { plugin: volumeRestrictions(handle, storage) },
    { plugin: nodeVolumeLimits(storage) },
    { plugin: volumeBinding(client, handle, storage, ways, args.VolumeBinding?.bindTimeoutSeconds) },
    { plugin: volumeZone(storage) },
    { plugin: podTopologySpread(handle, defaultSelector), weight: 2 },
    { plugin: interPodAffinity(handle), weight: 2 },
    { plugin: dynamicResources(ways) },
    { plugin: defaultPreemption(options) },
    { plugin: nodeResourcesBalancedAllocation(args.NodeResourcesBalancedAllocation), weight: 1 },
    { plugin: imageLocality(handle), weight: 1 },
    { plugin: defaultBinder(client) },
  ];
}
