// NetworkPolicies, as the agent kube-network-policies enforces them: the node's packet filter asks it for every new
// connection that leaves towards or comes from a Pod of the node; what no policy isolates passes.

import { matchesSelector } from '../api/selectors.ts';
import type { Namespace, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '../api/types.ts';
import { type Client, Informer } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  type HookContext,
  inCidr,
  ipNumber,
  type Packet,
  parseCidr,
  type Process,
  type Program,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

type Direction = 'ingress' | 'egress';

/** The program; `connect` gives a client with the Pod's own identity. */
export function networkPolicies(connect: (process: Process) => Client | undefined): Program {
  return function* (process): Co<number> {
    yield 20;
    const { net, hostname } = process.host;
    const log = (text: string) => void process.stderr.write(`${clock(process).klog}       1 ${text}\n`);
    const client = connect(process);
    if (!client) {
      log('main.go:112] "Can not get client-go configuration"');
      return 1;
    }
    const agent = new PolicyAgent(client, hostname);
    const netfilter = net.rules();
    const queue = (packet: Packet, context: HookContext) => agent.allows(packet, context);
    netfilter.queue = queue;
    log('controller.go:301] "Starting controller" name="kube-network-policies"');
    try {
      yield* untilSignal(process, ['TERM', 'INT']);
    } finally {
      // Without a listener the queue is bypassed: everything passes.
      if (netfilter.queue === queue) netfilter.queue = undefined;
      agent.stop();
    }
    return 0;
  };
}

class PolicyAgent {
  private readonly client: Client;
  private readonly node: string;
  private readonly policies = new Informer<NetworkPolicy>();
  private pods: Informer<Pod> | undefined;
  private namespaces: Informer<Namespace> | undefined;

  constructor(client: Client, node: string) {
    this.client = client;
    this.node = node;
    this.policies.start(client, 'networking.k8s.io/v1', 'networkpolicies', {});
  }

  stop() {
    for (const informer of [this.policies, this.pods, this.namespaces]) informer?.stop();
  }

  allows(packet: Packet, { hook, namespace }: HookContext): boolean {
    if (this.policies.size === 0 || hook !== 'POSTROUTING') return true;
    const original = packet.tracked?.original;
    const source = original ? original.source : packet.source;
    // What the node itself sends may always reach its Pods; what a virtual server sends on is not the node's own.
    if (namespace.owns(source)) return true;
    const from = this.podAt(source);
    const to = this.podAt(packet.destination);
    if (from?.spec?.nodeName === this.node && !this.passes(from, 'egress', packet, packet.destination, to, to))
      return false;
    if (to?.spec?.nodeName === this.node && !this.passes(to, 'ingress', packet, source, from, to)) return false;
    return true;
  }

  /** Pods are watched from the first policy on. */
  private podAt(ip: string): Pod | undefined {
    if (!this.pods) {
      this.pods = new Informer<Pod>();
      this.pods.addIndex('ip', ({ spec, status }) =>
        status?.podIPs && !spec?.hostNetwork && status.phase !== 'Succeeded' && status.phase !== 'Failed'
          ? status.podIPs.map(({ ip }) => ip)
          : [],
      );
      this.pods.start(this.client, 'v1', 'pods', {});
      this.namespaces = new Informer<Namespace>();
      this.namespaces.start(this.client, 'v1', 'namespaces', {});
    }
    return this.pods.byIndex('ip', ip)[0];
  }

  /** Whether one of the policies that isolate the Pod lets the packet pass, or none isolates it. */
  private passes(
    pod: Pod,
    direction: Direction,
    packet: Packet,
    peerIP: string,
    peer: Pod | undefined,
    destination: Pod | undefined,
  ): boolean {
    let isolated = false;
    for (const policy of this.policies.inNamespace(pod.metadata.namespace ?? '')) {
      const { spec } = policy;
      if (!spec || !affects(policy, direction) || !matchesSelector(spec.podSelector ?? {}, pod.metadata.labels))
        continue;
      isolated = true;
      for (const rule of (direction === 'ingress' ? spec.ingress : spec.egress) ?? []) {
        const peers = 'from' in rule ? rule.from : 'to' in rule ? rule.to : undefined;
        if (!portMatches(rule.ports, packet, destination)) continue;
        if (!peers?.length || peers.some((one) => this.peerMatches(one, policy, peerIP, peer))) return true;
      }
    }
    return !isolated;
  }

  private peerMatches(rule: NetworkPolicyPeer, policy: NetworkPolicy, ip: string, peer: Pod | undefined): boolean {
    if (rule.ipBlock) {
      const block = parseCidr(rule.ipBlock.cidr);
      const number = ipNumber(ip);
      if (!block || !inCidr(block, number)) return false;
      return !rule.ipBlock.except?.some((text) => {
        const except = parseCidr(text);
        return except && inCidr(except, number);
      });
    }
    if (!peer) return false;
    const { namespace = '', labels } = peer.metadata;
    if (rule.namespaceSelector) {
      const owner = this.namespaces?.byKey(namespace);
      if (!owner || !matchesSelector(rule.namespaceSelector, owner.metadata.labels)) return false;
    } else if (namespace !== policy.metadata.namespace) return false;
    return !rule.podSelector || matchesSelector(rule.podSelector, labels);
  }
}

function affects({ spec }: NetworkPolicy, direction: Direction): boolean {
  const types = spec?.policyTypes ?? (spec?.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

function portMatches(
  ports: readonly NetworkPolicyPort[] | undefined,
  packet: Packet,
  destination: Pod | undefined,
): boolean {
  if (!ports?.length) return true;
  return ports.some(({ protocol = 'TCP', port, endPort }) => {
    if (protocol.toLowerCase() !== packet.protocol) return false;
    if (port === undefined) return true;
    if (typeof port === 'number')
      return endPort === undefined ? packet.dport === port : packet.dport >= port && packet.dport <= endPort;
    const containers = [...(destination?.spec?.containers ?? []), ...(destination?.spec?.initContainers ?? [])];
    return containers.some(({ ports: named }) =>
      named?.some(
        (one) => one.name === port && one.containerPort === packet.dport && (one.protocol ?? 'TCP') === protocol,
      ),
    );
  });
}
