// Gives every node a range of Pod addresses out of the cluster's, one of each family: the lowest that are free (nodeipam:
// RangeAllocator).

import { keyOf } from '../client/index.ts';
import { ipText, parse6, parseCidr, text6, type Cidr } from '../linux/index.ts';
import type { Controller } from './context.ts';
import type { Node } from '../api/types.ts';

/** Bits of a node's range (--node-cidr-mask-size-ipv4 and -ipv6). */
const NODE_MASK = { 4: 24, 6: 64 };

/** `clusterCIDR`: '10.244.0.0/16', or a range of each family with a comma between them; `masks`: of the nodes' ranges. */
export function nodeIPAM(clusterCIDR: string, masks: readonly number[] = []): Controller {
  const pools = clusterCIDR.split(',').map((text, i) => new Pool(parseCidr(text) as Cidr, masks[i]));
  return {
    name: 'node-ipam-controller',
    account: 'node-controller',
    component: 'cidrAllocator',
    start(context) {
      const client = context.client.of<Node>('v1', 'nodes', false);
      const nodes = context.informer<Node>('v1', 'nodes');
      const queue = context.queue((name) => {
        const node = nodes.byKey(name);
        if (!node || node.spec?.podCIDR) return;
        const podCIDRs: string[] = [];
        for (const pool of pools) {
          const range = pool.next();
          if (range === undefined) {
            context.recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
            return;
          }
          podCIDRs.push(range);
        }
        podCIDRs.forEach((range, i) => pools[i].used.add(range));
        client.patch('', name, 'strategic', { spec: { podCIDR: podCIDRs[0], podCIDRs } });
      });
      const rangesOf = ({ spec }: Node) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
      const occupy = (node: Node) => {
        const ranges = rangesOf(node);
        ranges.forEach((range, i) => pools[i]?.used.add(range));
        if (!ranges.length) queue.add(keyOf(node));
      };
      nodes.on({
        add: occupy,
        update: occupy,
        delete(node) {
          const ranges = rangesOf(node);
          if (!ranges.length) return;
          ranges.forEach((range, i) => pools[i]?.release(range));
          for (const other of nodes.list()) if (!other.spec?.podCIDR) queue.add(keyOf(other));
        },
      });
    },
  };
}

/** The ranges of nodes that a cluster's range is cut into. */
class Pool {
  readonly used = new Set<string>();
  private readonly cluster: Cidr;
  private readonly mask: number;
  private readonly count: number;
  /** No range below this one is free. */
  private lowest = 0;

  constructor(cluster: Cidr, mask = NODE_MASK[cluster.upper ? 6 : 4]) {
    this.cluster = cluster;
    this.mask = mask;
    this.count = 2 ** Math.max(0, this.mask - cluster.bits);
  }

  /** The lowest that is free; undefined: there is none. */
  next(): string | undefined {
    while (this.lowest < this.count && this.used.has(this.at(this.lowest))) this.lowest++;
    return this.lowest < this.count ? this.at(this.lowest) : undefined;
  }

  release(range: string) {
    this.used.delete(range);
    this.lowest = 0;
  }

  private at(index: number): string {
    const { cluster, mask } = this;
    if (!cluster.upper) return `${ipText(cluster.base + index * 2 ** (32 - mask))}/${mask}`;
    const network =
      (parse6(cluster.text.slice(0, cluster.text.indexOf('/'))) ?? 0n) + (BigInt(index) << BigInt(128 - mask));
    return `${text6(network)}/${mask}`;
  }
}
