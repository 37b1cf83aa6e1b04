// Random Services and packets: what the rules do agrees with what the objects say.

import { describe, expect, it } from 'vitest';
import { IptablesProxier } from '../../engine/kube-proxy/iptables.ts';
import { categorize, type Backend, type ServicePort } from '../../engine/kube-proxy/state.ts';
import { Random } from '../../engine/sim/index.ts';
import { TestNetwork } from './nodes.ts';

const SERVICES = 40;
const PACKETS = 400;

describe('a packet to a Service', () => {
  it('ends where the Service’s endpoints and policies say, for many random Services', () => {
    const random = new Random(42);
    const test = new TestNetwork(42);
    const pods = [0, 1].flatMap((node) => [2, 3, 4].map((number) => ({ node, ip: `10.244.${node}.${number}` })));
    for (const { node, ip } of pods) test.pod(node, Number(ip.split('.')[3]));
    const clients = [test.pod(0, 9), test.pod(1, 9), test.nodes[0], test.nodes[1]];
    const clientNode = [0, 1, 0, 1];
    const services = Array.from({ length: SERVICES }, (_, i) => {
      const port: ServicePort = {
        name: `default/s${i}`,
        namespacedName: `default/s${i}`,
        portName: '',
        protocol: 'tcp',
        clusterIP: `10.96.1.${i}`,
        port: 80,
        nodePort: random.int(2) ? 30_000 + i : 0,
        externalIPs: [],
        loadBalancerIPs: [],
        sourceRanges: [],
        affinitySeconds: undefined,
        externalLocal: random.int(2) === 1,
        internalLocal: random.int(3) === 0,
        healthCheckNodePort: 0,
      };
      const endpoints = pods.filter(() => random.int(3) === 0);
      return { port, endpoints };
    });
    test.nodes.forEach((net, node) => {
      const options = {
        clusterCIDR: '10.244.0.0/16',
        masqueradeAll: false,
        masqueradeBit: 14,
        localhostNodePorts: true,
      };
      const proxier = new IptablesProxier({ net, ...options, nodePortAddresses: [] });
      for (const { port, endpoints } of services) {
        const backends: Backend[] = endpoints.map((pod) => ({
          ip: pod.ip,
          port: 80,
          local: pod.node === node,
          ready: true,
          serving: true,
          terminating: false,
          zones: undefined,
          nodes: undefined,
        }));
        proxier.sync(port.name, [{ port, all: categorize(port, backends, '', `node-${node}`) }]);
      }
      proxier.commit();
    });
    for (let i = 0; i < PACKETS; i++) {
      const { port, endpoints } = services[random.int(SERVICES)];
      const outside = port.nodePort !== 0 && random.int(2) === 1;
      const who = random.int(clients.length);
      const at = outside ? random.int(2) : clientNode[who];
      const local = outside ? port.externalLocal : port.internalLocal;
      const allowed = endpoints.filter(({ node }) => !local || node === at).map(({ ip }) => ip);
      const answer = outside
        ? test.ask(test.outside, test.nodes[at].addresses[0], port.nodePort)
        : test.ask(clients[who], port.clusterIP, 80);
      const said = `${port.name} ${outside ? 'NodePort' : 'ClusterIP'} local=${local} from ${at}`;
      if (allowed.length) expect(allowed, said).toContain(answer.split(' ')[0]);
      else expect(answer, said).toBe(endpoints.length ? 'ETIMEDOUT' : 'ECONNREFUSED');
    }
  });
});
