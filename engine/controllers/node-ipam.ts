// Gives every node a range of Pod addresses out of the cluster's: the lowest free one (nodeipam: RangeAllocator).

import { keyOf } from '../client/index.ts';
import type { Controller } from './context.ts';
import type { Node } from '../api/types.ts';

/** Bits of a node's range (--node-cidr-mask-size). */
const NODE_MASK = 24;

/** `clusterCIDR`: an IPv4 range, e.g. '10.244.0.0/16'. */
export function nodeIPAM(clusterCIDR: string): Controller {
  const { base, count } = split(clusterCIDR);
  return {
    name: 'node-ipam-controller',
    account: 'node-controller',
    component: 'cidrAllocator',
    start(context) {
      const client = context.client.of<Node>('v1', 'nodes', false);
      const nodes = context.informer<Node>('v1', 'nodes');
      const used = new Map<string, string>();
      /** No range below this one is free. */
      let lowest = 0;
      const queue = context.queue((name) => {
        const node = nodes.byKey(name);
        if (!node || node.spec?.podCIDR) return;
        while (lowest < count && used.has(rangeAt(base, lowest))) lowest++;
        if (lowest >= count) {
          context.recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
          return;
        }
        const podCIDR = rangeAt(base, lowest);
        used.set(podCIDR, name);
        client.patch('', name, 'strategic', { spec: { podCIDR, podCIDRs: [podCIDR] } });
      });
      const occupy = (node: Node) => {
        if (node.spec?.podCIDR) used.set(node.spec.podCIDR, keyOf(node));
        else queue.add(keyOf(node));
      };
      nodes.on({
        add: occupy,
        update: occupy,
        delete(node) {
          if (!node.spec?.podCIDR) return;
          used.delete(node.spec.podCIDR);
          lowest = 0;
          for (const other of nodes.list()) if (!other.spec?.podCIDR) queue.add(keyOf(other));
        },
      });
    },
  };
}

function split(cidr: string): { base: number; count: number } {
  const [address, bits] = cidr.split('/');
  const base = address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
  return { base, count: 2 ** Math.max(0, NODE_MASK - Number(bits)) };
}

function rangeAt(base: number, index: number): string {
  const n = base + index * 2 ** (32 - NODE_MASK);
  return `${Math.floor(n / 16777216)}.${Math.floor(n / 65536) % 256}.${Math.floor(n / 256) % 256}.${n % 256}/${NODE_MASK}`;
}
