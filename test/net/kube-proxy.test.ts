// What Services mean as rules, by packets that walk them.

import { describe, expect, it } from 'vitest';
import { IptablesProxier } from '../../engine/kube-proxy/iptables.ts';
import { chainHash } from '../../engine/kube-proxy/names.ts';
import { categorize, type Backend, type ServicePort } from '../../engine/kube-proxy/state.ts';
import type { NetworkNamespace } from '../../engine/linux/index.ts';
import { TestNetwork } from './nodes.ts';

const VIP = '10.96.0.50';
const NODE_PORT = 30080;

function port(change: Partial<ServicePort> = {}): ServicePort {
  return {
    name: 'default/web',
    namespacedName: 'default/web',
    portName: '',
    protocol: 'tcp',
    clusterIP: VIP,
    port: 80,
    nodePort: NODE_PORT,
    externalIPs: [],
    loadBalancerIPs: [],
    sourceRanges: [],
    affinitySeconds: undefined,
    externalLocal: false,
    internalLocal: false,
    healthCheckNodePort: 0,
    ...change,
  };
}

/** The Service on every node; endpoints by address. */
function serve(test: TestNetwork, service: ServicePort, endpoints: readonly string[]): IptablesProxier[] {
  return test.nodes.map((net, i) => {
    const proxier = new IptablesProxier({
      net,
      family: 'IPv4',
      clusterCIDR: '10.244.0.0/16',
      masqueradeAll: false,
      masqueradeBit: 14,
      localhostNodePorts: true,
      nodePortAddresses: [],
    });
    const all: Backend[] = endpoints.map((ip) => ({
      ip,
      port: 80,
      local: ip.startsWith(`10.244.${i}.`),
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    }));
    proxier.sync('default/web', [{ port: service, all: categorize(service, all, '', `node-${i}`) }]);
    proxier.commit();
    return proxier;
  });
}

describe('names of chains', () => {
  it('are those that every cluster has for its first Services', () => {
    expect(chainHash('default/kubernetes:httpstcp')).toBe('NPX46M4PTMTKRN6Y');
    expect(chainHash('kube-system/kube-dns:dnsudp')).toBe('TCOU7JCQXEZGVUNU');
  });
});

describe('a ClusterIP', () => {
  it('leads to one of the endpoints, each with its share, and shows them who asked', () => {
    const test = new TestNetwork();
    test.pod(0, 2);
    test.pod(1, 2);
    test.pod(1, 3);
    const client = test.pod(0, 9);
    serve(test, port(), ['10.244.0.2', '10.244.1.2', '10.244.1.3']);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 300; i++) {
      const answer = test.ask(client, VIP, 80);
      counts[answer] = (counts[answer] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(
      ['10.244.0.2', '10.244.1.2', '10.244.1.3'].map((ip) => `${ip} asked by 10.244.0.9`),
    );
    for (const answer in counts) expect(Math.abs(counts[answer] - 100)).toBeLessThan(40);
  });

  it('reaches a Pod that is behind it from that Pod itself, by way of its node’s address', () => {
    const test = new TestNetwork();
    const pod = test.pod(0, 2);
    serve(test, port(), ['10.244.0.2']);
    expect(test.ask(pod, VIP, 80)).toBe('10.244.0.2 asked by 10.244.0.1');
  });

  it('refuses connections while there are no endpoints', () => {
    const test = new TestNetwork();
    const client = test.pod(0, 9);
    serve(test, port(), []);
    expect(test.ask(client, VIP, 80)).toBe('ECONNREFUSED');
    expect(test.ask(test.nodes[1], VIP, 80)).toBe('ECONNREFUSED');
    expect(test.ask(test.outside, '10.0.0.10', NODE_PORT)).toBe('ECONNREFUSED');
  });

  it('means nothing without the rules, and outside of the cluster', () => {
    const test = new TestNetwork();
    test.pod(0, 2);
    const client = test.pod(0, 9);
    serve(test, port(), ['10.244.0.2']);
    expect(test.ask(client, VIP, 80)).toContain('10.244.0.2');
    expect(test.ask(test.outside, VIP, 80)).toBe('EHOSTUNREACH');
    test.nodes[0].rules().table('nat').ensure('KUBE-SERVICES').set([]);
    expect(test.ask(client, VIP, 80)).not.toContain('10.244.0.2');
  });

  it('keeps a client with its endpoint for as long as session affinity says', () => {
    const test = new TestNetwork();
    for (const number of [2, 3, 4, 5]) test.pod(1, number);
    const client = test.pod(0, 9);
    serve(test, port({ affinitySeconds: 100 }), ['10.244.1.2', '10.244.1.3', '10.244.1.4', '10.244.1.5']);
    const answers = new Set<string>();
    for (let i = 0; i < 10; i++) answers.add(test.ask(client, VIP, 80));
    expect(answers.size).toBe(1);
    for (let i = 0; i < 10; i++) {
      test.sim.runUntil(test.sim.now + 101_000);
      answers.add(test.ask(client, VIP, 80));
    }
    expect(answers.size).toBeGreaterThan(1);
  });
});

describe('a NodePort', () => {
  const ask = (test: TestNetwork, node: NetworkNamespace) => test.ask(test.outside, node.addresses[0], NODE_PORT);

  it('answers on every node and hides the client behind the node', () => {
    const test = new TestNetwork();
    test.pod(1, 2);
    serve(test, port(), ['10.244.1.2']);
    expect(ask(test, test.nodes[0])).toBe('10.244.1.2 asked by 10.0.0.10');
    expect(ask(test, test.nodes[1])).toBe('10.244.1.2 asked by 10.244.1.1');
  });

  it('with externalTrafficPolicy Local answers only where there are endpoints, and shows the client', () => {
    const test = new TestNetwork();
    test.pod(1, 2);
    serve(test, port({ externalLocal: true }), ['10.244.1.2']);
    expect(ask(test, test.nodes[1])).toBe('10.244.1.2 asked by 10.0.9.9');
    expect(ask(test, test.nodes[0])).toBe('ETIMEDOUT');
  });
});

describe('connection tracking', () => {
  it('holds what was translated, both ways', () => {
    const test = new TestNetwork();
    test.pod(1, 2);
    const client = test.pod(0, 9);
    serve(test, port(), ['10.244.1.2']);
    test.ask(client, VIP, 80);
    const [entry] = test.nodes[0].rules().conntrack.list();
    expect(entry.original).toMatchObject({ source: '10.244.0.9', destination: VIP, dport: 80 });
    expect(entry.reply).toMatchObject({ source: '10.244.1.2', destination: '10.244.0.9', sport: 80 });
    expect(entry.state).toBe('TIME_WAIT');
  });
});

describe('the rules of many Services', () => {
  it('are found by address and not one by one', () => {
    const test = new TestNetwork();
    test.pod(0, 2);
    const client = test.pod(0, 9);
    const [proxier] = serve(test, port(), ['10.244.0.2']);
    for (let i = 0; i < 2000; i++) {
      const service = port({ name: `default/s${i}`, clusterIP: `10.97.${i >> 8}.${i & 255}`, nodePort: 0 });
      proxier.sync(`default/s${i}`, [{ port: service, all: categorize(service, [], '', 'node-0') }]);
    }
    proxier.commit();
    expect(test.ask(client, VIP, 80)).toContain('10.244.0.2');
    expect(test.ask(client, '10.97.3.7', 80)).toBe('ECONNREFUSED');
    // What has not been listed has not been given a name either.
    expect(test.nodes[0].rules().table('filter').ensure('KUBE-SERVICES').rules).toHaveLength(2000);
  });
});
