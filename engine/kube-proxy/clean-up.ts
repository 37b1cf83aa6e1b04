// What the modes have left on a node, taken away by another mode that starts.

import type { NetworkNamespace } from '../linux/index.ts';

/** The device that has the Services' addresses in IPVS mode. */
export const DUMMY = 'kube-ipvs0';
/** The table of nftables mode, of each family. */
export const TABLE = 'kube-proxy';

/** Takes away what this mode has left on a machine. */
export function cleanUpIpvs(net: NetworkNamespace) {
  const { netfilter } = net;
  if (!netfilter) return;
  netfilter.ipvs = undefined;
  netfilter.sets.forEach((_set, name) => name.startsWith('KUBE-') && netfilter.sets.delete(name));
  const dummy = net.link(DUMMY);
  if (dummy) net.removeLink(dummy);
}

/** Takes away what this mode has left on a machine. */
export function cleanUpNftables({ netfilter }: NetworkNamespace) {
  for (const family of ['ip', 'ip6']) netfilter?.nft?.tables.delete(`${family} ${TABLE}`);
}
