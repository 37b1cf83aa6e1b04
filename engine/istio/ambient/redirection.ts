// The rules that lead a Pod's connections to the ztunnel of its node, which listens inside the Pod's network namespace.

import {
  ACCEPT,
  match,
  type Match,
  type NetworkNamespace,
  parseCidr,
  redirect,
  Rule,
  snat,
  type Cidr,
  type RuleSpec,
} from '../../linux/index.ts';
import { inSet, IpSet } from '../../linux/net/ipset.ts';

/** Ports of ztunnel in each Pod. */
export const OUTBOUND = 15001;
export const PLAIN = 15006;
export const TUNNEL = 15008;
/** What ztunnel's own packets are marked with. */
export const MARK = 0x539;
const MASK = 0xfff;
const LOCAL = parseCidr('127.0.0.1/32') as Cidr;
/** Where the kubelet's probes seem to come from, so that they pass whatever mTLS is asked for. */
const PROBER = '169.254.7.127';
const PROBES = parseCidr(`${PROBER}/32`) as Cidr;
const PROBED = 'istio-inpod-probes-v4';
const CHAINS = { PREROUTING: 'ISTIO_PRERT', OUTPUT: 'ISTIO_OUTPUT' } as const;

export const isRedirected = (net: NetworkNamespace): boolean =>
  net.netfilter?.tables.nat?.chain(CHAINS.PREROUTING) !== undefined;

export function redirectPod(net: NetworkNamespace) {
  const table = net.rules().table('nat');
  const foreign = match.mark(MARK, MASK, true);
  const chain = (hook: keyof typeof CHAINS, rules: RuleSpec[]) => {
    const made = table.ensure(CHAINS[hook]);
    made.append(...rules.map((spec) => new Rule(spec)));
    table.ensure(hook).append(new Rule({ jump: made }));
  };
  chain('OUTPUT', [
    { protocol: 'tcp', destination: PROBES, target: ACCEPT },
    { destination: LOCAL, notDestination: true, out: 'lo', target: ACCEPT },
    { protocol: 'tcp', destination: LOCAL, notDestination: true, matches: [foreign], target: redirect(OUTBOUND) },
  ]);
  const others = match.ports('tcp', { from: TUNNEL, to: TUNNEL, not: true });
  chain('PREROUTING', [
    { protocol: 'tcp', source: PROBES, target: ACCEPT },
    { protocol: 'tcp', destination: LOCAL, notDestination: true, matches: [others, foreign], target: redirect(PLAIN) },
  ]);
}

/** Packets that a process of this machine has made, not those that pass through. */
const ownSocket: Match = {
  test: (_packet, context) => context.in === '',
  save: () => '-m owner --socket-exists',
  list: () => 'owner socket exists',
};

/** The set of Pods whose probes the node sends from the probers' address, made with its rule when it is first asked for. */
export function probedPods(node: NetworkNamespace): IpSet {
  const rules = node.rules();
  let set = rules.sets.get(PROBED);
  if (!set) {
    rules.sets.set(PROBED, (set = new IpSet(PROBED, 'hash:ip')));
    const table = rules.table('nat');
    const own = table.ensure('ISTIO_POSTRT');
    own.append(new Rule({ protocol: 'tcp', matches: [ownSocket, inSet(set, 'dst')], target: snat(PROBER) }));
    table.ensure('POSTROUTING').insert(0, new Rule({ jump: own }));
  }
  return set;
}

export function releasePod(net: NetworkNamespace) {
  const table = net.rules().table('nat');
  for (const hook of ['PREROUTING', 'OUTPUT'] as const) {
    const own = table.chain(CHAINS[hook]);
    const from = table.ensure(hook);
    from.set(from.rules.filter(({ spec }) => spec.jump !== own));
    if (own) table.drop(own);
  }
}
