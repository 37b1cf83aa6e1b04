// How fast nodes are given up: one every ten seconds, slower or not at all when much of a zone is silent, never when
// all of the cluster is (nodelifecycle: disruption modes).

import { condition } from './conditions.ts';
import type { Node } from '../api/types.ts';
import type { Sim, Timer } from '../sim/index.ts';

/** Nodes a second (--node-eviction-rate, --secondary-node-eviction-rate). */
const RATE = 0.1;
const SECONDARY_RATE = 0.01;
/** --unhealthy-zone-threshold, --large-cluster-size-threshold. */
const UNHEALTHY = 0.55;
const LARGE = 50;

type State = 'Normal' | 'PartialDisruption' | 'FullDisruption';

function zoneOf(node: Node): string {
  const { labels } = node.metadata;
  return `${labels?.['topology.kubernetes.io/region'] ?? ''}:${labels?.['topology.kubernetes.io/zone'] ?? ''}`;
}

export class Disruption {
  private zones = new Map<string, { state: State; size: number }>();
  private zoneByNode = new Map<string, string>();
  allLost = false;

  /** Judges the zones anew; tells when the whole cluster went silent, or stopped being so. */
  update(nodes: readonly Node[]): 'all lost' | 'recovering' | undefined {
    const counts = new Map<string, { ready: number; lost: number }>();
    const zoneByNode = new Map<string, string>();
    for (const node of nodes) {
      const zone = zoneOf(node);
      zoneByNode.set(node.metadata.name as string, zone);
      let count = counts.get(zone);
      if (!count) counts.set(zone, (count = { ready: 0, lost: 0 }));
      if (condition(node.status?.conditions, 'Ready')?.status === 'True') count.ready++;
      else count.lost++;
    }
    this.zoneByNode = zoneByNode;
    this.zones = new Map();
    let lost = counts.size > 0;
    counts.forEach(({ ready, lost: silent }, zone) => {
      let state: State = 'Normal';
      if (ready === 0 && silent > 0) state = 'FullDisruption';
      else if (silent > 2 && silent / (ready + silent) >= UNHEALTHY) state = 'PartialDisruption';
      if (state !== 'FullDisruption') lost = false;
      this.zones.set(zone, { state, size: ready + silent });
    });
    const before = this.allLost;
    this.allLost = lost;
    if (lost && !before) return 'all lost';
    return before && !lost ? 'recovering' : undefined;
  }

  /** Nodes a second that may be tainted in the zone of `node`. */
  rateFor(node: string): number {
    const zone = this.zones.get(this.zoneByNode.get(node) ?? '');
    if (zone?.state !== 'PartialDisruption') return RATE;
    return zone.size > LARGE ? SECONDARY_RATE : 0;
  }
}

/** The nodes that wait for their NoExecute taint, worked off no faster than the rate. */
export class TaintRate {
  private readonly sim: Sim;
  private readonly taint: (name: string) => void;
  private readonly waiting = new Set<string>();
  private rate: (name: string) => number = () => RATE;
  private next = 0;
  private timer: Timer | undefined;

  constructor(sim: Sim, taint: (name: string) => void) {
    this.sim = sim;
    this.taint = taint;
  }

  add(name: string) {
    this.waiting.add(name);
  }

  remove(name: string) {
    this.waiting.delete(name);
  }

  halt() {
    this.waiting.clear();
    this.timer?.cancel();
    this.timer = undefined;
  }

  resume(rate: (name: string) => number) {
    this.rate = rate;
    this.schedule();
  }

  private schedule() {
    if (this.timer || this.waiting.size === 0) return;
    this.timer = this.sim.at(this.next, () => {
      this.timer = undefined;
      for (const name of this.waiting) {
        const rate = this.rate(name);
        if (rate === 0) continue;
        this.waiting.delete(name);
        this.next = this.sim.now + 1000 / rate;
        this.taint(name);
        this.schedule();
        return;
      }
    });
  }
}
