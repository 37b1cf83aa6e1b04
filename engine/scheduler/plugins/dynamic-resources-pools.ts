// Devices as drivers publish them: the ResourceSlices of each pool, and the pools that a node can reach.

import { termMatches } from '../../api/node-selector.ts';
import type { Informer } from '../../client/index.ts';
import type { Device, NodeSelector, ResourceSlice } from '../../api/types.ts';
import type { NodeInfo } from '../node-info.ts';

/** A device with where it is. */
export interface Candidate {
  /** 'driver/pool/device'. */
  readonly id: string;
  readonly device: Device;
  readonly slice: ResourceSlice;
}

export interface Pool {
  /** 'driver/pool'. */
  readonly id: string;
  /** Not all of its slices are there. */
  readonly incomplete: boolean;
  /** Two devices have one name. */
  readonly invalid: boolean;
  /** Those that the node reaches. */
  readonly candidates: readonly Candidate[];
}

interface Whole {
  id: string;
  slices: ResourceSlice[];
  incomplete: boolean;
  invalid: boolean;
}

export const deviceId = (driver: string, pool: string, device: string) => `${driver}/${pool}/${device}`;

export const selectorMatches = (selector: NodeSelector, node: NodeInfo): boolean =>
  selector.nodeSelectorTerms.some((term) => termMatches(term, node));

export class Pools {
  private readonly slices: Informer<ResourceSlice>;
  /** Undefined: the slices have changed. */
  private pools: Whole[] | undefined;
  private readonly candidates = new WeakMap<ResourceSlice, Candidate[]>();

  constructor(slices: Informer<ResourceSlice>) {
    this.slices = slices;
  }

  changed() {
    this.pools = undefined;
  }

  reachedFrom(node: NodeInfo): Pool[] {
    const reached: Pool[] = [];
    for (const { id, slices, incomplete, invalid } of (this.pools ??= this.gather())) {
      const candidates: Candidate[] = [];
      let here = false;
      for (const slice of slices) {
        if (!isReached(slice, node)) continue;
        here = true;
        for (const candidate of this.candidatesOf(slice)) candidates.push(candidate);
      }
      if (here) reached.push({ id, incomplete, invalid, candidates });
    }
    return reached;
  }

  /** Of each pool the slices of its latest generation. */
  private gather(): Whole[] {
    const pools = new Map<string, Whole>();
    const slices = this.slices.list().sort((a, b) => (String(a.metadata.name) < String(b.metadata.name) ? -1 : 1));
    for (const slice of slices) {
      const { driver, pool } = slice.spec;
      const id = `${driver}/${pool.name}`;
      const known = pools.get(id);
      const generation = known?.slices[0].spec.pool.generation ?? -1;
      if (!known || pool.generation > generation)
        pools.set(id, { id, slices: [slice], incomplete: false, invalid: false });
      else if (pool.generation === generation) known.slices.push(slice);
    }
    const all = [...pools.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const pool of all) {
      pool.incomplete = pool.slices.length !== pool.slices[0].spec.pool.resourceSliceCount;
      const names = new Set<string>();
      for (const { spec } of pool.slices)
        for (const { name } of spec.devices ?? []) {
          pool.invalid ||= names.has(name);
          names.add(name);
        }
    }
    return all;
  }

  private candidatesOf(slice: ResourceSlice): Candidate[] {
    let list = this.candidates.get(slice);
    if (!list) {
      const { driver, pool, devices = [] } = slice.spec;
      list = devices.map((device) => ({ id: deviceId(driver, pool.name, device.name), device, slice }));
      this.candidates.set(slice, list);
    }
    return list;
  }
}

function isReached({ spec }: ResourceSlice, node: NodeInfo): boolean {
  if (spec.nodeName) return spec.nodeName === node.name;
  return spec.allNodes === true || (spec.nodeSelector !== undefined && selectorMatches(spec.nodeSelector, node));
}
