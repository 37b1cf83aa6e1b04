// Two machines with Pods on a bridge each, joined by a LAN and routes: a cluster's network without a cluster.

import type { Pod } from '../../engine/api/types.ts';
import { attachPod } from '../../engine/cni/bridge.ts';
import { prepareNode } from '../../engine/cni/node.ts';
import { Network, type NetworkNamespace, parseCidr, type Cidr } from '../../engine/linux/index.ts';
import { type Co, Sim } from '../../engine/sim/index.ts';

export class TestNetwork {
  readonly sim: Sim;
  readonly network: Network;
  readonly nodes: NetworkNamespace[];
  /** A machine on the LAN that is no node. */
  readonly outside: NetworkNamespace;

  constructor(seed = 1) {
    this.sim = new Sim({ seed, start: Date.UTC(2026, 0, 5, 9) });
    this.network = new Network(this.sim);
    this.nodes = ['10.0.0.10', '10.0.0.11'].map((ip, i) => {
      const net = this.network.namespace([], `node-${i}`);
      net.plug('eth0', ip, 16, '10.0.0.1');
      prepareNode(net);
      return net;
    });
    this.nodes.forEach((net, i) => {
      const other = 1 - i;
      const link = net.link('eth0');
      if (!link) throw new Error('no eth0');
      const destination = parseCidr(`10.244.${other}.0/24`) as Cidr;
      net.routes.add({ destination, via: `10.0.0.1${other}`, link, protocol: 'boot' });
    });
    this.outside = this.network.namespace([], 'outside');
    this.outside.plug('eth0', '10.0.9.9', 16, '10.0.0.1');
  }

  /** A Pod's namespace; on port 80 it answers with its own address and who asked. */
  pod(node: number, number: number): NetworkNamespace {
    const ip = `10.244.${node}.${number}`;
    const net = this.network.namespace();
    const owner: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', name: `pod-${node}-${number}` },
    };
    attachPod(this.nodes[node], net, owner, [ip], `10.244.${node}.0/24`);
    net.listen(80, (socket) => {
      socket.writer.write(`${ip} asked by ${socket.remote.ip}`);
      socket.close();
    });
    return net;
  }

  /** What a connection brings, or why there is none. */
  ask(from: NetworkNamespace, ip: string, port: number): string {
    const task = this.sim.spawn('ask', ask(from, ip, port));
    while (!task.done && this.sim.step());
    return task.result ?? '';
  }
}

function* ask(from: NetworkNamespace, ip: string, port: number): Co<string> {
  const socket = yield* from.connect(ip, port);
  if (typeof socket === 'string') return socket;
  return (yield* socket.reader.read()) ?? '';
}
