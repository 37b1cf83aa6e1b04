// The plug-ins of the default profile, in upstream's order, with their weights.

import { defaultBinder } from './default-binder.ts';
import type { defaultPreemption, PreemptionOptions } from './default-preemption.ts';
import { dynamicResources } from './dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { later } from './later.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation, type BalancedArgs } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit, type FitArgs } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podTopologySpread, type DefaultSelector } from './pod-topology-spread.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { exclusiveDisk, someClaim, type Storage } from './volumes.ts';
import { part } from '../../parts/index.ts';
import type { Plugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { ProfileEntry } from '../profile.ts';
import type { ReleaseWays } from '../release.ts';

/** Arguments of plug-ins, by name. */
export interface PluginArgs {
  NodeResourcesFit?: FitArgs;
  NodeResourcesBalancedAllocation?: BalancedArgs;
  VolumeBinding?: { bindTimeoutSeconds?: number };
}

const hasClaim = ({ pod }: PodInfo) => someClaim(pod, () => true);
const hasDiskOrClaim = (pod: PodInfo) => hasClaim(pod) || (pod.spec.volumes?.some(exclusiveDisk) ?? false);

export function defaultPlugins(
  options: PreemptionOptions,
  defaultSelector: DefaultSelector,
  storage: Storage,
  args: PluginArgs,
  ways: ReleaseWays,
  devices: () => Plugin,
): ProfileEntry[] {
  const { handle, client } = options;
  let preemption: ReturnType<typeof defaultPreemption> | undefined;
  return [
    { plugin: schedulingGates },
    { plugin: prioritySort },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration(ways), weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts },
    { plugin: nodeResourcesFit(args.NodeResourcesFit, ways), weight: 1 },
    {
      plugin: later('VolumeRestrictions', ['helps', 'addPod', 'removePod', 'filter'], hasDiskOrClaim, () =>
        part('scheduling').volumeRestrictions(handle, storage),
      ),
    },
    {
      plugin: later('NodeVolumeLimits', ['helps', 'filter'], hasClaim, () =>
        part('scheduling').nodeVolumeLimits(storage),
      ),
    },
    {
      plugin: later('VolumeBinding', ['helps', 'filter', 'reserve', 'unreserve', 'preBind'], hasClaim, () =>
        part('scheduling').volumeBinding(client, handle, storage, ways, args.VolumeBinding?.bindTimeoutSeconds),
      ),
    },
    { plugin: later('VolumeZone', ['filter'], hasClaim, () => part('scheduling').volumeZone(storage)) },
    { plugin: podTopologySpread(handle, defaultSelector), weight: 2 },
    { plugin: interPodAffinity(handle), weight: 2 },
    { plugin: dynamicResources(devices, ways), weight: 2 },
    {
      plugin: {
        name: 'DefaultPreemption',
        postFilter: (pod, state, statuses) =>
          (preemption ??= part('scheduling').defaultPreemption(options))(pod, state, statuses),
      },
    },
    { plugin: nodeResourcesBalancedAllocation(args.NodeResourcesBalancedAllocation), weight: 1 },
    { plugin: imageLocality(handle), weight: 1 },
    { plugin: defaultBinder(client) },
  ];
}
