// What a machine needs before Pods can talk: kernel settings that kubeadm asks for, and the kubelet's own chains.

import { Chain, DROP, match, type NetworkNamespace, parseCidr, Rule } from '../linux/net/index.ts';

export function prepareNode(net: NetworkNamespace) {
  net.forwarding = net.forwarding6 = true;
  net.bridgeCallsIptables = net.bridgeCallsIp6tables = true;
  const netfilter = net.rules();
  const mangle = netfilter.table('mangle');
  mangle.ensure('KUBE-IPTABLES-HINT');
  mangle.ensure('KUBE-KUBELET-CANARY');
  netfilter.table('nat').ensure('KUBE-KUBELET-CANARY');
  const filter = netfilter.table('filter');
  filter.ensure('KUBE-KUBELET-CANARY');
  const firewall: Chain = filter.ensure('KUBE-FIREWALL');
  const loopback = parseCidr('127.0.0.0/8');
  firewall.set([
    new Rule({
      source: loopback,
      notSource: true,
      destination: loopback,
      matches: [
        match.comment('block incoming localnet connections'),
        match.ctstate(['RELATED', 'ESTABLISHED', 'DNAT'], true),
      ],
      target: DROP,
    }),
  ]);
  for (const hook of ['INPUT', 'OUTPUT']) filter.ensure(hook).append(new Rule({ jump: firewall }));
}
